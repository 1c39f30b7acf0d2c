package text

import (
	"net/netip"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

const (
	svcChain = "KUBE-SVC-ZP4VABCDEF234567"
	sepChain = "KUBE-SEP-OR6JABCDEF234567"
)

// kubeRules are what kube-proxy's chains do with a packet for a service.
func kubeRules() []trail.Rule {
	last := rule("nat", sepChain, 2, "dnat", "")
	last.Text = "-A " + sepChain + " -p tcp -m tcp -j DNAT --to-destination 10.244.2.3:8080"
	last.Owner = "svc shop/web"
	return []trail.Rule{
		rule("nat", "PREROUTING", 1, "jump", "KUBE-SERVICES"),
		rule("nat", "KUBE-SERVICES", 9, "jump", svcChain),
		rule("nat", svcChain, 1, "jump", "KUBE-MARK-MASQ"),
		rule("nat", "KUBE-MARK-MASQ", 1, "continue", ""),
		returned("nat", "KUBE-MARK-MASQ"),
		rule("nat", svcChain, 2, "jump", sepChain),
		last,
	}
}

func forwardAccept() []trail.Rule {
	return []trail.Rule{
		rule("filter", "FORWARD", 1, "jump", "KUBE-FORWARD"),
		rule("filter", "KUBE-FORWARD", 3, "accept", ""),
	}
}

// toService is the way of a SYN from client over node-a, up to its uplink.
func toService() *way {
	w := begin("TCP SYN, seq 17, 0 bytes", tcp("10.244.1.7:41822", "10.96.68.194:80"))
	w.in("node-a", "client").route(0, via(254, "0.0.0.0/0", "10.244.1.1", "eth0", "lo")).tx(4, "eth0/veth")
	w.in("node-a", "").rx(6, "vethe281cd54/veth").rx(8, "cni0/bridge").rules(12, "PREROUTING", kubeRules()...)
	w.dnat("10.244.2.3:8080").route(21, via(254, "10.244.2.0/24", "10.244.2.0", "flannel.1", "cni0"))
	w.rules(25, "FORWARD", forwardAccept()...).rules(27, "POSTROUTING",
		rule("nat", "POSTROUTING", 1, "jump", "KUBE-POSTROUTING"), rule("nat", "KUBE-POSTROUTING", 1, "return", ""), policy("nat", "POSTROUTING", "accept"))
	return w.tx(33, "flannel.1/vxlan").wrap("VXLAN", 1, "10.99.0.11:51234", "10.99.0.12:8472").tx(41, "eth0")
}

func delivered() *way {
	w := toService()
	w.in("node-b", "").rx(97, "eth0").route(99, via(254, "", "", "eth0", "eth0")).unwrap().rx(118, "flannel.1/vxlan")
	w.route(120, via(254, "10.244.2.0/24", "", "cni0", "flannel.1")).tx(129, "cni0/bridge").tx(131, "veth0a16da94/veth")
	return w.in("node-b", "web-x2k8l").rx(200, "eth0/veth").deliver(214, "nginx", 4711)
}

// answer is the SYN-ACK back.
func answer() *way {
	w := begin("SYN-ACK, seq 99, ack 18", tcp("10.244.2.3:8080", "10.244.1.7:41822"))
	w.start += 230_000
	w.t.Number, w.t.AnswerTo = 2, 1
	w.in("node-b", "web-x2k8l").tx(0, "eth0/veth").in("node-b", "").rx(5, "veth0a16da94/veth").rx(7, "cni0/bridge").tx(20, "flannel.1/vxlan")
	w.wrap("VXLAN", 1, "10.99.0.12:51234", "10.99.0.11:8472").tx(30, "eth0").in("node-a", "").rx(80, "eth0").unwrap().rx(100, "flannel.1/vxlan")
	w.snat("10.96.68.194:80").tx(140, "cni0/bridge").tx(142, "vethe281cd54/veth")
	return w.in("node-a", "client").rx(190, "eth0/veth").deliver(201, "curl", 4242)
}

func session(nodes ...string) *trail.Session {
	return &trail.Session{ArmedIn: 300 * time.Millisecond, Nodes: nodes}
}

// serviceDelivered is the first sample of the design.
func serviceDelivered() *TraceResult {
	f := delivered().ended(trail.Verdict{Outcome: trail.Delivered, Basis: trail.Observed})
	a := answer().ended(trail.Verdict{Outcome: trail.Delivered, Basis: trail.Observed})
	f.Answer = &a
	return &TraceResult{
		Session: session("node-a", "node-b"), Action: "one connect() from client", Folds: []Fold{f},
		Offsets: map[string]int64{"node-b": 412_000},
		Verdict: trail.Verdict{Outcome: trail.Delivered, Text: "client -> svc/web -> web-x2k8l:8080", Basis: trail.Observed},
	}
}

// policyDropped is the second.
func policyDropped() *TraceResult {
	w := toService()
	w.in("node-b", "").rx(101, "eth0").unwrap().rx(112, "vxlan.calico/vxlan")
	w.route(120, via(254, "192.168.9.3/32", "", "cali60337b1a8c1", "vxlan.calico"))
	last := rule("filter", "cali-tw-cali60337b1a8c1", 6, "drop", "")
	last.Text, last.Comment = "-j DROP", "Drop if no policies passed packet"
	w.rules(150, "FORWARD",
		rule("filter", "FORWARD", 1, "jump", "cali-FORWARD"), rule("filter", "cali-FORWARD", 2, "jump", "cali-to-wl-dispatch"),
		rule("filter", "cali-to-wl-dispatch", 1, "goto", "cali-tw-cali60337b1a8c1"), last)
	w.drop(152, "cali60337b1a8c1", "NETFILTER_DROP", "nf_hook_slow+0x7d/0x110", "FORWARD")
	v := trail.Verdict{
		Outcome: trail.Dropped, Node: "node-b", Namespace: "node-b", At: "filter FORWARD", Reason: "NETFILTER_DROP", Rule: "-j DROP",
		Text: "dropped on node-b, at the door of web-x2k8l", Basis: trail.Observed,
		Findings: []trail.Finding{{
			ID: "network-policy", Cause: "NetworkPolicy shop/allow-frontend selects web-x2k8l; none admits client", Basis: trail.Inferred,
			Check: []string{"kubectl -n shop describe networkpolicy allow-frontend"},
		}},
	}
	f := w.ended(v)
	f.Count = 4
	return &TraceResult{Folds: []Fold{f}, Offsets: map[string]int64{"node-b": 398_000}, Verdict: v, Span: 3_000_000_000}
}

// rpFilter is a packet that the kernel refuses by the way back to its sender.
func rpFilter() *TraceResult {
	w := begin("SYN, id 28265, seq 1726587944", tcp("192.168.235.13:14024", "10.0.1.12:8081")).in("ceph2", "")
	w.rx(0, "enp5s0").rules(37, "PREROUTING", policy("raw", "PREROUTING", "accept"))
	w.rules(135, "PREROUTING", rule("nat", "PREROUTING", 1, "jump", "KUBE-SERVICES"), rule("nat", "KUBE-SERVICES", 13, "jump", "KUBE-NODEPORTS"),
		returned("nat", "KUBE-NODEPORTS"), returned("nat", "KUBE-SERVICES"), policy("nat", "PREROUTING", "accept"))
	w.route(168, trail.Route{Table: 255, Dst: netip.MustParseAddr("10.0.1.12"), Device: "lo", In: "enp5s0", Type: "local"})
	w.route(170, trail.Route{Table: 254, Dst: netip.MustParseAddr("192.168.235.13"), Device: "enp3s0", ReversePath: true})
	w.see(171, trail.StageDrop, "enp5s0", func(o *trail.Observation) {
		o.Drop = &trail.Drop{Reason: "IP_RPFILTER", At: "ip_rcv_finish_core+0x25b/0x470"}
		o.Answers = []trail.Answer{{Question: "ip route get 10.0.1.12 from 192.168.235.13 iif enp5s0", Error: "Invalid cross-device link", Errno: 18}}
		o.Settings = []trail.Setting{{Name: "net.ipv4.conf.all.rp_filter", Value: "1"}, {Name: "net.ipv4.conf.enp5s0.rp_filter", Value: "0"}}
	})
	v := trail.Verdict{
		Outcome: trail.Dropped, Node: "ceph2", Namespace: "ceph2", At: "routing decision after PREROUTING", Reason: "IP_RPFILTER",
		Route: "local 10.0.1.12 dev lo (table local)", Text: "dropped on ceph2, at the routing decision after PREROUTING: its sender is routed by another interface (reverse-path filter)",
		Basis: trail.Observed,
		Findings: []trail.Finding{
			{
				ID: "reverse-path-filter", Cause: "192.168.235.13 is routed by enp3s0, it came in by enp5s0", Basis: trail.Observed,
				Why:      "With a strict reverse-path filter Linux takes a packet only from the interface that it would answer by; nobody is told.",
				Evidence: []trail.Evidence{{Text: "rp_filter is 1 on enp5s0: the larger of net.ipv4.conf.all.rp_filter and net.ipv4.conf.enp5s0.rp_filter counts", Basis: trail.Observed}},
				Check:    []string{"sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.enp5s0.rp_filter", "ip route get 10.0.1.12 from 192.168.235.13 iif enp5s0"},
				Fix:      []string{"sysctl -w net.ipv4.conf.enp5s0.rp_filter=2", "or masquerade on the sender"},
			},
			{ID: "asymmetric-route", Cause: "the route to 192.168.235.0/24 leads out of another interface", Basis: trail.Inferred},
		},
	}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

// conversationOf is a session with a probe.
func conversationOf(c trail.Conversation, nodes ...string) *trail.Session {
	s := session(nodes...)
	s.Conversation = &c
	return s
}

func udp(src, dst string) packet.Flow { return flow(packet.ProtoUDP, src, dst) }
