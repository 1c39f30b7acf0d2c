package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// prohibitRoute: a route of type prohibit refused it.
func prohibitRoute(q *inquiry) *trail.Finding {
	if q.v.Outcome == trail.Delivered || q.routeType() != "prohibit" || q.ruled() {
		return nil
	}
	to := q.flow().Dst
	return &trail.Finding{
		ID:       "prohibit-route",
		Cause:    "a prohibit route " + on(q.end.Point) + " refuses what goes to " + q.routePrefix(to),
		Why:      "Somebody made this route to forbid that network. The sender is told that it is administratively prohibited.",
		Basis:    q.typeBasis(),
		Evidence: q.routing(),
		Check:    []string{q.getRoute(), ipCommand(to) + " route show type prohibit table all"},
		Fix:      []string{ipCommand(to) + " route del prohibit " + q.routePrefix(to)},
	}
}
