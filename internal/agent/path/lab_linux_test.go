//go:build !pktrail_lite

package path

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/probe/netns"
)

// TestPathInLab walks from every pod and every node of each flavour, and
// compares with what the lab says it is made of.
func TestPathInLab(t *testing.T) {
	for _, flavour := range lab.Flavours() {
		t.Run(string(flavour), func(t *testing.T) {
			labtest.RequireRoot(t)
			name := labtest.Name()
			l, err := lab.Up(t.Context(), lab.Options{Name: name, Flavour: flavour, Nodes: 2, Pods: 2})
			if kernel := (*lab.KernelError)(nil); errors.As(err, &kernel) {
				t.Skip(kernel)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _, _ = lab.Down(name) })
			for _, pod := range l.Pods {
				got, notes := pathOf(t, "netns:"+pod.Name)
				if d := cmp.Diff(wantPath(l, pod), got); d != "" {
					t.Errorf("%s: %s", pod.Name, d)
				}
				if pod.HostDevice != "" && len(notes) > 0 {
					t.Errorf("%s: %q", pod.Name, notes)
				}
			}
			for _, node := range l.Nodes {
				got, notes := pathOf(t, "netns:"+node.Name)
				want := []string{"uplink " + node.Name + "/eth0"}
				if flavour == lab.Flannel {
					want = slices.Insert(want, 0, "overlay "+node.Name+"/flannel.1")
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s: %s", node.Name, d)
				}
				if len(notes) > 0 {
					t.Errorf("%s: %q", node.Name, notes)
				}
			}
		})
	}
}

func wantPath(l *lab.Lab, pod lab.Pod) []string {
	want := []string{"pod " + pod.Node + "/" + pod.Name + "/eth0"}
	if pod.HostDevice != "" {
		want = append(want, "host "+pod.Node+"/"+pod.HostDevice)
	}
	if l.Flavour == lab.Flannel {
		want = append(want, "bridge "+pod.Node+"/cni0", "overlay "+pod.Node+"/flannel.1")
	}
	return append(want, "uplink "+pod.Node+"/eth0")
}

func BenchmarkPath(b *testing.B) {
	labtest.RequireRoot(b)
	l := labtest.Lab(b, lab.Options{Flavour: lab.Flannel, Nodes: 2, Pods: 2})
	n, err := netns.Open(b.Context(), netns.Target{Kind: netns.Netns, Value: l.Pods[0].Name}, netns.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	for b.Loop() {
		p, err := Find(b.Context(), n)
		if err != nil || len(p.Points) != 5 {
			b.Fatal(p.Points, err)
		}
		_ = p.Close()
	}
}
