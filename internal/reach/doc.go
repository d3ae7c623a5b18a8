// Package reach judges what gets through: whether a packet arrives, a name resolves,
// a tunnel carries, and if not, where and why it stops. It stands on a view of clouds
// alone ([inventory.View]), which the emulated clouds and a stack export both are.
//
// What it does not tell apart, and where a verdict can be wrong for it:
//   - the pods of a namespace; named ports; a Service that hides its clients' addresses
//   - listeners of UDP; targets in a zone that the load balancer crosses to or does not
//   - the way back of subnets without a route table of their own, or with one that leads
//     to an internet gateway; routes that end because tunnels are down
//   - entries that AWS itself wrote into a default network ACL, beside others
//   - forwarding rules for every name ("."); names that differ in their capitals
//   - a denial in one policy of a role of what another allows
//
// [Alone] looks at one address for each part into which ranges are cut, and at the ports
// that groups and ACLs in the view name. An address that a load balancer or resolver has
// stands for no node there, and sources are looked at from one port.
package reach
