// Package tunnel brings connections to a cluster's private API through Systems Manager.
//
// One process for each cluster and port, the owner, listens on a port of 127.0.0.1 for as
// long as somebody may have a credential, and forwards over a session of SSM to the
// cluster's endpoint. Who needs the tunnel asks the owner over a Unix socket, and starts one where
// none lives. The owner keeps tokens and AWS credentials in its memory, nowhere else.
//
// The SSM actions that it calls are those of the operators' policy (clusters/access.go):
// DescribeInstanceInformation, StartSession, ResumeSession, TerminateSession.
//
// What differs by system: on Linux and macOS the user at the other end of the Unix socket is
// checked, on Windows the folder's access list, which is that of the user's profile, has to
// do. Which program has a port that is taken is known on Linux alone. On Windows, the log is
// put aside when no owner lives, and burrow local is not there.
package tunnel
