package filter

// maxTunnels is how many tunnel keywords one expression may have.
const maxTunnels = 3

// UDP ports of tunnels: IANA's, and for VXLAN also the one of Linux before it.
const (
	portVXLAN      = 4789
	portVXLANLinux = 8472
	portGeneve     = 6081
)

// tunnel is one that a keyword looks into.
type tunnel struct {
	slot  uint32 // keeps the offset of its header behind UDP
	vxlan bool   // else Geneve
}

// geneve tests for Geneve (RFC 8926), version 0. What follows in the
// expression looks at what it carries, a frame or a packet.
func (r *resolver) geneve(e *exprWord) cond {
	const anyID, isTEB = 0xffffff00, etherTEB
	t, ok := r.newTunnel(e, false)
	if !ok {
		return condConst(false)
	}
	found := r.tunnelHeader(e, t, func(udp offset) cond {
		c := r.equal(r.at(udp, 2, 2), portGeneve)
		c = &condAnd{c, r.masked(r.at(udp, 8, 1), 0xc0, 0)}
		if e.arg.kind != 0 {
			c = &condAnd{c, r.masked(r.at(udp, 12, 4), anyID, e.arg.num<<8)}
		}
		return c
	})
	carries := func() cond { return r.equal(r.load(r.slot(t.slot), 2, 2), isTEB) }
	n := len(r.tunnels) - 1
	r.enterTunnel(n)
	return &condAnd{found, &condOr{
		&condAnd{carries(), condInside{n, insideEthernet}},
		&condAnd{not(carries()), condInside{n, insidePacket}},
	}}
}

// vxlan tests for VXLAN (RFC 7348) on both of its ports. It is not in libpcap
// 1.10. What follows in the expression looks at the frame inside.
func (r *resolver) vxlan(e *exprWord) cond {
	t, ok := r.newTunnel(e, true)
	if !ok {
		return condConst(false)
	}
	found := r.tunnelHeader(e, t, func(udp offset) cond {
		port := r.at(udp, 2, 2)
		c := all(oneOf(r.equal(port, portVXLAN), r.equal(port, portVXLANLinux)),
			r.compare(hasBits, r.at(udp, 8, 1), r.imm(0x08)))
		if e.arg.kind != 0 {
			c = &condAnd{c, r.masked(r.at(udp, 12, 4), 0xffffff00, e.arg.num<<8)}
		}
		return c
	})
	n := len(r.tunnels) - 1
	r.enterTunnel(n)
	return &condAnd{found, condInside{n, insideEthernet}}
}

func (r *resolver) newTunnel(e *exprWord, vxlan bool) (tunnel, bool) {
	switch {
	case len(r.tunnels) == maxTunnels:
		r.fail(e.word, "", "an expression can look into %d tunnels", maxTunnels)
		return tunnel{}, false
	case e.arg.num > 0xffffff:
		r.fail(e.arg, "", "a VNI is at most 16777215")
		return tunnel{}, false
	}
	t := tunnel{slot: r.slots + uint32(len(r.tunnels)), vxlan: vxlan}
	r.tunnels = append(r.tunnels, t)
	return t, true
}

// tunnelHeader tests for UDP over IPv4 or IPv6 and keeps the place behind the
// UDP header.
func (r *resolver) tunnelHeader(e *exprWord, t tunnel, test func(udp offset) cond) cond {
	keep := func(udp offset) cond {
		at := r.imm(udp.k + 8)
		if udp.base != nil {
			at = r.binary(opAdd, udp.base, at)
		}
		return &condAssign{t.slot, at}
	}
	v4, v6 := r.transport4(), r.transport6()
	return &condOr{
		all(r.linkType(e.word, etherIPv4), r.equal(r.net(9, 1), protoUDP), r.firstFragment(), test(v4), keep(v4)),
		all(r.linkType(e.word, etherIPv6), r.equal(r.net(6, 1), protoUDP), test(v6), keep(v6)),
	}
}

// enterTunnel moves all layers into tunnel n.
func (r *resolver) enterTunnel(n int) {
	at := func(what int) offset { return offset{base: r.variable(tunnelVar(n, what))} }
	r.layers = layers{
		link: Ethernet, tunnel: n, vlans: r.vlans, networkNoSNAP: 3,
		header: at(tunnelHeader), typ: at(tunnelType), payload: at(tunnelPayload),
	}
}

// tunnelOffset is where a header inside tunnel n is, by what was found there.
func (l *lowering) tunnelOffset(n, what int, found inside) (*value, bool) {
	if found == insideNothing {
		return nil, false
	}
	header := l.slot(l.tunnels[n].slot)
	end := l.binary(opAdd, header, l.imm(8))
	if !l.tunnels[n].vxlan {
		options := l.binary(opLsh, l.binary(opAnd, l.load(header, 0, 1), l.imm(0x3f)), l.imm(2))
		end = l.binary(opAdd, l.binary(opAdd, header, options), l.imm(8))
	}
	switch {
	case what == tunnelHeader:
		return end, true
	case found == insideEthernet && what == tunnelType:
		return l.binary(opAdd, end, l.imm(12)), true
	case found == insideEthernet:
		return l.binary(opAdd, end, l.imm(14)), true
	case what == tunnelType:
		return l.binary(opAdd, header, l.imm(2)), true
	}
	return end, true
}
