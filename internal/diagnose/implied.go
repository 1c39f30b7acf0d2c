package diagnose

import (
	"github.com/pktrail/pktrail/internal/trail"
)

// implied is the ICMPv6 error that the kernel sends with a drop: unlike
// icmp_send, icmp6_send has no tracepoint. It is nil for drops that tell
// nobody, for IPv4, and inside of tunnels, where not the packet's own sender
// is told.
func implied(o *trail.Observation) *trail.Refusal {
	if o.Drop == nil || !o.Seen.Flow.Dst.Is6() || len(o.Seen.Tunnels) > 0 {
		return nil
	}
	icmp := func(typ, code uint8) *trail.Refusal {
		return &trail.Refusal{Kind: "icmpv6", Type: typ, Code: code}
	}
	switch at := function(o.Drop.At); {
	case at == "ip6_pkt_discard":
		return icmp(1, 0)
	case at == "ip6_pkt_prohibit":
		return icmp(1, 1)
	case o.Drop.Reason == "NEIGH_FAILED", at == "neigh_invalidate":
		return icmp(1, 3)
	case o.Drop.Reason == "PKT_TOO_BIG":
		return icmp(2, 0)
	case o.Drop.Reason == "IP_INHDR" && at == "ip6_forward":
		return icmp(3, 0)
	case o.Drop.Reason == "NO_SOCKET" && at == "__udp6_lib_rcv":
		return icmp(1, 4)
	}
	return nil
}
