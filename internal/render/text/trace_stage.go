package text

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// device is a packet at an interface. A bridge and its port, a tunnel and the
// device it arrived by, a socket and the stack that saw it are one place.
func (m *rowMaker) device(i int, o *trail.Observation) int {
	dir := direction(o)
	at := m.lastDevice()
	if at >= 0 && m.rows[at].dir == dir {
		r := &m.rows[at]
		switch {
		case r.point.Interface == o.Point.Interface && len(r.seen.Tunnels) == len(o.Seen.Tunnels):
			return at // a second source, or a second pass of the stack
		case dir == trail.In && master(&o.Point):
			m.note(at, o.Point.Kind+" "+o.Point.Interface)
			return at
		case dir == trail.In && len(r.seen.Tunnels) > len(o.Seen.Tunnels) && overlay(&o.Point):
			for j := at + 1; j < len(m.rows); j++ { // how the outer packet got to the tunnel
				m.rows[j].dull = m.rows[j].dull || m.rows[j].route != nil
			}
			r.seen = &o.Seen
			return at
		case dir == trail.Out && master(r.point) && !master(&o.Point):
			m.note(at, r.point.Kind+" "+r.point.Interface)
			r.place, r.point, r.stage, r.seen = place(o), &o.Point, o.Stage, &o.Seen
			m.time(r, i, o)
			return m.raise(at)
		}
	}
	if n := len(m.rows); dir == trail.Out && at < 0 && n > 0 && m.rows[n-1].hop == m.hop && m.rows[n-1].route != nil && !m.rows[n-1].route.ReversePath {
		return m.sent(n-1, o)
	}
	return m.open(i, o, place(o))
}

// raise moves a row to the end: it is where the packet got to last.
func (m *rowMaker) raise(at int) int {
	r := m.rows[at]
	m.rows = append(append(m.rows[:at:at], m.rows[at+1:]...), r)
	return len(m.rows) - 1
}

// sent makes one row of a local packet's route and the device it went to. It
// is as early as the route, which is where a packet's way starts.
func (m *rowMaker) sent(at int, o *trail.Observation) int {
	r := &m.rows[at]
	for k := range r.says {
		if k == 0 {
			r.says[k].text = "route: " + r.says[k].text
		}
	}
	r.place, r.stage, r.point, r.dir, r.seen, r.dull = place(o), o.Stage, &o.Point, trail.Out, &o.Seen, false
	return at
}

// place is "eth0 out".
func place(o *trail.Observation) string {
	switch direction(o) {
	case trail.In:
		return o.Point.Interface + " in"
	case trail.Out:
		return o.Point.Interface + " out"
	}
	if o.Point.Interface == "" {
		return string(o.Stage)
	}
	return o.Point.Interface
}

// master says whether an interface is one that others are ports of.
func master(p *trail.Point) bool {
	switch p.Kind {
	case "bridge", "bond", "team", "vrf", "openvswitch":
		return true
	}
	return false
}

// overlay says whether an interface wraps packets up.
func overlay(p *trail.Point) bool {
	switch p.Kind {
	case "vxlan", "geneve", "ipip", "sit", "gre", "gretap", "ip6gre", "ip6gretap", "ip6tnl", "wireguard":
		return true
	}
	return p.Role == trail.RoleOverlay
}

func (m *rowMaker) neighbour(i int, o *trail.Observation) int {
	n := o.Neighbour
	if n == nil {
		return -1
	}
	at := m.open(i, o, "neighbour", say{text: strings.TrimPrefix(n.Words(), "neighbour "), tone: toneIf(n.Parked, warn)})
	m.rows[at].dull = !n.Parked && n.State != "FAILED"
	return at
}

func toneIf(yes bool, t tone) tone {
	if yes {
		return t
	}
	return plain
}

func (m *rowMaker) transmit(i int, o *trail.Observation) int {
	if o.Transmit == nil || o.Transmit.Code == 0 {
		return -1
	}
	words := say{text: fmt.Sprintf("refused by the device, code %d", o.Transmit.Code), tone: bad}
	if at := m.lastDevice(); at >= 0 && m.rows[at].dir == trail.Out && m.rows[at].point.Interface == o.Point.Interface {
		m.rows[at].says = append(m.rows[at].says, words)
		return at
	}
	return m.open(i, o, place(o), words)
}

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
	if at := function(d.At); at != "" {
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
	if then := since(o.Time - m.t.Observations[0].Time); !r.untimed && !o.Late && then != since(r.at) {
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
