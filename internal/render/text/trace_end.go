package text

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// refuse is the stack's own answer; a rule that asked for it is the same place.
func (m *rowMaker) refuse(i int, o *trail.Observation) int {
	if o.Refusal == nil {
		return -1
	}
	words := say{text: o.Refusal.Words(), tone: warn}
	if n := len(m.rows) - 1; n >= 0 && m.rows[n].hop == m.hop && m.rows[n].rules != nil && m.rows[n].rules.refuses() {
		m.rows[n].says = append(m.rows[n].says, words)
		return n
	}
	return m.open(i, o, m.endPlace(i, "stack"), words)
}

// drop is the end of a packet. Where a rule or a refusal stands above, that is
// the place; where the packet was delivered, it is the stack clearing up.
func (m *rowMaker) drop(i int, o *trail.Observation) int {
	d := o.Drop
	if d == nil {
		return -1
	}
	text := strings.TrimSpace("dropped: " + d.Reason)
	if d.Reason == "" {
		text = "dropped"
	}
	if at := function(d.At); strings.Contains(at, ":") { // a line of a BPF program
		text += " at " + at
	} else if at != "" {
		text += " in " + at
	}
	if n := len(m.rows) - 1; n >= 0 && m.rows[n].hop == m.hop {
		switch r := &m.rows[n]; {
		case r.rules != nil && r.rules.refuses() && (d.Hook == "" || r.rules.hook == d.Hook):
			return n
		case r.stage == trail.StageRefuse,
			r.rules != nil && r.rules.verdict == "" && d.Hook != "" && r.rules.hook == d.Hook, // after the last rule that it met
			r.place == m.endPlace(i, ""):
			r.says = append(r.says, say{text: text, tone: bad})
			return n
		}
	}
	word := "drop"
	if d.Hook != "" {
		word = "netfilter " + d.Hook
	}
	at := m.open(i, o, m.endPlace(i, word), say{text: text, tone: bad})
	m.rows[at].dull = m.v.Outcome == trail.Delivered
	return at
}

// endPlace is what the verdict calls the place of the observation that
// decided, if that is short.
func (m *rowMaker) endPlace(i int, otherwise string) string {
	at := shortPlace(m.v.At)
	if i == m.end && at != "" && width(at) <= maxPlace {
		return at
	}
	return otherwise
}

// shortPlace is a verdict's place as it fits into the tree.
func shortPlace(at string) string {
	switch {
	case strings.HasPrefix(at, "routing decision"):
		return "route"
	case strings.HasPrefix(at, "next hop"):
		return "neighbour"
	}
	return at
}

// function is a kernel function without the offset in it.
func function(at string) string {
	name, _, _ := strings.Cut(at, "+")
	return name
}

// socket is the end of the way; it belongs to the device that the packet came
// in by.
func (m *rowMaker) socket(i int, o *trail.Observation) int {
	var words say
	if o.Stage == trail.StageSocketFull {
		words = say{text: "the socket's queue is full", tone: bad}
	}
	if o.Socket != nil {
		s := *o.Socket
		s.Local = trail.Socket{}.Local
		if words.text == "" {
			words.text = s.Words()
		} else {
			words.text = "the queue is full: " + s.Words()
		}
		if s.Basis == trail.Inferred {
			words.tail = "(inferred)"
		}
	}
	if words.text == "" {
		words.text = "taken by a socket"
	}
	if o.Stage != trail.StageDeliver {
		return m.open(i, o, "socket", words)
	}
	return m.arrive(i, o, words)
}

// taken is the end of the way where no process was seen.
func (m *rowMaker) taken(i int, o *trail.Observation, by string) int {
	return m.arrive(i, o, say{text: "taken by " + by})
}

// arrive puts the end of the way beside the device that the packet came in by.
func (m *rowMaker) arrive(i int, o *trail.Observation, words say) int {
	at := m.lastDevice()
	if at < 0 || m.rows[at].dir != trail.In {
		return m.open(i, o, "socket", words)
	}
	r := &m.rows[at]
	if then := since(max(o.Time-m.start, 0)); !r.untimed && !o.Late && then != since(r.at) {
		words.text += ", at " + then
	}
	for _, have := range r.says {
		if have.text == words.text {
			return at
		}
	}
	r.says = append(r.says, words)
	return at
}
