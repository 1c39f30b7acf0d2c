package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/probe/within"
)

func TestOpenNamed(t *testing.T) {
	n := newNamed(t, "open-a")
	if n.Label != "open-a" || n.Inode == 0 || n.HostNetwork || n.Target.String() != "netns:open-a" {
		t.Errorf("%+v", n)
	}
	if byPath := openTarget(t, "netns:/run/netns/open-a"); byPath.Inode != n.Inode || byPath.Label != "open-a" {
		t.Errorf("by path: %+v", byPath)
	}
	if err := os.MkdirAll("/run/docker/netns", 0o755); err != nil {
		t.Fatal(err)
	}
	bindNew(t, "/run/docker/netns/1-docker")
	if d := openTarget(t, "netns:1-docker"); d.Inode == 0 || d.Inode == n.Inode {
		t.Errorf("docker's: %+v", d)
	}
	// A link is followed to the namespace that it leads to.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/run/netns/open-a", link); err != nil {
		t.Fatal(err)
	}
	if l := openTarget(t, "netns:"+link); l.Inode != n.Inode {
		t.Errorf("by link: %+v", l)
	}
}

func TestOpenNamedNotFound(t *testing.T) {
	newNamed(t, "there-b")
	newNamed(t, "there-a")
	_, err := Open(t.Context(), Target{Netns, "nowhere"}, Options{})
	var nf *NotFoundError
	if !errors.As(err, &nf) || !errors.Is(err, fs.ErrNotExist) || nf.What != "network namespace nowhere" {
		t.Fatal(err)
	}
	if h := nf.Hint(); !strings.Contains(h, "there-a, there-b") {
		t.Errorf("hint %q", h)
	}
	for i := range 30 {
		bindNew(t, "/run/netns/many-"+strconv.Itoa(i+10))
	}
	_, err = Open(t.Context(), Target{Netns, "nowhere"}, Options{})
	if !errors.As(err, &nf) || len(nf.Names) != maxNames || nf.Names[0] != "many-10" {
		t.Errorf("names %v", nf.Names)
	}
}

