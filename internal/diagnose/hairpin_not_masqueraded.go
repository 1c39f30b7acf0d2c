package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// hairpinNotMasqueraded: translation chose the sender itself, and the packet
// came back to it with its own address as the source.
func hairpinNotMasqueraded(q *inquiry) *trail.Finding {
	was, is := q.t.Flow, q.flow()
	if q.v.Reason != "IP_LOCAL_SOURCE" || is.Dst != is.Src || was.Dst == is.Dst || q.tunnelled() {
		return nil
	}
	asked := end(was.Dst, was.DstPort)
	return &trail.Finding{
		ID:    "hairpin-not-masqueraded",
		Cause: "the service chose the client itself; without masquerade the packet comes back with its own address",
		Why:   "A host takes no packet from outside that has its own address as the source. What a service sends back to where it came from must be masqueraded.",
		Basis: trail.Observed,
		Evidence: []trail.Evidence{
			{Text: "translated from " + asked + " to " + end(is.Dst, is.DstPort) + ", which is the sender's own address", Basis: trail.Observed},
			dropEvidence(q.dropping()),
		},
		Check: []string{"iptables-save -t nat | grep -e KUBE-MARK-MASQ -e MASQUERADE   # on the node", "conntrack -L -s " + is.Src.String() + " -d " + was.Dst.String() + "   # on the node"},
		Fix: []string{
			"masquerade what comes from " + is.Src.String() + " and is translated to it (kube-proxy: KUBE-MARK-MASQ)",
			"kube-proxy: set --cluster-cidr (clusterCIDR) to the pods' network",
			"the bridge's port needs hairpin mode too: bridge link set dev PORT hairpin on (kubelet: --hairpin-mode)",
		},
	}
}
