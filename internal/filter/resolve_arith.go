package filter

// resolve compares two numbers, if the packet has the headers that they are
// read from.
func (e *exprRelation) resolve(r *resolver) cond {
	a, ca := e.a.number(r)
	b, cb := e.b.number(r)
	var c cond = &condTest{cmp: e.cmp, a: a, b: b, guard: true}
	if e.negated {
		c = not(c)
	}
	if cb != nil {
		c = &condAnd{cb, c}
	}
	if ca != nil {
		c = &condAnd{ca, c}
	}
	return c
}

func (a arithNumber) number(r *resolver) (*value, cond) { return r.imm(a.n), nil }

func (arithLength) number(r *resolver) (*value, cond) { return r.len(), nil }

func (a *arithNegate) number(r *resolver) (*value, cond) {
	v, c := a.a.number(r)
	return r.neg(v), c
}

// number computes a op b. As in libpcap, only the left operand's headers are
// tested for: in 1 + tcp[0] the bytes are read from any packet.
func (a *arithBinary) number(r *resolver) (*value, cond) {
	x, c := a.a.number(r)
	y, _ := a.b.number(r)
	if y.op == opImm {
		switch {
		case a.op == opDiv && y.k == 0, a.op == opMod && y.k == 0:
			r.fail(a.at, "", "division by zero")
			return x, c
		case (a.op == opLsh || a.op == opRsh) && y.k > 31:
			r.fail(a.at, "", "shift by more than 31 bits")
			return x, c
		}
	}
	return r.binary(a.op, x, y), c
}

// number reads bytes of the packet.
func (a *arithLoad) number(r *resolver) (*value, cond) {
	size := uint32(1)
	if a.size.kind != 0 {
		size = a.size.num
	}
	if size != 1 && size != 2 && size != 4 {
		r.fail(a.size, "", "the size is 1, 2 or 4")
		return r.imm(0), nil
	}
	index, c := a.index.number(r)
	name := a.proto.text
	var header offset
	switch {
	case name == "link":
		header = r.header
	case name == "icmp6":
		header = r.transport6()
		c = and(c, all(r.linkType(a.proto, etherIPv6), r.equal(r.net(6, 1), protoICMPv6)))
	case ipLoads[name]:
		header = r.transport4()
		c = and(r.linkType(a.proto, etherIPv4), c)
		c = and(c, and(r.protocol(a.proto, name), r.firstFragment()))
	case linkLoads[name]:
		header = offset{r.payload.base, r.payload.k + r.network}
		c = and(c, r.protocol(a.proto, name))
	case refused[name] != "":
		r.fail(a.proto, "", "%s %s", a.proto.raw, refused[name])
		return r.imm(0), nil
	default:
		r.fail(a.proto, "write ip[...] or ip6[...] with the offset from there", "no offsets into %s", a.proto.raw)
		return r.imm(0), nil
	}
	if header.base != nil {
		at := r.binary(opAdd, header.base, index)
		if r.inner != nil && index.op != opImm {
			// An index below zero would read from the packet outside.
			c = and(c, condRequire{r.binary(opAdd, at, r.imm(header.k)), r.inner})
		}
		index = at
	}
	return r.load(index, header.k, uint8(size)), c
}

func and(a, b cond) cond {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &condAnd{a, b}
}

// The headers that offsets may count from: network headers, and what stands
// behind an IPv4 header.
var (
	linkLoads = set("ip ip6 arp rarp atalk decnet sca lat moprc mopdl")
	ipLoads   = set("tcp udp sctp icmp igmp igrp pim vrrp carp")
)
