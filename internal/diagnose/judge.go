package diagnose

import (
	"maps"
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Judge says what became of the packet of a trail. t may be nil or empty: then
// it speaks of what was not seen. Of c.Answer it uses only that it exists; see
// Exchange for a verdict over both.
func Judge(t *trail.Trail, c Context) trail.Verdict {
	q, e := inquire(t, c)
	for _, f := range findings {
		if found := f(q); found != nil {
			q.v.Findings = append(q.v.Findings, *found)
		}
	}
	for i := range q.v.Findings {
		f := &q.v.Findings[i]
		f.Evidence = slices.CompactFunc(f.Evidence, func(a, b trail.Evidence) bool { return a == b })
	}
	q.v.Text = q.text(&e) // it may name a finding
	return q.v
}

// inquiry is a trail under judgement: what the findings look at.
type inquiry struct {
	t *trail.Trail
	c Context
	// v is the verdict, without findings while these are made.
	v trail.Verdict
	// way are the indices of the observations of that copy of the packet which
	// decided, in order, to the deciding one. Nothing in it is benign.
	way []int
	// end is the observation that decided, zero if there is none.
	end *trail.Observation
	// rule is the one that decided; nil if none is known.
	rule *trail.Rule
	// told is what the sender is told; nil if nothing. It is concluded from
	// the drop where no tracepoint tells (ICMPv6).
	told *trail.Refusal
	// full is true if the end is a socket without room.
	full bool
	// left is true if the packet left for where nobody watches.
	left bool
	// stray is true if a namespace took it that should not have.
	stray bool
	// piece is the fragment that failed, "fragment 2 of 3"; empty if none did.
	piece string
	// next is where the packet should have been seen, if it was lost.
	next string
}

// inquire finds the outcome and the place.
func inquire(t *trail.Trail, c Context) (*inquiry, ending) {
	switch {
	case t == nil:
		t = &trail.Trail{}
	case len(t.Observations) == 0:
		t = &trail.Trail{Number: t.Number, Packet: t.Packet, Flow: t.Flow}
	}
	if v := c.Conversation; v != nil && !t.Flow.Dst.IsValid() && len(t.Observations) == 0 {
		t.Flow = v.Flow
	}
	q := &inquiry{t: t, c: c, end: &trail.Observation{}}
	q.v.Observation = -1
	if n := c.missed(); n > 0 {
		q.v.Missed = maps.Clone(c.Missed)
	}
	e := q.ending()
	q.v.Outcome, q.v.Basis, q.way = e.outcome, e.basis, e.way
	q.full, q.left, q.next, q.told = e.full, e.left, e.next, e.told
	if e.at >= 0 {
		q.v.Observation, q.end = e.at, &t.Observations[e.at]
	}
	if q.overflowed() {
		q.v.Outcome, q.v.Basis, q.full = trail.Dropped, trail.Inferred, true
	}
	q.stray = q.isStray()
	if q.stray && q.v.Outcome == trail.Delivered {
		q.v.Outcome = trail.Lost
	}
	q.decide()
	q.place()
	return q, e
}

// transport is the protocol of the header that the stack looked at where the
// packet ended: inside of a tunnel the outer one.
func (q *inquiry) transport() packet.Proto {
	if q.tunnelled() {
		return q.end.Seen.Tunnels[0].Flow.Proto
	}
	return q.flow().Proto
}

// flow is what the packet was where it ended: the last one that is known.
func (q *inquiry) flow() packet.Flow {
	if q.end.Seen.Flow.Dst.IsValid() {
		return q.end.Seen.Flow
	}
	for _, v := range slices.Backward(q.way) {
		if f := q.t.Observations[v].Seen.Flow; f.Dst.IsValid() {
			return f
		}
	}
	return q.t.Flow
}

// back walks from the end of the way to its start, until f returns true.
func (q *inquiry) back(f func(*trail.Observation) bool) *trail.Observation {
	for _, v := range slices.Backward(q.way) {
		if o := &q.t.Observations[v]; f(o) {
			return o
		}
	}
	return nil
}

// here says whether an observation was made in the namespace of the end.
func (q *inquiry) here(o *trail.Observation) bool {
	return sameSpace(o.Point, q.end.Point)
}
