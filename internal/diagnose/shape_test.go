package diagnose

import (
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

func TestShape(t *testing.T) {
	a := there()
	b := there()
	b.t.Packet, b.t.Flow.SrcPort, b.t.Number = "TCP SYN seq 991", 40777, 2
	for i := range b.t.Observations {
		o := &b.t.Observations[i]
		o.Time += 1e9
		o.Flight = 77
		o.Seen.Flow.SrcPort = 40777
	}
	b.consume(webEth)
	if Shape(&a.t) != Shape(&b.t) {
		t.Errorf("equal trails have other shapes:\n%s\n\n%s", Shape(&a.t), Shape(&b.t))
	}
	for name, w := range map[string]*walk{
		"other end":   syn(webAddr, 80).leave().cross().arrive().nfdrop(webEth, "INPUT"),
		"other table": syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Table: 100, Device: "flannel.1"}).out(node1Vx),
		"other kind":  synAck(),
		"other rule":  there().rules(node1Cni, "FORWARD", matched("filter", "FORWARD", "accept", "")),
	} {
		if Shape(&w.t) == Shape(&a.t) {
			t.Errorf("%s: the same shape", name)
		}
	}
}

func TestFolds(t *testing.T) {
	dropped := syn(webAddr, 80).leave().nfdrop(node1Cni, "FORWARD")
	trails := []trail.Trail{there().t, dropped.t, there().t, there().t}
	verdicts := make([]trail.Verdict, len(trails))
	for i := range trails {
		verdicts[i] = Judge(&trails[i], known())
	}
	f := Folds(trails, verdicts)
	if len(f) != 2 || f[0].Count != 3 || f[0].First != 0 || f[0].Members[2] != 3 || f[1].First != 1 || f[1].Count != 1 {
		t.Errorf("%+v", f)
	}
}

func TestWorst(t *testing.T) {
	v := func(o trail.Outcome, text string, missed uint64) trail.Verdict {
		return trail.Verdict{Outcome: o, Text: text, Missed: map[string]uint64{"kernel ring": missed}}
	}
	for _, tt := range []struct {
		in      []trail.Verdict
		outcome trail.Outcome
		from    string
	}{
		{[]trail.Verdict{v(trail.Delivered, "a", 0), v(trail.Dropped, "b", 1), v(trail.Delivered, "c", 3), v(trail.Dropped, "d", 0), v(trail.Delivered, "e", 0)}, trail.Dropped, "b"},
		{[]trail.Verdict{v(trail.Unknown, "a", 0), v(trail.Parked, "b", 3)}, trail.Parked, "b"},
		{[]trail.Verdict{v(trail.Delivered, "a", 0), v(trail.Unknown, "b", 3)}, trail.Unknown, "b"},
		{[]trail.Verdict{v(trail.Rejected, "a", 0), v(trail.Lost, "b", 3)}, trail.Lost, "b"},
		{[]trail.Verdict{v(trail.Delivered, "a", 3)}, trail.Delivered, "a"},
	} {
		s := Worst(tt.in)
		if s.Outcome != tt.outcome || s.Text != tt.from || s.Missed["kernel ring"] != 3 {
			t.Errorf("%+v", s)
		}
	}
	if s := Worst(nil); s.Outcome != trail.Unknown || s.Text != "unknown: no packet was seen" {
		t.Errorf("%+v", s)
	}
}

// TestWorstKnows: of packets that ended alike, the one that knows why.
func TestWorstKnows(t *testing.T) {
	unseen := trail.Verdict{Outcome: trail.Dropped, Node: "node1", Reason: "NETFILTER_DROP", Basis: trail.Observed, Text: "which rule was not seen", Findings: []trail.Finding{{ID: "netfilter-drop"}}}
	seen := unseen
	seen.Rule, seen.Text = "-A FORWARD -j DROP", "by a rule"
	elsewhere := seen
	elsewhere.Node, elsewhere.Text = "node2", "elsewhere"
	if s := Worst([]trail.Verdict{unseen, elsewhere, seen, unseen}); s.Text != "by a rule" {
		t.Errorf("%+v", s)
	}
}
