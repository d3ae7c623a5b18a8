// Package reach judges what gets through: whether a packet arrives, a name resolves,
// a tunnel carries, and if not, where and why it stops. It stands on a view of clouds
// alone ([inventory.View]), which the emulated clouds and a stack export both are.
//
// What it does not tell apart, and where a verdict can be wrong for it:
//   - entries that AWS itself wrote into a default network ACL, beside others
//   - forwarding rules for every name ("."); names that differ in their capitals
//   - a denial in one policy of a role of what another allows
//
// [Alone] looks at one address and port for each part into which filters and routes cut
// them.
package reach
