package diagnose

import (
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// isStray says whether a namespace took or refused the packet that is not its
// destination.
func (q *inquiry) isStray() bool {
	d := q.c.Destination
	if d.Service || len(d.Netns) == 0 || q.end.Point.Netns == 0 || q.left || len(q.end.Seen.Tunnels) > 0 {
		return false
	}
	if q.flow().Dst != q.t.Flow.Dst {
		return false // translated: NodePorts, host ports, redirects do that
	}
	switch {
	case q.v.Outcome == trail.Delivered && q.v.Basis == trail.Observed:
	case q.v.Outcome == trail.Rejected && q.end.Refusal != nil && portClosed(q.end.Refusal) && q.hook() == "":
	default:
		return false
	}
	return !slices.Contains(d.Netns, q.end.Point.Netns)
}

// textStray says who took what was not for it.
func (q *inquiry) textStray() string {
	p := q.end.Point
	verb := "taken"
	if q.v.Outcome == trail.Rejected {
		verb = "refused"
	}
	return verb + " by " + placeName(p.Node, p.Target) + ", not by " + q.destination() + q.translated()
}

// destination is the destination's name, or its address.
func (q *inquiry) destination() string {
	if n := q.c.Destination.Name; n != "" {
		return n
	}
	return q.t.Flow.Dst.String()
}
