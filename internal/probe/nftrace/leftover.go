package nftrace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Leftover is a setting that LegacyBind changed and that is still to be put
// back. Nothing in the kernel tells who changed it: a file does.
type Leftover struct {
	// Netns is the inode of the namespace.
	Netns uint64 `json:"netns"`
	// PID is the process that changed it, Started its start time as field 22
	// of /proc/PID/stat has it.
	PID     int    `json:"pid"`
	Started uint64 `json:"started"`
	// Loggers are what was set before, by protocol family as
	// /proc/sys/net/netfilter/nf_log numbers them: 2 and 10.
	Loggers map[uint8]string `json:"loggers"`

	path string
}

// String is a short sentence for `pktrail clean`.
func (l Leftover) String() string {
	return fmt.Sprintf("process %d made NFLOG the logger of iptables-legacy in network namespace %d", l.PID, l.Netns)
}

const leftoverPrefix = "legacy-trace-"

// Leftovers lists what ended processes did not put back. dir is the
// Options.StateDir that they used; empty is DefaultStateDir. What a running
// process will restore is not listed.
func Leftovers(dir string) ([]Leftover, error) {
	if dir == "" {
		dir = DefaultStateDir
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list changed loggers: %w", err)
	}
	var all []Leftover
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), leftoverPrefix) || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		l, err := readLeftover(filepath.Join(dir, e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist): // restored just now
		case err != nil:
			return nil, err
		case !l.alive():
			all = append(all, l)
		}
	}
	return all, nil
}

func readLeftover(path string) (Leftover, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Leftover{}, fmt.Errorf("read changed logger: %w", err)
	}
	l := Leftover{path: path}
	if err := json.Unmarshal(b, &l); err != nil {
		return Leftover{}, fmt.Errorf("read changed logger %s: %w", path, err)
	}
	return l, nil
}

// note writes the file, whole or not at all.
func (l *Leftover) note(dir string) error {
	b, err := json.Marshal(l)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("note changed logger: %w", err)
	}
	l.path = filepath.Join(dir, fmt.Sprintf("%s%d.json", leftoverPrefix, l.Netns))
	if err := os.WriteFile(l.path+".new", b, 0o600); err != nil {
		return fmt.Errorf("note changed logger: %w", err)
	}
	if err := os.Rename(l.path+".new", l.path); err != nil {
		return fmt.Errorf("note changed logger: %w", err)
	}
	return nil
}

// Forget removes the note without putting anything back: for a namespace that
// is gone.
func (l Leftover) Forget() error {
	if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget changed logger: %w", err)
	}
	return nil
}

// alive reports whether the process still runs.
func (l Leftover) alive() bool {
	started, err := startOf(l.PID)
	return err == nil && started == l.Started
}

// startOf is when a process started, in clock ticks since boot (proc(5),
// field 22 of stat; the name in brackets may have anything in it).
func startOf(pid int) (uint64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	rest := string(b[strings.LastIndexByte(string(b), ')')+1:])
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return 0, fmt.Errorf("stat of process %d has %d fields", pid, len(fields))
	}
	started, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read start of process %d: %w", pid, err)
	}
	return started, nil
}
