//go:build !pktrail_lite

package skbtrace

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// asChild makes the test binary a process that traces in the named namespace
// until it is killed.
const asChild = "PKTRAIL_TEST_TRACE"

func TestMain(m *testing.M) {
	if name := os.Getenv(asChild); name != "" {
		os.Exit(child(name))
	}
	os.Exit(m.Run())
}

// ids are what a tracer has in the kernel.
type ids struct {
	Programs []ebpf.ProgramID
	Maps     []ebpf.MapID
	Links    []link.ID
	Error    string
}

func child(namespace string) int {
	var have ids
	tr, err := Open(Options{Full: true})
	var missing *UnsupportedError
	switch {
	case errors.As(err, &missing):
		have.Error = missing.What + ": " + missing.Hint
	case err != nil:
		have.Error = "no UnsupportedError: " + err.Error()
	default:
		if have, err = list(tr, namespace); err != nil {
			have.Error = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(have); err != nil || have.Error != "" {
		return 1
	}
	for { // until killed
		var e Event
		if err := tr.Read(&e); err != nil {
			return 1
		}
	}
}

func list(tr *Tracer, namespace string) (ids, error) {
	var have ids
	ns, err := os.Open("/run/netns/" + namespace)
	if err != nil {
		return have, err
	}
	if err := tr.Netfilter(ns); err != nil {
		return have, err
	}
	for _, p := range tr.maps.Programs {
		if i, err := p.Info(); err == nil {
			id, _ := i.ID()
			have.Programs = append(have.Programs, id)
		}
	}
	for _, m := range tr.maps.Maps {
		if i, err := m.Info(); err == nil {
			id, _ := i.ID()
			have.Maps = append(have.Maps, id)
		}
	}
	for _, k := range tr.links {
		if i, err := k.Info(); err == nil {
			have.Links = append(have.Links, i.ID)
		}
	}
	return have, nil
}

// start runs the child.
func start(t *testing.T, namespace string, cred *syscall.Credential) (*exec.Cmd, ids) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), asChild+"="+namespace)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var have ids
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &have)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, have
}

// Nothing stays in the kernel when the process is killed.
func TestKilled(t *testing.T) {
	t.Parallel()
	namespace := labtest.Namespace(t)
	run(t, namespace, "nft", "table inet x { chain c { type filter hook input priority 0; }; }")
	cmd, have := start(t, namespace, nil)
	if have.Error != "" || len(have.Programs) < 15 || len(have.Maps) < 5 || len(have.Links) < 15+4 {
		t.Fatalf("%+v", have)
	}
	if p, err := ebpf.NewProgramFromID(have.Programs[0]); err != nil {
		t.Fatal(err)
	} else {
		_ = p.Close()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	labtest.Wait(t, 10*time.Second, "programs, maps and links to go", func() bool {
		for _, id := range have.Programs {
			if p, err := ebpf.NewProgramFromID(id); err == nil {
				_ = p.Close()
				return false
			}
		}
		for _, id := range have.Maps {
			if m, err := ebpf.NewMapFromID(id); err == nil {
				_ = m.Close()
				return false
			}
		}
		for _, id := range have.Links {
			if k, err := link.NewFromID(id); err == nil {
				_ = k.Close()
				return false
			}
		}
		return true
	})
}

// Without rights the error says which are missing.
func TestNotPermitted(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	_, have := start(t, "none", &syscall.Credential{Uid: 65534, Gid: 65534})
	if want := "permission to load BPF programs: it needs CAP_BPF"; len(have.Error) < len(want) || have.Error[:len(want)] != want {
		t.Errorf("error %q", have.Error)
	}
}

// cpuTime is what this process has used: unlike a clock it does not count what
// else runs on the machine.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Open is quick, Stop ends Read at the end of the ring, Close at once, and
// both ends stay.
func TestLife(t *testing.T) {
	// Not in parallel: this is the first to open a tracer. To open one right
	// after another was closed takes longer, for the kernel waits for all CPUs
	// to have left the old one.
	begin := cpuTime(t)
	tr := open(t, Options{Filter: compile(t, "udp port 1")})
	took := cpuTime(t) - begin
	_ = tr.Close()
	if took > 300*time.Millisecond {
		t.Errorf("armed after %v of CPU time", took)
	}
	tr = open(t, Options{Filter: compile(t, "udp port 1")})
	ended := make(chan error)
	go func() {
		var e Event
		ended <- tr.Read(&e)
	}()
	tr.Stop()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("after Stop: %v", err)
	}
	var e Event
	if err := tr.Read(&e); !errors.Is(err, io.EOF) {
		t.Errorf("once more: %v", err)
	}
	if err := tr.Netfilter(os.Stdin); !errors.Is(err, os.ErrClosed) {
		t.Errorf("brackets after Stop: %v", err)
	}
	if _, err := tr.Stats(); err != nil {
		t.Error(err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if err := tr.Read(&e); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := tr.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	for _, o := range []Options{{HeaderLen: 300}, {HeaderLen: -1}, {Ring: 1 << 40}, {Limit: -1}, {Netns: make([]uint32, 2000)}} {
		if tr, err := Open(o); err == nil {
			_ = tr.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}
