package follow

import (
	"net/netip"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// pendingFor is how long an observation without bytes waits for a frame of
// its packet to stand beside in the stream.
const pendingFor = 20 * time.Millisecond

// pending are observations without bytes, such as routing lookups, in the
// order in which they came. There are a few at a time.
type pending struct {
	list []trail.Observation
}

// mostPending bounds the list; beyond it the oldest go out on their own.
const mostPending = 1024

func (p *pending) add(o trail.Observation) { p.list = append(p.list, o) }

// take gives those that belong to a frame: of the same flight, or, where there
// was no packet yet when the lookup was made, of the same CPU and about its
// addresses.
func (p *pending) take(o *trail.Observation, flow packet.Flow) []trail.Observation {
	if len(p.list) == 0 {
		return nil
	}
	var out []trail.Observation
	p.list = slices.DeleteFunc(p.list, func(have trail.Observation) bool {
		if !belongs(&have, o, flow) {
			return false
		}
		out = append(out, have)
		return true
	})
	return out
}

func belongs(have, o *trail.Observation, flow packet.Flow) bool {
	if have.Flight != 0 {
		return have.Flight == o.Flight
	}
	return have.CPU == o.CPU && have.Point.Netns == o.Point.Netns && have.Route != nil &&
		(have.Route.Dst == flow.Dst && meets(have.Route.Src, flow.Src) || have.Route.Dst == flow.Src && meets(have.Route.Src, flow.Dst))
}

// meets reports whether an address that was asked for may be of a packet: a
// lookup for a packet of our own may leave the source open.
func meets(asked, seen netip.Addr) bool {
	return !asked.IsValid() || asked.IsUnspecified() || asked == seen
}

// older gives those from before a time, and what is too much.
func (p *pending) older(than int64) []trail.Observation {
	n := 0
	for n < len(p.list) && (p.list[n].Time < than || len(p.list)-n > mostPending) {
		n++
	}
	out := slices.Clone(p.list[:n])
	p.list = append(p.list[:0], p.list[n:]...)
	return out
}

func (p *pending) all() []trail.Observation {
	out := p.list
	p.list = nil
	return out
}
