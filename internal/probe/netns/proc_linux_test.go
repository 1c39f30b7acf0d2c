package netns

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// fakeProc is a /proc of the test's making whose processes are in the
// namespaces of real ones.
type fakeProc struct {
	t   *testing.T
	dir string
}

func newProc(t *testing.T) fakeProc {
	t.Helper()
	return fakeProc{t, t.TempDir()}
}

// add makes a process that is in the namespace of the real one; of none if
// real is empty.
func (p fakeProc) add(pid int, real, name string, start uint64, cgroup string) {
	p.t.Helper()
	dir := filepath.Join(p.dir, strconv.Itoa(pid))
	err := all(
		os.MkdirAll(filepath.Join(dir, "ns"), 0o755),
		os.WriteFile(filepath.Join(dir, "stat"), []byte(statLine(pid, name, start)), 0o600),
		os.WriteFile(filepath.Join(dir, "cgroup"), []byte(cgroup), 0o600))
	if err == nil && real != "" {
		err = os.Symlink("/proc/"+real+"/ns/net", filepath.Join(dir, "ns/net"))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func statLine(pid int, name string, start uint64) string {
	return fmt.Sprintf("%d (%s) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %d 1 2 3\n", pid, name, start)
}
