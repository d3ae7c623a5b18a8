package local

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processStart reports whether a process runs and when it started; the time is
// zero where the system does not say (only Linux's /proc is read). A zombie has
// ended.
func processStart(pid int) (started time.Time, running bool) {
	err := unix.Kill(pid, 0)
	if pid <= 0 || err != nil && !errors.Is(err, unix.EPERM) {
		return time.Time{}, false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return time.Time{}, true
	}
	state, ticks, err := parseStat(string(stat))
	if err != nil {
		return time.Time{}, true
	}
	if state == "Z" {
		return time.Time{}, false
	}
	boot, err := bootTime("/proc/stat")
	if err != nil {
		return time.Time{}, true
	}
	return boot.Add(time.Duration(ticks) * time.Second / ticksPerSecond), true
}

// ticksPerSecond is USER_HZ, which is 100 on every architecture that Go runs on
// under Linux.
const ticksPerSecond = 100

// parseStat reads the state and the start time, fields 3 and 22 of
// proc_pid_stat(5). The second field is a name that may hold blanks and brackets.
func parseStat(stat string) (state string, startTicks uint64, err error) {
	_, rest, found := cutLast(stat, ")")
	fields := strings.Fields(rest)
	if !found || len(fields) < 20 {
		return "", 0, fmt.Errorf("read /proc: %q has too few fields", stat)
	}
	startTicks, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], startTicks, err
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// bootTime reads btime, the seconds since the epoch at which the system started.
func bootTime(path string) (time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var seconds int64
		if _, err := fmt.Sscanf(lines.Text(), "btime %d", &seconds); err == nil {
			return time.Unix(seconds, 0), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s has no btime", path)
}
