package action_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// Two networks on one kernel have the same addresses. A flood in one does not
// show in a trace of the other, and takes no room from it.
func TestTraceElsewhere(t *testing.T) {
	labtest.RequireRoot(t)
	other := newScene(t, lab.Options{Flavour: lab.Flannel})
	s := newScene(t, lab.Options{Flavour: lab.Flannel})
	if other.a.IPv4 != s.a.IPv4 || other.b.IPv4 != s.b.IPv4 {
		t.Fatalf("%s and %s, %s and %s", other.a.IPv4, s.a.IPv4, other.b.IPv4, s.b.IPv4)
	}
	s.listen("b", "udp", ":53")
	labtest.Ping(t, other.a.Name, other.b.IPv4)
	flood := labtest.Dial(t, other.a.Name, "udp4", netip.AddrPortFrom(other.b.IPv4, 53).String())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
			_, _ = flood.Write([]byte("more of it")) // refused at times: nobody listens there
		}
	}()
	o := action.TraceOptions{}
	o.Request.Source = "netns:" + s.a.Name
	o.Request.Destination = s.b.IPv4.String()
	o.Request.Duration = 3 * time.Second
	r, err := action.Trace(t.Context(), o, action.TraceEvents{Armed: func(trail.Session) {
		c := labtest.Dial(t, s.a.Name, "udp4", netip.AddrPortFrom(s.b.IPv4, 53).String())
		_, _ = c.Write([]byte("what is asked"))
	}})
	<-done
	if err != nil {
		t.Fatal(err)
	}
	want := wanted{outcome: trail.Delivered, node: "n2", in: "b", basis: trail.Observed, finding: "-"}
	want.check(s, &r)
	for _, j := range r.Trails {
		for _, at := range j.Trail.Observations {
			if strings.HasPrefix(at.Point.Path(), other.lab.Nodes[0].Name) {
				t.Fatalf("seen at %s", at.Point.Path())
			}
		}
	}
	if t.Failed() && len(r.Trails) < 5 {
		dump(t, &r, nil)
	}
}
