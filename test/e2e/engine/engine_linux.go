package engine

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/cluster/machine"
	"github.com/pktrail/pktrail/test/e2e/left"
)

// Kind is an engine of Debian's.
type Kind string

// The engines.
const (
	Docker     Kind = "docker"
	Podman     Kind = "podman"
	Containerd Kind = "containerd"
)

// Engine is one that runs.
type Engine struct {
	Kind Kind
	// Told is for CRIO, before Run.
	Told Told

	name  string
	first machine.Process
}

// Container is one that runs, with a shell in it.
type Container struct {
	ID string
	IP netip.Addr
}

// initWord starts a test binary as a machine's first process.
const initWord = "engine-init"

// Main is to be called first by TestMain: a machine's first process is the test
// binary itself, and does not come back from here.
func Main() {
	if len(os.Args) != 5 || os.Args[1] != initWord {
		return
	}
	kind, name, dir := Kind(os.Args[2]), os.Args[3], os.Args[4]
	err := machine.Enter(name, dir)
	if err == nil {
		go func() { // nothing is ever written there: the test has ended, in whatever way
			_, _ = os.Stdin.Read(make([]byte, 1))
			os.Exit(0)
		}()
		err = machine.Run(services(kind)...)
	}
	os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
}

// services are what an engine needs to run; podman needs nothing.
func services(kind Kind) []machine.Service {
	switch kind {
	case Docker:
		return []machine.Service{{Name: "dockerd", Log: "/var/log/dockerd.log", Argv: []string{"/usr/sbin/dockerd"}}}
	case Containerd:
		return []machine.Service{{Name: "containerd", Log: "/var/log/containerd.log", Argv: []string{"/usr/bin/containerd"}}}
	}
	return nil
}

// Start boots a machine for an engine and waits until the engine answers.
func Start(tb testing.TB, kind Kind) *Engine {
	tb.Helper()
	space := labtest.Namespace(tb)
	dir := tb.TempDir()
	e := &Engine{Kind: kind, name: string(kind) + "-" + labtest.Name()}
	log := filepath.Join(dir, "init.log")
	r, w, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	e.first, err = machine.Boot(machine.Options{
		Name: e.name, Log: log, Stdin: r, Argv: []string{"/proc/self/exe", initWord, string(kind), e.name, dir},
	}, dir, space)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Log(e.logs(log))
		}
		if err := errors.Join(e.first.Kill(), w.Close(), machine.RemoveCgroups(e.name)); err != nil {
			tb.Error(err)
		}
	})
	labtest.Wait(tb, time.Minute, "machine of "+string(kind), func() bool {
		return machine.Up(dir) || !e.first.Alive()
	})
	e.await(tb)
	return e
}

// await waits until the engine answers, or the machine has ended.
func (e *Engine) await(tb testing.TB) {
	tb.Helper()
	for _, question := range ready(e.Kind) {
		var said string
		var err error
		labtest.Wait(tb, time.Minute, "engine "+string(e.Kind), func() bool {
			said, err = e.try(tb, nil, question...)
			return err == nil || !e.first.Alive()
		})
		if err != nil {
			tb.Fatalf("engine %s does not start: %v: %s", e.Kind, err, said)
		}
	}
}

func (e *Engine) logs(init string) string {
	files := []string{init}
	if root, err := e.first.Root(); err == nil {
		more, _ := filepath.Glob(filepath.Join(root, "var/log/*.log")) // the pattern is ours
		files = append(files, more...)
	}
	var b strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil {
			b.WriteString("--- " + filepath.Base(f) + "\n")
			b.Write(text[max(0, len(text)-3000):])
		}
	}
	return b.String()
}

// ready are commands that succeed when the engine does.
func ready(kind Kind) [][]string {
	switch kind {
	case Docker:
		return [][]string{{"docker", "info"}}
	case Containerd:
		return [][]string{{"ctr", "version"}}
	case Podman:
		return [][]string{{"podman", "info"}}
	}
	return [][]string{{"runc", "--version"}}
}

// On runs a command on the engine's machine and returns what it prints.
func (e *Engine) On(tb testing.TB, argv ...string) string {
	tb.Helper()
	out, err := e.try(tb, nil, argv...)
	if err != nil {
		tb.Fatalf("%q on the machine of %s: %v: %s", argv, e.Kind, err, out)
	}
	return out
}

func (e *Engine) try(tb testing.TB, stdin *os.File, argv ...string) (string, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Minute)
	defer cancel()
	cmd, err := e.first.Command(ctx, argv...)
	if err != nil {
		return "", err
	}
	if stdin != nil {
		cmd.Stdin = stdin
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Install copies a program onto the machine, whose /tmp is its own, and returns
// where it is there.
func (e *Engine) Install(tb testing.TB, program string) string {
	tb.Helper()
	b, err := os.ReadFile(program)
	if err != nil {
		tb.Fatal(err)
	}
	root, err := e.first.Root()
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "var/local/bin"), 0o755); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join("/var/local/bin", filepath.Base(program))
	if err := os.WriteFile(filepath.Join(root, path), b, 0o755); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Command gives a command that runs on the machine.
func (e *Engine) Command(ctx context.Context, argv ...string) (*exec.Cmd, error) {
	return e.first.Command(ctx, argv...)
}

// Left lists what there is of pktrail on the machine.
func (e *Engine) Left(tb testing.TB) []string {
	tb.Helper()
	root, err := e.first.Root()
	if err != nil {
		tb.Fatal(err)
	}
	found, err := left.Machine(context.WithoutCancel(tb.Context()), root)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// load gives the engine the test bed's image with a shell.
func (e *Engine) load(tb testing.TB, argv ...string) {
	tb.Helper()
	tar, err := bed.ShellTar(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	f, err := os.Open(tar)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if out, err := e.try(tb, f, argv...); err != nil {
		tb.Fatalf("%q: %v: %s", argv, err, out)
	}
}
