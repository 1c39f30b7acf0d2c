package text

import (
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// sameNode is a ping between two pods of one bridge, with what tcp_v4_rcv and
// its kind free after the work is done.
func sameNode() *TraceResult {
	w := begin("ICMP echo request, id 7, seq 1", echo("10.244.1.7", "10.244.1.9", 7))
	w.in("node-a", "client")
	for i := range int64(3) { // connect() asks for a source, then for a port
		w.route(i, via(254, "10.244.1.0/24", "", "eth0", "lo"))
	}
	w.tx(3, "eth0/veth").see(4, trail.StageTransmit, "eth0/veth", func(o *trail.Observation) { o.Transmit = &trail.Transmit{} })
	w.in("node-a", "").rx(6, "vethe281cd54/veth").rx(8, "cni0/bridge").tx(10, "vethaa01bb02/veth")
	w.in("node-a", "web").rx(12, "eth0/veth").route(13, trail.Route{Table: 254, Device: "eth0", In: "eth0", Dst: netip.MustParseAddr("10.244.1.9")})
	w.see(20, trail.StageConsume, "eth0/veth")
	f := w.ended(trail.Verdict{Outcome: trail.Delivered})
	f.Count = 3
	v := trail.Verdict{Outcome: trail.Delivered, Text: "delivered to ICMP in web on node-a", Missed: map[string]uint64{"kernel ring": 0}}
	return &TraceResult{Folds: []Fold{f}, Verdict: v, Session: conversationOf(trail.Conversation{Result: trail.ResultAnswered, RTT: 41_000}, "node-a")}
}

func masquerade() *TraceResult {
	w := begin("UDP, 34 bytes", udp("10.244.1.7:5353", "192.0.2.53:53"))
	w.in("node-a", "client").route(0, via(254, "0.0.0.0/0", "10.244.1.1", "eth0", "lo")).tx(4, "eth0/veth")
	w.in("node-a", "").rx(6, "cali60337b1a8c1/veth").route(20, via(100, "", "", "", "cali60337b1a8c1"), func(o *trail.Observation) {
		o.Mark = 0x10000
	})
	w.t.Observations[len(w.t.Observations)-1].Route.Err = 11
	w.t.Observations[len(w.t.Observations)-1].Route.Dst = netip.MustParseAddr("192.0.2.53")
	w.route(22, via(254, "0.0.0.0/0", "10.99.0.1", "eth0", "cali60337b1a8c1"))
	masq := rule("nat", "cali-nat-outgoing", 1, "masquerade", "")
	masq.Owner = "Calico: NAT outgoing"
	w.rules(30, "POSTROUTING", rule("nat", "POSTROUTING", 1, "jump", "cali-POSTROUTING"), rule("nat", "cali-POSTROUTING", 2, "jump", "cali-nat-outgoing"), masq)
	w.snat("10.99.0.11:61001").tx(35, "eth0")
	v := trail.Verdict{Outcome: trail.Delivered, Text: "left node-a by eth0 for 192.0.2.53; what is behind is not watched", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v, Session: conversationOf(trail.Conversation{Result: trail.ResultNothing}, "node-a")}
}

func ipv6() *TraceResult {
	w := begin("SYN, seq 1", tcp("[fd00:10:244:1::7]:41822", "[fd00:10:244:2::3]:8080"))
	w.in("node-a", "client").route(0, via(254, "::/0", "fe80::1", "eth0", "lo")).tx(4, "eth0/veth")
	w.in("node-a", "").rx(6, "vethe281cd54/veth").rx(8, "cni0/bridge").route(20, via(254, "fd00:10:244:2::/64", "fd00:99::12", "eth0", "cni0"))
	w.rules(25, "FORWARD", policy("filter", "FORWARD", "accept")).tx(33, "eth0")
	w.in("node-b", "").rx(80, "eth0").route(82, trail.Route{Table: 254, Dst: netip.MustParseAddr("fd00:10:244:2::3"), Err: 101, In: "eth0"})
	w.drop(85, "eth0", "IP_INNOROUTES", "ip6_pkt_discard+0x10", "")
	v := trail.Verdict{
		Outcome: trail.Rejected, Node: "node-b", Namespace: "node-b", At: "routing decision after PREROUTING", Reason: "IP_INNOROUTES",
		Route: "no route to fd00:10:244:2::3 (table main)", Text: "rejected by node-b, at the routing decision after PREROUTING: no route", Basis: trail.Inferred,
	}
	c := trail.Conversation{Result: trail.ResultICMP, RTT: 130_000, From: netip.MustParseAddr("fd00:99::12"), Error: "network is unreachable", Refusal: &trail.Refusal{Kind: "icmpv6", Type: 1, Text: "no route"}}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v, Session: conversationOf(c, "node-a", "node-b")}
}

