//go:build unix

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// takeStdout is standard output for the caller alone. What libraries and the processes that
// they start print goes to standard error: a browser's starter keeps the file that was
// standard output when the program began, so it is changed beneath.
func takeStdout() (*os.File, error) {
	own, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		err = unix.Dup2(2, 1)
	}
	if err != nil {
		return nil, fmt.Errorf("keep standard output for the credential: %w", err)
	}
	return os.NewFile(uintptr(own), "standard output"), nil
}
