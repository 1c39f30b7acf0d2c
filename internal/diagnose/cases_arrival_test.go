package diagnose

import (
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/trail"
)

// piece begins the way of one fragment of a packet.
func (w *walk) piece(copyOf, n int) *walk {
	if n > 1 {
		w.flow.SrcPort, w.flow.DstPort = 0, 0
	}
	w.copy = copyOf
	w.out(clientEth)
	w.last().Changes = []string{"fragment " + strconv.Itoa(n) + " of 2: bytes 1424 to 1600"}
	return w.in(node1Veth).in(node1Cni).cross()
}

// noDrops is a run without a probe in the kernel.
func noDrops(c *Context) {
	c.Blind = []trail.Blind{{What: "drop reasons and where in the kernel a packet was dropped", Why: "--no-bpf asks for it"}}
}

// arrivalCases are about packets that came to where they should, whole or in
// pieces, and were not seen to be taken.
func arrivalCases() []judged {
	back := func(c *Context) { c.Source, c.Destination = c.Destination, Endpoint{} }
	both := func() *walk { return udp(webAddr, 53).piece(0, 1).arrive().piece(1, 2) }
	ttl := func(w *walk) *walk { w.ttl = 64; return w }
	taken := ttl(both()).arrive()
	taken.deliver(webEth).last().Changes = []string{"reassembled"}
	reset := func(from string) func(*Context) {
		return func(c *Context) {
			noDrops(c)
			c.Conversation = &trail.Conversation{Flow: syn(webAddr, 81).flow, Result: trail.ResultRefused, From: ip(from), Error: "connection refused"}
		}
	}
	noLookups := func() *walk { return syn(webAddr, 81).out(clientEth).in(webEth) }
	denied := udp(webAddr, 53).leave().cross().arrive().
		answer(trail.Answer{Question: "ip route get " + webAddr + " from " + clientAddr + " iif eth0", Error: "Invalid argument", Errno: 22})
	return []judged{
		{"arrived-last-ack", newWalk("TCP ACK seq 8", 6, webAddr, clientAddr, 80, 40000).home().route(clientEth, trail.Route{In: "eth0", Device: "eth0"}), back, trail.Delivered, "eth0 in", trail.Inferred, nil},
		{"arrived-drops-not-visible", noLookups(), noDrops, trail.Delivered, "eth0 in", trail.Inferred, nil},
		{"arrived-other-address", newWalk("UDP, 20 bytes", 17, clientAddr, "10.99.0.12", 1, 53).leave().out(node1Eth).in(node2Eth), func(c *Context) {
			c.Destination = Endpoint{Addrs: []netip.Addr{ip("10.99.0.12")}}
		}, trail.Delivered, "eth0 in", trail.Inferred, nil},
		{"arrived-masqueraded", newWalk("TCP SYN,ACK seq 9", 6, "10.99.0.12", "10.99.0.11", 80, 40000).in(node1Eth), func(c *Context) {
			c.Source, c.Destination = Endpoint{}, c.Source
		}, trail.Lost, "eth0 in", trail.Inferred, nil},
		{"arrived-swapped", syn(webAddr, 80).leave().cross().arrive(), func(c *Context) { c.Source, c.Destination = c.Destination, c.Source }, trail.Delivered, "eth0 in", trail.Inferred, nil},
		{"arrived-and-denied", denied, nil, trail.Lost, "eth0 in", trail.Inferred, nil},
		{"nothing-listens-by-reset", noLookups(), reset(webAddr), trail.Rejected, "eth0 in", trail.Inferred, []string{"nothing-listens"}},
		{"reset-of-somebody-else", noLookups(), reset(node1Addr), trail.Rejected, "eth0 in", trail.Inferred, nil},
		{"fragments-taken", taken, nil, trail.Delivered, "socket", trail.Observed, nil},
		{"fragments-arrived", both().arrive(), nil, trail.Delivered, "eth0 in", trail.Inferred, nil},
		{"fragment-dropped", both().nfdrop(node2Vx, "FORWARD"), nil, trail.Dropped, "FORWARD", trail.Observed, []string{"netfilter-drop", "fragment-lost"}},
		{"fragment-lost", both(), nil, trail.Lost, "flannel.1 in", trail.Inferred, []string{"fragment-lost"}},
		{"fragment-lost-first-consumed", udp(webAddr, 53).piece(0, 1).arrive().consume(webEth).piece(1, 2), nil, trail.Lost, "flannel.1 in", trail.Inferred, []string{"fragment-lost"}},
		{"fragment-lost-but-answered", both(), func(c *Context) { c.Answer = &synAck().in(clientEth).t; c.Answer.Flow.Proto = 17 }, trail.Delivered, "eth0 in", trail.Inferred, nil},
	}
}

// hookCases are drops whose rule was not seen.
func hookCases() []judged {
	before := func(p trail.Point, hook string, priority int) *walk {
		return syn(webAddr, 80).leave().add(p, trail.Observation{Stage: trail.StageHook, Dir: trail.In, Hook: &trail.Hook{Name: hook, Family: "ip", Priority: priority}})
	}
	blind := func(c *Context) {
		c.Blind = []trail.Blind{{Node: "node1", Namespace: "node1", What: "rules of iptables-legacy", Why: "its trace goes nowhere"}}
	}
	ingress := func(reason, hook string) *walk {
		return syn(webAddr, 80).leave().cross().arrive().drop(webEth, reason, "nft_do_chain+0x3e8/0x600", hook)
	}
	return []judged{
		{"drop-between-brackets", before(node1Cni, "FORWARD", -151).nfdrop(node1Cni, "FORWARD"), blind, trail.Dropped, "mangle FORWARD", trail.Observed, []string{"netfilter-drop"}},
		{"drop-behind-brackets", before(node1Cni, "FORWARD", 1).nfdrop(node1Cni, "FORWARD"), nil, trail.Dropped, "FORWARD", trail.Observed, []string{"netfilter-drop"}},
		{"drop-ingress", ingress("NETFILTER_DROP", "INGRESS"), nil, trail.Dropped, "ingress of eth0", trail.Observed, []string{"netfilter-drop"}},
		{"drop-ingress-reason", ingress("NETFILTER_INGRESS", ""), nil, trail.Dropped, "ingress of eth0", trail.Observed, []string{"netfilter-drop"}},
	}
}
