package engine

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/cluster/machine"
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
	Kind  Kind
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
	if len(os.Args) != 4 || os.Args[1] != initWord {
		return
	}
	kind, dir := Kind(os.Args[2]), os.Args[3]
	err := machine.Enter(string(kind), dir)
	if err == nil {
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
	log := filepath.Join(dir, "init.log")
	first, err := machine.Boot(machine.Options{
		Name: string(kind), Log: log, Argv: []string{"/proc/self/exe", initWord, string(kind), dir},
	}, space)
	if err != nil {
		tb.Fatal(err)
	}
	e := &Engine{Kind: kind, first: first}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Log(e.logs(log))
		}
		if err := first.Kill(); err != nil {
			tb.Error(err)
		}
		if err := machine.RemoveCgroups(string(kind)); err != nil {
			tb.Error(err)
		}
	})
	var said string
	labtest.Wait(tb, time.Minute, "machine of "+string(kind), func() bool {
		// A host name of its own is the last but one thing that it gets; then /run.
		said, err = e.try(tb, nil, "sh", "-c", "test $(hostname) = "+string(kind)+" && test -d /run/lock")
		return err == nil || !first.Alive()
	})
	for _, s := range ready(kind) {
		labtest.Wait(tb, time.Minute, "engine "+string(kind), func() bool {
			said, err = e.try(tb, nil, s...)
			return err == nil || !first.Alive()
		})
	}
	if err != nil {
		tb.Fatalf("engine %s does not start: %v: %s", kind, err, said)
	}
	return e
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
	default:
		return [][]string{{"podman", "info"}}
	}
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
