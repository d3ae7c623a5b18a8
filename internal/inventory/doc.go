// Package inventory is what exists in clouds, as their APIs show it: objects with
// their properties, how ids compare, which types there are, and a view of them all.
// What emulated clouds store and what a stack export says are read alike.
package inventory
