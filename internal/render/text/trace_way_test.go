package text

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// way makes trails by hand: each call is an observation, at a time in
// microseconds since the start.
type way struct {
	t            trail.Trail
	node, target string
	seen         trail.Headers
	start        int64
}

func tcp(src, dst string) packet.Flow { return flow(packet.ProtoTCP, src, dst) }

func flow(p packet.Proto, src, dst string) packet.Flow {
	a, b := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return packet.Flow{Proto: p, Src: a.Addr(), Dst: b.Addr(), SrcPort: a.Port(), DstPort: b.Port()}
}

func echo(src, dst string, id uint16) packet.Flow {
	return packet.Flow{Proto: packet.ProtoICMP, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), ID: id}
}

// begin starts a trail.
func begin(what string, f packet.Flow) *way {
	return &way{t: trail.Trail{Number: 1, Packet: what, Flow: f, Ended: true}, seen: trail.Headers{Flow: f, TTL: 64}, start: 1_700_000_000_000_000_000}
}

// in is where the next observations are: a node and a target, "" for the
// node's own namespace.
func (w *way) in(node, target string) *way { w.node, w.target = node, target; return w }

// dnat, snat, wrap and unwrap change what is seen from here on.
func (w *way) dnat(to string) *way {
	a := netip.MustParseAddrPort(to)
	w.seen.Flow.Dst, w.seen.Flow.DstPort = a.Addr(), a.Port()
	return w
}

func (w *way) snat(to string) *way {
	a := netip.MustParseAddrPort(to)
	w.seen.Flow.Src, w.seen.Flow.SrcPort = a.Addr(), a.Port()
	return w
}

func (w *way) wrap(kind string, id uint32, src, dst string) *way {
	w.seen.Tunnels = []trail.Tunnel{{Kind: kind, ID: id, HasID: kind != "IPIP", Flow: flow(packet.ProtoUDP, src, dst)}}
	return w
}

func (w *way) unwrap() *way { w.seen.Tunnels = nil; return w }

// see adds an observation at an interface, "eth0" or "cni0/bridge".
func (w *way) see(us int64, s trail.Stage, ifc string, more ...func(*trail.Observation)) *way {
	name, kind := ifc, ""
	for i := range ifc {
		if ifc[i] == '/' {
			name, kind = ifc[:i], ifc[i+1:]
		}
	}
	o := trail.Observation{
		Time: w.start + us*1000, Stage: s, Seen: w.seen,
		Point: trail.Point{Node: w.node, Target: w.target, Interface: name, Kind: kind},
	}
	switch s {
	case trail.StageReceive:
		o.Dir = trail.In
	case trail.StageQueue:
		o.Dir = trail.Out
	}
	for _, f := range more {
		f(&o)
	}
	w.t.Observations = append(w.t.Observations, o)
	return w
}

func (w *way) rx(us int64, ifc string, more ...func(*trail.Observation)) *way {
	return w.see(us, trail.StageReceive, ifc, more...)
}

func (w *way) tx(us int64, ifc string, more ...func(*trail.Observation)) *way {
	return w.see(us, trail.StageQueue, ifc, more...)
}

func (w *way) route(us int64, r trail.Route, more ...func(*trail.Observation)) *way {
	return w.see(us, trail.StageRoute, r.In, append(more, func(o *trail.Observation) { o.Route = &r })...)
}

func (w *way) rules(us int64, hook string, rules ...trail.Rule) *way {
	return w.see(us, trail.StageRules, "", func(o *trail.Observation) { o.Hook, o.Rules = &trail.Hook{Name: hook, Family: "ip"}, rules })
}

func (w *way) drop(us int64, ifc, reason, at, hook string) *way {
	return w.see(us, trail.StageDrop, ifc, func(o *trail.Observation) { o.Drop = &trail.Drop{Reason: reason, At: at, Hook: hook} })
}

func (w *way) refuse(us int64, ifc string, r trail.Refusal) *way {
	return w.see(us, trail.StageRefuse, ifc, func(o *trail.Observation) { o.Refusal = &r })
}

func (w *way) deliver(us int64, process string, pid int) *way {
	return w.see(us, trail.StageDeliver, "eth0", func(o *trail.Observation) {
		o.Socket = &trail.Socket{Process: process, PID: pid, Basis: trail.Observed}
	})
}

// ended is the fold of the trail, judged.
func (w *way) ended(v trail.Verdict) Fold {
	if v.Observation == 0 {
		v.Observation = len(w.t.Observations) - 1
	}
	t := w.t
	return Fold{Trail: &t, Count: 1, Verdict: v}
}

func rule(table, chain string, number int, verdict, to string) trail.Rule {
	return trail.Rule{Family: "ip", Table: table, Chain: chain, Number: number, Kind: trail.RuleMatched, Verdict: verdict, To: to}
}

func policy(table, chain, verdict string) trail.Rule {
	return trail.Rule{Family: "ip", Table: table, Chain: chain, Kind: trail.RulePolicy, Verdict: verdict}
}

func returned(table, chain string) trail.Rule {
	return trail.Rule{Family: "ip", Table: table, Chain: chain, Kind: trail.RuleReturn}
}

func via(table uint32, prefix, gateway, dev, in string) trail.Route {
	r := trail.Route{Table: table, Device: dev, In: in}
	if prefix != "" {
		r.Prefix = netip.MustParsePrefix(prefix)
		r.Dst = r.Prefix.Addr()
	}
	if gateway != "" {
		r.Gateway = netip.MustParseAddr(gateway)
	}
	return r
}
