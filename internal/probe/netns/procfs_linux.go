package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// procfs is the path of a mounted proc file system.
type procfs string

func (p procfs) file(pid int, name string) string {
	return filepath.Join(string(p), strconv.Itoa(pid), name)
}

func (p procfs) netns(pid int) string { return p.file(pid, "ns/net") }

// pids lists the processes, in no order.
func (p procfs) pids() ([]int, error) {
	dir, err := os.Open(string(p))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func (p procfs) stat(pid int) (procStat, error) {
	b, err := os.ReadFile(p.file(pid, "stat"))
	if err != nil {
		return procStat{}, err
	}
	return parseStat(b)
}

// owners reads the cgroups of many processes with one buffer.
type owners struct {
	proc procfs
	buf  []byte
}

// of gives a process's owner; none if the process has gone or may not be
// read.
func (o *owners) of(pid int) owner {
	if o.buf == nil {
		o.buf = make([]byte, 16<<10)
	}
	fd, err := unix.Open(o.proc.file(pid, "cgroup"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return owner{}
	}
	defer func() { _ = unix.Close(fd) }()
	n := 0
	for n < len(o.buf) {
		m, err := unix.Read(fd, o.buf[n:])
		if err != nil || m <= 0 {
			break
		}
		n += m
	}
	return parseCgroup(o.buf[:n])
}

// openPID opens a process's network namespace. The start time is read before
// and after: if it changed, the number belongs to another process by now.
// start is the start time that the process must have; 0 for any.
func (e env) openPID(pid int, start uint64) (*Namespace, error) {
	what := "process " + strconv.Itoa(pid)
	before, err := e.proc.stat(pid)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
		return nil, &NotFoundError{What: what, instead: "ps shows the processes there are; a process in another pid namespace has another number there"}
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", what, err)
	case before.state == 'Z', before.state == 'X':
		return nil, &NotFoundError{What: what, Why: "it has ended and waits for its parent"}
	case start != 0 && before.start != start:
		return nil, &NotFoundError{What: what, Why: "it ended, and another process has its number"}
	}
	f, inode, err := openFile(e.proc.netns(pid))
	after, statErr := e.proc.stat(pid)
	if statErr != nil || after.start != before.start {
		if f != nil {
			_ = f.Close()
		}
		return nil, &NotFoundError{What: what, Why: "it ended while it was opened"}
	}
	if err != nil {
		op := "open network namespace of " + what
		if errors.Is(err, fs.ErrPermission) {
			return nil, &PermissionError{Op: op, Capability: "CAP_SYS_PTRACE", Err: err}
		}
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return &Namespace{
		Label: plainName(before.name) + "-" + strconv.Itoa(pid),
		Inode: inode, PID: pid, HostNetwork: e.isMachine(inode), file: f, env: e,
	}, nil
}
