// Package reach judges what gets through: whether a packet arrives, a name resolves,
// a tunnel carries, and if not, where and why it stops. It stands on a view of clouds
// alone ([inventory.View]), which the emulated clouds and a stack export both are.
//
// What it does not look at, and where a verdict can be wrong for it:
//   - IPv6; networks behind peerings, other routers and appliances
//   - what AWS's managed policies, permission boundaries and organizations allow and deny
//   - routes that Azure forgets while every tunnel is down: the tunnels' own paths say that
//   - labels that pods of a workload get from others than its template
//
// [Alone] looks at one address and port for each part into which filters and routes cut
// them.
package reach
