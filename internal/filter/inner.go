package filter

// Slots of the search for an inner packet, above those of tunnel keywords.
const (
	slotTransport = 1000 + iota // what is behind the outer IP header
	slotFrame                   // inner Ethernet frame
	slotPacket                  // inner IP packet
)

// carried makes the graph that looks for a packet inside this one, and tests
// the expression on it. It knows VXLAN, Geneve, GRE and IP in IP over IPv4
// and IPv6, behind at most two VLAN tags.
func (c *compilation) carried(link Link) *node {
	s := &search{compilation: c}
	s.frame = c.match(Ethernet, c.slot(slotFrame), absentIsError, c.reject)
	s.packet = c.match(Raw, c.slot(slotPacket), absentMatchesNot, c.reject)
	s.udp, s.gre = s.inUDP(), s.inGRE()
	s.ip = s.at(slotPacket, 0, s.packet)
	switch link {
	case LinuxSLL2:
		return s.byType(c.load(nil, 0, 2), 20, c.reject)
	case Raw:
		version := c.binary(opAnd, c.load(nil, 0, 1), c.imm(0xf0))
		v6 := c.test(isEqual, version, c.imm(0x60), s.inIPv6(0), c.reject)
		return c.test(isEqual, version, c.imm(0x40), s.inIPv4(0), v6)
	}
	n := c.reject
	for _, tags := range []uint32{2, 1, 0} {
		typ := c.load(nil, 12+4*tags, 2)
		if tags < 2 {
			for _, tag := range []uint32{etherQinQ, ether8021AD, ether8021Q} {
				n = c.test(isEqual, typ, c.imm(tag), s.tagged(tags), n)
			}
		}
		s.behind[tags] = s.byType(typ, 14+4*tags, n)
		n = c.reject
	}
	return s.behind[0]
}

// search holds the parts of the graph that all ways lead to.
type search struct {
	*compilation
	frame, packet *node // test the expression
	udp, gre, ip  *node // look behind the outer IP header
	behind        [3]*node
}

func (s *search) tagged(tags uint32) *node { return s.behind[tags+1] }

// byType goes on with the IP header at k.
func (s *search) byType(typ *value, k uint32, otherwise *node) *node {
	n := s.test(isEqual, typ, s.imm(etherIPv6), s.inIPv6(k), otherwise)
	return s.test(isEqual, typ, s.imm(etherIPv4), s.inIPv4(k), n)
}

// at keeps transport+k as a slot.
func (s *search) at(slot, k uint32, next *node) *node {
	return s.assign(slot, s.binary(opAdd, s.slot(slotTransport), s.imm(k)), next)
}

// inIPv4 looks into the IPv4 packet at k: nothing is inside later fragments.
func (s *search) inIPv4(k uint32) *node {
	length := s.binary(opLsh, s.binary(opAnd, s.load(nil, k, 1), s.imm(0xf)), s.imm(2))
	behind := s.binary(opAdd, length, s.imm(k))
	n := s.byProtocol(s.load(nil, k+9, 1), behind, s.reject)
	return s.test(hasBits, s.load(nil, k+6, 2), s.imm(0x1fff), s.reject, n)
}

// inIPv6 looks into the IPv6 packet at k, also behind one options header:
// Linux's ip6tnl and ip6gre write one.
func (s *search) inIPv6(k uint32) *node {
	const hopByHop, destination = 0, 60
	next := s.load(nil, k+6, 1)
	length := s.binary(opLsh, s.load(nil, k+41, 1), s.imm(3))
	options := s.byProtocol(s.load(nil, k+40, 1), s.binary(opAdd, length, s.imm(k+48)), s.reject)
	n := s.test(isEqual, next, s.imm(hopByHop), options, s.reject)
	n = s.test(isEqual, next, s.imm(destination), options, n)
	return s.byProtocol(next, s.imm(k+40), n)
}

// byProtocol goes on behind the IP header.
func (s *search) byProtocol(proto, behind *value, otherwise *node) *node {
	n := otherwise
	for _, p := range []struct {
		number uint32
		to     *node
	}{{protoGRE, s.gre}, {protoIPv6, s.ip}, {protoIPIP, s.ip}, {protoUDP, s.udp}} {
		n = s.test(isEqual, proto, s.imm(p.number), s.assign(slotTransport, behind, p.to), n)
	}
	return n
}

// inUDP looks behind a UDP header for VXLAN and Geneve.
func (s *search) inUDP() *node {
	base := s.slot(slotTransport)
	port, flags := s.load(base, 2, 2), s.load(base, 8, 1)
	options := s.binary(opLsh, s.binary(opAnd, flags, s.imm(0x3f)), s.imm(2))
	end := s.binary(opAdd, s.binary(opAdd, base, options), s.imm(16))
	geneve := s.test(isEqual, s.binary(opAnd, flags, s.imm(0xc0)), s.imm(0), s.byInner(s.load(base, 10, 2), end), s.reject)
	vxlan := s.test(hasBits, flags, s.imm(8), s.at(slotFrame, 16, s.frame), s.reject)
	n := s.test(isEqual, port, s.imm(portGeneve), geneve, s.reject)
	n = s.test(isEqual, port, s.imm(portVXLANLinux), vxlan, n)
	return s.test(isEqual, port, s.imm(portVXLAN), vxlan, n)
}

// inGRE looks behind a GRE header (RFC 2784, 2890): version 0, with or
// without checksum, key and sequence number.
func (s *search) inGRE() *node {
	base := s.slot(slotTransport)
	flags := s.load(base, 0, 2)
	end := s.binary(opAdd, base, s.imm(4))
	for _, shift := range []uint32{13, 11, 10} { // 0x8000 checksum, 0x2000 key, 0x1000 sequence
		end = s.binary(opAdd, end, s.binary(opAnd, s.binary(opRsh, flags, s.imm(shift)), s.imm(4)))
	}
	const routingOrVersion = 0x4007
	return s.test(hasBits, flags, s.imm(routingOrVersion), s.reject, s.byInner(s.load(base, 2, 2), end))
}

// byInner goes on with what an Ethernet type in the tunnel header announces.
func (s *search) byInner(typ, end *value) *node {
	packet := s.assign(slotPacket, end, s.packet)
	n := s.test(isEqual, typ, s.imm(etherIPv6), packet, s.reject)
	n = s.test(isEqual, typ, s.imm(etherIPv4), packet, n)
	return s.test(isEqual, typ, s.imm(etherTEB), s.assign(slotFrame, end, s.frame), n)
}
