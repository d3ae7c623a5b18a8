//go:build unix

package tunnel

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// detach makes a process a session of its own: the engine kills the whole group of a
// plugin, and a terminal that closes ends what belongs to it. Descriptors that this process
// was started with are not for it: somebody may wait for their end.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	open, _ := os.ReadDir("/dev/fd") // where there is none, they stay open
	for _, entry := range open {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}

// sameUser refuses who is another user at the other end of a socket.
func sameUser(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	uid, failed := -1, error(nil)
	if err := raw.Control(func(fd uintptr) { uid, failed = peer(int(fd)) }); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("ask who is at the socket: %w", failed)
	}
	if uid != os.Getuid() {
		return fmt.Errorf("user %d is not %d", uid, os.Getuid())
	}
	return nil
}
