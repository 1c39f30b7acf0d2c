package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Down removes the lab of that name, or what is left of one. It removes only
// what bears the lab's mark. Processes that run in the lab are not ended;
// their namespaces lose their names and live on until the processes end.
// Down returns these processes. If there is no such lab, the error is a
// *NotFoundError with the names that there are.
func Down(name string) ([]Process, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	found, err := survey()
	if err != nil {
		return nil, fmt.Errorf("remove lab %s: %w", name, err)
	}
	remains, ok := found[name]
	if !ok {
		return nil, notFound(name, found)
	}
	inodes := map[uint64]string{}
	for _, r := range remains {
		f, err := openNamespace(r.name)
		if err != nil {
			continue // gone since
		}
		if ino, err := inodeOf(f); err == nil && !r.dead {
			inodes[ino] = r.name
		}
		f.Close()
	}
	alive := processes(inodes)
	var errs []error
	for _, r := range slices.Backward(remains) {
		errs = append(errs, removeNamespace(r.name))
	}
	if err := errors.Join(errs...); err != nil {
		return alive, fmt.Errorf("remove lab %s: %w", name, err)
	}
	return alive, nil
}

// processes returns the processes whose main thread is in one of the
// namespaces, by inode. Processes that end meanwhile are left out.
func processes(inodes map[uint64]string) []Process {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil // the pattern is right
	}
	var all []Process
	for _, dir := range dirs {
		link, err := os.Readlink(dir + "/ns/net") // "net:[4026531840]"
		if err != nil {
			continue
		}
		text := strings.TrimSuffix(strings.TrimPrefix(link, "net:["), "]")
		ino, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			continue
		}
		ns, ok := inodes[ino]
		if !ok {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		comm, err := os.ReadFile(dir + "/comm")
		if err != nil {
			continue
		}
		all = append(all, Process{PID: pid, Command: strings.TrimSpace(string(comm)), Namespace: ns})
	}
	slices.SortFunc(all, func(a, b Process) int { return a.PID - b.PID })
	return all
}
