//go:build !pktrail_lite

package ask

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ownerPatience is how long /proc is looked through for the owner of a socket.
const ownerPatience = time.Second

// owner finds a process that holds a socket; 0 if it is not found in time, or
// may not be looked into. Processes of the namespace come first: a socket may
// be in another's hands, but seldom is.
func (a *Asker) owner(inode uint32) (pid int, name string) {
	end := time.Now().Add(ownerPatience)
	want := "socket:[" + strconv.FormatUint(uint64(inode), 10) + "]"
	entries, err := os.ReadDir(a.proc)
	if err != nil {
		return 0, ""
	}
	var others []string
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		dir := filepath.Join(a.proc, e.Name())
		var st unix.Stat_t
		if unix.Stat(filepath.Join(dir, "ns/net"), &st) != nil || st.Ino != a.inode {
			others = append(others, dir)
			continue
		}
		if holds(dir, want, end) || a.lends(dir, inode, end) {
			return process(dir)
		}
	}
	for _, dir := range others {
		if holds(dir, want, end) {
			return process(dir)
		}
	}
	return 0, ""
}

func holds(dir, want string, end time.Time) bool {
	if time.Now().After(end) {
		return false
	}
	fds, err := os.Open(filepath.Join(dir, "fd"))
	if err != nil {
		return false
	}
	defer func() { _ = fds.Close() }()
	for {
		names, err := fds.Readdirnames(256)
		for _, n := range names {
			if to, err := os.Readlink(filepath.Join(dir, "fd", n)); err == nil && to == want {
				return true
			}
		}
		if err != nil || time.Now().After(end) {
			return false
		}
	}
}

// mostLent bounds how many files of a process are looked at one by one.
const mostLent = 4096

// lends reports whether a process holds a socket, where its files may not be
// listed: another user's are hidden from who has not CAP_DAC_READ_SEARCH, which
// an agent on a node has not. With CAP_SYS_PTRACE, which it has, each of them
// can be had for a moment (pidfd_getfd(2), Linux 5.6), by its number.
func (a *Asker) lends(dir string, inode uint32, end time.Time) bool {
	pid, err := strconv.Atoi(filepath.Base(dir))
	if err != nil || a.proc != "/proc" { // its numbers are of another namespace of processes
		return false
	}
	if fds, err := os.Open(filepath.Join(dir, "fd")); err == nil {
		_ = fds.Close() // read only: it was listed, and is not there
		return false
	}
	return holdsOneOf(pid, filesOf(dir), inode, end)
}

// filesOf is how many files a process has room for (FDSize, proc(5)).
func filesOf(dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "\nFDSize:")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return min(n, mostLent)
}

func holdsOneOf(pid, files int, inode uint32, end time.Time) bool {
	p, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(p) }()
	for n := 0; n < files && time.Now().Before(end); n++ {
		fd, err := unix.PidfdGetfd(p, n, 0)
		if errors.Is(err, unix.EBADF) {
			continue // a number without a file
		}
		if err != nil {
			return false // it may not be had, or the process has ended
		}
		var st unix.Stat_t
		err = unix.Fstat(fd, &st)
		_ = unix.Close(fd)
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK && st.Ino == uint64(inode) {
			return true
		}
	}
	return false
}

func process(dir string) (pid int, name string) {
	pid, _ = strconv.Atoi(filepath.Base(dir))
	comm, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return 0, "" // it has just ended
	}
	return pid, strings.TrimSuffix(string(comm), "\n")
}
