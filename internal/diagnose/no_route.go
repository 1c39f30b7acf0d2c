package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// noRoute: no routing table has a way to the destination.
func noRoute(q *inquiry) *trail.Finding {
	d := q.dropping()
	kind := q.routeType()
	switch {
	case q.ruled():
		return nil
	case d != nil && reasonOf(d) == "IP_OUTNOROUTES":
	case d != nil && reasonOf(d) == "IP_INNOROUTES" && (kind == "none" || kind == ""):
	case d == nil && q.told != nil && q.end.Stage == trail.StageRefuse && kind == "none":
	case q.v.Outcome == trail.Lost && kind == "none" && q.end.Stage == trail.StageRoute:
	case q.v.Observation < 0 && q.c.Conversation != nil && strings.Contains(q.c.Conversation.Error, "network is unreachable"):
	default:
		return nil
	}
	to := q.flow().Dst
	if q.tunnelled() {
		to = outerDst(q.end)
	}
	evidence := q.routing()
	if r := q.failedOutput(); r != nil && d != nil && reasonOf(d) == "IP_OUTNOROUTES" {
		to = r.Dst
		evidence = append([]trail.Evidence{{Text: "lookup: " + routeText(r), Basis: trail.Observed}}, evidence...)
	}
	where := on(q.end.Point)
	if q.v.Observation < 0 {
		to, where = q.c.Conversation.Flow.Dst, "in "+orText(q.c.Source.Name, "the sender's namespace")
	}
	ip := ipCommand(to)
	cause := "no routing table has a way to " + to.String() + " " + where
	if tunnelled(q.end.Point) && !q.tunnelled() && to == q.flow().Dst {
		cause = "no routing table has a way to the other end of " + q.end.Point.Interface + " " + where
	}
	return &trail.Finding{
		ID:       "no-route",
		Cause:    cause,
		Why:      "Neither a route to that network nor a default route is there, so the packet cannot be sent on.",
		Basis:    trail.Observed,
		Evidence: evidence,
		Check:    []string{q.getRoute(), ip + " rule; " + ip + " route show table all"},
		Fix:      []string{ip + " route add " + to.String() + " via GATEWAY dev DEVICE", "for a pod's network: see that the CNI's daemon runs on this node; it writes these routes"},
	}
}

// failedOutput is the last lookup that failed for a packet of this namespace's
// own, such as a tunnel's outer one; nil if none was seen.
func (q *inquiry) failedOutput() *trail.Route {
	o := q.back(func(o *trail.Observation) bool {
		return q.here(o) && o.Route != nil && o.Route.Err != 0 && o.Route.In == "lo" && !o.Route.ReversePath && o.Route.Dst != q.flow().Src
	})
	if o == nil {
		return nil
	}
	return o.Route
}

// orText is the first text that is not empty.
func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