func TestOpenNotANamespace(t *testing.T) {
	labtest.RequireRoot(t)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/run/netns/broken", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove("/run/netns/broken") })
	tests := []struct{ target, is string }{
		{"broken", "a plain file"},
		{"/run/netns/broken", "a plain file"},
		{fifo, "a pipe"}, // and does not hang
		{dir, "a directory"},
		{"/dev/null", "a device"},
		{"/proc/self/ns/uts", "a namespace of another type"},
		{"/proc/self/ns/mnt", "a namespace of another type"},
		{"/proc/self/status", "a plain file"},
	}
	for _, tt := range tests {
		_, err := Open(t.Context(), Target{Netns, tt.target}, Options{})
		var not *NotNamespaceError
		if !errors.As(err, &not) || not.Is != tt.is {
			t.Errorf("%s: %v, want %s", tt.target, err, tt.is)
			continue
		}
		if strings.Contains(tt.target, "broken") != strings.Contains(not.Hint(), "ip netns delete") {
			t.Errorf("%s: hint %q", tt.target, not.Hint())
		}
	}
	for _, path := range []string{"/run/netns/broken/x", filepath.Join(dir, "none")} {
		_, err := Open(t.Context(), Target{Netns, path}, Options{})
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestOpenPid(t *testing.T) {
	n := newNamed(t, "pid-a")
	pid := sleeper(t, n)
	got := openTarget(t, "pid:"+pid)
	if got.Inode != n.Inode || got.Label != "sleep-"+pid || strconv.Itoa(got.PID) != pid || got.HostNetwork {
		t.Errorf("%+v", got)
	}
	own := openTarget(t, "pid:"+strconv.Itoa(os.Getpid()))
	if !own.HostNetwork {
		t.Errorf("own process: %+v", own)
	}
	_, err := Open(t.Context(), Target{Pid, "4194304"}, Options{})
	if nf := (*NotFoundError)(nil); !errors.As(err, &nf) || err.Error() != "no process 4194304" {
		t.Error(err)
	}
}

// TestOpenPidEnded looks at a process that has ended and that nobody has
// waited for, and at one whose number has gone to another.
func TestOpenPidEnded(t *testing.T) {
	n := newNamed(t, "pid-b")
	cmd := exec.CommandContext(t.Context(), "/bin/sleep", "300")
	in(t, n, cmd.Start)
	pid := cmd.Process.Pid
	e := newEnv(Options{})
	st, err := e.proc.stat(pid)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.openPID(pid, st.start+1); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "another process has its number") {
		t.Errorf("reused: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var si unix.Siginfo
	if err := unix.Waitid(unix.P_PID, pid, &si, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := e.openPID(pid, 0); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("zombie: %v", err)
	}
	_ = cmd.Wait()
	if _, err := e.openPID(pid, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gone: %v", err)
	}
}

// TestOpenPidReused has the number change hands between the look before and
// the look after the opening.
func TestOpenPidReused(t *testing.T) {
	n := newNamed(t, "pid-c")
	proc := newProc(t)
	proc.add(77, sleeper(t, n), "x", 2000, "0::/\n")
	// The first to read stat finds a pipe there, whose writer puts the file
	// with the later start time in its place before it answers.
	stat := filepath.Join(proc.dir, "77/stat")
	if err := all(os.Rename(stat, stat+".later"), unix.Mkfifo(stat, 0o600)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		f, err := os.OpenFile(stat, os.O_WRONLY, 0) // waits for the reader
		if err == nil {
			_, writeErr := f.WriteString(statLine(77, "x", 1000))
			err = errors.Join(os.Rename(stat+".later", stat), writeErr, f.Close())
		}
		done <- err
	}()
	_, err := newEnv(Options{ProcRoot: proc.dir}).openPID(77, 0)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "ended while it was opened") {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOpenInterface(t *testing.T) {
	n := openTarget(t, "if:lo")
	if !n.HostNetwork || n.Label != "here" {
		t.Errorf("%+v", n)
	}
	_, err := Open(t.Context(), Target{Interface, "nothere0"}, Options{})
	var nf *NotFoundError
	if labtest.RequireRoot(t); !errors.As(err, &nf) || !strings.Contains(nf.Hint(), "lo") {
		t.Errorf("%v", err)
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tg := range []Target{{Netns, "x"}, {Pid, "1"}, {Container, "abcd"}, {CRI, "a/b"}, {Host, ""}} {
		if _, err := Open(ctx, tg, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", tg, err)
		}
	}
	if _, err := newNamed(t, "cancelled").Devices(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("devices: %v", err)
	}
}

func TestDo(t *testing.T) {
	n := newNamed(t, "do-a")
	before := inodeOf(ownNS)
	var inside uint64
	fail := errors.New("fn's own error")
	if err := n.Do(func() error { inside = inodeOf(ownNS); return fail }); !errors.Is(err, fail) {
		t.Errorf("got %v", err)
	}
	if inside != n.Inode {
		t.Errorf("fn ran in %d, want %d", inside, n.Inode)
	}
	if err := n.Do(func() error { runtime.Goexit(); return nil }); !errors.Is(err, within.ErrUnfinished) {
		t.Errorf("after Goexit: %v", err)
	}
	// A thread that lost its way back dies; nobody else is led astray.
	in(t, n, func() error { return unix.Unshare(unix.CLONE_NEWNET) })
	for range 50 {
		done := make(chan uint64)
		go func() { done <- inodeOf(ownNS) }()
		if got := <-done; got != before {
			t.Fatalf("a goroutine is in %d, want %d", got, before)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Do(func() error { return nil }); err == nil {
		t.Error("Do works on a closed namespace")
	}
}

// TestDoNested calls Do within Do: each call knows its own way back.
func TestDoNested(t *testing.T) {
	a, b := newNamed(t, "nest-a"), newNamed(t, "nest-b")
	in(t, a, func() error {
		in(t, b, func() error {
			if got := inodeOf(ownNS); got != b.Inode {
				t.Errorf("inner in %d", got)
			}
			return nil
		})
		if got := inodeOf(ownNS); got != a.Inode {
			t.Errorf("outer in %d", got)
		}
		return nil
	})
}

// TestUnprivileged captures at home without any right, and is told what is
// missing elsewhere.
func TestUnprivileged(t *testing.T) {
	newNamed(t, "unprivileged")
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env, cmd.Dir = append(os.Environ(), asFinder+"=if:lo"), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{
		"device lo\n",
		"enter CAP_SYS_ADMIN: enter network namespace unprivileged: operation not permitted\n",
		"pid CAP_SYS_PTRACE: open network namespace of process",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

// printDevices is what a child without rights can do, and what it cannot.
func printDevices(tg Target) error {
	n, err := Open(context.Background(), tg, Options{})
	if err != nil {
		return err
	}
	devices, err := n.Devices(context.Background())
	if err != nil {
		return err
	}
	for _, d := range devices {
		fmt.Println("device", d.Interface)
	}
	var pe *PermissionError
	other, err := Open(context.Background(), Target{Netns, "unprivileged"}, Options{})
	if err != nil {
		return err
	}
	if _, err := other.Devices(context.Background()); errors.As(err, &pe) {
		fmt.Printf("enter %s: %v\n", pe.Capability, err)
	}
	_, err = Open(context.Background(), Target{Pid, strconv.Itoa(os.Getppid())}, Options{})
	if errors.As(err, &pe) {
		fmt.Printf("pid %s: %v\n", pe.Capability, err)
	}
	return errors.Join(n.Close(), other.Close())
}
