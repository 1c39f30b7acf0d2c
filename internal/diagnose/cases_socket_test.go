package diagnose

import "github.com/pktrail/pktrail/internal/trail"

func socketCases() []judged {
	closed := syn(serviceAddr, 80).leave().dnat(webAddr, 8081).cross().arrive().
		add(webEth, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "reset", Reason: "NO_SOCKET"}}).
		drop(webEth, "NO_SOCKET", "tcp_v4_rcv+0x91/0x13f0", "").
		answer(trail.Answer{Question: "ss -ltn", Text: "0.0.0.0:8080"})
	return []judged{
		{"nothing-listens-tcp", closed, toService, trail.Rejected, "tcp", trail.Observed, []string{"nothing-listens"}},
		{"nothing-listens-udp", udp(webAddr, 5353).leave().cross().arrive().icmp(webEth, 3, 3).drop(webEth, "NO_SOCKET", "__udp4_lib_rcv+0x4bc/0xd00", ""), nil, trail.Rejected, "udp", trail.Observed, []string{"nothing-listens"}},
		{"nothing-listens-udp-ipv6", newWalk("UDP, 20 bytes", 17, clientAddr6, webAddr6, 40000, 5353).leave().cross().arrive().drop(webEth, "NO_SOCKET", "__udp6_lib_rcv+0xe1/0xb00", ""), nil, trail.Rejected, "udp", trail.Inferred, []string{"nothing-listens"}},
		{"socket-queue-full", udp(webAddr, 7000).leave().cross().arrive().add(webEth, trail.Observation{Stage: trail.StageSocketFull}).drop(webEth, "SOCKET_RCVBUFF", "udp_queue_rcv_one_skb+0x437/0x4c0", ""), nil, trail.Dropped, "udp", trail.Observed, []string{"socket-queue-full"}},
		{"accept-queue-full", syn(webAddr, 7001).leave().cross().arrive().consume(webEth), func(c *Context) {
			c.Conversation = &trail.Conversation{Result: trail.ResultNothing}
		}, trail.Dropped, "tcp", trail.Inferred, []string{"socket-queue-full"}},
		{"accept-queue-full-reason", syn(webAddr, 7001).leave().cross().arrive().drop(webEth, "TCP_LISTEN_OVERFLOW", "tcp_v4_syn_recv_sock+0x1/0x2", ""), nil, trail.Dropped, "tcp", trail.Observed, []string{"socket-queue-full"}},
		{"xdp", syn(webAddr, 80).leave().drop(node1Veth, "XDP", "veth_xdp_rcv_skb+0x1/0x2", ""), nil, trail.Dropped, "veth1", trail.Observed, nil},
	}
}

func absenceCases() []judged {
	missed := func(c *Context) { c.Missed = map[string]uint64{"kernel ring": 12} }
	dropped := syn(webAddr, 80).leave().rules(node1Cni, "FORWARD", matched("filter", "FORWARD", "drop", "-A FORWARD -j DROP")).nfdrop(node1Cni, "FORWARD")
	running := syn(webAddr, 80).leave()
	running.t.Ended = false
	return []judged{
		{"lost-in-node", syn(webAddr, 80).leave(), nil, trail.Lost, "cni0 in", trail.Inferred, nil},
		{"lost-missed", syn(webAddr, 80).leave(), missed, trail.Unknown, "cni0 in", "", nil},
		{"dropped-missed", dropped, missed, trail.Dropped, "filter FORWARD", trail.Observed, []string{"netfilter-drop"}},
		{"lost-blind", syn(webAddr, 80).leave(), func(c *Context) {
			c.Blind = []trail.Blind{{Node: "node1", What: "packets that XDP drops", Why: "an XDP program runs on veth1"}}
		}, trail.Unknown, "cni0 in", "", nil},
		{"lost-blind-rules-only", syn(webAddr, 80).leave(), func(c *Context) {
			c.Blind = []trail.Blind{{What: "rules of iptables-legacy", Why: "no log"}}
		}, trail.Lost, "cni0 in", trail.Inferred, nil},
		{"lost-not-armed", syn(webAddr, 80).leave(), func(c *Context) { c.Armed = nil }, trail.Unknown, "cni0 in", "", nil},
		{"under-way", running, func(c *Context) { c.Over = false }, trail.Unknown, "cni0 in", "", nil},
		{"nothing-seen", &walk{}, nil, trail.Unknown, "", "", nil},
		{"arrived-missed", syn(webAddr, 80).leave().cross().arrive(), missed, trail.Unknown, "eth0 in", "", nil},
	}
}
