package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// ttlExceeded: its TTL ran out on the way.
func ttlExceeded(q *inquiry) *trail.Finding {
	r := q.told
	told := r != nil && (r.Kind == "icmp" && r.Type == 11 || r.Kind == "icmpv6" && r.Type == 3) && r.Code == 0
	d := q.dropping()
	inForward := d != nil && d.Reason == "IP_INHDR" && (function(d.At) == "ip_forward" || function(d.At) == "ip6_forward")
	if !told && !inForward {
		return nil
	}
	f := &trail.Finding{
		ID:       "ttl-exceeded",
		Cause:    "its TTL ran out " + on(q.end.Point) + " before it arrived",
		Why:      "Each router takes one off the TTL and drops the packet at 0. It runs out where a packet goes in circles, or set out with a small TTL.",
		Basis:    trail.Observed,
		Evidence: q.routing(),
		Check:    []string{fmt.Sprintf("traceroute -n %s   # the same routers again and again are a loop", q.flow().Dst), q.getRoute()},
		Fix:      []string{"where it is a loop: let one of the routers send " + q.flow().Dst.String() + " to where it lives, or drop it"},
	}
	if first := q.ttl(); first > 0 {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: fmt.Sprintf("it set out with TTL %d", first), Basis: trail.Observed})
	}
	if place, n := q.circle(); n > 1 {
		f.Cause = fmt.Sprintf("it goes in circles: %s saw it %d times before its TTL ran out", place, n)
		f.Fix[0] = "let one of the routers on the circle send " + q.flow().Dst.String() + " to where it lives, or drop it"
	}
	return f
}

// ttl is the TTL at the first sighting that has one; 0 if none has.
func (q *inquiry) ttl() uint8 {
	for _, i := range q.way {
		if n := q.t.Observations[i].Seen.TTL; n > 0 {
			return n
		}
	}
	return 0
}

// circle finds the place that received the packet most often, and how often.
func (q *inquiry) circle() (string, int) {
	count := map[string]int{}
	best, most := "", 0
	for _, i := range q.way {
		o := &q.t.Observations[i]
		if o.Stage != trail.StageReceive || len(o.Seen.Tunnels) > 0 {
			continue
		}
		name := o.Point.Interface + " " + on(o.Point)
		count[name]++
		if count[name] > most {
			best, most = name, count[name]
		}
	}
	return best, most
}
