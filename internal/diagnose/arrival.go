package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// arrival is the position in a way of the last sighting of a packet that came
// in where its destination is, and went no further: the kernel frees what it
// delivered without a word. It is -1 for all others. Where drops are visible,
// one would have been seen; where they are not, the packet came to the
// interface, and more cannot be said.
func (q *inquiry) arrival(way []int) int {
	flow, at := netip.Addr{}, -1
	for pos, i := range slices.Backward(way) {
		o := &q.t.Observations[i]
		if !flow.IsValid() && o.Seen.Flow.Dst.IsValid() {
			if len(o.Seen.Tunnels) > 0 {
				return -1
			}
			flow = o.Seen.Flow.Dst
		}
		if at < 0 && o.Stage != trail.StageRoute {
			at = pos
		}
	}
	if at < 0 || !flow.IsValid() {
		return -1
	}
	last := &q.t.Observations[way[at]]
	if !inbound(last) || !q.home(last.Point.Netns, flow) || len(last.Seen.Tunnels) > 0 {
		return -1
	}
	for _, i := range way {
		o := &q.t.Observations[i]
		if sameSpace(o.Point, last.Point) && (o.Stage == trail.StageRoute && i > way[at] && !q.staysHome(o.Route, flow) || denied(o, flow)) {
			return -1
		}
	}
	return at
}

// staysHome says whether a lookup that follows the last sighting of a packet
// may be one of a packet that is taken: for itself, for the way back to its
// sender, or for an answer.
func (q *inquiry) staysHome(r *trail.Route, dst netip.Addr) bool {
	return r == nil || r.ReversePath || r.In == "lo" || r.Dst != dst || !r.Gateway.IsValid()
}

// denied says whether the kernel, asked for the route of a packet as it came
// in, said that it takes none like it.
func denied(o *trail.Observation, dst netip.Addr) bool {
	return slices.ContainsFunc(o.Answers, func(a trail.Answer) bool {
		return a.Errno != 0 && strings.Contains(a.Question, "route get "+dst.String()+" ") && strings.Contains(a.Question, " iif ")
	})
}

// home says whether a namespace is where a packet for an address should
// arrive. The address of a service stands for others, whoever has it; so does
// one that is neither end's, where the end is known: a node's, that an answer
// to what was masqueraded comes to.
func (q *inquiry) home(netns uint64, dst netip.Addr) bool {
	d := q.c.Destination
	switch {
	case netns == 0:
		return false
	case slices.Contains(d.Netns, netns):
		return true
	case d.Service && slices.Contains(d.Addrs, dst):
		return false
	case len(d.Netns) > 0 && !slices.Contains(d.Addrs, dst) && !slices.Contains(q.c.Source.Addrs, dst):
		return false
	}
	return q.owns(netns, dst)
}

// blindToDrops says whether drops are not visible at a place.
func (q *inquiry) blindToDrops(at trail.Point) bool {
	return q.blindTo("drop", at)
}

// blindTo says whether something that begins with a word is not visible at a
// place.
func (q *inquiry) blindTo(word string, at trail.Point) bool {
	return slices.ContainsFunc(q.c.Blind, func(b trail.Blind) bool {
		return (b.Node == "" || b.Node == at.Node) && (b.Namespace == "" || b.Namespace == at.Owner()) && strings.HasPrefix(strings.ToLower(b.What), word)
	})
}
