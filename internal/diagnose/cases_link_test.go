package diagnose

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/trail"
)

// needs is a packet whose next hop has no link address yet.
func (w *walk) needs(p trail.Point, addr, device, state string) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageNeighbour, Neighbour: &trail.Neighbour{Addr: ip(addr), Device: device, State: state, Parked: state == "INCOMPLETE"}})
}

// outer is a packet in VXLAN that leaves the first node for an address.
func outer(dst string) *walk {
	return syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1", Gateway: ip("10.244.2.0")}).out(node1Vx).encap(node1Addr, dst)
}

func linkCases() []judged {
	last := func() *walk {
		return syn(webAddr, 80).leave().cross().route(node2Vx, trail.Route{In: "flannel.1", Device: "cni0"})
	}
	wrongMAC := outer(node2Addr).out(node1Eth).in(node2Eth).encap("", "").in(node2Vx).drop(node2Vx, "OTHERHOST", "ip_rcv_core+0x22c/0x350", "")
	blocked := legacy("filter", "INPUT", 2, "-A INPUT -p udp -m udp --dport 8472 -j DROP")
	twice := syn("10.244.2.2", 80).leave().needs(node1Cni, webAddr, "cni0", "REACHABLE")
	twice.last().Neighbour.MAC = "02:00:00:00:00:aa"
	duplicate := Endpoint{Name: "web", Netns: []uint64{nsWeb}, Addrs: []netip.Addr{ip(webAddr)}}
	return []judged{
		{"neighbour-parked", last().needs(node2Cni, webAddr, "cni0", "INCOMPLETE"), func(c *Context) { c.Over = false }, trail.Parked, "next hop 10.244.2.2 on cni0", trail.Observed, []string{"neighbour-failed"}},
		{"neighbour-failed", last().needs(node2Cni, webAddr, "cni0", "INCOMPLETE").icmp(node2Cni, 3, 1).drop(node2Cni, "NEIGH_FAILED", "neigh_invalidate+0x7e/0x140", ""), nil, trail.Rejected, "next hop 10.244.2.2 on cni0", trail.Observed, []string{"neighbour-failed"}},
		{"neighbour-failed-silent", last().drop(node2Cni, "NEIGH_FAILED", "neigh_invalidate+0x7e/0x140", ""), nil, trail.Dropped, "next hop 10.244.2.2 on cni0", trail.Observed, []string{"neighbour-failed"}},
		{"neighbour-failed-ipv6", syn6(webAddr6, 80).leave().cross().needs(node2Cni, webAddr6, "cni0", "INCOMPLETE").drop(node2Cni, "NOT_SPECIFIED", "neigh_invalidate+0x7e/0x140", ""), nil, trail.Rejected, "next hop fd00:2::2 on cni0", trail.Inferred, []string{"neighbour-failed"}},
		{"vxlan-no-fdb", syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1", Gateway: ip("10.244.2.0")}).out(node1Vx).drop(node1Vx, "NO_TX_TARGET", "vxlan_xmit+0xd25/0x15a0", ""), nil, trail.Dropped, "flannel.1", trail.Observed, []string{"vxlan-wrong-peer"}},
		{"vxlan-wrong-fdb", outer("10.99.0.99").needs(node1Eth, "10.99.0.99", "eth0", "INCOMPLETE").icmp(node1Eth, 3, 1).drop(node1Eth, "NEIGH_FAILED", "neigh_invalidate+0x7e/0x140", "").answer(trail.Answer{Question: "bridge fdb show dev flannel.1", Text: "02:00:00:00:00:02 dst 10.99.0.99 self permanent"}), nil, trail.Dropped, "next hop 10.99.0.99 on eth0", trail.Observed, []string{"vxlan-wrong-peer"}},
		{"vxlan-wrong-fdb-lookup-not-seen", outer("10.99.0.99").icmp(node1Eth, 3, 1).drop(node1Eth, "NEIGH_FAILED", "neigh_invalidate+0x7e", ""), nil, trail.Dropped, "next hop 10.99.0.99 on eth0", trail.Observed, []string{"vxlan-wrong-peer"}},
		{"vxlan-uplink-down", outer(node2Addr).encap("", "").route(node1Vx, trail.Route{Src: ip(node1Addr), Dst: ip(node2Addr), In: "lo", Err: 11}).drop(node1Vx, "IP_OUTNOROUTES", "vxlan_xmit_one+0x5c9", "PREROUTING"), nil, trail.Dropped, "routing decision for output", trail.Observed, []string{"no-route"}},
		{"vxlan-uplink-down-lookup-not-seen", outer(node2Addr).encap("", "").drop(node1Vx, "IP_OUTNOROUTES", "vxlan_xmit_one+0x5c9", ""), nil, trail.Dropped, "routing decision for output", trail.Observed, []string{"no-route"}},
		{"vxlan-foreign-peer", outer("10.98.0.12").out(node1Eth), nil, trail.Lost, "eth0 out", trail.Inferred, []string{"vxlan-wrong-peer"}},
		{"vxlan-wrong-vtep-mac", wrongMAC, nil, trail.Dropped, "flannel.1", trail.Observed, []string{"vxlan-wrong-peer"}},
		{"vxlan-nobody-there", outer(node2Addr).out(node1Eth).in(node2Eth).icmp(node2Eth, 3, 3).drop(node2Eth, "NO_SOCKET", "__udp4_lib_rcv+0x4bc/0xd00", ""), nil, trail.Dropped, "udp", trail.Observed, []string{"vxlan-wrong-peer"}},
		{"vxlan-other-vni", outer(node2Addr).out(node1Eth).in(node2Eth).drop(node2Eth, "VXLAN_VNI_NOT_FOUND", "vxlan_rcv+0x84/0xc10", ""), nil, trail.Dropped, "eth0", trail.Observed, []string{"vxlan-wrong-peer"}},
		{"vxlan-port-blocked", outer(node2Addr).out(node1Eth).in(node2Eth).rules(node2Eth, "INPUT", blocked).nfdrop(node2Eth, "INPUT"), nil, trail.Dropped, "filter INPUT", trail.Observed, []string{"vxlan-port-blocked"}},
		{"vxlan-blocked-between", outer(node2Addr).out(node1Eth), nil, trail.Lost, "eth0 out", trail.Inferred, []string{"vxlan-port-blocked"}},
		{"duplicate-address", twice.out(node1Veth).in(otherEth).deliver(otherEth), func(c *Context) { c.Destination = duplicate }, trail.Lost, "socket", trail.Observed, []string{"duplicate-address"}},
		{"duplicate-address-refused", syn(webAddr, 80).leave().out(node1Veth).in(otherEth).add(otherEth, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "reset", Reason: "NO_SOCKET"}}).drop(otherEth, "NO_SOCKET", "tcp_v4_rcv+0x91/0x13f0", ""), nil, trail.Rejected, "tcp", trail.Observed, []string{"duplicate-address"}},
		{"wrong-mac", syn(webAddr, 80).leave().drop(node1Cni, "OTHERHOST", "ip_rcv_core+0x22c/0x350", ""), nil, trail.Dropped, "cni0", trail.Observed, []string{"wrong-mac"}},
	}
}
