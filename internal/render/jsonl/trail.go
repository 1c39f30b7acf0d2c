package jsonl

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// trailLine is one packet's way.
type trailLine struct {
	Kind     string       `json:"kind"`
	Number   int          `json:"number,omitempty"`
	Packet   string       `json:"packet"`
	Flow     *packet.Flow `json:"flow,omitempty"`
	Start    string       `json:"start,omitempty"`
	AnswerTo int          `json:"answerTo,omitempty"`
	Repeats  int          `json:"repeats,omitempty"`
	Ended    bool         `json:"ended"`
	Hops     []hop        `json:"hops"`
	Verdict  verdict      `json:"verdict"`
}

// hop is a stay in one network namespace.
type hop struct {
	Node      string `json:"node"`
	Namespace string `json:"namespace"`
	Netns     uint64 `json:"netns,omitempty"`
	// Clock is how far the node's clock was ahead, in ns; the times are
	// corrected.
	Clock int64  `json:"clockOffset,omitempty"`
	Steps []step `json:"steps"`
}

// step is an observation. What the hop says is left out of its point, and its
// time is in words.
type step struct {
	Time       string `json:"time,omitempty"`
	SinceStart int64  `json:"sinceStart"`
	Interface  string `json:"interface,omitempty"`
	Link       string `json:"linkKind,omitempty"`
	// Point hides the observation's: it is what the hop and Interface say.
	Point *struct{} `json:"point,omitempty"`
	trail.Observation
}

// nanoseconds is RFC 3339 with all nine digits, so that lines sort as text.
const nanoseconds = "2006-01-02T15:04:05.000000000Z07:00"

// Trail writes one packet's way and what became of it. offsets is how far the
// clocks of nodes were ahead, in ns, where that was corrected; it may be nil.
func Trail(w io.Writer, t *trail.Trail, v *trail.Verdict, offsets map[string]int64) error {
	l := trailLine{
		Kind: "trail", Number: t.Number, Packet: t.Packet, AnswerTo: t.AnswerTo, Repeats: t.Repeats, Ended: t.Ended,
		Hops: []hop{}, Verdict: verdictOf(v),
	}
	if t.Flow.Src.IsValid() {
		l.Flow = &t.Flow
	}
	start := t.Start()
	l.Start = when(start)
	for i := range t.Observations {
		o := &t.Observations[i]
		if i == 0 || !sameHop(&t.Observations[i-1].Point, &o.Point) {
			l.Hops = append(l.Hops, hop{Node: o.Point.Node, Namespace: o.Point.Owner(), Netns: o.Point.Netns, Clock: offsets[o.Point.Node]})
		}
		h := &l.Hops[len(l.Hops)-1]
		h.Steps = append(h.Steps, step{
			Time: when(o.Time), SinceStart: o.Time - start,
			Interface: o.Point.Interface, Link: o.Point.Kind, Observation: *o,
		})
	}
	return write(w, l)
}

// sameHop says whether two points are in one namespace.
func sameHop(a, b *trail.Point) bool {
	return a.Node == b.Node && a.Target == b.Target && a.Netns == b.Netns
}

func when(ns int64) string {
	if ns == 0 {
		return ""
	}
	return time.Unix(0, ns).UTC().Format(nanoseconds)
}

// write puts one value on one line.
func write(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
