package diagnose

import (
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// duplicateAddress: another namespace took the packet, which has the same
// address.
func duplicateAddress(q *inquiry) *trail.Finding {
	if !q.stray || !slices.Contains(q.c.Destination.Addrs, q.flow().Dst) {
		return nil
	}
	taker := placeName(q.end.Point.Node, q.end.Point.Target)
	dst := q.flow().Dst
	f := &trail.Finding{
		ID:       "duplicate-address",
		Cause:    fmt.Sprintf("%s has %s too, and took what was for %s", taker, dst, q.destination()),
		Why:      "Two namespaces have one address; whoever answered last for it gets the packets. Connections break, or reach the wrong process.",
		Basis:    trail.Observed,
		Evidence: []trail.Evidence{{Text: fmt.Sprintf("its %s took it: the packet was not translated on its way", orText(q.v.At, "stack")), Basis: trail.Observed}},
		Check:    []string{fmt.Sprintf("arping -D -c 3 -I DEVICE %s   # on the link: an answer is a second owner", dst), fmt.Sprintf("ip neigh show %s   # on the sender's node, twice: does the MAC change?", dst)},
		Fix:      []string{"give one of the two another address; in a cluster delete the pod and let the CNI assign anew", "see why the CNI's address store forgot one of them (a restored node, a second IPAM)"},
	}
	f.Evidence = append(f.Evidence, q.macs()...)
	return f
}

// macs are the MACs that stood for the packet's destination on the way.
func (q *inquiry) macs() []trail.Evidence {
	var out []trail.Evidence
	seen := map[string]bool{}
	for i := range q.t.Observations {
		n := q.t.Observations[i].Neighbour
		if n == nil || n.MAC == "" || n.Addr != q.flow().Dst || seen[n.MAC] {
			continue
		}
		seen[n.MAC] = true
		out = append(out, trail.Evidence{Text: fmt.Sprintf("%s answered for %s on %s", n.MAC, n.Addr, n.Device), Basis: trail.Observed})
	}
	return out
}
