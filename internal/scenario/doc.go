// Package scenario is what the tests of whole estates share: a stack in emulated
// clouds of its own, run by the real engine, and proofs about what it made.
//
// The program under test is the one that users run, built once for all tests; the
// scenarios themselves are in the packages below, so that they run side by side,
// each with a time limit of its own, and link no resource SDK.
package scenario
