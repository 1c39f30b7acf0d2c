package iproute

import (
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Flags of routes and ways, RTNH_F_* and RTM_F_* of linux/rtnetlink.h.
const (
	rtmCloned = 0x200
)

// Defaults that ip does not show.
const (
	tableMain    = 254
	typeUnicast  = 1
	protocolBoot = 3
	protocolNone = 0
	scopeGlobal  = 0
)

// Routes lists the routes of all tables, as `ip route show table all` does;
// with a family as `ip -6 route show table all`.
func Routes(ns *netstate.Namespace, o Options) []byte {
	l := newRouteListing(ns, o)
	l.w.openArray("")
	for i := range ns.Routes {
		r := &ns.Routes[i]
		if r.Flags&rtmCloned == 0 && (o.Family == "" || o.Family == r.Family) {
			l.route(r)
		}
	}
	l.w.closeArray()
	l.w.end()
	return l.w.b
}

// routeListing writes routes, nexthops and what both have.
type routeListing struct {
	w        writer
	o        Options
	devices  devices
	nexthops map[uint32]*netstate.Nexthop
}

func newRouteListing(ns *netstate.Namespace, o Options) *routeListing {
	l := &routeListing{
		w: writer{json: o.JSON}, o: o, devices: devicesOf(ns), nexthops: make(map[uint32]*netstate.Nexthop, len(ns.Nexthops)),
	}
	for i := range ns.Nexthops {
		l.nexthops[ns.Nexthops[i].ID] = &ns.Nexthops[i]
	}
	return l
}

func (l *routeListing) route(r *netstate.Route) {
	w := &l.w
	w.open("")
	if r.Type != typeUnicast || l.o.Details {
		w.str("type", "", typeName(r.Type), " ")
	}
	w.str("dst", "", destination(r), " ")
	if r.Src.IsValid() {
		w.str("from", "from ", prefixText(r.Src, r.Family), " ")
	}
	if r.NexthopID != 0 {
		w.unum("nhid", "nhid ", uint64(r.NexthopID), " ")
	}
	several := len(r.Hops) > 0 && r.Hops[0].Weight != 0
	if len(r.Hops) == 1 && !several {
		l.onlyWay(r)
	} else {
		l.fieldOf(r)
	}
	l.place(r)
	if r.Metric != 0 || r.Family == "inet6" {
		w.unum("metric", "metric ", uint64(r.Metric), " ")
	}
	l.flags(r.Flags)
	l.rest(r)
	if n := l.nexthops[r.NexthopID]; n != nil && r.NexthopID != 0 && l.o.Details {
		w.text("\n\tnh_info ")
		l.nexthop("nh_info", n)
	}
	if several {
		l.ways(r)
	}
	w.text("\n")
	w.close()
}

// destination writes where a route leads to.
func destination(r *netstate.Route) string {
	switch {
	case r.Family == "mpls":
		return labelsText(r.Labels)
	case !r.Dst.IsValid() || r.Dst.Bits() == 0:
		return "default"
	}
	return prefixText(r.Dst, r.Family)
}

// prefixText writes a prefix, a single address without its length; a multicast
// router's has one in any case.
func prefixText(p netip.Prefix, family string) string {
	if p.IsSingleIP() && (family == "inet" || family == "inet6") {
		return hostText(p.Addr())
	}
	return hostText(p.Addr()) + "/" + strconv.Itoa(p.Bits())
}

// labelsText writes a stack of MPLS labels.
func labelsText(labels []uint32) string {
	var b []byte
	for i, v := range labels {
		if i > 0 {
			b = append(b, '/')
		}
		b = strconv.AppendUint(b, uint64(v), 10)
	}
	return string(b)
}

func (l *routeListing) fieldOf(r *netstate.Route) {
	if r.TOS != 0 {
		l.w.str("tos", "tos ", fieldName(r.TOS), " ")
	}
}

// place writes where a route stands and who made it.
func (l *routeListing) place(r *netstate.Route) {
	w := &l.w
	if r.Table != 0 && (r.Table != tableMain || l.o.Details) {
		w.str("table", "table ", tableName(r.Table), " ")
	}
	if r.Protocol != protocolBoot || l.o.Details {
		w.str("protocol", "proto ", protocolName(r.Protocol), " ")
	}
	if r.Scope != scopeGlobal || l.o.Details {
		w.str("scope", "scope ", scopeName(r.Scope), " ")
	}
	if r.PrefSrc.IsValid() {
		w.str("prefsrc", "src ", hostText(r.PrefSrc), " ")
	}
}

// flags writes RTNH_F_* and RTM_F_*.
func (l *routeListing) flags(flags uint32) {
	names := [...]struct {
		bit  uint32
		name string
	}{
		{1, "dead"},
		{4, "onlink"},
		{2, "pervasive"},
		{8, "offload"},
		{0x40, "trap"},
		{0x100, "notify"},
		{0x10, "linkdown"},
		{0x20, "unresolved"},
		{0x4000, "rt_offload"},
		{0x8000, "rt_trap"},
		{0x20000000, "rt_offload_failed"},
	}
	l.w.openArray("flags")
	if flags != 0 {
		for _, f := range names {
			if flags&f.bit != 0 {
				l.w.str("", "", f.name, " ")
			}
		}
	}
	l.w.closeArray()
}

// rest writes what stands between the flags and the ways.
func (l *routeListing) rest(r *netstate.Route) {
	w := &l.w
	if r.Mark != 0 {
		l.mark(r.Mark)
	}
	realm := r.Realm
	if len(r.Hops) == 1 && r.Hops[0].Weight == 0 {
		realm = r.Hops[0].Realm
	}
	l.realm(realm)
	if r.Expires != 0 {
		w.num("expires", "expires ", int64(r.Expires), "sec ")
	}
	if r.Error != 0 {
		w.unum("error", "error ", uint64(uint32(r.Error)), " ")
	}
	if r.Metrics != nil || r.Congestion != "" {
		l.metrics(r)
	}
	if r.Input != 0 {
		w.str("iif", "iif ", l.devices.name(r.Input), " ")
	}
	if r.Pref != nil {
		l.pref(*r.Pref)
	}
	if r.TTLPropagate != nil {
		const key = "ttl-propogate" //nolint:misspell // as ip spells it
		text := key + " disabled"
		if *r.TTLPropagate {
			text = key + " enabled"
		}
		w.boolean(key, text, *r.TTLPropagate)
	}
}

func (l *routeListing) mark(mark uint32) {
	if l.o.JSON || mark < 16 {
		l.w.unum("mark", "mark ", uint64(mark), " ")
		return
	}
	l.w.hex("mark", "mark ", uint64(mark), " ")
}

// realm writes RTA_FLOW.
func (l *routeListing) realm(realm uint32) {
	if realm == 0 {
		return
	}
	w := &l.w
	from, to := realm>>16, realm&0xffff
	w.open("flow")
	if from != 0 {
		w.str("from", "realms ", realmName(from), "/")
	} else {
		w.text("realm ")
	}
	w.str("to", "", realmName(to), " ")
	w.close()
}

// pref writes a router's preference (RFC 4191).
func (l *routeListing) pref(pref uint8) {
	switch pref {
	case 0:
		l.w.str("pref", "pref ", "medium", "")
	case 1:
		l.w.str("pref", "pref ", "high", "")
	case 3:
		l.w.str("pref", "pref ", "low", "")
	default:
		l.w.num("pref", "", int64(pref), "")
	}
}
