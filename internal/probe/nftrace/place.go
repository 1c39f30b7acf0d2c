package nftrace

// place is where a packet's headers stand: at its beginning, or in a tunnel.
type place struct {
	// prefix begins the names of its chains and sets.
	prefix string
	// mark is the chain that marks what matches.
	mark string
	ip   field
	// inside are the IP versions that a tunnel carries here, none outside of
	// tunnels. header is what the tunnel's own header says of one.
	inside []uint8
	header func(x exprs, version uint8) exprs
}

// outside are a packet's own headers.
func outside() place { return place{mark: markChain, ip: field{base: baseNetwork}} }

// tunnel is a way to carry a packet in another: the chain that looks inside,
// and the IP protocol that leads there.
type tunnel struct {
	place
	chain string
	proto byte
}

// tunnels are those that are looked into. Their offsets: UDP 8 bytes, VXLAN
// (RFC 7348) or Geneve without options (RFC 8926) 8, Ethernet 14; IPIP 0; GRE
// without options (RFC 2784) 4.
func tunnels() []tunnel {
	th := field{base: baseTransport}
	both := []uint8{4, 6}
	ether := map[uint8][]byte{4: {0x08, 0x00}, 6: {0x86, 0xdd}}
	nothing := func(x exprs, _ uint8) exprs { return x }
	return []tunnel{
		{place{"ethernet-", insideChain, th.at(30), both, func(x exprs, v uint8) exprs {
			return x.bytes(th.at(28), ether[v]...).loadMeta(metaL4Proto).equal([]byte{protoUDP})
		}}, "in-ethernet", protoUDP},
		{place{"gre-", insideChain, th.at(4), both, func(x exprs, v uint8) exprs { return x.bytes(th, append([]byte{0, 0}, ether[v]...)...) }}, "in-gre", protoGRE},
		{place{"ipip-", insideChain, th, []uint8{4}, nothing}, "in-ipip", protoIPIP},
		{place{"ipip6-", insideChain, th, []uint8{6}, nothing}, "in-ipip6", protoIPv6},
	}
}

// versionsOf are the IP versions for which a rule is needed here; outside of
// tunnels 0 is one rule for both.
func (p place) versionsOf(m plain) []uint8 {
	if p.inside == nil {
		return []uint8{m.version}
	}
	var all []uint8
	for _, v := range p.inside {
		if m.version == 0 || m.version == v {
			all = append(all, v)
		}
	}
	return all
}

// Offsets in the IP headers.
func srcOf(version uint8) int { return map[uint8]int{4: 12, 6: 8}[version] }
func dstOf(version uint8) int { return map[uint8]int{4: 16, 6: 24}[version] }

func addrLen(version uint8) int { return map[uint8]int{4: 4, 6: 16}[version] }

// match are the expressions for a packet whose headers are here. What few
// packets have comes first.
func (r *ruleset) match(p place, m plain, version uint8) exprs {
	x := p.transport(nil, m, version)
	if m.fragment {
		x = x.without(p.ip.at(6), []byte{0x1f, 0xff})
	}
	x = r.proto(x, p, m, version)
	if m.src.IsValid() {
		x = x.prefix(p.ip.at(srcOf(version)), m.src)
	}
	if m.dst.IsValid() {
		x = x.prefix(p.ip.at(dstOf(version)), m.dst)
	}
	return p.version(x, m, version)
}

// transport matches ports or an ICMP identifier. The kernel finds the transport
// header of the packet itself, past all extension headers.
func (p place) transport(x exprs, m plain, version uint8) exprs {
	at := field{base: baseTransport}
	switch {
	case p.inside == nil:
	case version == 4:
		at = p.ip.at(20)
	default:
		at = p.ip.at(40)
	}
	x = x.port(at, m.sport).port(at.at(2), m.dport)
	if !m.hasID {
		return x
	}
	// An echo request or reply: types 8 and 0, or 128 and 129.
	mask, typ := byte(0xf7), byte(0)
	if m.proto == protoICMPv6 {
		mask, typ = 0xfe, 128
	}
	return x.bytes(at.at(4), byte(m.id>>8), byte(m.id)).masked(at, []byte{mask}, []byte{typ})
}

// proto matches the IP protocol.
func (r *ruleset) proto(x exprs, p place, m plain, version uint8) exprs {
	load, typ := x.loadMeta(metaL4Proto), uint32(typeProto)
	if p.inside != nil {
		load, typ = x.load(p.ip.at(map[uint8]int{4: 9, 6: 6}[version]), 1), typeInteger
	}
	switch {
	case m.proto != 0:
		return load.equal([]byte{m.proto})
	case m.hasPorts():
		return load.lookup(r.add(withPorts(typ)), false)
	}
	return x
}

// version matches the IP version, in tunnels IPv4 without options and IPv6
// without extension headers.
func (p place) version(x exprs, m plain, version uint8) exprs {
	switch {
	case p.inside == nil && version == 0:
		return x
	case p.inside == nil:
		return x.loadMeta(metaNFProto).equal([]byte{map[uint8]byte{4: nfprotoIPv4, 6: nfprotoIPv6}[version]})
	case version == 6:
		return p.header(x.masked(p.ip, []byte{0xf0}, []byte{0x60}), version)
	}
	x = x.bytes(p.ip, 0x45)
	if m.hasPorts() || m.hasID {
		x = x.masked(p.ip.at(6), []byte{0x1f, 0xff}, []byte{0, 0}) // not a later fragment
	}
	return p.header(x, version)
}
