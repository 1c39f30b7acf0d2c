package filter

// linkProtocols are the protocols that the link header names.
var linkProtocols = map[string]uint32{
	"ip": etherIPv4, "ip6": etherIPv6, "arp": etherARP, "rarp": etherRARP,
	"atalk": etherATalk, "aarp": etherAARP, "decnet": etherDECnet, "lat": etherLAT, "sca": etherSCA,
	"mopdl": etherMOPDL, "moprc": etherMOPRC,
	"iso": sapISO, "stp": sapSTP, "ipx": sapIPX, "netbeui": sapNetBEUI,
}

// ipProtocols are the protocols that an IP header names, and in which: "" for
// IPv4 and IPv6.
var ipProtocols = map[string]struct {
	number uint32
	in     string
}{
	"tcp": {protoTCP, ""}, "udp": {protoUDP, ""}, "sctp": {protoSCTP, ""}, "pim": {protoPIM, ""},
	"ah": {protoAH, ""}, "esp": {protoESP, ""},
	"icmp": {protoICMP, "ip"}, "igmp": {protoIGMP, "ip"}, "igrp": {protoIGRP, "ip"},
	"vrrp": {protoVRRP, "ip"}, "carp": {protoVRRP, "ip"}, "icmp6": {protoICMPv6, "ip6"},
}

// isoProtocols are the network protocols of OSI (ISO/IEC TR 9577).
var isoProtocols = map[string]uint32{"clnp": 0x81, "esis": 0x82, "isis": 0x83}

// isisTypes are the PDU types of IS-IS (ISO 10589) in the order in which
// libpcap asks for them.
var isisTypes = map[string][]uint32{
	"l1": {26, 24, 18, 15, 17}, "l2": {27, 25, 20, 16, 17},
	"iih": {17, 15, 16}, "lsp": {18, 20}, "snp": {27, 26, 24, 25}, "csnp": {24, 25}, "psnp": {26, 27},
}

// protocol tests for the protocol that a keyword names.
func (r *resolver) protocol(at token, name string) cond {
	if proto, ok := linkProtocols[name]; ok {
		return r.linkType(at, proto)
	}
	if p, ok := ipProtocols[name]; ok {
		return r.ipProto(at, p.number, p.in)
	}
	if n, ok := isoProtocols[name]; ok {
		return r.isoProto(at, n)
	}
	if types := isisTypes[name]; types != nil {
		cs := make([]cond, len(types))
		for i, n := range types {
			cs[i] = all(r.isoProto(at, isoProtocols["isis"]), r.equal(r.netNoSNAP(4, 1), n))
		}
		return oneOf(cs...)
	}
	if name == "link" {
		return r.fail(at, "write: ether host, ether proto, ether broadcast or ether[0]", "%s needs something behind it", at.raw)
	}
	return r.fail(at, "", "%s %s", at.raw, refused[name])
}

func (r *resolver) isoProto(at token, n uint32) cond {
	return all(r.linkType(at, sapISO), r.equal(r.netNoSNAP(0, 1), n))
}

// ipProto tests the protocol field; in IPv6 also behind one fragment header,
// and behind no other extension header.
func (r *resolver) ipProto(at token, n uint32, in string) cond {
	switch in {
	case "ip":
		return all(r.linkType(at, etherIPv4), r.equal(r.net(9, 1), n))
	case "ip6":
		next := r.net(6, 1)
		return all(r.linkType(at, etherIPv6), oneOf(
			r.equal(next, n),
			all(r.equal(next, protoFragment), r.equal(r.net(40, 1), n))))
	}
	return &condOr{r.ipProto(at, n, "ip"), r.ipProto(at, n, "ip6")}
}

// protoNumber resolves "proto N" and "proto name".
func (r *resolver) protoNumber(e *exprIdent) cond {
	q, id := e.q, e.id
	switch q.proto {
	case "", "ip", "ip6", "link", "iso", "isis":
	default:
		return r.fail(q.protoAt, "proto goes with ether, ip, ip6, iso, isis, or stands alone", "%s names no protocol inside it", q.protoAt.raw)
	}
	n := id.num
	switch id.kind {
	case tokenNumber:
	case tokenName:
		var ok bool
		if n, ok = r.protoName(q, id); !ok {
			return condConst(false)
		}
	default:
		return r.fail(id, "", "an address is no protocol")
	}
	if e.prefix.kind != 0 || e.mask.kind != 0 {
		return r.fail(id, "", "a protocol has no mask")
	}
	switch q.proto {
	case "link":
		return r.linkType(id, n)
	case "iso":
		return r.isoProto(id, n)
	case "isis":
		return all(r.isoProto(id, isoProtocols["isis"]), r.equal(r.netNoSNAP(4, 1), n))
	}
	return r.ipProto(id, n, q.proto)
}

// protoName looks a name up that stands behind "proto".
func (r *resolver) protoName(q qualifiers, id token) (uint32, bool) {
	table, what := protocolNumbers, "IP protocol"
	switch q.proto {
	case "link":
		table, what = linkProtocols, "Ethernet type"
		if id.text == "loopback" {
			return etherLoop, true
		}
	case "iso":
		table, what = isoProtocols, "OSI protocol"
	case "isis":
		table, what = nil, "IS-IS PDU type"
	}
	n, ok := table[id.text]
	if !ok {
		hint := "write its number"
		if _, ether := linkProtocols[id.text]; ether && q.proto != "link" {
			hint = `write: ether proto \` + id.text
		} else if _, ip := protocolNumbers[id.text]; ip {
			hint = `write: ip proto \` + id.text
		}
		r.fail(id, hint, "unknown %s", what)
	}
	return n, ok
}
