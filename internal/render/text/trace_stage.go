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
	if route := m.lastRoute(o); dir == trail.Out && at < 0 && route >= 0 {
		return m.raise(m.sent(route, o))
	}
	return m.open(i, o, place(o))
}

// lastRoute is the row of the lookup that a packet was sent by, if nothing that
// is shown stands behind it; -1 for none. Rules that translated it will be shown.
func (m *rowMaker) lastRoute(o *trail.Observation) int {
	for i := len(m.rows) - 1; i >= 0 && m.rows[i].hop == m.hop; i-- {
		switch r := &m.rows[i]; {
		case r.route != nil && !r.route.ReversePath:
			return i
		case !r.dull || r.rules == nil || m.seen != nil && m.seen.Flow != o.Seen.Flow:
			return -1
		}
	}
	return -1
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
