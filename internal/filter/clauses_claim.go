package filter

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// claim is a condition on the bytes of a packet of one IP version.
type claim struct {
	version uint8
	// exact says that the packets are matched of which it holds.
	exact bool
	// proto is the protocol field of the IPv4 or IPv6 header.
	proto byteIs
	// at40 is what stands behind the IPv6 header.
	at40 byteIs
	// isFirst says that an IPv4 packet is no later fragment.
	isFirst bool
	// src and dst are the addresses; of IPv4 they are the first word.
	src, dst bitsAre
	// ports stand in SCTP's, TCP's and UDP's place, source first.
	ports [2]portsAre
}

type byteIs struct {
	is bool
	n  uint8
}

// bitsAre is an address, as far as mask has bits.
type bitsAre struct{ mask, value [4]uint32 }

// portsAre is a range; the zero value holds all.
type portsAre struct{ low, above uint16 } // above is 65535 - high

func (p portsAre) any() bool { return p == portsAre{} }

// claims are several, of which one holds.
type claims struct {
	list []claim
	// inexact says that something was left out which may also reject packets
	// that others of the claims match, such as a load beyond the packet.
	inexact bool
}

// whole is true of all packets.
func whole() claims {
	return claims{list: []claim{{version: 4, exact: true}, {version: 6, exact: true}}}
}

// unknown may be true of each packet.
func unknown() claims { return claims{[]claim{{version: 4}, {version: 6}}, true} }

// mostClaims bounds the work; more become fewer that hold more often.
const mostClaims = 2048

// combine gives the claims of "a or b", or of "a and b". What stands behind
// something that decides is never looked at.
func (a claims) combine(b claims, or bool) claims {
	c := claims{inexact: a.inexact || b.inexact}
	isAll := len(a.list) == 2 && a.list[0].isWhole() && a.list[1].isWhole() && a.list[0].exact && a.list[1].exact
	switch {
	case !a.inexact && (or && isAll || !or && len(a.list) == 0):
		return a
	case or && len(a.list)+len(b.list) > mostClaims:
		return unknown()
	case or:
		c.list = distinct(slices.Concat(a.list, b.list))
		return c
	case len(a.list)*len(b.list) > mostClaims:
		fewer := a
		if len(b.list) < len(a.list) {
			fewer = b
		}
		return claims{fewer.list, true}
	}
	for _, x := range a.list {
		for _, y := range b.list {
			if z, ok := x.and(y); ok {
				c.list = append(c.list, z)
			}
		}
	}
	c.list = distinct(c.list)
	return c
}

// isWhole says that the claim holds for all packets of its version.
func (a claim) isWhole() bool { return a == claim{version: a.version, exact: a.exact} }

// and is the claim that both hold, false if that cannot be.
func (a claim) and(b claim) (claim, bool) {
	if a.version != b.version {
		return claim{}, false
	}
	c := claim{version: a.version, exact: a.exact && b.exact, isFirst: a.isFirst || b.isFirst}
	ok := true
	c.proto = a.proto.and(b.proto, &ok)
	c.at40 = a.at40.and(b.at40, &ok)
	c.src = a.src.and(b.src, &ok)
	c.dst = a.dst.and(b.dst, &ok)
	for i := range c.ports {
		p, q := a.ports[i], b.ports[i]
		c.ports[i] = portsAre{max(p.low, q.low), max(p.above, q.above)}
		ok = ok && uint32(c.ports[i].low)+uint32(c.ports[i].above) <= 0xffff
	}
	return c, ok
}

func (a byteIs) and(b byteIs, ok *bool) byteIs {
	if !a.is {
		return b
	}
	*ok = *ok && (!b.is || a.n == b.n)
	return a
}

func (a bitsAre) and(b bitsAre, ok *bool) bitsAre {
	for i := range a.mask {
		*ok = *ok && (a.value[i]^b.value[i])&a.mask[i]&b.mask[i] == 0
		a.mask[i] |= b.mask[i]
		a.value[i] |= b.value[i]
	}
	return a
}

// distinct leaves out what stands twice, and what holds of no packet of which
// a claim for the whole version does not hold.
func distinct(list []claim) []claim {
	var all [7]bool
	for _, c := range list {
		all[c.version] = all[c.version] || c.isWhole()
	}
	seen := make(map[claim]bool, len(list))
	var kept []claim
	for _, c := range list {
		if seen[c] || all[c.version] && !c.isWhole() {
			continue
		}
		seen[c] = true
		kept = append(kept, c)
	}
	return kept
}

// prefix gives the net of an address, and whether it says all that is known.
func (a bitsAre) prefix(version uint8) (netip.Prefix, bool) {
	words := 1
	if version == 6 {
		words = 4
	}
	length, set := 0, 0
	var b [16]byte
	for i := range words {
		if length == 32*i {
			length += bits.LeadingZeros32(^a.mask[i])
		}
		set += bits.OnesCount32(a.mask[i])
		binary.BigEndian.PutUint32(b[4*i:], a.value[i])
	}
	if length == 0 {
		return netip.Prefix{}, set == 0
	}
	addr := netip.AddrFrom16(b)
	if version == 4 {
		addr = netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.PrefixFrom(addr, length).Masked(), length == set
}
