package filter

// test gives the claims of a comparison, for each version on its own.
func (c *claimer) test(d *condTest, negated bool) claims {
	if d.b.op != opImm {
		return unknown()
	}
	if d.a.op == opImm {
		if holds(d.cmp, d.a.k, d.b.k) == negated {
			return claims{}
		}
		return whole()
	}
	v4, known4, ok4 := c.about4(d, negated)
	v6, known6, ok6 := c.about6(d, negated)
	found := claims{inexact: !known4 && !known6}
	v4.version, v4.exact = 4, known4
	v6.version, v6.exact = 6, known6
	if ok4 {
		found.list = append(found.list, v4)
	}
	if ok6 {
		found.list = append(found.list, v6)
	}
	return found
}

// isVersion reads the test of the version nibble; known is false for any
// other. Netfilter has no packets of a third version.
func (c *claimer) isVersion(d *condTest, negated bool, version uint32) (is, known bool) {
	if d.a != c.version || d.cmp != isEqual {
		return false, false
	}
	return (d.b.k == version<<4) != negated, true
}

// about4 reads a comparison as a claim about IPv4 packets. If it is not known
// what it means, they may all match; if ok is false, none does.
func (c *claimer) about4(d *condTest, negated bool) (about claim, known, ok bool) {
	if is, known := c.isVersion(d, negated, 4); known {
		return claim{}, true, is
	}
	v, mask := d.a, ^uint32(0)
	if v.op == opAnd && v.b.op == opImm {
		v, mask = v.a, v.b.k
	}
	isEquality := d.cmp == isEqual && !negated
	switch {
	case v == c.fragment && mask == ^uint32(0) && d.cmp == hasBits && d.b.k == 0x1fff && negated:
		about.isFirst = true
	case v == c.proto4 && mask == ^uint32(0) && isEquality:
		about.proto = byteIs{true, uint8(d.b.k)}
		return about, true, d.b.k <= 0xff
	case v == c.words[3] && isEquality:
		about.src.mask[0], about.src.value[0] = mask, d.b.k&mask
		return about, true, d.b.k&^mask == 0
	case v == c.words[4] && isEquality:
		about.dst.mask[0], about.dst.value[0] = mask, d.b.k&mask
		return about, true, d.b.k&^mask == 0
	default:
		return c.aboutPorts(d, c.ports4, negated)
	}
	return about, true, true
}

// about6 is about4 for IPv6.
func (c *claimer) about6(d *condTest, negated bool) (about claim, known, ok bool) {
	if is, known := c.isVersion(d, negated, 6); known {
		return claim{}, true, is
	}
	v, mask := d.a, ^uint32(0)
	if v.op == opAnd && v.b.op == opImm {
		v, mask = v.a, v.b.k
	}
	if d.cmp != isEqual || negated {
		return c.aboutPorts(d, c.ports6, negated)
	}
	switch {
	case mask == ^uint32(0) && v == c.next6:
		about.proto = byteIs{true, uint8(d.b.k)}
		return about, true, d.b.k <= 0xff
	case mask == ^uint32(0) && v == c.at40:
		about.at40 = byteIs{true, uint8(d.b.k)}
		return about, true, d.b.k <= 0xff
	}
	for i := range uint32(4) {
		for _, to := range []struct {
			word *value
			addr *bitsAre
		}{{c.words[2+i], &about.src}, {c.words[6+i], &about.dst}} {
			if v == to.word {
				to.addr.mask[i], to.addr.value[i] = mask, d.b.k&mask
				return about, true, d.b.k&^mask == 0
			}
		}
	}
	return c.aboutPorts(d, c.ports6, negated)
}

// aboutPorts reads a comparison of a port.
func (c *claimer) aboutPorts(d *condTest, ports [2]*value, negated bool) (about claim, known, ok bool) {
	for i, p := range ports {
		if d.a != p {
			continue
		}
		low, high := uint64(0), uint64(0xffff)
		switch k := uint64(d.b.k); {
		case d.cmp == isEqual && !negated:
			low, high = k, k
		case d.cmp == isAtLeast && !negated:
			low = k
		case d.cmp == isGreater && !negated:
			low = k + 1
		case d.cmp == isGreater:
			high = min(high, k)
		case d.cmp == isAtLeast && k == 0:
			return claim{}, true, false
		case d.cmp == isAtLeast:
			high = min(high, k-1)
		default:
			return claim{}, false, true
		}
		if low > high || high > 0xffff {
			return claim{}, true, false
		}
		about.ports[i] = portsAre{uint16(low), uint16(0xffff - high)}
		return about, true, true
	}
	return claim{}, false, true
}
