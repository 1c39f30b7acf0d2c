package diagnose

import "github.com/pktrail/pktrail/internal/trail"

func netfilterCases() []judged {
	legacyInput := legacy("filter", "INPUT", 1, `-A INPUT -p tcp -m tcp --dport 81 -j DROP`)
	calico := matched("filter", "cali-tw-cali60337b1a8c1", "drop", `-A cali-tw-cali60337b1a8c1 -m comment --comment "cali:x" -m comment --comment "Drop if no policies passed packet" -j DROP`)
	calico.Comment = "Drop if no policies passed packet"
	noEP := matched("filter", "KUBE-SERVICES", "", `-A KUBE-SERVICES -d 10.96.68.194/32 -p tcp -m comment --comment "shop/web:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable`)
	noEP.Comment, noEP.Legacy, noEP.Number, noEP.Handle = "shop/web:http has no endpoints", true, 1, 0
	nftDrop := trail.Rule{Family: "inet", Table: "guard", Chain: "fwd", Handle: 4, Kind: trail.RuleMatched, Verdict: "drop", Text: "tcp dport 82 counter drop"}
	policy := trail.Rule{Family: "ip", Table: "filter", Chain: "FORWARD", Kind: trail.RulePolicy, Verdict: "drop"}
	invalid := matched("filter", "KUBE-FORWARD", "drop", `-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP`)
	reset := matched("filter", "INPUT", "drop", `-A INPUT -p tcp --dport 85 -j REJECT --reject-with tcp-reset`)
	nftReject := trail.Rule{Family: "inet", Table: "firewalld", Chain: "filter_FORWARD", Handle: 244, Kind: trail.RuleMatched, Verdict: "drop", Text: `reject with icmpx admin-prohibited`}
	accept := matched("raw", "PREROUTING", "accept", `-A PREROUTING -j ACCEPT`)
	ours := syn(webAddr, 80)
	ours.add(clientEth, trail.Observation{Stage: trail.StageHook, Hook: &trail.Hook{Name: "OUTPUT", Family: "ip", Priority: -300}})
	rpf := matched("raw", "cali-PREROUTING", "drop", `-A cali-PREROUTING -m comment --comment "cali:z" -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP`)
	return []judged{
		{"drop-prerouting-nft", syn(webAddr, 80).leave().rules(node1Cni, "PREROUTING", trail.Rule{Family: "ip", Table: "raw", Chain: "PREROUTING", Handle: 5, Kind: trail.RuleMatched, Verdict: "drop", Text: "tcp dport 80 drop"}).nfdrop(node1Cni, "PREROUTING"), nil, trail.Dropped, "raw PREROUTING", trail.Observed, []string{"netfilter-drop"}},
		{"drop-input-legacy", syn(webAddr, 81).leave().cross().arrive().rules(webEth, "INPUT", legacyInput).nfdrop(webEth, "INPUT"), nil, trail.Dropped, "filter INPUT", trail.Observed, []string{"netfilter-drop"}},
		{"drop-forward-networkpolicy", syn(serviceAddr, 80).leave().dnat(webAddr, 8080).cross().route(node2Vx, trail.Route{In: "flannel.1", Device: "cni0"}).rules(node2Vx, "FORWARD", matched("filter", "FORWARD", "jump", "-A FORWARD -j cali-FORWARD"), calico).nfdrop(node2Vx, "FORWARD"), toService, trail.Dropped, "filter FORWARD", trail.Observed, []string{"netfilter-drop"}},
		{"drop-forward-nft", syn(webAddr, 82).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"}).rules(node1Cni, "FORWARD", nftDrop).nfdrop(node1Cni, "FORWARD"), nil, trail.Dropped, "guard FORWARD", trail.Observed, []string{"netfilter-drop"}},
		{"drop-output-unseen-rule", ours.nfdrop(clientEth, "OUTPUT"), nil, trail.Dropped, "OUTPUT", trail.Observed, []string{"netfilter-drop"}},
		{"drop-postrouting-iptables-nft", syn(webAddr, 83).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"}).rules(node1Vx, "POSTROUTING", matched("mangle", "POSTROUTING", "drop", "-A POSTROUTING -p tcp -m tcp --dport 83 -j DROP")).nfdrop(node1Vx, "POSTROUTING"), nil, trail.Dropped, "mangle POSTROUTING", trail.Observed, []string{"netfilter-drop"}},
		{"drop-policy", syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"}).rules(node1Cni, "FORWARD", policy).nfdrop(node1Cni, "FORWARD"), nil, trail.Dropped, "filter FORWARD", trail.Observed, []string{"netfilter-policy"}},
		{"drop-rule-only-no-bpf", syn(webAddr, 81).leave().cross().arrive().rules(webEth, "INPUT", legacyInput), nil, trail.Dropped, "filter INPUT", trail.Inferred, []string{"netfilter-drop"}},
		{"reject-icmp", syn(webAddr, 81).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"}).rules(node1Cni, "FORWARD", matched("filter", "FORWARD", "", `-A FORWARD -p tcp --dport 81 -j REJECT --reject-with icmp-port-unreachable`)).icmp(node1Cni, 3, 3).nfdrop(node1Cni, "FORWARD"), nil, trail.Rejected, "filter FORWARD", trail.Observed, []string{"netfilter-reject"}},
		{"reject-unseen-rule", syn(webAddr, 81).leave().icmp(node1Cni, 3, 3).nfdrop(node1Cni, "FORWARD"), nil, trail.Rejected, "FORWARD", trail.Observed, []string{"netfilter-reject"}},
		{"reject-tcp-reset", syn(webAddr, 85).leave().cross().arrive().rules(webEth, "INPUT", reset).nfdrop(webEth, "INPUT"), nil, trail.Rejected, "filter INPUT", trail.Observed, []string{"netfilter-reject"}},
		{"reject-firewalld", syn(webAddr, 85).leave().rules(node1Cni, "FORWARD", nftReject).icmp(node1Cni, 3, 13).nfdrop(node1Cni, "FORWARD"), nil, trail.Rejected, "firewalld FORWARD", trail.Observed, []string{"netfilter-reject"}},
		{"service-without-endpoints", syn(serviceAddr, 80).leave().rules(node1Cni, "FORWARD", noEP).icmp(node1Cni, 3, 3).nfdrop(node1Cni, "FORWARD"), toService, trail.Rejected, "filter FORWARD", trail.Observed, []string{"service-without-endpoints"}},
		{"service-without-endpoints-nft", syn(serviceAddr, 80).leave().rules(node1Cni, "FORWARD", trail.Rule{Family: "ip", Table: "kube-proxy", Chain: "reject-chain", Handle: 9, Kind: trail.RuleMatched, Verdict: "drop", Text: "reject"}).icmp(node1Cni, 3, 3).nfdrop(node1Cni, "FORWARD"), toService, trail.Rejected, "kube-proxy FORWARD", trail.Observed, []string{"service-without-endpoints"}},
		{"conntrack-invalid", newWalk("TCP ACK seq 7", 6, clientAddr, webAddr, 40000, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"}).rules(node1Cni, "FORWARD", invalid).nfdrop(node1Cni, "FORWARD"), nil, trail.Dropped, "filter FORWARD", trail.Observed, []string{"conntrack-invalid", "netfilter-drop"}},
		{"conntrack-table-full", syn(webAddr, 80).leave().rules(node1Cni, "PREROUTING", accept).nfdrop(node1Cni, "PREROUTING").setting("net.netfilter.nf_conntrack_count", "262144").setting("net.netfilter.nf_conntrack_max", "262144"), nil, trail.Dropped, "PREROUTING", trail.Observed, []string{"conntrack-table-full"}},
		{"conntrack-table-full-log", syn(webAddr, 80).leave().nfdrop(node1Cni, "PREROUTING").answer(trail.Answer{Question: "dmesg", Text: "nf_conntrack: nf_conntrack: table full, dropping packet"}), nil, trail.Dropped, "PREROUTING", trail.Observed, []string{"conntrack-table-full"}},
		{"rpfilter-rule", syn(webAddr, 80).leave().rules(node1Cni, "PREROUTING", rpf).nfdrop(node1Cni, "PREROUTING").answer(trail.Answer{Question: "ip route get " + clientAddr, Text: clientAddr + " dev eth0 table 100", Route: &trail.Route{Table: 100, Dst: ip(clientAddr), Device: "eth0", Type: "unicast"}}), nil, trail.Dropped, "raw PREROUTING", trail.Observed, []string{"reverse-path-filter", "netfilter-drop"}},
	}
}
