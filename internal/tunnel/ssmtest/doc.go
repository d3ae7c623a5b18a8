// Package ssmtest is a fake of AWS Systems Manager for tests: the control plane of
// sessions, and an agent on a node that forwards to a TCP address. It reads and writes
// the data channel by code of its own, so that a client's mistakes do not fit its.
package ssmtest
