// Package session is a client of the data channel of AWS Systems Manager's sessions, for
// documents of type Port: many connections to one port behind a node, over one session
// that lives for as long as somebody needs it. AWS's own plugin ends its process with the
// session, and so cannot be used as a library.
//
// The protocol is the one that github.com/aws/session-manager-plugin and
// github.com/aws/amazon-ssm-agent speak: messages with a binary header on a websocket,
// numbered, acknowledged and sent again in both directions, and, since agent 3.0.196,
// streams of smux inside of them.
package session
