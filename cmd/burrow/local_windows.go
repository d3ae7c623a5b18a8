package main

import "errors"

// runLocal is not for Windows: it hosts the program as a process of a group, with signals
// and file locks that Windows has not. WSL has them.
func runLocal([]string) error {
	return errors.New("burrow local runs on Linux and macOS; on Windows, in WSL")
}

func cliCode(error) int { return 0 }
