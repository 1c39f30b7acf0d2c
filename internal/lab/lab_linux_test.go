package lab_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// Two labs with the same addresses live side by side, and removing one does
// nothing to the other.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	a := labtest.Lab(t, lab.Options{})
	b := labtest.Lab(t, lab.Options{Flavour: lab.Calico, Nodes: 3, Pods: 1})
	for _, l := range []*lab.Lab{a, b} {
		pingBoth(t, l.Pods[0].Name, l.Node(l.Name+"-node2").IPv4, l.Pods[len(l.Pods)-1].IPv6)
	}
	if _, err := lab.Down(a.Name); err != nil {
		t.Fatal(err)
	}
	checkNothing(t, a.Name)
	pingBoth(t, b.Pods[0].Name, b.Pods[2].IPv4, b.Pods[2].IPv6)
	got, err := lab.Find(b.Name)
	if err != nil || got.State != lab.StateUp {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDownTwice(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 1, Pods: 1})
	if _, err := lab.Down(l.Name); err != nil {
		t.Fatal(err)
	}
	_, err := lab.Down(l.Name)
	if gone := (*lab.NotFoundError)(nil); !errors.As(err, &gone) || gone.Name != l.Name || slices.Contains(gone.Have, l.Name) {
		t.Errorf("second down: %v", err)
	}
	if _, err := lab.Down("../etc"); err == nil {
		t.Error("a path was accepted as name")
	}
}

// Up over a lab changes nothing about it.
func TestUpOverALab(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{})
	_, err := lab.Up(t.Context(), lab.Options{Name: l.Name, Flavour: lab.PTP})
	exists := (*lab.ExistsError)(nil)
	if !errors.As(err, &exists) || exists.Name != l.Name || exists.Foreign {
		t.Errorf("got %v", err)
	}
	got, err := lab.Find(l.Name)
	if diff := cmp.Diff(l, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); err != nil || diff != "" {
		t.Errorf("%v; the lab has changed: %s", err, diff)
	}
}

// A namespace that is no lab's is neither overwritten nor removed, whatever
// its name.
func TestForeignNamespace(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	name := labtest.Name()
	foreign := name + "-node2"
	if err := lab.AddNamespace(foreign); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.DeleteNamespace(foreign); err != nil {
			t.Error(err)
		}
	})
	_, err := lab.Up(t.Context(), lab.Options{Name: name})
	if exists := (*lab.ExistsError)(nil); !errors.As(err, &exists) || exists.Namespace != foreign || !exists.Foreign {
		t.Errorf("up: %v", err)
	}
	_, err = lab.Down(name)
	if gone := (*lab.NotFoundError)(nil); !errors.As(err, &gone) {
		t.Errorf("down: %v", err)
	}
	if err := lab.Do(foreign, func() error { return nil }); err != nil {
		t.Errorf("the namespace is gone: %v", err)
	}
	// Out of the way, it does not even matter.
	if _, err = lab.Up(t.Context(), lab.Options{Name: name, Nodes: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err = lab.Down(name); err != nil {
		t.Fatal(err)
	}
	if err := lab.Do(foreign, func() error { return nil }); err != nil {
		t.Errorf("the namespace is gone: %v", err)
	}
	if err := lab.AddNamespace(foreign); !errors.Is(err, os.ErrExist) {
		t.Errorf("add again: %v", err)
	}
}

// Losing a part makes a lab broken, by name of the part; Down still works.
func TestBrokenLab(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{})
	if err := lab.DeleteNamespace(l.Pods[3].Name); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join("/run/netns", l.Pods[3].Name)
	if err := os.WriteFile(dead, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	got := find(t, l.Name)
	want := []string{"namespace " + l.Pods[3].Name + " is missing"}
	if got.State != lab.StateBroken || !slices.Equal(got.Problems, want) {
		t.Errorf("%s: %q", got.State, got.Problems)
	}
	for _, ns := range l.Namespaces() {
		if ns != l.Pods[3].Name {
			if err := lab.DeleteNamespace(ns); err != nil {
				t.Fatal(err)
			}
		}
	}
	got = find(t, l.Name)
	if got.State != lab.StateBroken || got.Flavour != "" || len(got.Problems) != 1 {
		t.Errorf("with one empty file left: %+v", got)
	}
	if _, err := lab.Down(l.Name); err != nil {
		t.Fatal(err)
	}
	checkNothing(t, l.Name)
}

// find returns the lab as List has it.
func find(t *testing.T, name string) *lab.Lab {
	t.Helper()
	labs, err := lab.List()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(labs, func(l *lab.Lab) bool { return l.Name == name })
	if i < 0 {
		t.Fatalf("lab %s is not listed", name)
	}
	return labs[i]
}

// A kernel without ipvlan says which configuration it lacks, and nothing is
// left; a kernel with it makes a lab that works.
func TestIPvlan(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	name := labtest.Name()
	l, err := lab.Up(t.Context(), lab.Options{Name: name, Flavour: lab.IPvlan})
	if err == nil {
		defer lab.Down(name) //nolint:errcheck // checked below, in the good case
		pingBoth(t, l.Pods[0].Name, l.Pods[3].IPv4, l.Pods[3].IPv6)
		if _, err := lab.Down(name); err != nil {
			t.Fatal(err)
		}
		checkNothing(t, name)
		return
	}
	kernel := (*lab.KernelError)(nil)
	if !errors.As(err, &kernel) || kernel.Kind != "ipvlan" || !strings.Contains(err.Error(), "CONFIG_IPVLAN") {
		t.Errorf("got %v", err)
	}
	checkNothing(t, name)
}

// The largest labs that are sensible are built and reach each other.
func TestLargeLab(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 5, Pods: 20})
	if l.State != lab.StateUp {
		t.Fatalf("%q", l.Problems)
	}
	last := l.Pods[len(l.Pods)-1]
	pingBoth(t, l.Pods[0].Name, last.IPv4, last.IPv6)
	pingBoth(t, l.Outside.Name, last.IPv4, last.IPv6)
}

// The JSON of a lab names everything, and reads back as the same lab.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, f := range works() {
		l := labtest.Lab(t, lab.Options{Flavour: f, Nodes: 1, Pods: 1})
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		back := new(lab.Lab)
		if err := json.Unmarshal(b, back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, back, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
			t.Error(diff)
		}
		for _, want := range []string{l.Name + "-node1-pod1", "10.244.1.2", "fd00:244:1::2", l.Pods[0].MAC(), "10.99.0.11", `"state":"up"`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s: no %s in %s", f, want, b)
			}
		}
	}
}
