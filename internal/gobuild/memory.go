package gobuild

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// freeMemory is the memory in bytes that can be had without swapping, or 0 where
// it is not known. A container's limit counts.
func freeMemory() uint64 {
	free := available("/proc/meminfo")
	if limit := cgroupLimit("/sys/fs/cgroup/memory.max"); limit > 0 {
		free = min(free, limit)
	}
	return free
}

// available reads MemAvailable, proc_meminfo(5), which Linux gives in KiB.
func available(meminfo string) uint64 {
	f, err := os.Open(meminfo)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if _, err := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// cgroupLimit reads a cgroup v2 limit in bytes; "max" is none.
func cgroupLimit(path string) uint64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return 0
	}
	return limit
}
