package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// neighbourFailed: nobody answers for the next hop's address.
func neighbourFailed(q *inquiry) *trail.Finding {
	n := q.unanswered()
	if n == nil || q.tunnelled() {
		return nil
	}
	ask := "ARP"
	if n.Addr.Is6() {
		ask = "neighbour discovery"
	}
	f := &trail.Finding{
		ID:       "neighbour-failed",
		Cause:    fmt.Sprintf("nobody answers for %s on %s %s", n.Addr, n.Device, on(q.end.Point)),
		Why:      "The next hop's MAC is asked for by " + ask + "; the packet waits up to 3 s for the answer, then it is dropped.",
		Basis:    trail.Observed,
		Evidence: q.neighbourEvidence(n),
		Check:    []string{fmt.Sprintf("ip neigh show %s dev %s", n.Addr, n.Device), fmt.Sprintf("pktrail capture if:%s -f '%s'   # does an answer come?", n.Device, askFilter(n))},
		Fix:      []string{"see that the host or pod with " + n.Addr.String() + " is up and on that link", "or mend the route that names it as next hop: " + q.getRoute()},
	}
	if q.v.Outcome == trail.Parked {
		f.Cause = fmt.Sprintf("the packet waits: nobody has answered yet for %s on %s", n.Addr, n.Device)
	}
	return f
}

func askFilter(n *trail.Neighbour) string {
	if n.Addr.Is6() {
		return "icmp6"
	}
	return "arp"
}

// unanswered is the next hop that nobody answers for; nil if the packet did
// not end for that.
func (q *inquiry) unanswered() *trail.Neighbour {
	n := q.neighbour()
	d := q.dropping()
	failed := d != nil && (reasonOf(d) == "NEIGH_FAILED" || d.Reason == "NEIGH_QUEUEFULL")
	switch {
	case n != nil && (q.v.Outcome == trail.Parked || failed):
		return n
	case n != nil && q.end.Stage == trail.StageRefuse && n.Parked:
		return n
	case failed:
		next := &trail.Neighbour{Addr: outerDst(q.end), Device: q.end.Point.Interface, State: "FAILED"}
		r := q.route()
		if q.tunnelled() {
			r = q.outerRoute()
		}
		if r != nil {
			if r.Device != "" {
				next.Device = r.Device
			}
			if r.Gateway.IsValid() && !r.Gateway.IsUnspecified() {
				next.Addr = r.Gateway
			}
		}
		if !next.Addr.IsValid() {
			next.Addr = q.flow().Dst
		}
		return next
	}
	return nil
}

// neighbourEvidence is what was seen of the next hop.
func (q *inquiry) neighbourEvidence(n *trail.Neighbour) []trail.Evidence {
	out := []trail.Evidence{{Text: fmt.Sprintf("%s on %s is %s", n.Addr, n.Device, n.State), Basis: trail.Observed}}
	if d := q.dropping(); d != nil {
		out = append(out, dropEvidence(d))
	}
	if q.told != nil && !q.tunnelled() {
		out = append(out, q.toldEvidence())
	}
	for _, a := range q.answers("ip neigh") {
		out = append(out, answerEvidence(&a))
	}
	return out
}
