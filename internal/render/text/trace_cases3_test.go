package text

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// legacy is iptables-legacy, whose trace tells neither targets nor verdicts.
func legacy() *TraceResult {
	blank := func(table, chain string, n int) trail.Rule {
		r := rule(table, chain, n, "", "")
		r.Legacy = true
		return r
	}
	w := begin("SYN, seq 4", tcp("10.9.1.2:37812", "10.96.0.10:80")).in("node-a", "").rx(0, "vc1/veth")
	w.rules(5, "PREROUTING", blank("nat", "PREROUTING", 1), blank("nat", "KUBE-SERVICES", 1), blank("nat", "KUBE-SVC-ABCDEF", 1), blank("nat", "KUBE-SEP-XYZ", 1))
	w.dnat("10.9.2.2:8080").route(12, via(254, "10.9.2.0/24", "", "vs1", "vc1"))
	w.rules(20, "FORWARD", blank("filter", "FORWARD", 1), blank("filter", "KUBE-FORWARD", 1)).drop(25, "vc1", "NETFILTER_DROP", "nf_hook_slow+0x7d/0x110", "FORWARD")
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-a", Namespace: "node-a", At: "filter FORWARD", Reason: "NETFILTER_DROP", Text: "dropped on node-a, in filter FORWARD; which rule was not seen", Basis: trail.Observed}
	s := session("node-a")
	s.Blind = []trail.Blind{{Node: "node-a", What: "verdicts of iptables-legacy", Why: "its trace names rules, not what they do"}}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v, Session: s}
}

func nft() *TraceResult {
	at := func(table, chain string, handle uint64, verdict, to, text string) trail.Rule {
		return trail.Rule{Family: "ip", Table: table, Chain: chain, Handle: handle, Kind: trail.RuleMatched, Verdict: verdict, To: to, Text: text}
	}
	w := begin("SYN, seq 4", tcp("10.9.1.2:37812", "10.96.0.10:80")).in("node-a", "").rx(0, "vc1/veth")
	w.rules(3, "PREROUTING", at("pktrail", "pre", 3, "continue", "", "meta nftrace set 1"), policy("pktrail", "pre", "accept"),
		at("kp", "dn", 6, "goto", "svc", ""), at("kp", "svc", 5, "accept", "", "ip protocol tcp dnat to 10.9.2.2:8080"))
	w.dnat("10.9.2.2:8080").route(12, via(254, "10.9.2.0/24", "", "vs1", "vc1"))
	w.rules(20, "FORWARD", at("kp", "forwarding", 10, "jump", "pol", ""), at("kp", "pol", 9, "return", "", ""), policy("kp", "forwarding", "accept"),
		at("fw", "fwd", 2, "drop", "", `ct state invalid drop comment "stray"`))
	w.drop(30, "vc1", "NETFILTER_DROP", "nf_hook_slow+0x7d", "FORWARD")
	w.t.Observations[len(w.t.Observations)-2].Conntrack = &trail.Conntrack{State: "invalid"}
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-a", Namespace: "node-a", At: "fw FORWARD", Reason: "NETFILTER_DROP", Rule: `ct state invalid drop comment "stray"`, Text: "dropped on node-a, in fw FORWARD", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

// outcomes are packets of one flow that did not end alike.
func outcomes() *TraceResult {
	d, p := serviceDelivered(), policyDropped()
	p.Folds[0].Count = 1
	d.Folds[0].Count = 3
	p.Folds = append(p.Folds, d.Folds...)
	p.Verdict.Missed = map[string]uint64{"nft trace": 2, "kernel ring": 10}
	return p
}

func nothing() *TraceResult {
	s := session("node-a", "node-b")
	s.Blind = []trail.Blind{
		{What: "rules of iptables-legacy", Why: "their trace goes nowhere here; --legacy-trace binds NFLOG for the time of the run"},
		{Node: "node-b", Namespace: "web", What: "packets that XDP drops", Why: "eth0 has a program"},
	}
	s.Notes = []string{"waits for up to 5 packets, or 30 s"}
	return &TraceResult{Session: s, Verdict: trail.Verdict{Outcome: trail.Unknown, Text: "no packet from client to 10.96.68.194:80 was seen in 30 s; --probe tcp sends one", Observation: -1}}
}

// replyLost is an answer that goes astray.
func replyLost() *TraceResult {
	r := serviceDelivered()
	w := begin("SYN-ACK, seq 99, ack 18", tcp("10.244.2.3:8080", "10.244.1.7:41822"))
	w.t.AnswerTo = 1
	w.in("node-b", "web-x2k8l").tx(230, "eth0/veth").in("node-b", "").rx(235, "veth0a16da94/veth").rx(237, "cni0/bridge")
	w.route(240, trail.Route{Table: 100, In: "cni0", Mark: 1, Device: "eth1", Dst: w.seen.Flow.Dst}).tx(260, "eth1")
	v := trail.Verdict{Outcome: trail.Lost, Node: "node-b", Namespace: "node-b", At: "eth1 out", Basis: trail.Inferred, Text: "the packet arrived, its answer did not: lost after eth1 out on node-b: not seen at node-a"}
	a := w.ended(v)
	r.Folds[0].Answer = &a
	r.Verdict = v
	r.Session.Conversation = &trail.Conversation{Result: trail.ResultNothing, Error: "timed out"}
	return r
}

// captures is the way where there are packet sockets alone, and Geneve.
func captures() *TraceResult {
	in := func(o *trail.Observation) { o.Dir = trail.In }
	out := func(o *trail.Observation) { o.Dir = trail.Out }
	w := begin("SYN, seq 4", tcp("10.9.1.2:37812", "10.9.2.2:80")).in("node-a", "client").see(0, trail.StageCapture, "eth0/veth", out)
	w.in("node-a", "").see(2, trail.StageCapture, "lxc01ab23cd/veth", in).wrap("Geneve", 7, "10.99.0.11:51234", "10.99.0.12:6081").see(9, trail.StageCapture, "eth0", out)
	w.in("node-b", "").see(40, trail.StageCapture, "eth0", in).unwrap().see(48, trail.StageCapture, "lxc99ab23cd/veth", out)
	w.in("node-b", "web").see(50, trail.StageCapture, "eth0/veth", in)
	v := trail.Verdict{Outcome: trail.Delivered, Basis: trail.Inferred}
	s := session("node-a", "node-b")
	s.Blind = []trail.Blind{{What: "routing lookups and drops", Why: "this kernel has no BTF"}}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v, Session: s, Offsets: map[string]int64{"node-b": -1_500}}
}

