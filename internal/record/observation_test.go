package record

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pktrail/pktrail/internal/trail"
)

// What a probe says comes back as it went in, with what the frame says.
func TestObservedRoundTrip(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, Header{Application: "pktrail", Node: "node1", Boot: "b7"})
	if err != nil {
		t.Fatal(err)
	}
	at := trail.Point{Node: "node1", Interface: "cni0", Index: 4, Link: 1}
	id, err := w.AddPoint(at, PointOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := trail.Observation{
		Stage: trail.StageDrop, Flight: 7, CPU: 2, Mark: 0x4000,
		Drop: &trail.Drop{Reason: "NETFILTER_DROP", At: "nf_hook_slow+0xa4", Stack: []string{"ip_forward"}, Hook: "FORWARD"},
	}
	also := []trail.Observation{{Time: 99, Stage: trail.StageRoute, Flight: 7, Route: &trail.Route{Table: 254, Dst: netip.MustParseAddr("10.244.2.2"), Device: "flannel.1"}}}
	f := trail.Frame{Time: 100, Point: id, Dir: trail.In, Len: 98, Data: []byte{1, 2, 3}}
	if err := w.WriteObserved(&f, []string{"dropped"}, &o, also); err != nil {
		t.Fatal(err)
	}
	aside := []trail.Observation{{Time: 101, Stage: trail.StageRoute, Route: &trail.Route{Table: 254, Err: 101}}}
	session := trail.Session{Source: trail.End{Name: "netns:web"}, Missed: map[string]uint64{"kernel ring": 3}, Over: time.Unix(5, 0).UTC()}
	for _, err := range []error{w.WriteAside(aside), w.WriteSession(&session), w.End(End{Reason: "done", At: time.Unix(6, 0)})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	if h := r.Header(); h.Node != "node1" || h.Boot != "b7" {
		t.Errorf("header %+v", h)
	}
	var got trail.Frame
	if err := r.Read(&got); err != nil {
		t.Fatal(err)
	}
	back, backAlso, ok := r.Observed(&got)
	want := o
	want.Time, want.Point, want.Dir, want.Len = 100, at, trail.In, 98
	opts := cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})
	if d := cmp.Diff(want, back, opts); d != "" || !ok {
		t.Errorf("ok %v, %s", ok, d)
	}
	if d := cmp.Diff(also, backAlso, opts); d != "" {
		t.Error(d)
	}
	if err := r.Read(&got); err != io.EOF {
		t.Fatal(err)
	}
	if d := cmp.Diff(aside, r.Asides(), opts); d != "" || len(r.Asides()) != 0 {
		t.Errorf("asides: %s", d)
	}
	if s, ok := r.Session(); !ok || cmp.Diff(session, s, opts) != "" {
		t.Errorf("session %+v", s)
	}
	if !r.Whole() {
		t.Error("the stream is not whole")
	}
}
