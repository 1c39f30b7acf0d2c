package diagnose

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// The cluster of the cases: two nodes with flannel's VXLAN, a client on the
// first, a web server on the second.
const (
	nsNode1 = 4026532178 + iota
	nsClient
	nsNode2
	nsWeb
	nsOther
)

var (
	clientEth = trail.Point{Node: "node1", Target: "client", Interface: "eth0", Netns: nsClient, Role: trail.RolePod, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450}
	node1Veth = trail.Point{Node: "node1", Interface: "veth1", Netns: nsNode1, Role: trail.RoleHost, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450}
	node1Cni  = trail.Point{Node: "node1", Interface: "cni0", Netns: nsNode1, Role: trail.RoleBridge, Kind: "bridge", Link: packet.LinkEthernet, MTU: 1450}
	node1Vx   = trail.Point{Node: "node1", Interface: "flannel.1", Netns: nsNode1, Role: trail.RoleOverlay, Kind: "vxlan", Link: packet.LinkEthernet, MTU: 1450}
	node1Eth  = trail.Point{Node: "node1", Interface: "eth0", Netns: nsNode1, Role: trail.RoleUplink, Kind: "veth", Link: packet.LinkEthernet, MTU: 1500}
	node2Veth = trail.Point{Node: "node2", Interface: "veth2", Netns: nsNode2, Role: trail.RoleHost, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450}
	node2Cni  = trail.Point{Node: "node2", Interface: "cni0", Netns: nsNode2, Role: trail.RoleBridge, Kind: "bridge", Link: packet.LinkEthernet, MTU: 1450}
	node2Vx   = trail.Point{Node: "node2", Interface: "flannel.1", Netns: nsNode2, Role: trail.RoleOverlay, Kind: "vxlan", Link: packet.LinkEthernet, MTU: 1450}
	node2Eth  = trail.Point{Node: "node2", Interface: "eth0", Netns: nsNode2, Role: trail.RoleUplink, Kind: "veth", Link: packet.LinkEthernet, MTU: 1500}
	webEth    = trail.Point{Node: "node2", Target: "web", Interface: "eth0", Netns: nsWeb, Role: trail.RolePod, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450}
	otherEth  = trail.Point{Node: "node1", Target: "other", Interface: "eth0", Netns: nsOther, Role: trail.RolePod, Kind: "veth", Link: packet.LinkEthernet, MTU: 1450}
)

const (
	clientAddr, webAddr   = "10.244.1.2", "10.244.2.2"
	clientAddr6, webAddr6 = "fd00:1::2", "fd00:2::2"
	node1Addr, node2Addr  = "10.99.0.11", "10.99.0.12"
	serviceAddr           = "10.96.68.194"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// known is the context of a run that is over and watched everything.
func known() Context {
	return Context{
		Source:      Endpoint{Name: "client", Netns: []uint64{nsClient}, Addrs: []netip.Addr{ip(clientAddr), ip(clientAddr6)}},
		Destination: Endpoint{Name: "web", Netns: []uint64{nsWeb}, Addrs: []netip.Addr{ip(webAddr), ip(webAddr6)}},
		Armed: []Place{
			{Netns: nsNode1, Node: "node1", Addrs: []netip.Addr{ip(node1Addr), ip("10.244.1.1")}},
			{Netns: nsClient, Node: "node1", Target: "client", Addrs: []netip.Addr{ip(clientAddr), ip(clientAddr6)}},
			{Netns: nsNode2, Node: "node2", Addrs: []netip.Addr{ip(node2Addr), ip("10.244.2.1")}},
			{Netns: nsWeb, Node: "node2", Target: "web", Addrs: []netip.Addr{ip(webAddr), ip(webAddr6)}},
		},
		Over: true,
	}
}

// walk makes a trail by hand: each step is one observation, as the kernel's
// tracepoints give them.
type walk struct {
	t      trail.Trail
	flow   packet.Flow
	tunnel []trail.Tunnel
	ttl    uint8
	len    int
	copy   int
}

func newWalk(words string, proto packet.Proto, src, dst string, sport, dport uint16) *walk {
	f := packet.Flow{Proto: proto, Src: ip(src), Dst: ip(dst), SrcPort: sport, DstPort: dport}
	return &walk{t: trail.Trail{Number: 1, Packet: words, Flow: f, Ended: true}, flow: f, ttl: 64, len: 74}
}

func syn(dst string, port uint16) *walk {
	return newWalk("TCP SYN seq 7", packet.ProtoTCP, clientAddr, dst, 40000, port)
}

func syn6(dst string, port uint16) *walk {
	return newWalk("TCP SYN seq 7", packet.ProtoTCP, clientAddr6, dst, 40000, port)
}

func udp(dst string, port uint16) *walk {
	return newWalk("UDP, 20 bytes", packet.ProtoUDP, clientAddr, dst, 40000, port)
}

func echo(dst string) *walk {
	w := newWalk("ICMP echo request, id 7, seq 1", packet.ProtoICMP, clientAddr, dst, 0, 0)
	w.flow.ID, w.t.Flow.ID = 7, 7
	return w
}

func synAck() *walk {
	return newWalk("TCP SYN,ACK seq 9", packet.ProtoTCP, webAddr, clientAddr, 80, 40000)
}

// add appends one observation and fills in what all have.
func (w *walk) add(p trail.Point, o trail.Observation) *walk {
	o.Point, o.Copy = p, w.copy
	o.Time = int64(len(w.t.Observations)+1) * 4000
	if o.Stage != trail.StageRoute {
		o.Len = w.len
		o.Seen = trail.Headers{Flow: w.flow, TTL: w.ttl, Tunnels: w.tunnel, SrcMAC: "02:00:00:00:00:01", DstMAC: "02:00:00:00:00:02"}
		o.Flight = 1
	}
	w.t.Observations = append(w.t.Observations, o)
	return w
}

func (w *walk) in(p trail.Point) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageReceive, Dir: trail.In})
}

