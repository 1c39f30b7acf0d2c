package iproute

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func (l *linkListing) vxlan(x *netstate.VXLAN) {
	w, s := &l.w, l.sent(x.Sent)
	w.yes("external", "external ", x.External)
	w.yes("vnifilter", "vnifilter", x.VNIFilter)
	s.num(rtnl.VXLANID, "id", "id", uint64(x.VNI))
	l.far(x.Group)
	l.endpoint("local", "local ", x.Local)
	if x.Underlay != 0 {
		w.str("link", "dev ", l.devices.name(x.Underlay), " ")
	}
	if s.has(rtnl.VXLANPortRange) {
		w.open("port_range")
		w.unum("low", "srcport ", uint64(x.PortLow), " ")
		w.unum("high", "", uint64(x.PortHigh), " ")
		w.close()
	}
	s.num(rtnl.VXLANPort, "port", "dstport", uint64(x.Port))
	if s.has(rtnl.VXLANLearning) {
		text := ""
		if !x.Learning {
			text = "nolearning "
		}
		w.boolean("learning", text, x.Learning)
	}
	w.yes("proxy", "proxy ", x.Proxy)
	w.yes("rsc", "rsc ", x.RSC)
	w.yes("l2miss", "l2miss ", x.L2Miss)
	w.yes("l3miss", "l3miss ", x.L3Miss)
	l.tos(x.TOS)
	l.ttl(s.has(rtnl.VXLANTTL), x.TTLInherit, x.TTL)
	l.df(s.has(rtnl.VXLANDF), x.DF)
	l.label(x.Label)
	if s.has(rtnl.VXLANAgeing) {
		if x.Ageing == 0 && !w.json {
			w.text("ageing none ")
		} else {
			w.unum("ageing", "ageing ", uint64(x.Ageing), " ")
		}
	}
	if x.Limit != 0 {
		w.unum("limit", "maxaddr ", uint64(x.Limit), " ")
	}
	l.checksum(s.has(rtnl.VXLANUDPCsum), "udp_csum", "udpcsum ", x.UDPCsum)
	l.checksum(s.has(rtnl.VXLANZeroCsum6Tx), "udp_zero_csum6_tx", "udp6zerocsumtx ", x.ZeroCsum6Tx)
	l.checksum(s.has(rtnl.VXLANZeroCsum6Rx), "udp_zero_csum6_rx", "udp6zerocsumrx ", x.ZeroCsum6Rx)
	w.yes("remcsum_tx", "remcsumtx ", x.RemCsumTx)
	w.yes("remcsum_rx", "remcsumrx ", x.RemCsumRx)
	w.yes("gbp", "gbp ", x.GBP)
	w.yes("gpe", "gpe ", x.GPE)
}

// far writes the other end of a VXLAN device, or its group.
func (l *linkListing) far(a netip.Addr) {
	if a.IsMulticast() {
		l.endpoint("group", "group ", a)
	} else {
		l.endpoint("remote", "remote ", a)
	}
}

// endpoint writes an address, whose key says if it is one of IPv6.
func (l *linkListing) endpoint(key, word string, a netip.Addr) {
	if !a.IsValid() {
		return
	}
	if a.Is6() {
		key += "6"
	}
	l.w.str(key, word, hostText(a), " ")
}

func (l *linkListing) tos(tos uint8) {
	const inherit = 1
	switch {
	case tos == 0:
	case tos == inherit && !l.w.json:
		l.w.text("tos inherit ")
	default:
		l.w.hex("tos", "tos ", uint64(tos), " ")
	}
}

func (l *linkListing) ttl(known, inherit bool, ttl uint8) {
	switch {
	case inherit:
		l.w.text("ttl inherit ")
	case known && ttl == 0 && !l.w.json:
		l.w.text("ttl auto ")
	case known:
		l.w.unum("ttl", "ttl ", uint64(ttl), " ")
	}
}

func (l *linkListing) df(known bool, df uint8) {
	names := [...]string{"unset", "set", "inherit"}
	if known && int(df) < len(names) && (df != 0 || l.w.json) {
		l.w.str("df", "df ", names[df], " ")
	}
}

func (l *linkListing) label(label uint32) {
	if label != 0 {
		l.w.hex("label", "flowlabel ", uint64(label), " ")
	}
}

func (l *linkListing) checksum(known bool, key, word string, on bool) {
	if !known {
		return
	}
	if !on {
		word = "no" + word
	}
	l.w.boolean(key, word, on)
}

func (l *linkListing) geneve(g *netstate.Geneve) {
	w, s := &l.w, l.sent(g.Sent)
	w.yes("external", "external ", g.External)
	s.num(rtnl.GeneveID, "id", "id", uint64(g.VNI))
	if !g.Remote.Is6() || !g.Remote.IsMulticast() {
		l.endpoint("remote", "remote ", g.Remote)
	}
	l.ttl(s.has(rtnl.GeneveTTL), g.TTLInherit, g.TTL)
	l.tos(g.TOS)
	l.df(s.has(rtnl.GeneveDF), g.DF)
	l.label(g.Label)
	s.num(rtnl.GenevePort, "port", "dstport", uint64(g.Port))
	l.checksum(s.has(rtnl.GeneveUDPCsum), "udp_csum", "udpcsum ", g.UDPCsum)
	l.checksum(s.has(rtnl.GeneveZeroCsum6Tx), "udp_zero_csum6_tx", "udp6zerocsumtx ", g.ZeroCsum6Tx)
	l.checksum(s.has(rtnl.GeneveZeroCsum6Rx), "udp_zero_csum6_rx", "udp6zerocsumrx ", g.ZeroCsum6Rx)
	w.yes("inner_proto_inherit", "innerprotoinherit ", g.InnerProto)
}
