package text

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

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
	case trail.StageDatapath:
		return m.datapath(i, o)
	case trail.StagePolicy:
		return m.policy(i, o)
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
	r.at = max(o.Time-m.start, 0)
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
