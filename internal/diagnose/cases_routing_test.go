package diagnose

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// refused is a packet that node1 has no good route for, as ip_error ends it.
func refused(errno int, typ, code uint8, reason string) *walk {
	w := syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Err: errno})
	if typ != 0 {
		// The lookup for the way of the ICMP error follows.
		w.route(node1Cni, trail.Route{Src: ip("10.244.1.1"), Dst: ip(clientAddr), In: "lo", Device: "cni0"})
		w.icmp(node1Cni, typ, code)
	}
	return w.drop(node1Cni, reason, "ip_error+0x94/0x210", "")
}

const decision = "routing decision after PREROUTING"

// lookups6 are those of IPv6 on node1: in table local, which has nothing, and
// in table main.
func lookups6(errno int) *walk {
	device := "lo" // the null entry's
	if errno == 0 {
		device = "eth0"
	}
	return syn6(webAddr6, 80).leave().route(node1Cni, trail.Route{In: "cni0", Table: tableLocal, Device: "lo", Err: 113}).route(node1Cni, trail.Route{In: "cni0", Device: device, Err: errno})
}

func routingCases() []judged {
	articles := newWalk("TCP SYN seq 1726587944", packet.ProtoTCP, "192.168.235.13", "10.0.1.12", 14024, 8081)
	enp5s0 := trail.Point{Node: "ceph2", Interface: "enp5s0", Netns: 7}
	articles.rules(enp5s0, "PREROUTING", matched("nat", "DOCKER", "return", ""), trail.Rule{Family: "ip", Table: "nat", Chain: "PREROUTING", Number: 3, Kind: trail.RulePolicy, Legacy: true})
	asked := func(w *walk) *walk {
		return w.rules(enp5s0, "PREROUTING", matched("nat", "PREROUTING", "accept", "")).
			answer(trail.Answer{Question: "ip route get 10.0.1.12 from 192.168.235.13 iif enp5s0", Error: "Invalid cross-device link", Errno: 18}).
			answer(trail.Answer{Question: "ip route get 192.168.235.13", Text: "192.168.235.13 via 10.0.0.1 dev enp3s0", Route: &trail.Route{Table: tableMain, Dst: ip("192.168.235.13"), Device: "enp3s0", Type: "unicast"}}).
			setting("net.ipv4.conf.all.rp_filter", "1").setting("net.ipv4.conf.enp5s0.rp_filter", "0")
	}
	ceph := func(c *Context) {
		*c = Context{Over: true, Armed: []Place{{Netns: 7, Node: "ceph2"}}}
	}
	return []judged{
		{"no-route", refused(11, 3, 0, "IP_INNOROUTES"), nil, trail.Rejected, decision, trail.Observed, []string{"no-route"}},
		{"no-route-ipv6", lookups6(113).drop(node1Cni, "IP_INNOROUTES", "ip6_pkt_discard+0x11/0x20", ""), nil, trail.Rejected, decision, trail.Inferred, []string{"no-route"}},
		{"no-route-sender", &walk{}, func(c *Context) {
			c.Conversation = &trail.Conversation{Flow: syn(webAddr, 80).flow, Result: trail.ResultFailed, Error: "network is unreachable"}
		}, trail.Rejected, "", trail.Observed, []string{"no-route"}},
		{"blackhole", refused(22, 0, 0, "NOT_SPECIFIED"), nil, trail.Dropped, decision, trail.Observed, []string{"blackhole-route"}},
		{"blackhole-asked", refused(22, 0, 0, "NOT_SPECIFIED").answer(trail.Answer{Question: "ip route get " + webAddr + " from " + clientAddr + " iif cni0", Error: "Invalid argument", Errno: 22, Route: &trail.Route{Table: tableMain, Dst: ip(webAddr), Prefix: netip.MustParsePrefix("10.244.2.0/24"), Type: "blackhole"}}), nil, trail.Dropped, decision, trail.Observed, []string{"blackhole-route"}},
		{"blackhole-lookup-not-seen", syn(webAddr, 80).leave().drop(node1Cni, "NOT_SPECIFIED", "ip_error+0x94/0x210", ""), nil, trail.Dropped, decision, trail.Observed, []string{"blackhole-route"}},
		{"prohibit-lookup-not-seen", syn(webAddr, 80).leave().icmp(node1Cni, 3, 13).drop(node1Cni, "NOT_SPECIFIED", "ip_error+0x94/0x210", ""), nil, trail.Rejected, decision, trail.Observed, []string{"prohibit-route"}},
		{"blackhole-ipv6", lookups6(22).drop(node1Cni, "NOT_SPECIFIED", "dst_discard_out+0x14/0x30", ""), nil, trail.Dropped, decision, trail.Observed, []string{"blackhole-route"}},
		{"prohibit", refused(13, 3, 13, "NOT_SPECIFIED"), nil, trail.Rejected, decision, trail.Observed, []string{"prohibit-route"}},
		{"prohibit-ipv6", lookups6(13).drop(node1Cni, "IP_INNOROUTES", "ip6_pkt_prohibit+0x14/0x30", ""), nil, trail.Rejected, decision, trail.Inferred, []string{"prohibit-route"}},
		{"unreachable", refused(113, 3, 1, "NOT_SPECIFIED"), nil, trail.Rejected, decision, trail.Observed, []string{"unreachable-route"}},
		{"forwarding-off", syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1", Gateway: ip("10.244.2.0")}).drop(node1Cni, "IP_INADDRERRORS", "ip_error+0x94/0x210", "").setting("net.ipv4.ip_forward", "0"), nil, trail.Dropped, decision, trail.Observed, []string{"forwarding-off"}},
		{"forwarding-off-ipv6", lookups6(0).drop(node1Cni, "IP_INADDRERRORS", "ip6_forward+0x642/0xae0", ""), nil, trail.Dropped, decision, trail.Observed, []string{"forwarding-off"}},
		{"rpfilter", syn(webAddr, 80).leave().cross().route(node2Vx, trail.Route{In: "flannel.1", Device: "cni0"}).route(node2Vx, trail.Route{Src: ip(webAddr), Dst: ip(clientAddr), Table: 100, Device: "eth0", ReversePath: true}).drop(node2Vx, "IP_RPFILTER", "ip_rcv_finish_core+0x25b/0x470", "").setting("net.ipv4.conf.all.rp_filter", "1").setting("net.ipv4.conf.flannel.1.rp_filter", "0"), nil, trail.Dropped, decision, trail.Observed, []string{"reverse-path-filter", "policy-rule"}},
		{"rpfilter-no-way-back", syn(webAddr, 80).leave().cross().route(node2Vx, trail.Route{Src: ip(webAddr), Dst: ip(clientAddr), Err: 11, ReversePath: true}).drop(node2Vx, "IP_RPFILTER", "ip_rcv_finish_core+0x25b/0x470", ""), nil, trail.Dropped, decision, trail.Observed, []string{"reverse-path-filter"}},
		{"rpfilter-asked", asked(newWalk("TCP SYN seq 1726587944", packet.ProtoTCP, "192.168.235.13", "10.0.1.12", 14024, 8081).in(enp5s0)), ceph, trail.Lost, decision, trail.Inferred, []string{"reverse-path-filter"}},
		{"lost-after-prerouting-kernel-log", articles, func(c *Context) { *c = Context{Over: true} }, trail.Unknown, "PREROUTING", "", nil},
	}
}

// moreRoutingCases are about what happens once there is a route.
func moreRoutingCases() []judged {
	stolen := synAck().out(webEth).in(node2Veth).in(node2Cni).route(node2Cni, trail.Route{In: "cni0", Table: 100, Device: "eth0", Gateway: ip("10.99.0.1")}).out(node2Eth)
	toClient := func(c *Context) { c.Source, c.Destination = c.Destination, c.Source }
	big := syn(webAddr, 80)
	big.len = 1464
	loop := syn("10.50.0.1", 80)
	loop.leave()
	for range 3 {
		loop.route(node1Cni, trail.Route{In: "cni0", Device: "eth0", Gateway: ip(node2Addr)}).out(node1Eth).in(node2Eth).route(node2Eth, trail.Route{In: "eth0", Device: "eth0", Gateway: ip(node1Addr)}).out(node2Eth).in(node1Eth)
	}
	bigger := func(w *walk) *walk {
		for i := range w.t.Observations {
			w.t.Observations[i].Len = 1464
		}
		w.len = 1464
		return w
	}
	return []judged{
		{"policy-rule-steals-reply", stolen, toClient, trail.Lost, "eth0 out", trail.Inferred, []string{"policy-rule"}},
		{"mtu", big.leave().route(node1Cni, trail.Route{In: "cni0", Device: "eth0"}).icmp(node1Cni, 3, 4).answer(trail.Answer{Question: "ip route get " + webAddr + " from " + clientAddr + " iif cni0", Text: webAddr + " dev eth0 src 10.244.1.1 mtu 1400", Route: &trail.Route{Table: tableMain, Dst: ip(webAddr), Device: "eth0", Type: "unicast"}}).drop(node1Cni, "PKT_TOO_BIG", "ip_forward+0x2c0/0x730", ""), nil, trail.Rejected, "forwarding", trail.Observed, []string{"mtu"}},
		{"mtu-behind-bridge", bigger(syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"})).icmp(node1Cni, 3, 4).drop(node1Cni, "PKT_TOO_BIG", "ip_forward+0x2c0", "PREROUTING"), nil, trail.Rejected, "forwarding", trail.Observed, []string{"mtu"}},
		{"mtu-ipv6", bigger(lookups6(0)).drop(node1Cni, "PKT_TOO_BIG", "ip6_forward+0x351/0xae0", ""), nil, trail.Rejected, "forwarding", trail.Inferred, []string{"mtu"}},
		{"mtu-sender", &walk{}, func(c *Context) {
			c.Conversation = &trail.Conversation{Flow: syn(webAddr, 80).flow, Result: trail.ResultFailed, Error: "message too long"}
		}, trail.Rejected, "", trail.Observed, []string{"mtu"}},
		{"mtu-sender-lookup", newWalk("nothing was sent", packet.ProtoICMP, clientAddr, webAddr, 0, 0).route(clientEth, trail.Route{In: "lo", Device: "eth0", Gateway: ip("10.244.1.1")}), func(c *Context) {
			c.Conversation = &trail.Conversation{Flow: syn(webAddr, 80).flow, Result: trail.ResultFailed, Error: "message too long, MTU 1450"}
		}, trail.Rejected, "routing decision for output", trail.Observed, []string{"mtu"}},
		{"ttl-exceeded", syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1"}).icmp(node1Cni, 11, 0).drop(node1Cni, "IP_INHDR", "ip_forward+0x2c0/0x730", ""), nil, trail.Rejected, "forwarding", trail.Observed, []string{"ttl-exceeded"}},
		{"ttl-exceeded-loop", loop.icmp(node1Eth, 11, 0).drop(node1Eth, "IP_INHDR", "ip_forward+0x2c0/0x730", ""), func(c *Context) { c.Destination = Endpoint{} }, trail.Rejected, "forwarding", trail.Observed, []string{"ttl-exceeded"}},
		{"martian-local-source", syn(webAddr, 80).leave().drop(node1Cni, "IP_LOCAL_SOURCE", "ip_rcv_finish_core+0x25b/0x470", ""), nil, trail.Dropped, decision, trail.Observed, []string{"martian-source"}},
		{"martian-invalid-source", newWalk("UDP, 20 bytes", packet.ProtoUDP, "224.0.0.5", webAddr, 1, 53).in(node1Veth).in(node1Cni).drop(node1Cni, "IP_INVALID_SOURCE", "ip_rcv_finish_core+0x25b/0x470", "").answer(trail.Answer{Question: "dmesg", Text: "IPv4: martian source 10.244.2.2 from 224.0.0.5, on dev cni0"}), nil, trail.Dropped, decision, trail.Observed, []string{"martian-source"}},
		{"martian-loopback", newWalk("UDP, 20 bytes", packet.ProtoUDP, clientAddr, "127.0.0.1", 1, 53).leave().drop(node1Cni, "IP_LOCALNET", "ip_rcv_finish_core+0x25b/0x470", ""), func(c *Context) { c.Destination = Endpoint{} }, trail.Dropped, decision, trail.Observed, []string{"martian-source"}},
	}
}

// ruleTypeCases are policy rules that end lookups by themselves, and lookups
// of the way back that are another packet's.
func ruleTypeCases() []judged {
	ruled := func(errno int, kind string) *walk {
		w := syn(webAddr, 80).leave().cross().route(node2Vx, trail.Route{In: "flannel.1", Table: tableLocal, Err: 11})
		said := map[int]string{13: "Permission denied", 22: "Invalid argument", 101: "Network is unreachable"}[errno]
		return w.answer(trail.Answer{Question: "ip route get " + webAddr + " from " + clientAddr + " iif flannel.1", Error: said, Errno: errno}).
			answer(trail.Answer{Question: "ip rule", Text: "rule 0: from all lookup local -> table local: no route\nrule 51: from 10.244.1.2 " + kind + " -> " + said})
	}
	outer := syn(webAddr, 80).leave().cross()
	outer.add(node2Eth, trail.Observation{Stage: trail.StageRoute, Route: &trail.Route{Src: ip(node2Addr), Dst: ip(node1Addr), Table: tableMain, Device: "eth0", ReversePath: true}})
	outer.in(node2Vx).drop(node2Vx, "IP_RPFILTER", "ip_rcv_finish_core+0x25b/0x470", "").
		setting("net.ipv4.conf.all.rp_filter", "0").setting("net.ipv4.conf.flannel/1.rp_filter", "1")
	return []judged{
		{"rule-prohibit", ruled(13, "prohibit").icmp(node2Vx, 3, 13).drop(node2Vx, "NOT_SPECIFIED", "ip_error+0x94/0x210", ""), nil, trail.Rejected, decision, trail.Observed, []string{"policy-rule"}},
		{"rule-blackhole", ruled(22, "blackhole").drop(node2Vx, "NOT_SPECIFIED", "ip_error+0x94/0x210", ""), nil, trail.Dropped, decision, trail.Observed, []string{"policy-rule"}},
		{"rule-unreachable", ruled(101, "unreachable").icmp(node2Vx, 3, 0).drop(node2Vx, "IP_INNOROUTES", "ip_error+0x94/0x210", ""), nil, trail.Rejected, decision, trail.Observed, []string{"policy-rule"}},
		{"rpfilter-behind-vxlan", outer, nil, trail.Dropped, decision, trail.Observed, []string{"reverse-path-filter"}},
	}
}
