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
	case d != nil && (reasonOf(d) == "IP_INNOROUTES" || reasonOf(d) == "IP_OUTNOROUTES") && (kind == "none" || kind == ""):
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
	where := on(q.end.Point)
	if q.v.Observation < 0 {
		to, where = q.c.Conversation.Flow.Dst, "in "+orText(q.c.Source.Name, "the sender's namespace")
	}
	ip := ipCommand(to)
	return &trail.Finding{
		ID:       "no-route",
		Cause:    "no routing table has a way to " + to.String() + " " + where,
		Why:      "Neither a route to that network nor a default route is there, so the packet cannot be sent on.",
		Basis:    trail.Observed,
		Evidence: q.routing(),
		Check:    []string{q.getRoute(), ip + " rule; " + ip + " route show table all"},
		Fix:      []string{ip + " route add " + to.String() + " via GATEWAY dev DEVICE", "for a pod's network: see that the CNI's daemon runs on this node; it writes these routes"},
	}
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
