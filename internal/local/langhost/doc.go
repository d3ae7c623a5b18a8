// Package langhost is a small language host for Pulumi programs written in Go:
// the gRPC server that the engine asks to run a program.
//
// It stands in for pulumi-language-go where that is not installed, so that the
// engine runs the very main function that users run. The engine attaches to it
// (PULUMI_DEBUG_LANGUAGES=go:PORT) instead of starting a process: the host lives
// as long as the process that serves it, and therefore outlives the graceful
// end of an interrupted engine.
//
// It runs programs and answers questions about them. It does not generate code,
// run plugins, serve a debugger or create projects: those calls are answered
// with Unimplemented, as an older host would.
package langhost
