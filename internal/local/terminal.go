package local

import (
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
)

// toForeground hands the terminal to the command for as long as it runs, as a
// shell does: in a background group the CLI's display would be stopped when it
// touches the terminal. It does nothing unless the terminal is ours to hand on.
func toForeground(cmd *exec.Cmd, stdin *os.File) (restore func()) {
	if stdin == nil {
		return func() {}
	}
	tty := int(stdin.Fd())
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	if err != nil || group != unix.Getpgrp() {
		return func() {}
	}
	cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, tty
	// A CLI that Ctrl-Z stops would leave nobody in the foreground to wake it.
	signal.Ignore(unix.SIGTSTP)
	return func() {
		// Taking the terminal back is an act of a background group, which would
		// otherwise be stopped for it.
		signal.Ignore(unix.SIGTTOU)
		_ = unix.IoctlSetPointerInt(tty, unix.TIOCSPGRP, unix.Getpgrp())
		signal.Reset(unix.SIGTTOU, unix.SIGTSTP)
	}
}
