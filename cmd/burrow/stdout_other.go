//go:build !unix

package main

import "os"

// takeStdout is standard output for the caller alone. On Windows a browser is started by
// the shell, which has no output.
func takeStdout() (*os.File, error) {
	own := os.Stdout
	os.Stdout = os.Stderr
	return own, nil
}
