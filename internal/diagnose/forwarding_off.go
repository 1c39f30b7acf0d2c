package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// forwardingOff: there is a route, and this host does not forward.
func forwardingOff(q *inquiry) *trail.Finding {
	to := q.flow().Dst
	v := ipVersion(to)
	in := q.ingress()
	names := []string{"net." + v + ".conf.all.forwarding", "net." + v + ".conf." + sysctlName(in) + ".forwarding"}
	if v == "ipv4" {
		names = append(names, "net.ipv4.ip_forward")
	}
	var off []string
	for _, n := range names {
		if q.setting(n) == "0" {
			off = append(off, n)
		}
	}
	lost := q.v.Outcome == trail.Lost && strings.HasPrefix(q.v.At, "routing") && q.routeType() == "unicast"
	if q.v.Reason != "IP_INADDRERRORS" && (!lost || len(off) <= 0) {
		return nil
	}
	f := &trail.Finding{
		ID:       "forwarding-off",
		Cause:    "forwarding is switched off " + on(q.end.Point) + "; the packet is for another host",
		Why:      "A node has to forward between its pods' interfaces and its own. With forwarding off it drops what is not for itself, and says nothing.",
		Basis:    trail.Inferred,
		Evidence: q.routing(),
		Check:    []string{"sysctl " + strings.Join(names, " ")},
		Fix:      []string{"sysctl -w net.ipv4.ip_forward=1   # and in /etc/sysctl.d, so that it stays"},
	}
	if v == "ipv6" {
		f.Fix = []string{"sysctl -w net.ipv6.conf.all.forwarding=1   # and in /etc/sysctl.d, so that it stays"}
	}
	for _, n := range off {
		f.Basis = trail.Observed
		f.Evidence = append(f.Evidence, trail.Evidence{Text: n + " = 0", Basis: trail.Observed})
	}
	return f
}