func (w *walk) out(p trail.Point) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageQueue, Dir: trail.Out})
}

func (w *walk) drop(p trail.Point, reason, at, hook string) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageDrop, Drop: &trail.Drop{Reason: reason, At: at, Hook: hook}})
}

// nfdrop is a drop by netfilter as 6.18 shows it.
func (w *walk) nfdrop(p trail.Point, hook string) *walk {
	return w.drop(p, "NETFILTER_DROP", "nf_hook_slow+0x7d/0x110", hook)
}

func (w *walk) icmp(p trail.Point, typ, code uint8) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "icmp", Type: typ, Code: code}})
}

func (w *walk) rules(p trail.Point, hook string, rules ...trail.Rule) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageRules, Late: true, Hook: &trail.Hook{Name: hook, Family: "ip"}, Rules: rules})
}

func (w *walk) consume(p trail.Point) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageConsume})
}

func (w *walk) deliver(p trail.Point) *walk {
	return w.add(p, trail.Observation{Stage: trail.StageDeliver, Socket: &trail.Socket{Process: "nginx", PID: 4711, Basis: trail.Observed}})
}

// route is a lookup for the packet's destination that came in by an interface.
func (w *walk) route(p trail.Point, r trail.Route) *walk {
	if !r.Dst.IsValid() {
		r.Src, r.Dst = w.flow.Src, w.flow.Dst
	}
	if r.Table == 0 {
		r.Table = tableMain
	}
	return w.add(p, trail.Observation{Stage: trail.StageRoute, Route: &r})
}

// last gives the observation that was added last, to add to.
func (w *walk) last() *trail.Observation { return &w.t.Observations[len(w.t.Observations)-1] }

// answer attaches what the kernel said.
func (w *walk) answer(a trail.Answer) *walk {
	w.last().Answers = append(w.last().Answers, a)
	return w
}

func (w *walk) setting(name, value string) *walk {
	w.last().Settings = append(w.last().Settings, trail.Setting{Name: name, Value: value})
	return w
}

// encap puts the packet into VXLAN between two nodes; with no addresses it
// takes it out.
func (w *walk) encap(src, dst string) *walk {
	w.tunnel = nil
	if src != "" {
		w.tunnel = []trail.Tunnel{{Kind: "VXLAN", ID: 1, HasID: true, Flow: packet.Flow{Proto: packet.ProtoUDP, Src: ip(src), Dst: ip(dst), SrcPort: 40123, DstPort: 8472}}}
	}
	return w
}

// leave goes from the client into its node.
func (w *walk) leave() *walk { return w.out(clientEth).in(node1Veth).in(node1Cni) }

// dnat changes the destination.
func (w *walk) dnat(dst string, port uint16) *walk {
	w.flow.Dst, w.flow.DstPort = ip(dst), port
	return w
}

// cross goes from the first node to the second by VXLAN.
func (w *walk) cross() *walk {
	w.route(node1Cni, trail.Route{In: "cni0", Device: "flannel.1", Gateway: ip("10.244.2.0")})
	w.ttl--
	return w.out(node1Vx).encap(node1Addr, node2Addr).out(node1Eth).in(node2Eth).encap("", "").in(node2Vx)
}

// arrive goes from the second node's tunnel to the web server.
func (w *walk) arrive() *walk {
	w.route(node2Vx, trail.Route{In: "flannel.1", Device: "cni0"})
	w.ttl--
	return w.out(node2Cni).out(node2Veth).in(webEth)
}

// home is the whole way of an answer, to the client's eth0.
func (w *walk) home() *walk {
	return w.out(webEth).in(node2Veth).in(node2Cni).route(node2Cni, trail.Route{In: "cni0", Device: "flannel.1", Gateway: ip("10.244.1.0")}).
		out(node2Vx).encap(node2Addr, node1Addr).out(node2Eth).in(node1Eth).encap("", "").in(node1Vx).
		route(node1Vx, trail.Route{In: "flannel.1", Device: "cni0"}).out(node1Cni).out(node1Veth).in(clientEth)
}

func matched(table, chain, verdict, text string) trail.Rule {
	return trail.Rule{Family: "ip", Table: table, Chain: chain, Handle: 12, Kind: trail.RuleMatched, Verdict: verdict, Text: text}
}

func legacy(table, chain string, number int, text string) trail.Rule {
	return trail.Rule{Family: "ip", Table: table, Chain: chain, Number: number, Kind: trail.RuleMatched, Text: text, Legacy: true}
}