// brackets is a kernel probe without rules: the translation shows at a hook.
func brackets() *TraceResult {
	hook := func(name string, prio int) func(*trail.Observation) {
		return func(o *trail.Observation) { o.Hook = &trail.Hook{Name: name, Family: "ip", Priority: prio} }
	}
	w := begin("SYN, seq 4", tcp("10.9.1.2:37812", "10.96.0.10:80")).in("node-a", "").rx(0, "vc1/veth")
	w.see(2, trail.StageHook, "vc1/veth", hook("PREROUTING", -101)).dnat("10.9.2.2:8080").see(4, trail.StageHook, "vc1/veth", hook("PREROUTING", -99))
	w.route(6, via(254, "10.9.2.0/24", "", "vs1", "vc1")).see(7, trail.StageHook, "vs1/veth", hook("FORWARD", -1))
	w.drop(30, "vc1", "NETFILTER_DROP", "nf_hook_slow+0x7d", "FORWARD")
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-a", Namespace: "node-a", At: "filter FORWARD", Reason: "NETFILTER_DROP", Text: "dropped on node-a, in filter FORWARD; which rule was not seen", Basis: trail.Inferred}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func longNames() *TraceResult {
	w := begin("SYN, seq 4", tcp("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:37812", "[2001:db8:1111:2222:3333:4444:5555:6666]:443"))
	w.in("ip-10-0-137-22.eu-central-1.compute.internal", "checkout-service-deployment-7d9f8b6c5-x2k8l").tx(0, "eth0/veth")
	var path []trail.Rule
	for i := range 8 {
		path = append(path, rule("some-very-long-table-name", fmt.Sprintf("chain-with-a-rather-long-name-%d", i), i+1, "jump", fmt.Sprintf("chain-with-a-rather-long-name-%d", i+1)))
	}
	path = append(path, rule("some-very-long-table-name", "chain-with-a-rather-long-name-8", 1, "drop", ""))
	w.in("ip-10-0-137-22.eu-central-1.compute.internal", "").rx(5, "eni0123456789ab/veth").rules(12, "FORWARD", path...)
	v := trail.Verdict{Outcome: trail.Dropped, Node: "ip-10-0-137-22.eu-central-1.compute.internal", Namespace: "x", At: "some-very-long-table-name FORWARD", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

func queueFull() *TraceResult {
	w := begin("UDP, 5 bytes", udp("10.244.1.7:5353", "10.244.1.9:99")).in("node-a", "web").rx(0, "eth0/veth")
	w.see(4, trail.StageSocketFull, "eth0/veth", func(o *trail.Observation) {
		o.Socket = &trail.Socket{Process: "slowd", PID: 12, Basis: trail.Inferred}
	}).drop(5, "eth0", "SOCKET_RCVBUFF", "udp_queue_rcv_one_skb+0x1", "")
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-a", Namespace: "web", At: "udp", Reason: "SOCKET_RCVBUFF", Text: "dropped in web on node-a, in udp: its socket's receive buffer is full: the process reads too slowly", Basis: trail.Observed}
	f := w.ended(v)
	f.Count = 12
	return &TraceResult{Folds: []Fold{f}, Verdict: v, Span: 41_000_000_000}
}

// manyWays are more ways than a screen takes.
func manyWays() *TraceResult {
	r := &TraceResult{}
	for i := range 9 {
		v := trail.Verdict{Outcome: trail.Delivered}
		if i == 2 {
			v = trail.Verdict{Outcome: trail.Dropped, Node: "n", Reason: "NOMEM", At: "eth0 in", Text: "dropped on n"}
			r.Verdict = v
		}
		r.Folds = append(r.Folds, begin("SYN", tcp("10.0.0.1:1000", fmt.Sprintf("10.0.1.%d:80", i))).in("n", "").rx(0, "eth0").ended(v))
	}
	return r
}
