package text

import (
	"strings"

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
	exact []int64 // the next time that is not late, by observation
}

// rows are the lines to show of a trail: without what is dull.
func rows(t *trail.Trail, v *trail.Verdict) []row {
	m := rowMaker{t: t, v: v, end: decider(t, v), exact: exactAfter(t.Observations)}
	main, others := copies(t, m.end)
	for i := range t.Observations {
		if o := &t.Observations[i]; o.Copy == 0 || o.Copy == main {
			m.add(i, &t.Observations[i])
			if others != "" && o.Copy != 0 && len(m.rows) > 0 {
				m.note(len(m.rows)-1, others)
				others = ""
			}
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
	for i := len(all) - 1; i >= 0; i-- {
		if ends(all[i].Stage) {
			return i
		}
	}
	return len(all) - 1
}

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

// add takes one observation.
func (m *rowMaker) add(i int, o *trail.Observation) {
	if m.last == nil || m.last.Node != o.Point.Node || m.last.Target != o.Point.Target {
		m.hop++
	}
	m.last = &o.Point
	at := m.stage(i, o)
	m.change(at, o)
	if at >= 0 {
		m.rows[at].from = append(m.rows[at].from, i)
	} else {
		at = len(m.rows) - 1
	}
	if at >= 0 {
		m.extras(at, o)
	}
}

// stage makes or finds the row of an observation; -1 if it has none.
func (m *rowMaker) stage(i int, o *trail.Observation) int {
	switch o.Stage {
	case trail.StageCapture, trail.StageReceive, trail.StageQueue, "":
		return m.device(i, o)
	case trail.StageRules:
		return m.ruleRows(i, o)
	case trail.StageRoute:
		return m.routeRow(i, o)
	case trail.StageNeighbour:
		return m.neighbour(i, o)
	case trail.StageTransmit:
		return m.transmit(i, o)
	case trail.StageRefuse:
		return m.refuse(i, o)
	case trail.StageDrop:
		return m.drop(i, o)
	case trail.StageDeliver, trail.StageSocketFull:
		return m.socket(i, o)
	case trail.StageRetransmit:
		return m.open(i, o, "tcp", say{text: "TCP sends this again"})
	}
	if o.Stage == trail.StageConsume && i == m.end && m.v.Outcome == trail.Delivered {
		return m.taken(i, o, strings.ToUpper(o.Seen.Flow.Proto.String()))
	}
	return -1 // hooks and consume: what they changed is said at their neighbours
}

// open begins a row.
func (m *rowMaker) open(i int, o *trail.Observation, place string, says ...say) int {
	r := row{
		node: o.Point.Node, owner: namespace(o.Point), place: place, says: says,
		hop: m.hop, stage: o.Stage, point: &o.Point, dir: direction(o), seen: &o.Seen, route: o.Route,
	}
	m.time(&r, i, o)
	m.rows = append(m.rows, r)
	return len(m.rows) - 1
}

func (m *rowMaker) time(r *row, i int, o *trail.Observation) {
	r.at = o.Time - m.t.Observations[0].Time
	r.about = o.Late
	r.untimed = o.Time == 0 || o.Late && o.Time > m.exact[i]
}

// direction is In for what was received and Out for what was handed to a
// device, if nothing says otherwise.
func direction(o *trail.Observation) trail.Direction {
	if o.Dir != trail.DirUnknown {
		return o.Dir
	}
	switch o.Stage {
	case trail.StageReceive:
		return trail.In
	case trail.StageQueue, trail.StageTransmit:
		return trail.Out
	}
	return trail.DirUnknown
}

// note adds a line to a row, once.
func (m *rowMaker) note(at int, text string) {
	for _, s := range m.rows[at].says {
		if s.text == text {
			return
		}
	}
	m.rows[at].says = append(m.rows[at].says, say{text: text})
}

// lastDevice is the row of the device that the packet passed last during this
// stay; -1 for none.
func (m *rowMaker) lastDevice() int {
	for i := len(m.rows) - 1; i >= 0 && m.rows[i].hop == m.hop; i-- {
		switch m.rows[i].stage {
		case trail.StageCapture, trail.StageReceive, trail.StageQueue, "":
			return i
		}
	}
	return -1
}
