package iproute

import "github.com/pktrail/pktrail/internal/netstate"

// onlyWay writes the way of a route that has one.
func (l *routeListing) onlyWay(r *netstate.Route) {
	h := &r.Hops[0]
	if h.Labels != nil {
		l.newLabels(h)
	}
	if h.Encap != nil {
		l.encap(h.Encap)
	}
	l.fieldOf(r)
	l.gateway(h, r.Family)
	if h.Link != 0 {
		l.w.str("dev", "dev ", l.devices.name(h.Link), " ")
	}
}

func (l *routeListing) newLabels(h *netstate.Hop) {
	l.w.str("to", "as to ", labelsText(h.Labels), " ")
}

// gateway writes the next router; one of another family is named with that.
func (l *routeListing) gateway(h *netstate.Hop, family string) {
	if !h.Gateway.IsValid() {
		return
	}
	of := "inet"
	if h.Gateway.Is6() {
		of = "inet6"
	}
	if of == family {
		l.w.str("gateway", "via ", hostText(h.Gateway), " ")
		return
	}
	l.w.open("via")
	l.w.str("family", "via ", of, " ")
	l.w.str("host", "", hostText(h.Gateway), " ")
	l.w.close()
}

// ways writes several ways of equal cost.
func (l *routeListing) ways(r *netstate.Route) {
	w := &l.w
	w.openArray("nexthops")
	for i := range r.Hops {
		h := &r.Hops[i]
		w.open("")
		w.text("\n\tnexthop ")
		if h.Encap != nil {
			l.encap(h.Encap)
		}
		if h.Labels != nil {
			l.newLabels(h)
		}
		l.gateway(h, r.Family)
		l.realm(h.Realm)
		w.str("dev", "dev ", l.devices.name(h.Link), " ")
		if r.Family != "mpls" {
			w.num("weight", "weight ", int64(h.Weight), " ")
		}
		l.flags(uint32(h.Flags))
		w.close()
	}
	w.closeArray()
}
