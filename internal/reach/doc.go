// Package reach judges what gets through: whether a packet arrives, a name resolves,
// a tunnel carries, and if not, where and why it stops. It stands on a view of clouds
// alone ([inventory.View]), which the emulated clouds and a stack export both are.
package reach
