package filter

import "net/netip"

// clause gives what can be said of a claim, and whether the packets are
// matched of which that is true.
func (a claim) clause() (Clause, bool) {
	c := Clause{Version: a.version}
	exact := a.exact
	var all bool
	c.Src, all = a.src.prefix(a.version)
	exact = exact && all
	c.Dst, all = a.dst.prefix(a.version)
	exact = exact && all
	c.Proto, c.HasProto = a.proto.n, a.proto.is
	if a.version == 6 {
		if a.proto == (byteIs{true, protoFragment}) && a.at40.is {
			c.Proto, exact = a.at40.n, false
		} else if a.at40.is {
			exact = false
		}
		if c.HasProto && isExtension(c.Proto) {
			c.Proto, c.HasProto = 0, false
		}
		// A packet whose protocol stands behind extension headers meets the
		// clause and is not matched.
		exact = exact && !a.proto.is
	}
	hasPorts := !a.ports[0].any() || !a.ports[1].any()
	proto := a.proto.n
	if !a.proto.is || proto != protoTCP && proto != protoUDP && proto != protoSCTP || a.version == 4 && !a.isFirst {
		return c, exact && !hasPorts && !a.isFirst
	}
	c.SrcPort, c.DstPort = a.ports[0].ports(), a.ports[1].ports()
	return c, exact && (hasPorts || !a.isFirst)
}

func (p portsAre) ports() Ports {
	if p.any() {
		return Ports{}
	}
	return Ports{Low: p.low, High: 0xffff - p.above, Valid: true}
}

// isExtension says that a protocol number is an IPv6 extension header behind
// which Linux looks for the protocol (net/ipv6/exthdrs_core.c).
func isExtension(proto uint8) bool {
	switch proto {
	case 0, 43, protoFragment, protoAH, 60:
		return true
	}
	return false
}

// conclude gives the clauses of claims without those that others include.
func conclude(list []claim) (clauses []Clause, exact bool) {
	is := map[Clause]bool{}
	for _, a := range list {
		c, exact := a.clause()
		if _, twice := is[c]; !twice {
			clauses = append(clauses, c)
		}
		is[c] = is[c] || exact
	}
	exact = true
	var kept []Clause
	for i, c := range clauses {
		isIncluded := false
		for j, d := range clauses {
			isIncluded = isIncluded || i != j && d.includes(c)
		}
		if !isIncluded {
			kept = append(kept, c)
			exact = exact && is[c]
		}
	}
	return kept, exact
}

// includes says that d holds wherever c does; neither has an Either. Two equal
// clauses do not stand in one list.
func (d Clause) includes(c Clause) bool {
	net := func(d, c netip.Prefix) bool {
		return !d.IsValid() || c.IsValid() && d.Bits() <= c.Bits() && d.Contains(c.Addr())
	}
	ports := func(d, c Ports) bool { return !d.Valid || c.Valid && d.Low <= c.Low && d.High >= c.High }
	return d.Version == c.Version && (!d.HasProto || c.HasProto && d.Proto == c.Proto) &&
		net(d.Src, c.Src) && net(d.Dst, c.Dst) && ports(d.SrcPort, c.SrcPort) && ports(d.DstPort, c.DstPort)
}

// merge makes one clause of those that differ in one respect only.
func merge(list []Clause) []Clause {
	list = gather(list, 1|2, func(c Clause) (Clause, int) {
		src, dst := c.Src, c.Dst
		c.Src, c.Dst = netip.Prefix{}, netip.Prefix{}
		switch {
		case src.IsValid() && !dst.IsValid():
			c.Either = src
			return c, 1
		case dst.IsValid() && !src.IsValid():
			c.Either = dst
			return c, 2
		}
		return c, 0
	})
	list = gather(list, 1|2, func(c Clause) (Clause, int) {
		src, dst := c.SrcPort, c.DstPort
		c.SrcPort, c.DstPort = Ports{}, Ports{}
		switch {
		case src.Valid && !dst.Valid:
			c.EitherPort = src
			return c, 1
		case dst.Valid && !src.Valid:
			c.EitherPort = dst
			return c, 2
		}
		return c, 0
	})
	list = gather(list, 1|2|4, func(c Clause) (Clause, int) {
		part := 0
		if c.HasProto && (c.SrcPort.Valid || c.DstPort.Valid || c.EitherPort.Valid) {
			part = map[uint8]int{protoTCP: 1, protoUDP: 2, protoSCTP: 4}[c.Proto]
		}
		c.Proto, c.HasProto = 0, false
		return c, part
	})
	return gather(list, 1|2, func(c Clause) (Clause, int) {
		part := map[uint8]int{4: 1, 6: 2}[c.Version]
		if c.Src.IsValid() || c.Dst.IsValid() || c.Either.IsValid() {
			part = 0
		}
		c.Version = 0
		return c, part
	})
}

// gather replaces clauses by one if all its parts are there. split gives the
// one and which part of it a clause is, 0 for none.
func gather(list []Clause, all int, split func(Clause) (Clause, int)) []Clause {
	parts := make(map[Clause]int, len(list))
	for _, c := range list {
		whole, part := split(c)
		parts[whole] |= part
	}
	out := make([]Clause, 0, len(list))
	for _, c := range list {
		whole, part := split(c)
		switch {
		case part == 0 || parts[whole]&all != all:
			out = append(out, c)
		case parts[whole] == all:
			out = append(out, whole)
			parts[whole] |= all + 1 // only once
		}
	}
	return out
}

// few drops conditions until there are few clauses, false if it had to.
func few(list []Clause) ([]Clause, bool) {
	if len(list) <= MaxClauses {
		return list, true
	}
	for _, w := range []struct {
		ports, proto bool
		bits4, bits6 int
	}{
		{ports: true, bits4: 32, bits6: 128},
		{bits4: 24, bits6: 64},
		{ports: true, bits4: 24, bits6: 64},
		{ports: true, bits4: 16, bits6: 48},
		{ports: true, proto: true, bits4: 8, bits6: 32},
	} {
		seen := map[Clause]bool{}
		var left []Clause
		for _, c := range list {
			if w.ports {
				c.SrcPort, c.DstPort, c.EitherPort = Ports{}, Ports{}, Ports{}
			}
			if w.proto {
				c.Proto, c.HasProto = 0, false
			}
			for _, p := range []*netip.Prefix{&c.Src, &c.Dst, &c.Either} {
				*p = widened(*p, w.bits4, w.bits6)
			}
			if !seen[c] {
				seen[c] = true
				left = append(left, c)
			}
		}
		if len(left) <= MaxClauses {
			return left, false
		}
	}
	return []Clause{{}}, false
}

// widened gives the net of at most so many bits that holds p.
func widened(p netip.Prefix, bits4, bits6 int) netip.Prefix {
	most := bits6
	if p.Addr().Is4() {
		most = bits4
	}
	if !p.IsValid() || p.Bits() <= most {
		return p
	}
	return netip.PrefixFrom(p.Addr(), most).Masked()
}
