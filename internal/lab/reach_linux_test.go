package lab_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// Every pod reaches every other and the outside host, and is reached by it.
func TestEverybodyPingsEverybody(t *testing.T) {
	for _, f := range works() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			l := labtest.Lab(t, lab.Options{Flavour: f, Nodes: 3})
			t.Logf("built in %v", time.Since(start))
			if l.State != lab.StateUp || len(l.Pods) != 6 {
				t.Fatalf("state %s, %d pods: %q", l.State, len(l.Pods), l.Problems)
			}
			for _, from := range append(l.Pods, lab.Pod{Name: l.Outside.Name}) {
				for _, to := range l.Pods {
					pingBoth(t, from.Name, to.IPv4, to.IPv6)
				}
				pingBoth(t, from.Name, l.Outside.IPv4, l.Outside.IPv6)
			}
			// A macvlan does not hear its parent: pods reach other nodes only.
			for _, n := range l.Nodes {
				for _, p := range l.Pods {
					if f != lab.Macvlan || p.Node != n.Name {
						pingBoth(t, n.Name, p.IPv4, p.IPv6)
						pingBoth(t, p.Name, n.IPv4, n.IPv6)
					}
				}
			}
		})
	}
}

func pingBoth(t *testing.T, from string, v4, v6 netip.Addr) {
	t.Helper()
	labtest.Ping(t, from, v4)
	labtest.Ping(t, from, v6)
}

// On a kernel without IPv6 the labs have none, and work. This kernel may well
// have it: then its link-local addresses take two seconds here, as nobody
// switched their duplicate address detection off.
func TestWithoutIPv6(t *testing.T) {
	labtest.RequireRoot(t)
	for _, f := range works() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			name := labtest.Name()
			l, err := lab.UpWithoutIPv6(t.Context(), lab.Options{Name: name, Flavour: f, Pods: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if _, err := lab.Down(name); err != nil {
					t.Error(err)
				}
			})
			labtest.Ping(t, l.Pods[0].Name, l.Pods[1].IPv4)
			labtest.Ping(t, l.Outside.Name, l.Pods[1].IPv4)
			if l.Pods[0].IPv6.IsValid() || l.Nodes[0].PodNet6.IsValid() {
				t.Errorf("%+v", l)
			}
			if got := addresses(t, l.Pods[0].Name, "eth0"); len(got) != 1 {
				t.Errorf("addresses %v", got)
			}
		})
	}
}
