// Package network makes the ground that everything else stands on: the VPC, the
// VNet, and the internal load balancer in front of relay.
//
// [AWS] promises private subnets that reach the internet through NAT, or endpoints
// of AWS services and nothing else; nothing through which the internet reaches
// them, a block of each that is kept free for fixed addresses, and a key for log
// groups. [Azure] promises a resource group, one subnet for each role, security
// groups that deny what is not listed, and a workspace for logs. Both log every
// flow.
//
// VPC and VNet may exist already. Then only subnets, and what hangs on them, are
// made in them, after [CheckExisting] has seen that they will do.
//
// What crosses between the clouds is decided here once, in two pure functions
// that tests hold packets against: the network ACLs (acl.go) and the network
// security groups (nsg.go). The package stops at the gateways, which belong to
// vpn, and at names, which belong to dns.
package network
