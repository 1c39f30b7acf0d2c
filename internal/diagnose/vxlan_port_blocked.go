package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// vxlanPortBlocked: a firewall between or on the nodes stops the tunnel.
func vxlanPortBlocked(q *inquiry) *trail.Finding {
	if !q.tunnelled() {
		return nil
	}
	n := q.end.Seen.Tunnels[0]
	port := n.Flow.Proto.String()
	if n.Flow.HasPorts() {
		port = fmt.Sprintf("%s port %d", port, n.Flow.DstPort)
	}
	f := &trail.Finding{
		ID:    "vxlan-port-blocked",
		Why:   fmt.Sprintf("Pods of two nodes talk inside of %s. Its outer packets need %s open from each node to each; then all traffic between the nodes fails, and traffic on one node is well.", n.Kind, port),
		Basis: trail.Observed,
		Check: []string{"nft list ruleset | grep -n -e " + fmt.Sprint(n.Flow.DstPort) + " -e drop -e reject", fmt.Sprintf("pktrail capture node/PEER -f 'udp port %d'", n.Flow.DstPort)},
		Fix:   []string{fmt.Sprintf("accept %s from the other nodes, in every firewall between them (cloud security groups too)", port)},
	}
	switch {
	case q.hook() != "" && q.rule != nil:
		f.Cause = fmt.Sprintf("a rule %s stops the tunnel (%s %s): %s", on(q.end.Point), n.Kind, port, shortRule(q.rule))
		q.ruleEvidence(f)
		f.Check[0] = listRule(q.rule)
	case q.hook() != "":
		f.Cause = fmt.Sprintf("netfilter %s stops the tunnel (%s %s) in %s", on(q.end.Point), n.Kind, port, q.hook())
	case q.told != nil && filtered(q.told):
		f.Cause = fmt.Sprintf("%s refuses the tunnel's packets (%s): %s", placeName(q.end.Point.Node, q.end.Point.Target), port, refusalText(q.told))
	case q.v.Outcome == trail.Lost && !q.foreign(q.end):
		f.Cause = fmt.Sprintf("%s to %s leaves %s and does not come in: something between stops %s", n.Kind, n.Flow.Dst, placeName(q.end.Point.Node, q.end.Point.Target), port)
		f.Basis = trail.Inferred
	default:
		return nil
	}
	if d := q.dropping(); d != nil && q.rule == nil {
		f.Evidence = append(f.Evidence, dropEvidence(d))
	}
	f.Evidence = append(f.Evidence, trail.Evidence{Text: fmt.Sprintf("the packet is inside %s %d, %s", n.Kind, n.ID, n.Flow), Basis: trail.Observed})
	return f
}

// filtered says whether an ICMP error is one that firewalls send.
func filtered(r *trail.Refusal) bool {
	if r.Kind == "icmpv6" {
		return r.Type == 1 && r.Code == 1
	}
	return r.Kind == "icmp" && r.Type == 3 && (r.Code == 9 || r.Code == 10 || r.Code == 13)
}
