//go:build !pktrail_lite

package ask

import (
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// A socket is found among a process's files by their numbers alone, as it has to
// be where another user's may not be listed.
func TestLent(t *testing.T) {
	labtest.RequireRoot(t)
	var fds [2]int
	for i := range fds {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fds[i] = fd
		t.Cleanup(func() { _ = unix.Close(fd) })
	}
	var st [2]unix.Stat_t
	for i, fd := range fds {
		if err := unix.Fstat(fd, &st[i]); err != nil {
			t.Fatal(err)
		}
	}
	pid, late := os.Getpid(), time.Now().Add(time.Minute)
	files := filesOf("/proc/" + strconv.Itoa(pid))
	if files <= fds[1] {
		t.Fatalf("room for %d files, and %d is one", files, fds[1])
	}
	if !holdsOneOf(pid, files, uint32(st[1].Ino), late) {
		t.Error("our own socket was not found")
	}
	if holdsOneOf(pid, fds[1], uint32(st[1].Ino), late) {
		t.Error("it was found below its number")
	}
	if holdsOneOf(1, files, uint32(st[1].Ino), late) {
		t.Error("another process has it")
	}
	if holdsOneOf(pid, files, uint32(st[0].Ino), time.Now()) {
		t.Error("it was found when the time was over")
	}
	if n := filesOf("/proc/self/task/0"); n != 0 {
		t.Errorf("nobody has room for %d files", n)
	}
}
