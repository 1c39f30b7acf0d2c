package diagnose

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/trail"
)

// blackholeRoute: a route of type blackhole took it, without a word.
func blackholeRoute(q *inquiry) *trail.Finding {
	if q.v.Outcome == trail.Delivered || q.routeType() != "blackhole" || q.ruled() {
		return nil
	}
	to := q.flow().Dst
	return &trail.Finding{
		ID:       "blackhole-route",
		Cause:    "a blackhole route " + on(q.end.Point) + " takes what goes to " + q.routePrefix(to),
		Why:      "A blackhole route drops without telling anybody. Calico puts one over each node's own block of pod addresses: then no pod has this address now.",
		Basis:    q.typeBasis(),
		Evidence: q.routing(),
		Check:    []string{q.getRoute(), ipCommand(to) + " route show type blackhole table all"},
		Fix:      []string{"if the address is a pod's: see that the pod runs, and why its own route is missing", ipCommand(to) + " route del blackhole " + q.routePrefix(to)},
	}
}

// routePrefix is the prefix of the route that decided, or the address where it
// is not known.
func (q *inquiry) routePrefix(to netip.Addr) string {
	if a := q.asked(); a != nil && a.Route != nil && a.Route.Prefix.IsValid() {
		return a.Route.Prefix.String()
	}
	if r := q.route(); r != nil && r.Prefix.IsValid() {
		return r.Prefix.String()
	}
	return to.String()
}

// typeBasis is how the route's type is known: told, or concluded from errno.
func (q *inquiry) typeBasis() trail.Basis {
	if a := q.asked(); a != nil && a.Route != nil && a.Route.Type != "" {
		return trail.Observed
	}
	if r := q.route(); r != nil && r.Type != "" {
		return trail.Observed
	}
	return trail.Inferred
}
