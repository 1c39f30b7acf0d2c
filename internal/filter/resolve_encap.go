package filter

// vlan tests for an 802.1Q, 802.1ad or old QinQ tag and moves all that
// follows behind it. The kernel takes the outermost tag of a received packet
// out of the bytes, so a live program looks at the metadata first.
func (r *resolver) vlan(e *exprWord) cond {
	w := e.word
	switch {
	case r.labels > 0:
		return r.fail(w, "", "no VLAN tag can stand behind mpls")
	case !r.isEthernet():
		return r.lacking(w, "", "%s has no VLAN tags", r.linkName())
	case e.arg.num > 0xfff:
		return r.fail(e.arg, "", "a VLAN ID is at most 4095")
	}
	tag := oneOf(r.linkType(w, ether8021Q), r.linkType(w, ether8021AD), r.linkType(w, etherQinQ))
	id := func(c cond, v *value) cond {
		if e.arg.kind == 0 {
			return c
		}
		return &condAnd{c, r.masked(v, 0xfff, e.arg.num)}
	}
	inBytes := id(tag, r.net(0, 2))
	first := r.vlans == 0 && r.header.base == nil && r.tunnel < 0
	r.vlans++
	if !r.options.Live || !first {
		r.typ.k += 4
		r.payload.k += 4
		return inBytes
	}
	r.typ.base = r.variable(varShift)
	r.payload.base = r.variable(varShift)
	present := func() cond { return r.equal(r.ext(adVLANPresent, 1), 1) }
	return &condOr{
		id(present(), r.ext(adVLANTag, 1)),
		all(not(present()), condShift{}, inBytes),
	}
}

// mpls tests for a label and moves the network header behind it.
func (r *resolver) mpls(e *exprWord) cond {
	w := e.word
	var c cond
	switch {
	case e.arg.num > 0xfffff:
		return r.fail(e.arg, "", "an MPLS label is at most 1048575")
	case r.labels > 0:
		// The label before must not be the last.
		c = r.masked(r.at(r.payload, r.network-2, 1), 1, 0)
	case r.ppp:
		c = r.linkType(w, 0x0281)
	case r.isEthernet():
		c = r.linkType(w, etherMPLS)
	default:
		return r.lacking(w, "", "%s has no MPLS labels", r.linkName())
	}
	if e.arg.kind != 0 {
		c = &condAnd{c, r.masked(r.net(0, 4), 0xfffff000, e.arg.num<<12)}
	}
	r.network += 4
	r.networkNoSNAP += 4
	r.labels++
	return c
}

// pppoes tests for a PPPoE session (RFC 2516); behind it stands PPP.
func (r *resolver) pppoes(e *exprWord) cond {
	if e.arg.num > 0xffff {
		return r.fail(e.arg, "", "a PPPoE session is at most 65535")
	}
	c := r.linkType(e.word, etherPPPoES)
	if e.arg.kind != 0 {
		c = &condAnd{c, r.masked(r.net(0, 4), 0xffff, e.arg.num)}
	}
	r.header = offset{r.payload.base, r.payload.k + r.network + 6}
	r.typ = r.header
	r.payload.k = r.header.k + 2
	r.network, r.networkNoSNAP, r.ppp, r.noType = 0, 0, true, false
	return c
}

// llcTest tests for an 802.2 header, which no frame with an Ethernet type
// has, and for the kind of its control byte.
func (r *resolver) llcTest(e *exprWord) cond {
	if !r.isEthernet() {
		return r.lacking(e.word, "", "%s has no 802.2 headers", r.linkName())
	}
	c := all(
		not(r.compare(isGreater, r.at(r.typ, 0, 2), r.imm(etherMTU))),
		not(r.equal(r.at(r.payload, 0, 2), 0xffff)))
	if e.arg.kind == 0 {
		return c
	}
	t, ok := llcTypes[lowerCase(e.arg.text)]
	if !ok {
		return r.fail(e.arg, "one of: i s u rr rnr rej ui ua disc dm sabme test xid frmr", "unknown LLC type")
	}
	return &condAnd{c, r.masked(r.at(r.payload, 2, 1), t.mask, t.value)}
}

var llcTypes = map[string]struct{ mask, value uint32 }{
	"i": {1, 0}, "s": {3, 1}, "u": {3, 3},
	"rr": {0x0f, 0x01}, "rnr": {0x0f, 0x05}, "rej": {0x0f, 0x09},
	"ui": {0xef, 0x03}, "ua": {0xef, 0x63}, "disc": {0xef, 0x43}, "dm": {0xef, 0x0f},
	"sabme": {0xef, 0x6f}, "test": {0xef, 0xe3}, "xid": {0xef, 0xaf}, "frmr": {0xef, 0x87},
}
