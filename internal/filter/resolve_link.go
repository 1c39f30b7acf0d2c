package filter

// Ethernet types, of IEEE's registry.
const (
	etherNS     = 0x0600
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherMOPDL  = 0x6001
	etherMOPRC  = 0x6002
	etherDECnet = 0x6003
	etherLAT    = 0x6004
	etherSCA    = 0x6007
	etherTEB    = 0x6558 // Ethernet in GRE and Geneve
	etherRARP   = 0x8035
	etherATalk  = 0x809b
	ether8021Q  = 0x8100
	etherAARP   = 0x80f3
	etherIPX    = 0x8137
	etherIPv6   = 0x86dd
	etherMPLS   = 0x8847
	etherPPPoED = 0x8863
	etherPPPoES = 0x8864
	ether8021AD = 0x88a8
	etherLoop   = 0x9000
	etherQinQ   = 0x9100

	// etherMTU is the largest value of that field that is a length.
	etherMTU = 1500
)

// Service access points of IEEE 802.2.
const (
	sapIP      = 0x06
	sapSTP     = 0x42
	sapIPX     = 0xe0
	sapNetBEUI = 0xf0
	sapISO     = 0xfe
)

// linkType tests for a protocol above the link: an Ethernet type, or a
// service access point up to 1500.
func (r *resolver) linkType(at token, proto uint32) cond {
	switch {
	case r.labels > 0:
		return r.linkTypeMPLS(at, proto)
	case r.ppp:
		return r.equal(r.at(r.typ, 0, 2), pppType(proto))
	case r.link == Raw:
		switch proto {
		case etherIPv4:
			return r.masked(r.at(r.header, 0, 1), 0xf0, 0x40)
		case etherIPv6:
			return r.masked(r.at(r.header, 0, 1), 0xf0, 0x60)
		}
		return condConst(false)
	case r.link == LinuxSLL2:
		return r.equal(r.at(r.typ, 0, 2), proto)
	}
	return r.linkTypeEthernet(proto)
}

// linkTypeEthernet knows both kinds of frames: with a type, and with a length
// followed by an 802.2 header.
func (r *resolver) linkTypeEthernet(proto uint32) cond {
	typ := r.at(r.typ, 0, 2)
	isLength := not(r.compare(isGreater, typ, r.imm(etherMTU)))
	switch proto {
	case sapISO, sapIP, sapNetBEUI:
		return all(isLength, r.equal(r.at(r.payload, 0, 2), proto<<8|proto))
	case sapIPX:
		// Ethernet II, 802.3 without 802.2, 802.2, and SNAP.
		return oneOf(r.equal(typ, etherIPX), all(isLength, oneOf(
			r.snap(0, etherIPX),
			r.equal(r.at(r.payload, 0, 1), sapIPX),
			r.equal(r.at(r.payload, 0, 2), 0xffff))))
	case etherATalk:
		return oneOf(r.equal(typ, proto), all(isLength, r.snap(0x080007, proto)))
	case etherAARP:
		return oneOf(r.equal(typ, proto), all(isLength, r.snap(0, proto)))
	}
	if proto <= etherMTU {
		return all(isLength, r.equal(r.at(r.typ, 2, 1), proto))
	}
	return r.equal(typ, proto)
}

// snap tests the whole 802.2 and SNAP header.
func (r *resolver) snap(organization, proto uint32) cond {
	return all(
		r.equal(r.at(r.payload, 4, 4), organization<<16|proto),
		r.equal(r.at(r.payload, 0, 4), 0xaaaa0300|organization>>16))
}

// linkTypeMPLS guesses what the last label carries from the version nibble.
func (r *resolver) linkTypeMPLS(at token, proto uint32) cond {
	version := uint32(0x40)
	switch proto {
	case etherIPv4:
	case etherIPv6:
		version = 0x60
	default:
		return r.lacking(at, "MPLS does not say what it carries: only ip and ip6 can be told from their first byte", "no such test behind mpls")
	}
	last := r.at(r.payload, r.network-2, 1)
	return all(r.masked(last, 1, 1), r.masked(r.net(0, 1), 0xf0, version))
}