func udpRefused() *TraceResult {
	w := begin("UDP, 5 bytes", udp("10.244.1.7:5353", "10.244.1.9:99")).in("node-a", "web").rx(0, "eth0/veth")
	w.refuse(5, "eth0", trail.Refusal{Kind: "icmp", Type: 3, Code: 3, Text: "port unreachable"}).drop(6, "eth0", "NO_SOCKET", "__udp4_lib_rcv+0x9", "")
	v := trail.Verdict{Outcome: trail.Rejected, Node: "node-a", Namespace: "web", At: "udp", Reason: "NO_SOCKET", Text: "rejected by web on node-a: nothing listens on UDP port 99", Basis: trail.Observed, Observation: 1}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func tcpRefused() *TraceResult {
	w := begin("SYN, seq 4", tcp("10.244.1.7:41822", "10.244.1.9:99")).in("node-a", "web").rx(0, "eth0/veth")
	w.refuse(5, "eth0", trail.Refusal{Kind: "reset", Reason: "NO_SOCKET"}).drop(6, "eth0", "NO_SOCKET", "tcp_v4_rcv+0x9", "")
	v := trail.Verdict{Outcome: trail.Rejected, Node: "node-a", Namespace: "web", At: "tcp", Reason: "NO_SOCKET", Text: "rejected by web on node-a: nothing listens on TCP port 99", Basis: trail.Observed, Observation: 1}
	back := begin("RST-ACK", tcp("10.244.1.9:99", "10.244.1.7:41822")).in("node-a", "web").tx(8, "eth0/veth").in("node-a", "client").rx(14, "eth0/veth")
	f := w.ended(v)
	a := back.ended(trail.Verdict{Outcome: trail.Delivered})
	f.Answer = &a
	return &TraceResult{Folds: []Fold{f}, Verdict: v, Session: conversationOf(trail.Conversation{Result: trail.ResultRefused, RTT: 15_000, Error: "connection refused"}, "node-a")}
}

func rejectedByRule() *TraceResult {
	last := rule("filter", "FORWARD", 1, "drop", "")
	last.Text = "-A FORWARD -p tcp -m tcp --dport 81 -m comment --comment \"no\" -j REJECT --reject-with icmp-port-unreachable"
	w := begin("SYN, seq 4", tcp("10.9.1.2:49264", "10.9.2.2:81")).in("fw", "").rx(0, "vc1/veth").route(21, via(254, "10.9.2.0/24", "", "vs1", "vc1"))
	w.rules(28, "FORWARD", last).refuse(39, "vc1", trail.Refusal{Kind: "icmp", Type: 3, Code: 3, Text: "port unreachable"})
	w.drop(119, "vc1", "NETFILTER_DROP", "nf_hook_slow+0x7d/0x110", "FORWARD")
	v := trail.Verdict{Outcome: trail.Rejected, Node: "fw", Namespace: "fw", At: "filter FORWARD", Reason: "NETFILTER_DROP", Rule: last.Text, Text: "rejected on fw, in filter FORWARD, by FORWARD 1: -j REJECT", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

// toArp is a packet up to the question for the next hop.
func toArp(state string) *way {
	w := begin("SYN, seq 4", tcp("10.9.1.2:49264", "10.9.2.77:80")).in("fw", "").rx(0, "vc1/veth").route(11, via(254, "10.9.2.0/24", "", "vs1", "vc1"))
	return w.see(38, trail.StageNeighbour, "vs1", func(o *trail.Observation) {
		o.Neighbour = &trail.Neighbour{Addr: netip.MustParseAddr("10.9.2.77"), Device: "vs1", State: state, Parked: true}
	})
}

func arpParked() *TraceResult {
	v := trail.Verdict{Outcome: trail.Parked, Node: "fw", Namespace: "fw", At: "next hop 10.9.2.77 on vs1", Text: "waiting on fw: no answer yet to who has 10.9.2.77 on vs1", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{toArp("INCOMPLETE").ended(v)}, Verdict: v}
}

func arpFailed() *TraceResult {
	w := toArp("INCOMPLETE").drop(3_104_512, "vs1", "NEIGH_FAILED", "arp_error_report+0x3a", "")
	v := trail.Verdict{
		Outcome: trail.Dropped, Node: "fw", Namespace: "fw", At: "next hop 10.9.2.77 on vs1", Reason: "NEIGH_FAILED", Route: "10.9.2.0/24 dev vs1 (table main)",
		Text: "dropped on fw, at the next hop 10.9.2.77 on vs1: nobody answers for the next hop's address", Basis: trail.Observed,
	}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func tooBig() *TraceResult {
	w := begin("UDP, 1472 bytes", udp("10.244.1.7:5353", "10.244.2.3:99")).in("node-a", "").rx(0, "vc1/veth", func(o *trail.Observation) { o.Len = 1514 })
	w.route(4, via(254, "10.244.2.0/24", "10.244.2.0", "flannel.1", "vc1")).refuse(6, "vc1", trail.Refusal{Kind: "icmp", Type: 3, Code: 4, Text: "fragmentation needed"})
	w.drop(8, "vc1", "PKT_TOO_BIG", "ip_forward+0x3ab", "")
	v := trail.Verdict{Outcome: trail.Rejected, Node: "node-a", Namespace: "node-a", At: "forwarding", Reason: "PKT_TOO_BIG", Text: "rejected by node-a, when forwarding: fragmentation needed", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

// copyOf is an option for an observation of a copy.
func copyOf(n int) func(*trail.Observation) { return func(o *trail.Observation) { o.Copy = n } }

func fragments() *TraceResult {
	w := begin("UDP, 4000 bytes", udp("10.244.1.7:5353", "10.244.2.3:99")).in("node-a", "client").tx(0, "eth0/veth", func(o *trail.Observation) { o.Merged = 3 })
	w.in("node-a", "").rx(3, "vc1/veth").route(4, via(254, "10.244.2.0/24", "", "eth0", "vc1"))
	w.tx(8, "eth0", copyOf(1)).tx(9, "eth0", copyOf(2)).tx(10, "eth0", copyOf(3))
	w.in("node-b", "").rx(50, "eth0", copyOf(1)).rx(51, "eth0", copyOf(2)).drop(53, "eth0", "FRAG_REASM_TIMEOUT", "ip_expire+0x11", "")
	w.t.Observations[len(w.t.Observations)-1].Copy = 2
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-b", Namespace: "node-b", At: "eth0 in", Reason: "FRAG_REASM_TIMEOUT", Text: "dropped on node-b, at eth0 in: its other fragments did not come in time", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func flooded() *TraceResult {
	w := begin("ARP who has 10.1.1.9", packet.Flow{}).in("node-a", "").rx(0, "veth1/veth")
	for i, ifc := range []string{"veth2/veth", "veth3/veth", "veth4/veth"} {
		w.tx(int64(3+i), ifc, copyOf(i+1))
	}
	w.in("node-a", "web").rx(9, "eth0/veth", copyOf(3))
	v := trail.Verdict{Outcome: trail.Delivered, Text: "delivered to ARP in web on node-a", Basis: trail.Inferred}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func lost() *TraceResult {
	w := begin("SYN, id 28265, seq 1726587944", tcp("192.168.235.13:14024", "10.0.1.12:8081")).in("ceph2", "")
	late := func(o *trail.Observation) { o.Late = true }
	w.rx(0, "enp5s0").see(37, trail.StageRules, "", late, func(o *trail.Observation) {
		o.Hook, o.Rules = &trail.Hook{Name: "PREROUTING"}, []trail.Rule{policy("raw", "PREROUTING", "accept")}
	})
	w.rules(135, "PREROUTING", rule("nat", "PREROUTING", 1, "jump", "KUBE-SERVICES"), rule("nat", "KUBE-SERVICES", 13, "jump", "KUBE-NODEPORTS"),
		returned("nat", "KUBE-NODEPORTS"), returned("nat", "KUBE-SERVICES"), rule("nat", "PREROUTING", 2, "jump", "DOCKER"), returned("nat", "DOCKER"), policy("nat", "PREROUTING", "accept"))
	v := trail.Verdict{
		Outcome: trail.Lost, Node: "ceph2", Namespace: "ceph2", At: "routing decision after PREROUTING", Text: "lost on ceph2, at the routing decision after PREROUTING: INPUT should follow, nothing does", Basis: trail.Inferred,
		Findings: []trail.Finding{{ID: "reverse-path-filter", Cause: "probably reverse-path filter: 192.168.235.13 is routed by enp3s0, it came in by enp5s0", Basis: trail.Inferred, Check: []string{`ip route get from 192.168.235.13 to 10.0.1.12 iif enp5s0 tos 0x00`}}},
	}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func hostile() *TraceResult {
	last := rule("filter", "FORWARD", 1, "drop", "")
	last.Comment, last.Owner = "\x1b[2J\x1b[1;31mowned\r\n", strings.Repeat("長い名前", 20)
	last.Text = "-A FORWARD -m comment --comment " + strings.Repeat("x", 300) + " -j DROP"
	w := begin("SYN\x07, seq 4", tcp("10.9.1.2:49264", "10.9.2.2:81")).in("fw\n", "pod\x1b]0;x").rx(0, "e\tth0/veth").rules(28, "FORWARD", last)
	v := trail.Verdict{Outcome: trail.Dropped, Node: "fw\n", Namespace: "pod", At: "filter FORWARD", Rule: last.Text, Text: "dropped\x00", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}
