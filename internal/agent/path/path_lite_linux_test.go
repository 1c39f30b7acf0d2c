//go:build pktrail_lite

package path

import (
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestPathInside has all interfaces of the pod that the agent is in, but lo.
func TestPathInside(t *testing.T) {
	n, err := netns.Open(t.Context(), netns.Target{Kind: netns.Self, Value: "web-0"}, netns.Options{Node: "node-7"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	devices, err := n.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, d := range devices {
		if d.Interface != "lo" && !d.Idle {
			want[d.Interface] = true
		}
	}
	p, err := Find(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	for _, pt := range p.Points {
		if pt.Role != trail.RolePod || pt.In != n || pt.Target != "web-0" || pt.Node != "node-7" || !want[pt.Interface] {
			t.Errorf("%+v", pt)
		}
	}
	if len(p.Points) != len(want) {
		t.Errorf("%d points of %v", len(p.Points), want)
	}
	if text := strings.Join(p.Notes, "; "); !strings.Contains(text, "the pod alone") && !strings.Contains(text, "no interface but lo") {
		t.Errorf("notes %q", p.Notes)
	}
}
