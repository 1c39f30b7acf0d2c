package diagnose

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func toSameNode(c *Context) {
	c.Destination = Endpoint{Name: "other", Netns: []uint64{nsOther}, Addrs: []netip.Addr{ip("10.244.1.3")}}
	c.Armed = append(c.Armed, Place{Netns: nsOther, Node: "node1", Target: "other", Addrs: []netip.Addr{ip("10.244.1.3")}})
}

func toService(c *Context) {
	c.Destination = Endpoint{Name: "svc/web", Addrs: []netip.Addr{ip(serviceAddr)}, Service: true}
}

func toOutside(c *Context) {
	c.Destination = Endpoint{Addrs: []netip.Addr{ip("1.2.3.4")}}
}

func deliveredCases() []judged {
	veth3 := node1Veth
	veth3.Interface = "veth3"
	hairpin := syn(serviceAddr, 80).leave().dnat(clientAddr, 8080).in(node1Cni)
	hairpin.flow.Src = ip("10.244.1.1")
	outside := syn("1.2.3.4", 443).leave().route(node1Cni, trail.Route{In: "cni0", Device: "eth0", Gateway: ip("10.99.0.1")})
	outside.flow.Src = ip(node1Addr)
	fragment := udp(webAddr, 53).leave().consume(node1Cni)
	fragment.copy = 1
	fragment.cross().arrive()
	fragment.copy = 2
	fragment.cross().arrive().deliver(webEth)
	flood := echo("10.244.1.3").leave()
	flood.copy = 1
	flood.out(node1Veth).in(webEth).drop(webEth, "OTHERHOST", "ip_rcv_core+0x22c/0x350", "")
	flood.copy = 0
	flood.out(veth3).in(otherEth).consume(otherEth)
	return []judged{
		{"delivered-same-node", syn("10.244.1.3", 80).leave().out(veth3).in(otherEth).consume(otherEth), toSameNode, trail.Delivered, "tcp", trail.Observed, nil},
		{"delivered-vxlan", syn(webAddr, 80).leave().cross().arrive().deliver(webEth), nil, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-by-routes", syn(webAddr, 80).leave().route(node1Cni, trail.Route{In: "cni0", Device: "eth0", Gateway: ip(node2Addr)}).out(node1Eth).in(node2Eth).arrive().consume(webEth), nil, trail.Delivered, "tcp", trail.Observed, nil},
		{"delivered-service", syn(serviceAddr, 80).leave().dnat(webAddr, 8080).cross().arrive().deliver(webEth), toService, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-nodeport", syn(node1Addr, 30080).leave().dnat(webAddr, 8080).cross().arrive().deliver(webEth), func(c *Context) {
			c.Destination = Endpoint{Name: "node/node1", Addrs: []netip.Addr{ip(node1Addr)}, Service: true}
		}, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-hairpin", hairpin.out(node1Veth).in(clientEth).deliver(clientEth), toService, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-outside", outside.out(node1Eth), toOutside, trail.Delivered, "eth0 out", trail.Observed, nil},
		{"delivered-ipv6", syn6(webAddr6, 80).leave().cross().arrive().deliver(webEth), nil, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-udp", udp(webAddr, 53).leave().cross().arrive().deliver(webEth), nil, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-icmp", echo(webAddr).leave().cross().arrive().consume(webEth), nil, trail.Delivered, "icmp", trail.Observed, nil},
		{"delivered-fragments", fragment, nil, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-flooded", flood, toSameNode, trail.Delivered, "icmp", trail.Observed, nil},
		{"delivered-echo-reply", newWalk("ICMP echo reply, id 7, seq 1", packet.ProtoICMP, webAddr, clientAddr, 0, 0).home().drop(clientEth, "NO_SOCKET", "ping_rcv+0xab/0xd0", ""), func(c *Context) {
			c.Source, c.Destination = c.Destination, c.Source
		}, trail.Delivered, "icmp", trail.Observed, nil},
		{"delivered-unread", syn(webAddr, 80).leave().cross().arrive().drop(webEth, "QUEUE_PURGE", "skb_queue_purge_reason+0xdf/0x120", ""), nil, trail.Delivered, "socket", trail.Observed, nil},
		{"delivered-no-consume-seen", syn(webAddr, 80).leave().cross().arrive(), nil, trail.Delivered, "eth0 in", trail.Inferred, nil},
		{"delivered-by-answer", syn(webAddr, 80).leave(), func(c *Context) { c.Answer = &synAck().in(clientEth).t }, trail.Delivered, "cni0 in", trail.Inferred, nil},
	}
}
