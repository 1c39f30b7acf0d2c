package netns

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// procStat is what we need of /proc/PID/stat (proc_pid_stat(5)).
type procStat struct {
	// name is the command's name, at most 15 bytes unless a kernel thread.
	name string
	// state is 'Z' or 'X' for a process that has ended.
	state byte
	// start is the start time in clock ticks since boot (field 22). With the
	// pid it identifies a process.
	start uint64
}

var errStat = errors.New("unexpected content of stat")

// parseStat reads /proc/PID/stat. The name stands in parentheses and may
// itself contain parentheses, blanks and newlines: the last ')' ends it.
func parseStat(b []byte) (procStat, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return procStat{}, errStat
	}
	fields := strings.Fields(string(b[end+1:])) // from field 3 on
	if len(fields) < 20 || len(fields[0]) != 1 {
		return procStat{}, errStat
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return procStat{}, errStat
	}
	return procStat{name: string(b[open+1 : end]), state: fields[0][0], start: start}, nil
}

// plainName makes a process's name fit for the screen and for file names.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
}
