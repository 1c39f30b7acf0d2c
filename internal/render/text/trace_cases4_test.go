package text

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

func late(o *trail.Observation) { o.Late = true }

// droppedAtOutput is a drop whose rule is heard of after it, as the first thing
// of all, in a namespace whose name fills its column.
func droppedAtOutput() *TraceResult {
	w := begin("SYN, seq 4", tcp("10.244.1.2:40203", "10.244.2.2:82")).in("nc1-node1", "nc1-node1-pod1")
	w.see(131, trail.StageRules, "", late, func(o *trail.Observation) {
		last := rule("outp", "o", 1, "drop", "")
		last.Text = "tcp dport 82 drop"
		o.Hook, o.Rules = &trail.Hook{Name: "OUTPUT"}, []trail.Rule{last}
	})
	w.drop(0, "eth0", "NETFILTER_DROP", "nft_do_chain+0x3e8", "OUTPUT")
	v := trail.Verdict{
		Outcome: trail.Dropped, Node: "nc1-node1", Namespace: "nc1-node1-pod1", At: "outp OUTPUT", Reason: "NETFILTER_DROP", Rule: "tcp dport 82 drop",
		Text: "dropped in nc1-node1-pod1 on nc1-node1, in outp OUTPUT, by o 1: drop", Basis: trail.Observed,
	}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

// overARouter is a tunnel whose outer packets pass another machine that is
// watched too, up to a drop behind it.
func overARouter() *TraceResult {
	w := begin("SYN, seq 4", tcp("10.244.1.2:40203", "10.244.2.2:81")).in("node-a", "").rx(0, "veth1/veth")
	w.tx(3, "flannel.1/vxlan").wrap("VXLAN", 1, "10.99.0.11:51234", "10.99.0.12:8472").tx(5, "eth0")
	w.in("router", "").rx(7, "left").tx(9, "right").in("node-b", "").rx(12, "eth0").unwrap().rx(14, "flannel.1/vxlan")
	w.rules(20, "FORWARD", rule("filter", "FORWARD", 1, "drop", "")).drop(21, "flannel.1", "NETFILTER_DROP", "nf_hook_slow+0x7d", "FORWARD")
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-b", Namespace: "node-b", At: "filter FORWARD", Reason: "NETFILTER_DROP", Text: "dropped on node-b, in filter FORWARD", Basis: trail.Observed}
	s := session()
	for i := range 16 {
		s.Nodes = append(s.Nodes, fmt.Sprintf("node-%c", 'a'+i))
	}
	return &TraceResult{Session: s, Folds: []Fold{w.ended(v)}, Verdict: v}
}

// tunnelIntoDark is a tunnel whose other end is nowhere in sight.
func tunnelIntoDark() *TraceResult {
	w := begin("SYN, seq 4", tcp("10.244.1.2:40203", "10.244.9.2:81")).in("node-a", "").rx(0, "veth1/veth")
	w.tx(3, "flannel.1/vxlan").wrap("VXLAN", 1, "10.99.0.11:51234", "10.99.0.19:8472").tx(5, "eth0").in("router", "").rx(7, "left")
	w.route(9, via(254, "10.99.0.0/24", "", "right", "left")).drop(11, "left", "NETFILTER_DROP", "nf_hook_slow+0x7d", "FORWARD")
	v := trail.Verdict{Outcome: trail.Dropped, Node: "router", Namespace: "router", At: "FORWARD", Reason: "NETFILTER_DROP", Text: "dropped on router, in FORWARD; which rule was not seen", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}
