package text

import (
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// row is a line of a trail's tree: a place, and what was decided there.
type row struct {
	node, owner string
	// at is ns since the trail's start. A row that was only heard of later has
	// about or, where even that says nothing, untimed.
	at             int64
	about, untimed bool
	place          string
	says           []say
	// marker stands in the margin: "x" where a packet ended, "~" where it
	// waits.
	marker string
	// dull rows are not shown, unless the packet ended there.
	dull bool

	// What it was made of: the observations by index; hop counts the stays in
	// namespaces.
	from  []int
	hop   int
	stage trail.Stage
	point *trail.Point
	dir   trail.Direction
	seen  *trail.Headers
	route *trail.Route
	rules *ruleset
}

// say is one line beside a place, with something short at its end.
type say struct {
	text, tail string
	tone       tone
}

// rowMaker makes rows of observations: what happened at one place in one go is
// one row.
type rowMaker struct {
	t     *trail.Trail
	v     *trail.Verdict
	end   int // index of the observation that decided, -1 for none
	rows  []row
	hop   int
	last  *trail.Point
	seen  *trail.Headers
	start int64   // when the way begins
	exact []int64 // the next time that is not late, by observation
}

// rows are the lines to show of a trail: without what is dull.
func rows(t *trail.Trail, v *trail.Verdict) []row {
	m := rowMaker{t: t, v: v, end: decider(t, v), start: start(t), exact: exactAfter(t.Observations)}
	c := copies(t, m.end)
	for i := range t.Observations {
		o := &t.Observations[i]
		if !c.shows(t, i) {
			continue
		}
		m.add(i, o)
		if c.text != "" && (o.Copy != 0 || i == c.cut) && len(m.rows) > 0 {
			m.note(len(m.rows)-1, c.text)
			c.text = ""
		}
	}
	return m.finish()
}

// decider is the index of the observation that decided what became of a
// packet: the verdict's, or else the last one that ends a way, or the last.
// It is -1 for a trail of none.
func decider(t *trail.Trail, v *trail.Verdict) int {
	all := t.Observations
	if i := v.Observation; i > 0 && i < len(all) || i == 0 && len(all) > 0 && ends(all[0].Stage) {
		return i
	}
	for i, a := range slices.Backward(all) {
		if ends(a.Stage) {
			return i
		}
	}
	return len(all) - 1
}

// start is when a packet's way begins: its earliest time, since a decision may
// be heard of before, and by another clock than, what it follows. It is 0 where
// there is no time.
func start(t *trail.Trail) int64 {
	first := int64(0)
	for i := range t.Observations {
		if at := t.Observations[i].Time; at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// after is how long after a way's start a time is, in ns; never negative.
func after(t *trail.Trail, at int64) int64 { return max(at-start(t), 0) }

func ends(s trail.Stage) bool {
	switch s {
	case trail.StageRefuse, trail.StageDrop, trail.StageDeliver, trail.StageSocketFull:
		return true
	}
	return false
}

// exactAfter gives, for each observation, the time of the next one that was
// not heard of late.
func exactAfter(all []trail.Observation) []int64 {
	out := make([]int64, len(all))
	next := int64(maxSpan)
	for i := len(all) - 1; i >= 0; i-- {
		out[i] = next
		if !all[i].Late {
			next = all[i].Time
		}
	}
	return out
}
