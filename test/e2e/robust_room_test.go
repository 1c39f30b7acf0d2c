//go:build e2e

package e2e

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/test/e2e/left"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// smallDisk is a folder with little room.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// memory reads a value of a process's status in KiB.
func memory(t *testing.T, dir, field string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s has no %s", dir, field)
	return 0
}

// What a client and its agent may take, in KiB, and the ring that is asked for.
// A further session on one agent has its own ring, and keeps its own frames
// until they are acknowledged.
const (
	clientMost = 100 << 10
	agentMost  = 30 << 10
	ring       = 8 << 10
	further    = 8<<10 + ring
)

// While packets come faster than they can be carried, and while the output
// takes little, neither the client nor the agent grows; what is lost is counted.
func TestRobustMemory(t *testing.T) {
	r := newTrial(t)
	for _, method := range []string{"node", "exec"} {
		t.Run(method, func(t *testing.T) {
			in, out, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"capture", "-n", r.ns, "shell", "--method", method, "--buffer", strconv.Itoa(ring) + "K", "--max-bytes", "0", "--min-free", "0", "-o"}
			fast := r.Start(t, stage.RunOptions{}, append(args, "/dev/null")...)
			fast.Says("ends after")
			slow := r.Start(t, stage.RunOptions{Stdout: out}, append(args, "-")...)
			_ = out.Close()
			slow.Says("ends after")
			slowly := make(chan int64, 1)
			go func() {
				var n int64
				for b := make([]byte, 64<<10); ; time.Sleep(50 * time.Millisecond) {
					m, err := in.Read(b)
					if n += int64(m); err != nil {
						slowly <- n
						return
					}
				}
			}()
			r.Load(t, r.shell, r.web.Web(), 400<<20)
			node, _ := r.Cluster.Node(node1)
			root, err := r.Cluster.Root(node)
			if err != nil {
				t.Fatal(err)
			}
			agents, err := left.Agents(r.Cluster, node)
			if err != nil || len(agents) == 0 {
				t.Fatal(agents, err)
			}
			for _, pid := range agents {
				dir := filepath.Join(root, "proc", strconv.Itoa(pid))
				argv, err := os.ReadFile(filepath.Join(dir, "cmdline"))
				if err != nil {
					continue // it was one of exec's that just ended
				}
				most := memory(t, dir, "VmHWM")
				words := strings.ReplaceAll(string(argv), "\x00", " ")
				t.Logf("agent %d (%.40s): at most %d KiB resident, now anonymous %d, file %d, shared %d", pid, words, most,
					memory(t, dir, "RssAnon"), memory(t, dir, "RssFile"), memory(t, dir, "RssShmem"))
				room := agentMost + ring
				if strings.Contains(words, "serve") {
					room += further // both clients are its own
				}
				if most > room {
					t.Errorf("agent %d (%s) took %d KiB of %d", pid, words, most, room)
				}
			}
			for name, c := range map[string]*stage.Running{"fast": fast, "slow": slow} {
				dir := filepath.Join("/proc", strconv.Itoa(c.PID()))
				most := memory(t, dir, "VmHWM")
				t.Logf("%s client: at most %d KiB resident, now anonymous %d, file %d", name, most, memory(t, dir, "RssAnon"), memory(t, dir, "RssFile"))
				if most > clientMost {
					t.Errorf("the %s client took %d KiB", name, most)
				}
			}
			end := fast.Stop()
			t.Logf("fast: %s", end.Stderr)
			if end.Code != 0 {
				t.Errorf("code %d", end.Code)
			}
			slow.Signal(unix.SIGINT)
			go func() { _, _ = io.Copy(io.Discard, in) }() // the rest at once
			end = slow.Wait()
			t.Logf("slow: %s", end.Stderr)
			if end.Code != 0 {
				t.Errorf("code %d", end.Code)
			}
			_ = in.Close()
			<-slowly
		})
	}
}
