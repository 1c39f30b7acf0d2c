package action

import (
	"slices"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// narrow knows which packets the user's own filter lets through. Agents send
// more: once an address of a connection was translated, they follow all of it,
// since what a filter says of addresses may be true of a packet elsewhere.
type narrow struct {
	expr     *filter.Expr
	programs map[packet.LinkType]filter.Program
	// passed are flights of which a sighting met the filter.
	passed map[uint64]bool
}

// newNarrow gives nil for no filter, and for one that is refused elsewhere.
func newNarrow(text string) *narrow {
	expr, err := filter.Parse(text)
	if err != nil || text == "" {
		return nil
	}
	return &narrow{expr: expr, programs: map[packet.LinkType]filter.Program{}, passed: map[uint64]bool{}}
}

// see takes a sighting.
func (n *narrow) see(f *trail.Frame, o *trail.Observation) {
	if n == nil || o.Flight == 0 || n.passed[o.Flight] {
		return
	}
	link := o.Point.Link
	prog, ok := n.programs[link]
	if !ok {
		o := filter.Options{Link: filter.Raw, Inner: true}
		if link == packet.LinkEthernet {
			o.Link = filter.Ethernet
		}
		var err error
		if prog, err = n.expr.Compile(o); err != nil {
			prog = nil // no such packet has what the filter asks for
		}
		n.programs[link] = prog
	}
	if prog != nil && prog.Match(&filter.Packet{Data: f.Data, WireLen: f.Len}) != 0 {
		n.passed[o.Flight] = true
	}
}

// wants says whether the filter is true of a packet, wherever it was seen. What
// has no number was captured with the filter.
func (n *narrow) wants(t *trail.Trail) bool {
	if n == nil {
		return true
	}
	return slices.ContainsFunc(t.Observations, func(o trail.Observation) bool {
		return o.Stage != trail.StageRules && (o.Flight == 0 || n.passed[o.Flight])
	})
}

// forget lets go of what is over.
func (n *narrow) forget(t *trail.Trail) {
	if n == nil {
		return
	}
	for i := range t.Observations {
		delete(n.passed, t.Observations[i].Flight)
	}
}
