package text

import (
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/trail"
)

// rates are many packets of which a rule takes some, and a socket that is full
// others; the facts of the finding say much of it again.
func rates() *TraceResult {
	last := rule("f", "f", 1, "drop", "")
	last.Text, last.Comment, last.Owner = `icmp type echo-request limit rate over 1/second drop comment "slow down"`, "slow down", "the admin"
	w := begin("ICMP echo request, id 7, seq 3", echo("10.244.1.7", "10.244.2.3", 7)).in("node-b", "").rx(0, "eth0")
	w.rules(20, "FORWARD", last).drop(21, "eth0", "NETFILTER_DROP", "nft_do_chain+0x3e8", "FORWARD")
	v := trail.Verdict{
		Outcome: trail.Dropped, Node: "node-b", Namespace: "node-b", At: "f FORWARD", Reason: "NETFILTER_DROP", Rule: last.Text,
		Text: "dropped on node-b, in f FORWARD, by f 1: drop", Basis: trail.Observed,
		Findings: []trail.Finding{
			{ID: "netfilter-drop", Cause: "a rule of f FORWARD drops it: f 1: drop", Basis: trail.Observed, Evidence: []trail.Evidence{
				{Text: last.Text, Basis: trail.Observed},
				{Text: "NETFILTER_DROP at nft_do_chain+0x3e8", Basis: trail.Observed},
				{Text: "made by the admin", Basis: trail.Inferred},
				{Text: "its comment: slow down", Basis: trail.Observed},
			}},
			{ID: "other", Cause: "it may be another rule", Basis: trail.Inferred, Evidence: []trail.Evidence{
				{Text: "NETFILTER_DROP at nft_do_chain+0x3e8", Basis: trail.Observed},
				{Text: "it was not dropped by f 1", Basis: trail.Inferred},
			}},
		},
	}
	f := w.ended(v)
	f.Count = 40
	full := begin("ICMP echo request, id 7, seq 9", echo("10.244.1.7", "10.244.2.3", 7)).in("node-b", "web").rx(0, "eth0")
	g := full.ended(trail.Verdict{Outcome: trail.Lost, Node: "node-b", Namespace: "web", At: "eth0 in"})
	g.Count = 2
	r := &TraceResult{Folds: []Fold{f, g}, Verdict: v, Span: 12_000_000_000}
	for i := range 3 {
		good := begin(fmt.Sprintf("ICMP echo request, id 7, seq %d", 20+i), echo("10.244.1.7", "10.244.2.3", 7)).in("node-b", "web").rx(0, "eth0").see(int64(4+i), trail.StageConsume, "eth0")
		h := good.ended(trail.Verdict{Outcome: trail.Delivered})
		h.Count = 26
		r.Folds = append(r.Folds, h)
	}
	return r
}

// routesTwice is a packet of our own whose route is looked up three times: for
// its source address, for itself, and once more behind OUTPUT.
func routesTwice() *TraceResult {
	w := begin("SYN, seq 4", tcp("10.244.1.2:40203", "10.244.2.2:80")).in("node-a", "client")
	first := via(254, "", "10.244.1.1", "eth0", "lo")
	first.Dst = netip.MustParseAddr("10.244.2.2")
	whole := first
	whole.Prefix = netip.MustParsePrefix("10.244.0.0/16")
	w.route(0, first).rules(2, "OUTPUT", policy("nat", "OUTPUT", "accept")).route(3, whole).rules(4, "OUTPUT", policy("mangle", "OUTPUT", "accept"))
	w.tx(9, "eth0/veth").in("node-a", "").rx(11, "veth1/veth").route(12, first).rules(13, "OUTPUT", policy("filter", "FORWARD", "accept")).route(14, whole)
	w.tx(15, "eth0").in("node-b", "").rx(30, "eth0").route(31, whole).route(32, first).see(32, trail.StageConsume, "eth0")
	w.route(33, whole).tx(34, "veth9/veth", copyOf(1)).rules(35, "FORWARD", policy("filter", "FORWARD", "accept"))
	w.t.Observations[len(w.t.Observations)-6].Changes = []string{"defragmented"}
	v := trail.Verdict{Outcome: trail.Delivered, Text: "left node-a by eth0 for 10.244.2.2; what is behind is not watched", Basis: trail.Observed}
	return &TraceResult{Folds: []Fold{w.ended(v)}, Verdict: v}
}

// lostFragments is a datagram in three pieces, of which the first arrives: the
// others have no ports, and a rule drops them.
func lostFragments() *TraceResult {
	piece := func(text string, n int) func(*trail.Observation) {
		return func(o *trail.Observation) {
			if o.Copy = n; text != "" {
				o.Changes = []string{text}
			}
		}
	}
	w := begin("UDP, 4000 bytes", udp("10.244.1.7:5353", "10.244.2.3:99")).in("node-a", "client").rules(0, "OUTPUT", policy("filter", "OUTPUT", "accept"))
	for n, text := range []string{"fragment 0+1424", "fragment 1424+1424", "fragment 2848+1160"} {
		us := int64(10 * n)
		if n > 0 {
			w.seen.Flow.SrcPort, w.seen.Flow.DstPort = 0, 0
		}
		w.in("node-a", "client").tx(us+2, "eth0/veth", piece(text, n)).in("node-b", "").rx(us+5, "eth0", piece("", n))
		if n > 0 {
			w.see(us+6, trail.StageRules, "eth0", piece("", n), func(o *trail.Observation) {
				o.Hook, o.Rules = &trail.Hook{Name: "PREROUTING"}, []trail.Rule{rule("fr", "pre", 1, "drop", "")}
			})
			w.see(us+7, trail.StageDrop, "eth0", piece("", n), func(o *trail.Observation) {
				o.Drop = &trail.Drop{Reason: "NETFILTER_DROP", At: "nft_do_chain+0x3e8", Hook: "PREROUTING"}
			})
			continue
		}
		w.in("node-b", "web").rx(us+8, "eth0/veth")
	}
	v := trail.Verdict{Outcome: trail.Dropped, Node: "node-b", Namespace: "node-b", At: "fr PREROUTING", Reason: "NETFILTER_DROP", Text: "dropped on node-b, in fr PREROUTING, by pre 1", Basis: trail.Observed}
	bad := w.ended(v)
	arrived := w.ended(trail.Verdict{Outcome: trail.Delivered, Text: "delivered to UDP in web on node-b", Observation: 3})
	return &TraceResult{Folds: []Fold{arrived, bad}, Verdict: v}
}
