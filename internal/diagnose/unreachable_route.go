package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// unreachableRoute: a route of type unreachable refused it.
func unreachableRoute(q *inquiry) *trail.Finding {
	if q.v.Outcome == trail.Delivered || q.routeType() != "unreachable" || q.ruled() {
		return nil
	}
	to := q.flow().Dst
	return &trail.Finding{
		ID:       "unreachable-route",
		Cause:    "an unreachable route " + on(q.end.Point) + " refuses what goes to " + q.routePrefix(to),
		Why:      "Such a route says that nobody is there; the sender is told so. Routing daemons and CNI plugins use it for networks that they have no way to.",
		Basis:    q.typeBasis(),
		Evidence: q.routing(),
		Check:    []string{q.getRoute(), ipCommand(to) + " route show type unreachable table all"},
		Fix:      []string{"see why the program that made it has no better route", ipCommand(to) + " route del unreachable " + q.routePrefix(to)},
	}
}
