package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// wrongMAC: the frame is addressed to another machine than the one it reached.
func wrongMAC(q *inquiry) *trail.Finding {
	if q.v.Reason != "OTHERHOST" || q.has("vxlan-wrong-peer") {
		return nil
	}
	p := q.end.Point
	own := ""
	if p.MAC != "" {
		own = " (" + p.MAC + ")"
	}
	dst := q.flow().Dst
	return &trail.Finding{
		ID:       "wrong-mac",
		Cause:    fmt.Sprintf("the frame is for %s, and came to %s%s %s", q.macOf(), p.Interface, own, on(p)),
		Why:      "Who sent it has a wrong or old MAC for the next hop, or a bridge flooded it since it does not know where that MAC is.",
		Basis:    trail.Observed,
		Evidence: []trail.Evidence{dropEvidence(q.dropping())},
		Check:    []string{"ip link show " + p.Interface, fmt.Sprintf("ip neigh | grep -e %s -e %s   # on the sender's side", dst, q.macOf()), "bridge fdb show | grep " + q.macOf()},
		Fix:      []string{"ip neigh flush to " + dst.String() + "   # on the sender's side; take a permanent entry out", "see who announces the wrong MAC (two owners of one address, a proxy)"},
	}
}
