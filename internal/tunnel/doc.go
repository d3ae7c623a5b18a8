// Package tunnel brings connections to a cluster's private API through Systems Manager.
//
// One process for each cluster, the owner, listens on a port of 127.0.0.1 for as long as
// somebody may have a credential, and forwards over a session of SSM to the cluster's
// endpoint. Who needs the tunnel asks the owner over a Unix socket, and starts one where
// none lives. The owner keeps tokens and AWS credentials in its memory, nowhere else.
//
// The SSM actions that it calls are those of the operators' policy (clusters/operators.go):
// DescribeInstanceInformation, StartSession, ResumeSession, TerminateSession.
package tunnel
