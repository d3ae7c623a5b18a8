package tunnel

import (
	"net"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach makes a process one without a console and in a group of its own.
// It inherits the handles that it is given and no other.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// sameUser has nobody to ask here: the socket stands in a folder of the user's profile,
// which others cannot open.
func sameUser(*net.UnixConn) error { return nil }

// holder cannot be known without another program here.
func holder(int) string { return "" }