// pppType is the PPP protocol for an Ethernet type (RFC 1661 and IANA).
func pppType(proto uint32) uint32 {
	switch proto {
	case etherIPv4:
		return 0x0021
	case etherIPv6:
		return 0x0057
	case etherDECnet:
		return 0x0027
	case etherATalk:
		return 0x0029
	case etherNS:
		return 0x0025
	case sapISO:
		return 0x0023
	case sapSTP:
		return 0x0031
	case sapIPX:
		return 0x002b
	}
	return proto
}

// isEthernet says whether the current link header has Ethernet addresses.
func (r *resolver) isEthernet() bool { return r.link == Ethernet && !r.ppp }

func (r *resolver) linkName() string {
	if r.ppp {
		return "PPP"
	}
	return r.link.String()
}

// frame adds to a test of the link header that there is one: what Geneve
// carries may have none.
func (r *resolver) frame(c cond) cond {
	if r.tunnel >= 0 && r.isEthernet() {
		return all(condIsInside{r.tunnel, insideEthernet}, c)
	}
	return c
}

func (r *resolver) etherHost(q qualifiers, id token) cond {
	if q.proto != "link" || q.typ != "" && q.typ != "host" {
		return r.fail(id, "write: ether host "+id.raw, "an Ethernet address needs ether in front")
	}
	if !r.isEthernet() {
		return r.lacking(id, "", "%s has no Ethernet addresses", r.linkName())
	}
	return r.frame(r.etherAddress(q.dir, macBytes(id.text)))
}

func (r *resolver) etherAddress(dir string, mac uint64) cond {
	one := func(at uint32) cond {
		return all(
			r.equal(r.at(r.header, at+2, 4), uint32(mac)),
			r.equal(r.at(r.header, at, 2), uint32(mac>>32)))
	}
	return r.bothWays(dir, func() cond { return one(6) }, func() cond { return one(0) })
}

// bothWays combines the tests of source and destination.
func (r *resolver) bothWays(dir string, src, dst func() cond) cond {
	switch dir {
	case "src":
		return src()
	case "dst":
		return dst()
	case "and":
		return &condAnd{src(), dst()}
	}
	return &condOr{src(), dst()}
}

// macBytes reads what macLength has matched.
func macBytes(s string) uint64 {
	n, groups := uint64(0), 0
	for i := 0; i < len(s); {
		if hexDigit(s[i]) < 0 {
			i++
			continue
		}
		b := uint64(hexDigit(s[i]))
		if i++; i < len(s) && hexDigit(s[i]) >= 0 {
			b = b<<4 | uint64(hexDigit(s[i]))
			i++
		}
		n = n<<8 | b
		groups++
	}
	return n
}

func (r *resolver) broadcast(at, proto token) cond {
	switch proto.text {
	case "", "link":
		if !r.isEthernet() {
			return r.lacking(at, "", "%s has no broadcast address", r.linkName())
		}
		return r.frame(r.etherAddress("dst", 0xffffffffffff))
	case "ip":
		return r.fail(at, "write the addresses: dst host 255.255.255.255 or dst host 10.1.2.255",
			"ip broadcast needs the netmask of the interface")
	}
	return r.fail(at, "", "%s has no broadcast address", proto.raw)
}

func (r *resolver) multicast(at, proto token) cond {
	switch proto.text {
	case "", "link":
		if !r.isEthernet() {
			return r.lacking(at, "write: ip multicast or ip6 multicast", "%s has no multicast addresses", r.linkName())
		}
		return r.frame(r.compare(hasBits, r.at(r.header, 0, 1), r.imm(1)))
	case "ip":
		return all(r.linkType(proto, etherIPv4), r.compare(isAtLeast, r.net(16, 1), r.imm(224)))
	case "ip6":
		return all(r.linkType(proto, etherIPv6), r.equal(r.net(24, 1), 255))
	}
	return r.fail(at, "write: ip multicast or ip6 multicast", "%s has no multicast addresses", proto.raw)
}
