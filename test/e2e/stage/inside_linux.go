package stage

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// Proc is the folder in a /proc of the node where one of the pod's processes is,
// the one that holds its namespaces: ns/net and root are below it.
func (s *Stage) Proc(tb testing.TB, p Pod) string {
	tb.Helper()
	root, err := s.Cluster.Root(s.node(tb, p.Node))
	if err != nil {
		tb.Fatal(err)
	}
	groups, err := filepath.Glob(filepath.Join(root, "proc/[0-9]*/cgroup"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range groups {
		b, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(b), "/pod"+string(p.UID)) {
			continue // gone, or somebody else
		}
		return filepath.Dir(file)
	}
	tb.Fatalf("no process of pod %s is on %s", p.Name, p.Node)
	return ""
}

// InNetwork runs a program of the machine in a pod's network namespace, e.g. nft.
func (s *Stage) InNetwork(tb testing.TB, p Pod, argv ...string) string {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	args := append([]string{"--net=" + filepath.Join(s.Proc(tb, p), "ns/net"), "--"}, argv...)
	out, err := exec.CommandContext(ctx, "nsenter", args...).CombinedOutput()
	if err != nil {
		tb.Fatalf("%q in the network of %s: %v: %s", argv, p.Name, err, out)
	}
	return string(out)
}

// Enter runs fn in a pod's network namespace: sockets that it opens are there.
func (s *Stage) Enter(tb testing.TB, p Pod, fn func() error) {
	tb.Helper()
	ns, err := os.Open(filepath.Join(s.Proc(tb, p), "ns/net"))
	if err != nil {
		tb.Fatal(err)
	}
	defer ns.Close()
	if err := within.Do(ns, fn); err != nil {
		tb.Fatal(err)
	}
}
