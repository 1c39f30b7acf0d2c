package netns

import (
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

func TestCensus(t *testing.T) {
	labtest.RequireRoot(t)
	l := labtest.Lab(t, lab.Options{Flavour: lab.Flannel, Nodes: 2, Pods: 1})
	all := All(t.Context(), Options{}, 1000)
	defer func() {
		for _, n := range all {
			_ = n.Close()
		}
	}()
	for _, pod := range l.Pods {
		if !slices.ContainsFunc(all, func(n *Namespace) bool { return n.Inode == pod.Netns && n.Label == pod.Name }) {
			t.Errorf("%s is not among all namespaces", pod.Name)
		}
		n, err := Find(t.Context(), pod.Netns, Options{})
		if err != nil {
			t.Fatal(err)
		}
		addrs, err := n.Addresses()
		if err != nil || !slices.Contains(addrs, pod.IPv4) {
			t.Errorf("addresses of %s are %v, %v", pod.Name, addrs, err)
		}
		node, target, near, err := n.Place(t.Context())
		if err != nil || node != pod.Node || target != pod.Name {
			t.Errorf("%s is at node %q, target %q, %v; want node %q", pod.Name, node, target, err, pod.Node)
		}
		for _, opened := range append(near, n) {
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := Find(t.Context(), 1, Options{}); err == nil {
		t.Error("namespace 1 was found")
	}
	seen := map[uint64]bool{}
	for _, n := range all {
		if seen[n.Inode] {
			t.Errorf("%s comes twice", n.Label)
		}
		seen[n.Inode] = true
	}
}

// Two labs have the same addresses and nothing in common.
func TestConnected(t *testing.T) {
	labtest.RequireRoot(t)
	a := labtest.Lab(t, lab.Options{Flavour: lab.Calico, Nodes: 2, Pods: 1})
	b := labtest.Lab(t, lab.Options{Flavour: lab.Flannel, Nodes: 2, Pods: 1})
	all := All(t.Context(), Options{}, 1000)
	defer func() {
		for _, n := range all {
			_ = n.Close()
		}
	}()
	i := slices.IndexFunc(all, func(n *Namespace) bool { return n.Label == a.Pods[0].Name })
	if i < 0 {
		t.Fatal("the pod was not found")
	}
	got := Connected(t.Context(), all[i:i+1], all)
	names := a.Namespaces()
	for _, n := range all {
		if in := slices.Contains(names, n.Label); in && !got[n.Inode] {
			t.Errorf("%s was not reached", n.Label)
		}
		if slices.Contains(b.Namespaces(), n.Label) && got[n.Inode] {
			t.Errorf("%s of another lab was reached", n.Label)
		}
	}
}
