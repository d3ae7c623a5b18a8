package tunnel

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// peer is the user at the other end of a socket.
func peer(fd int) (uid int, err error) {
	who, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(who.Uid), nil
}

// holder says who listens at a port of 127.0.0.1, as far as this user may know. Source:
// proc(5), /proc/net/tcp and /proc/pid/fd.
func holder(port int) string {
	socket := listening(port)
	if socket == "" {
		return ""
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/[0-9]*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == "socket:["+socket+"]" {
			pid := strings.Split(link, "/")[2]
			name, _ := os.ReadFile("/proc/" + pid + "/comm")
			return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid)
		}
	}
	return "a process of another user"
}

// listening is the inode of the socket that listens at a port, "" for none.
func listening(port int) string {
	const listen = "0A"
	here := []string{"0100007F", "00000000", strings.Repeat("0", 32)} // 127.0.0.1, and all addresses
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil {
			continue
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			f := strings.Fields(lines.Text())
			if len(f) < 10 || f[3] != listen {
				continue
			}
			if address, at, _ := strings.Cut(f[1], ":"); at == fmt.Sprintf("%04X", port) && slices.Contains(here, address) {
				return f[9]
			}
		}
	}
	return ""
}
