//go:build !pktrail_lite

package ask

import (
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
		if holds(dir, want, end) {
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

func process(dir string) (pid int, name string) {
	pid, _ = strconv.Atoi(filepath.Base(dir))
	comm, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return 0, "" // it has just ended
	}
	return pid, strings.TrimSuffix(string(comm), "\n")
}
