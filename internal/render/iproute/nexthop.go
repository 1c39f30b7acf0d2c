package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Nexthops lists the nexthop objects, as `ip nexthop` does.
func Nexthops(ns *netstate.Namespace, o Options) []byte {
	l := newRouteListing(ns, o)
	l.w.openArray("")
	for i := range ns.Nexthops {
		if n := &ns.Nexthops[i]; o.Family == "" || o.Family == n.Family {
			l.nexthop("", n)
			l.w.text("\n")
		}
	}
	l.w.closeArray()
	l.w.end()
	return l.w.b
}

func (l *routeListing) nexthop(key string, n *netstate.Nexthop) {
	w := &l.w
	w.open(key)
	w.unum("id", "id ", uint64(n.ID), " ")
	if n.Group != nil {
		l.shares(n)
	}
	if r := n.Resilient; r != nil {
		w.open("resilient_args")
		w.num("buckets", "buckets ", int64(r.Buckets), " ")
		l.seconds("idle_timer", uint64(r.IdleTimer))
		l.seconds("unbalanced_timer", uint64(r.UnbalancedTimer))
		l.seconds("unbalanced_time", r.Unbalanced)
		w.close()
	}
	if h := n.Hop; h != nil {
		if h.Encap != nil {
			l.encap(h.Encap)
		}
		if h.Gateway.IsValid() {
			w.str("gateway", "via ", hostText(h.Gateway), " ")
		}
		if h.Link != 0 {
			w.str("dev", "dev ", l.devices.name(h.Link), " ")
		}
	}
	if n.Scope != scopeGlobal || l.o.Details {
		w.str("scope", "scope ", scopeName(n.Scope), " ")
	}
	if n.Blackhole {
		w.null("blackhole", "blackhole ")
	}
	if n.Protocol != protocolNone || l.o.Details {
		w.str("protocol", "proto ", protocolName(n.Protocol), " ")
	}
	l.flags(n.Flags)
	if n.FDB {
		w.null("fdb", "fdb")
	}
	w.close()
}

// shares writes a group's members and its type; the usual one has no name.
func (l *routeListing) shares(n *netstate.Nexthop) {
	const byHash, resilient = 0, 1
	w := &l.w
	w.openArray("group")
	w.text("group ")
	for i, s := range n.Group {
		w.open("")
		if i > 0 {
			w.text("/")
		}
		w.unum("id", "", uint64(s.ID), "")
		if s.Weight > 1 {
			w.unum("weight", ",", uint64(s.Weight), "")
		}
		w.close()
	}
	w.text(" ")
	w.closeArray()
	switch n.GroupType {
	case byHash:
	case resilient:
		w.str("type", "type ", "resilient", " ")
	default:
		w.str("type", "type ", "<unknown type>", " ")
	}
}

// seconds writes a time that is in hundredths of a second.
func (l *routeListing) seconds(key string, v uint64) {
	l.w.float(key, key+" ", float64(v)/100, " ")
}

// float writes a number as C's %g does.
func (w *writer) float(key, pre string, v float64, post string) {
	if w.json {
		w.name(key)
		w.b = strconv.AppendFloat(w.b, v, 'g', 6, 64)
		return
	}
	w.b = append(strconv.AppendFloat(append(w.b, pre...), v, 'g', 6, 64), post...)
}
