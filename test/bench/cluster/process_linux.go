package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Ran is the time that a process's threads have run, to the nanosecond
// (/proc/PID/task/TID/schedstat; those that have ended are not in it).
func Ran(pid int) (d time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range files {
		b, _ := os.ReadFile(name)
		if w := strings.Fields(string(b)); len(w) > 0 {
			ns, _ := strconv.ParseInt(w[0], 10, 64)
			d += time.Duration(ns)
		}
	}
	return d
}

// Status reads a line of the status of the process whose folder in a /proc is
// proc, in KiB.
func Status(proc, name string) int {
	b, _ := os.ReadFile(filepath.Join(proc, "status"))
	_, rest, _ := strings.Cut(string(b), name+":")
	if w := strings.Fields(rest); len(w) > 0 {
		n, _ := strconv.Atoi(w[0])
		return n
	}
	return 0
}

// written is how much a process has handed to write calls, in bytes.
func written(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	_, rest, _ := strings.Cut(string(b), "wchar: ")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(line, 10, 64)
	return n
}
