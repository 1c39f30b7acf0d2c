package record

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pktrail/pktrail/internal/trail"
)

// traced makes the stream of a trace that docs/file-format.md has examples of.
func traced(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, Header{Application: "pktrail", Node: "node1", Boot: "b7"})
	if err != nil {
		tb.Fatal(err)
	}
	id, err := w.AddPoint(tracedAt, PointOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	f := trail.Frame{Time: 100, Point: id, Dir: trail.In, Len: 98, Data: []byte{1, 2, 3}}
	for _, err := range []error{
		w.WriteObserved(&f, []string{"dropped"}, &tracedDrop, nil),
		w.WriteObserved(&f, nil, &trail.Observation{Stage: trail.StageQueue, Flight: 7}, tracedAlso),
		w.WriteAside(tracedAside), w.WriteSession(&tracedSession),
		w.End(End{Reason: "done", At: time.Unix(6, 0)}),
	} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	return b.Bytes()
}

var (
	tracedAt   = trail.Point{Node: "node1", Interface: "cni0", Index: 4, Link: 1}
	tracedDrop = trail.Observation{
		Stage: trail.StageDrop, Flight: 7, CPU: 2,
		Drop: &trail.Drop{Reason: "NETFILTER_DROP", At: "nf_hook_slow+0xa4", Hook: "FORWARD"},
	}
	tracedAlso = []trail.Observation{{
		Time: 1700000000000000007, Stage: trail.StageRoute, Flight: 7,
		Route: &trail.Route{Table: 254, Dst: netip.MustParseAddr("10.244.2.2"), Device: "flannel.1"},
	}}
	tracedAside = []trail.Observation{{
		Time: 1700000000000000007, Stage: trail.StageRoute,
		Route: &trail.Route{Table: 254, Dst: netip.MustParseAddr("10.244.9.9"), Err: 101},
	}}
	tracedSession = trail.Session{Source: trail.End{Name: "netns:web"}, Missed: map[string]uint64{"kernel ring": 3}}
)

// What a probe says comes back as it went in, with what the frame says.
func TestObservedRoundTrip(t *testing.T) {
	r := open(t, traced(t))
	if h := r.Header(); h.Node != "node1" || h.Boot != "b7" {
		t.Errorf("header %+v", h)
	}
	opts := cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})
	var f trail.Frame
	for i, want := range []trail.Observation{tracedDrop, {Stage: trail.StageQueue, Flight: 7}} {
		if err := r.Read(&f); err != nil {
			t.Fatal(err)
		}
		got, also, ok := r.Observed(&f)
		want.Time, want.Point, want.Dir, want.Len = 100, tracedAt, trail.In, 98
		if d := cmp.Diff(want, got, opts); d != "" || !ok {
			t.Errorf("ok %v, %s", ok, d)
		}
		if i == 1 {
			if d := cmp.Diff(tracedAlso, also, opts); d != "" {
				t.Error(d)
			}
		}
	}
	if err := r.Read(&f); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if d := cmp.Diff(tracedAside, r.Asides(), opts); d != "" || len(r.Asides()) != 0 {
		t.Errorf("asides: %s", d)
	}
	if s, ok := r.Session(); !ok || cmp.Diff(tracedSession, s, opts) != "" {
		t.Errorf("session %+v", s)
	}
	if !r.Whole() {
		t.Error("the stream is not whole")
	}
}

// TestTraceGolden holds the bytes of a trace's stream, as TestGolden does for a
// capture's.
func TestTraceGolden(t *testing.T) {
	const path = "testdata/trace.pcapng"
	got := traced(t)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the bytes are not those of %s", path)
	}
}
