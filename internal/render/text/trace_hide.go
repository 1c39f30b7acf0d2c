package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// finish marks where the packet ended and leaves out what is dull.
func (m *rowMaker) finish() []row {
	m.finishRules()
	end := m.endRow()
	m.hideRoutes(end)
	if end >= 0 {
		m.mark(end)
	}
	return slices.DeleteFunc(m.rows, func(r row) bool { return r.dull })
}

// finishRules says in a word what a rule does whose work was not seen.
func (m *rowMaker) finishRules() {
	for i := range m.rows {
		r := &m.rows[i]
		if r.rules == nil || r.rules.translated || len(r.says) == 0 {
			continue
		}
		switch r.rules.verdict {
		case "dnat", "snat", "masquerade", "redirect":
			r.says[0].text += " " + strings.ToUpper(r.rules.verdict)
		}
	}
}

// endRow is the row that the observation that decided went into; -1 for none.
func (m *rowMaker) endRow() int {
	for i, v := range slices.Backward(m.rows) {
		if slices.Contains(v.from, m.end) {
			return i
		}
	}
	return len(m.rows) - 1
}

// mark shows in the margin where the packet stopped. A lost one gets a row for
// the place where it should have been seen next.
func (m *rowMaker) mark(end int) {
	r := &m.rows[end]
	switch m.v.Outcome {
	case trail.Dropped, trail.Rejected:
		r.marker, r.dull = "x", false
	case trail.Parked:
		r.marker, r.dull = "~", false
	case trail.Lost:
		r.dull = false
		place := shortPlace(m.v.At)
		if place == "" || place == r.place {
			r.marker = "x"
			m.note(end, "not seen behind this")
			return
		}
		gone := row{node: r.node, owner: r.owner, hop: r.hop, untimed: true, place: place, marker: "x", says: []say{{text: "last seen above, and nothing behind it", tone: bad}}}
		if m.v.Node != "" {
			gone.node = m.v.Node
		}
		if m.v.Namespace != "" {
			gone.owner = ownerName(m.v.Node, m.v.Namespace)
		}
		m.rows = append(m.rows[:end+1], gone)
	}
}

// hideRoutes leaves out lookups that only confirm what the next row says: for
// what is delivered here, the way back to the sender, tables that had none,
// and the same answer twice. Where a packet ended badly, they are the evidence.
func (m *rowMaker) hideRoutes(end int) {
	badHop := -1
	if end >= 0 && m.v.Outcome != trail.Delivered {
		badHop = m.rows[end].hop
	}
	for i := range m.rows {
		r := &m.rows[i]
		if r.rules != nil && r.hop == badHop && !ours(r.rules.table) && (m.v.Outcome == trail.Lost || m.v.Outcome == trail.Unknown) {
			r.dull = false // they show how far it came
		}
		if r.route == nil || r.stage != trail.StageRoute {
			continue
		}
		if m.repeated(i, end) {
			continue
		}
		if r.hop == badHop || hasWord(r) {
			continue
		}
		r.dull = r.dull || r.route.ReversePath || r.route.Err == eagain || m.stays(i)
	}
}

// repeated leaves out one of two lookups with one answer, since connect() asks
// for its own address first, and a packet is routed again behind OUTPUT. It is
// the first one, as the next may know more, but the next where rules that are
// shown stand between; and it reports whether it was the first.
func (m *rowMaker) repeated(i, end int) bool {
	r, between := &m.rows[i], false
	for k := i + 1; k < len(m.rows) && m.rows[k].hop == r.hop && !r.dull; k++ {
		next := &m.rows[k]
		switch {
		case next.dull:
		case next.route != nil && !sameAnswer(next.route, r.route):
			return false
		case next.route != nil && !between && i != end && !hasWord(r):
			next.at, next.about, next.untimed = r.at, r.about, r.untimed
			r.dull = true
			return true
		case next.route != nil:
			if next.stage != trail.StageRoute || k == end || hasWord(next) {
				return false
			}
			next.dull = true
		case next.rules != nil && !next.rules.refuses():
			between = true
		default:
			return false
		}
	}
	return false
}

// hasWord says whether a row holds more than the route.
func hasWord(r *row) bool { return len(r.says) > 1 }

// stays says whether the packet did not leave the namespace behind row i.
func (m *rowMaker) stays(i int) bool {
	for _, r := range m.rows[i+1:] {
		if r.hop != m.rows[i].hop {
			break
		}
		if r.dir == trail.Out {
			return false
		}
	}
	return m.v.Outcome == trail.Delivered
}

const eagain = 11 // asm-generic/errno-base.h: this table has no route

// sameAnswer says whether two lookups came to the same.
func sameAnswer(a, b *trail.Route) bool {
	return a.Table == b.Table && a.Device == b.Device && a.Gateway == b.Gateway && a.Dst == b.Dst && a.Err == b.Err && a.ReversePath == b.ReversePath && a.Mark == b.Mark
}

// routeRow is one lookup.
func (m *rowMaker) routeRow(i int, o *trail.Observation) int {
	q := o.Route
	if q == nil {
		return -1
	}
	text := q.Words()
	if q.Err != 0 && q.Err != eagain {
		text += ": " + errnoWord(q.Err)
	}
	if q.Err == eagain {
		text += ", the next rule is tried"
	}
	if q.Mark != 0 {
		text += fmt.Sprintf(", mark %#x", q.Mark)
	}
	return m.open(i, o, "route", say{text: text, tone: toneIf(q.Err != 0 && q.Err != eagain, bad)})
}

// errnoWord is what strerror says of the errors of routing (asm-generic/errno.h).
func errnoWord(n int) string {
	switch n {
	case 13:
		return "prohibited (EACCES)"
	case 18:
		return "invalid cross-device link (EXDEV)"
	case 22:
		return "blackhole or invalid (EINVAL)"
	case 101:
		return "network is unreachable (ENETUNREACH)"
	case 113:
		return "no route to host (EHOSTUNREACH)"
	}
	return fmt.Sprintf("error %d", n)
}
