// Package local runs the real Pulumi CLI and engine in a world of its own: a
// file backend, emulated providers and a language host, all below one folder
// that git ignores. The project is the one that users deploy, unchanged: its
// Pulumi.yaml, its Pulumi.<stack>.yaml, its main function.
//
// A [World] is that folder and how to run in it. The emulators and the language
// host are served by the calling process, the CLI is a child of it: whoever
// interrupts the CLI (see [World.Interrupt]) leaves the emulators serving until
// it has finished what was in flight.
//
// What is in the folder (.burrow):
//
//	bin/         the pinned engine and the built program
//	config/      copies of Pulumi.yaml and Pulumi.<stack>.yaml, with the world's own salt
//	home/        PULUMI_HOME: plugins, history
//	passphrase   encrypts the secrets of the world's stacks
//	state/       the file backend
//	world.db     what exists in the emulated clouds
//
// Nothing here links a resource SDK.
package local
