package text

import (
	"github.com/pktrail/pktrail/internal/trail"
)

// at is a point of Cilium's, as `cilium monitor` tells it: without a time.
func (w *way) at(point string, endpoint uint32, ifc string, more ...func(*trail.Observation)) *way {
	return w.see(0, trail.StageDatapath, ifc, append(more, func(o *trail.Observation) {
		o.Time, o.Datapath = 0, &trail.Datapath{Point: point, Endpoint: endpoint, Source: trail.Identity{Number: 2, Name: "world"}}
	})...)
}

func tracking(state string, reply bool) func(*trail.Observation) {
	return func(o *trail.Observation) { o.Conntrack = &trail.Conntrack{State: state, Reply: reply} }
}

// ciliumPing is a ping from a pod to the outside and its answer.
func ciliumPing() *TraceResult {
	w := begin("ICMP echo request, id 52535, seq 1", echo("171.0.1.83", "10.10.40.222", 52535)).in("node-a", "")
	w.at("from-endpoint", 1177, "").at("to-stack", 1177, "", tracking("new", false))
	w.snat("10.10.40.11:0").at("to-network", 125, "eth0", tracking("new", false))
	good := trail.Verdict{Outcome: trail.Delivered, Node: "node-a", Text: "it left node-a by eth0", Basis: trail.Observed}
	back := begin("ICMP echo reply, id 52535, seq 1", echo("10.10.40.222", "10.10.40.11", 52535)).in("node-a", "")
	back.t.AnswerTo = 1
	back.at("from-network", 125, "eth0").dnat("171.0.1.83:0").at("to-endpoint", 1177, "lxc27709feb57e9", tracking("established", true))
	f := w.ended(good)
	answer := back.ended(trail.Verdict{Outcome: trail.Delivered, Node: "node-a", Text: "delivered to endpoint 1177 on node-a", Basis: trail.Observed})
	f.Answer = &answer
	return &TraceResult{Folds: []Fold{f}, Verdict: good}
}

// ciliumDenied is a SYN that a policy denies where it arrives.
func ciliumDenied() *TraceResult {
	w := begin("TCP SYN, seq 4, 0 bytes", tcp("10.245.1.121:37962", "10.245.0.44:8080")).in("node-a", "")
	w.at("from-endpoint", 377, "").at("to-overlay", 377, "cilium_vxlan", tracking("new", false), func(o *trail.Observation) { o.Datapath = nil })
	w.t.Observations[1].Datapath.Encrypted, w.t.Observations[1].Datapath.ProxyPort = true, 15001
	w.in("node-b", "").wrap("VXLAN", 14009, "10.90.0.11:45303", "10.90.0.12:8472").at("from-network", 729, "eth0").unwrap().at("from-overlay", 0, "cilium_vxlan")
	w.at("", 3498, "", func(o *trail.Observation) {
		o.Stage, o.Policy = trail.StagePolicy, &trail.Policy{Action: "deny", Direction: trail.In, Match: "none"}
	})
	w.at("", 3498, "", func(o *trail.Observation) {
		o.Stage, o.Drop = trail.StageDrop, &trail.Drop{Reason: "Policy denied", At: "bpf_lxc.c:2410"}
	})
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-b", Namespace: "node-b", Reason: "Policy denied", Text: "dropped on node-b: Policy denied", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}
