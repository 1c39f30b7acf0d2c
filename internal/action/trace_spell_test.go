package action

import (
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/trail"
)

// Only packets that set out while all nodes were watched are judged.
func TestSpell(t *testing.T) {
	at := func(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }
	one := trail.Session{Nodes: []string{"node1"}, Armed: at(2 * time.Second), Over: at(9 * time.Second)}
	other := trail.Session{Nodes: []string{"node2"}, Armed: at(time.Second), Over: at(8 * time.Second)}
	all := []trail.Session{one, other}
	packet := func(d time.Duration) *trail.Trail {
		return &trail.Trail{Observations: []trail.Observation{{Time: at(time.Hour).UnixNano(), Late: true}, {Time: at(d).UnixNano()}}}
	}
	clocks := correlate.New(correlate.Options{})
	s := &spell{}
	if s.begun(packet(3*time.Second), clocks) {
		t.Error("a packet counts while nodes are armed")
	}
	s.start(all)
	for _, c := range []struct {
		at          time.Duration
		begun, over bool
	}{
		{1500 * time.Millisecond, false, false},
		{2 * time.Second, true, false},
		{7900 * time.Millisecond, true, false},
		{7990 * time.Millisecond, true, true},
		{8500 * time.Millisecond, true, true},
	} {
		if b, o := s.begun(packet(c.at), clocks), s.over(packet(c.at), all, clocks); b != c.begun || o != c.over {
			t.Errorf("after %v: begun %v, over %v", c.at, b, o)
		}
	}
	all[1].Over = time.Time{} // it goes on
	if s.over(packet(8500*time.Millisecond), all, clocks) {
		t.Error("over while nodes are watched")
	}
	var none *spell
	if none.start(all); !none.begun(packet(0), clocks) || none.over(packet(time.Hour), all, clocks) {
		t.Error("a probe's packet does not count")
	}
}

// So many packets as were asked for, with what answers them.
func TestBeyond(t *testing.T) {
	of := func(number, answers int, at int64) trail.Trail {
		return trail.Trail{Number: number, AnswerTo: answers, Observations: []trail.Observation{{Time: at}}}
	}
	all := []trail.Trail{of(5, 4, 50), of(4, 0, 40), of(1, 0, 10), of(3, 2, 30), of(2, 1, 20), of(6, 0, 60), of(7, 6, 70), of(8, 99, 80)}
	unwanted := beyond(all, 2)
	for i := range all {
		if got, want := unwanted(&all[i]), all[i].Number > 5; got != want {
			t.Errorf("packet %d: %v", all[i].Number, got)
		}
	}
}
