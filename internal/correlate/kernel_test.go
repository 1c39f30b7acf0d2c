package correlate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

// event is what a probe tells, in short.
type event struct {
	us     int64 // since start
	at     trail.Point
	stage  trail.Stage
	dir    trail.Direction
	flight uint64
	layers []build.Layer // first an IP header: without link header
	snap   int
	late   bool
	hook   string
	prio   int
	rules  []trail.Rule
	merged int
	boot   string
	also   []trail.Observation

	refusal *trail.Refusal
}

func (e event) sighting() *Sighting {
	data := build.Packet(e.layers...)
	at := e.at
	at.Link = packet.LinkEthernet
	if _, ok := e.layers[0].(build.Ethernet); !ok {
		at.Link = packet.LinkRaw
	}
	f := &trail.Frame{Time: start + e.us*1000, Len: len(data), Data: data}
	if e.snap > 0 {
		f.Data = data[:min(e.snap, len(data))]
	}
	o := trail.Observation{Time: f.Time, Stage: e.stage, Dir: e.dir, Flight: e.flight, Late: e.late, Rules: e.rules, Merged: e.merged, Refusal: e.refusal}
	if e.hook != "" {
		o.Hook = &trail.Hook{Name: e.hook, Family: "ip", Priority: e.prio}
	}
	boot := e.boot
	if boot == "" {
		boot = "lab"
	}
	return &Sighting{Boot: boot, At: at, Frame: f, Seen: o, Also: e.also}
}

// Shapes of events.

func receive(us int64, at trail.Point, flight uint64, layers ...build.Layer) event {
	return event{us: us, at: at, stage: trail.StageReceive, dir: trail.In, flight: flight, layers: layers}
}

func queue(us int64, at trail.Point, flight uint64, layers ...build.Layer) event {
	return event{us: us, at: at, stage: trail.StageQueue, dir: trail.Out, flight: flight, layers: layers}
}

func final(us int64, stage trail.Stage, at trail.Point, flight uint64, layers ...build.Layer) event {
	return event{us: us, at: at, stage: stage, flight: flight, layers: layers}
}

func bracket(us int64, at trail.Point, flight uint64, hook string, prio int, layers ...build.Layer) event {
	return event{us: us, at: at, stage: trail.StageHook, flight: flight, hook: hook, prio: prio, layers: layers}
}

// traced is a message of nft: late, without flight, 40 bytes of headers.
func traced(us int64, at trail.Point, hook, table, verdict string, layers ...build.Layer) event {
	return event{
		us: us, at: at, stage: trail.StageRules, late: true, hook: hook, layers: layers, snap: 40,
		rules: []trail.Rule{{Family: "ip", Table: table, Chain: hook, Kind: trail.RuleMatched, Verdict: verdict}},
	}
}

func (e event) with(also ...trail.Observation) event {
	e.also = also
	return e
}

func lookup(us int64, at trail.Point, flight uint64, dst, dev string) trail.Observation {
	o := trail.Observation{Time: start + us*1000, Point: at, Stage: trail.StageRoute, Flight: flight, Route: &trail.Route{Table: 254, Device: dev}}
	o.Route.Dst = addr(dst)
	return o
}

func on(boot string, shift int64, events ...event) []event {
	out := slices.Clone(events)
	for i := range out {
		out[i].boot = boot
		out[i].us += shift
		for j := range out[i].also {
			out[i].also[j].Time += shift * 1000
		}
	}
	return out
}

func see(events ...event) *Trails {
	t := &Trails{}
	for _, e := range events {
		t.See(e.sighting())
	}
	return t
}

// tell writes a trail as a person would note it: place, stage, copy and
// changes, a line each.
func tell(tr trail.Trail) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", tr.Number, tr.Packet)
	if tr.AnswerTo != 0 {
		fmt.Fprintf(&b, " answers %d", tr.AnswerTo)
	}
	if tr.Repeats != 0 {
		fmt.Fprintf(&b, " repeats %d", tr.Repeats)
	}
	if tr.Ended {
		b.WriteString(" ended")
	}
	b.WriteString("\n")
	for _, o := range tr.Observations {
		fmt.Fprintf(&b, "%s %s", o.Point.Path(), o.Stage)
		if o.Hook != nil {
			b.WriteString(" " + o.Hook.Name)
			if o.Hook.Priority != 0 {
				fmt.Fprintf(&b, " %d", o.Hook.Priority)
			}
		}
		if len(o.Rules) > 0 {
			b.WriteString(" " + o.Rules[0].Table)
		}
		if o.Route != nil {
			b.WriteString(" dev " + o.Route.Device)
		}
		if o.Copy != 0 {
			fmt.Fprintf(&b, " copy %d", o.Copy)
		}
		if len(o.Changes) > 0 {
			b.WriteString(": " + strings.Join(o.Changes, "; "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// tells checks all trails.
func tells(t *testing.T, all *Trails, want ...string) {
	t.Helper()
	var got []string
	for tr := range all.Each() {
		got = append(got, tell(tr))
	}
	for i := range want {
		want[i] = strings.TrimLeft(want[i], "\n")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
