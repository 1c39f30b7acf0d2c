package diagnose

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/trail"
)

// copied is an IPv6 packet that the first node frees where it makes room for
// the tunnel's header.
func copied(w *walk) *walk {
	w.leave().route(node1Cni, trail.Route{In: "cni0", Table: tableLocal, Err: 11}).route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1", Gateway: ip("fd00:2::")})
	w.ttl--
	return w.consume(node1Vx)
}

// rest is the way of a copied packet behind the place where it was freed.
func (w *walk) rest() *walk {
	return w.out(node1Vx).encap(node1Addr, node2Addr).out(node1Eth).in(node2Eth).encap("", "").in(node2Vx).arrive()
}

// wayCases are about what is no end of a packet's way.
func wayCases() []judged {
	udp6 := func(port uint16) *walk { return newWalk("UDP, 20 bytes", 17, clientAddr6, webAddr6, 40000, port) }
	multicast := newWalk("UDP, 20 bytes", 17, clientAddr, "239.1.2.3", 5000, 5000)
	multicast.copy = 1
	multicast.in(clientEth).consume(clientEth)
	multicast.copy = 0
	multicast.t.Observations = append(newWalk("", 17, clientAddr, "239.1.2.3", 5000, 5000).out(clientEth).t.Observations, multicast.t.Observations...)
	reset := newWalk("TCP RST seq 7", 6, clientAddr, webAddr, 40000, 80)
	reset.add(clientEth, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "reset", Reason: "TCP_ABORT_ON_CLOSE"}})
	unwatched := func(c *Context) {
		c.Armed = c.Armed[:2] // the client's node
		c.Unwatched = []Place{{Node: "node2", Addrs: []netip.Addr{ip(node2Addr), ip(webAddr)}}}
		c.Blind = []trail.Blind{{Node: "node2", What: "packets on node2", Why: "not armed: more than 10 nodes"}}
	}
	return []judged{
		{"node-not-watched", syn(webAddr, 80).leave().out(node1Vx).encap(node1Addr, node2Addr).out(node1Eth), unwatched, trail.Unknown, "eth0 out", "", nil},
		{"node-not-watched-no-tunnel", syn(webAddr, 80).leave().out(node1Eth), unwatched, trail.Unknown, "eth0 out", "", nil},
		{"node-not-watched-answered", syn(webAddr, 80).leave().out(node1Eth), func(c *Context) {
			unwatched(c)
			c.Conversation = &trail.Conversation{Flow: syn(webAddr, 80).flow, Result: trail.ResultAnswered}
		}, trail.Delivered, "eth0 out", trail.Inferred, nil},
		{"waited-and-sent", syn("10.50.0.1", 80).leave().add(node1Eth, trail.Observation{
			Stage: trail.StageNeighbour, Neighbour: &trail.Neighbour{Addr: ip("10.99.0.1"), Device: "eth0", State: "INCOMPLETE", Parked: true},
		}).out(node1Eth), func(c *Context) {
			c.Destination = Endpoint{}
			c.Conversation = &trail.Conversation{Flow: syn("10.50.0.1", 80).flow, Result: trail.ResultICMP, Refusal: &trail.Refusal{Kind: "icmp", Type: 3, Code: 1, Text: "host unreachable"}, From: ip("10.99.0.1")}
		}, trail.Rejected, "eth0 out", trail.Inferred, nil},
		{"copied-for-a-tunnel", copied(udp6(53)).rest().deliver(webEth), nil, trail.Delivered, "socket", trail.Observed, nil},
		{"copied-and-not-seen-again", copied(udp6(53)), nil, trail.Lost, "flannel.1", trail.Inferred, nil},
		{"copied-nothing-listens", copied(udp6(5353)).rest().drop(webEth, "NO_SOCKET", "__udp6_lib_rcv+0xe1/0xb00", ""), nil, trail.Rejected, "udp", trail.Inferred, []string{"nothing-listens"}},
		{"multicast-looped-back", multicast.in(node1Veth).in(node1Cni).drop(node1Cni, "NOT_SPECIFIED", "ip_mr_input+0x1/0x2", ""), func(c *Context) { c.Destination = Endpoint{} }, trail.Dropped, "cni0", trail.Observed, nil},
		{"reset-by-itself", reset.leave().cross().arrive().consume(webEth), nil, trail.Delivered, "tcp", trail.Observed, nil},
	}
}
