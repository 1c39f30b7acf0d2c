package action_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// While a packet is on its way pktrail asks the kernel for the same routes. The
// packet's own lookups are shown all the same, each time, also where nobody
// knows his neighbours yet.
func TestTraceLookups(t *testing.T) {
	labtest.RequireRoot(t)
	labtest.RequireTool(t, "ip")
	s := newScene(t, lab.Options{Flavour: lab.Flannel})
	s.listen("b", "tcp", ":80")
	for range 10 {
		for _, where := range []string{"a", "b", "n1", "n2"} {
			s.do(where, "", "ip", "neigh", "flush", "all")
		}
		o := action.TraceOptions{}
		o.Request.Source = "netns:" + s.a.Name
		o.Request.Destination = netip.AddrPortFrom(s.b.IPv4, 80).String()
		o.Request.Duration = 20 * time.Second
		o.Request.Probe.Proto = "tcp"
		o.Request.Probe.Timeout = time.Second
		r, err := action.Trace(t.Context(), o, action.TraceEvents{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Trails) < 2 {
			t.Fatalf("%d packets, want the probe and its answer", len(r.Trails))
		}
		s.lookedUp(&r.Trails[0], s.n1, s.b.IPv4, "flannel.1")
		s.lookedUp(&r.Trails[0], s.n2, s.b.IPv4, "cni0")
		s.lookedUp(&r.Trails[1], s.n2, s.a.IPv4, "flannel.1")
		s.lookedUp(&r.Trails[1], s.n1, s.a.IPv4, "cni0")
		if t.Failed() {
			dump(t, &r, nil)
			return
		}
	}
}

// lookedUp wants one lookup on a node that sends the packet to a device.
func (s *scene) lookedUp(j *action.JudgedTrail, n *lab.Node, dst netip.Addr, device string) {
	s.Helper()
	found := 0
	for _, o := range j.Trail.Observations {
		if o.Stage == trail.StageRoute && o.Point.Netns == n.Netns && o.Route.Dst == dst && !o.Route.ReversePath && o.Route.Device == device && o.Flight != 0 {
			found++
		}
	}
	if found != 1 {
		s.Errorf("%s: %d lookups of %s on %s to %s, want 1", j.Trail.Packet, found, dst, n.Name, device)
	}
}
