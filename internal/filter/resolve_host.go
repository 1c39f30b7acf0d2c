package filter

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// host4 resolves an IPv4 address or net with its qualifiers.
func (r *resolver) host4(e *exprIdent) cond {
	q, id := e.q, e.id
	what := "host"
	if q.typ == "net" {
		what = "net"
	}
	if q.proto == "decnet" && e.prefix.kind == 0 && e.mask.kind == 0 {
		return r.decnet(q, id)
	}
	addr, mask, ok := r.address4(e)
	if !ok {
		return condConst(false)
	}
	one := func(proto uint32, src, dst uint32) cond {
		test := func(at uint32) func() cond {
			return func() cond {
				c := r.linkType(id, proto)
				if mask == 0 {
					return c
				}
				return &condAnd{c, r.masked(r.net(at, 4), mask, addr)}
			}
		}
		return r.bothWays(q.dir, test(src), test(dst))
	}
	switch q.proto {
	case "":
		c := one(etherIPv4, 12, 16)
		if r.labels > 0 {
			return c
		}
		c = &condOr{c, one(etherARP, 14, 24)}
		return &condOr{c, one(etherRARP, 14, 24)}
	case "ip":
		return one(etherIPv4, 12, 16)
	case "arp":
		return one(etherARP, 14, 24)
	case "rarp":
		return one(etherRARP, 14, 24)
	case "ip6":
		return r.fail(id, "leave ip6 out, or write an IPv6 address", "this is an IPv4 address")
	case "link":
		return r.fail(id, "write: "+what+" "+id.raw+", or an address such as 02:00:00:00:00:01", "%s needs an Ethernet address", q.protoAt.raw)
	}
	return r.fail(q.protoAt, "write: "+q.protoAt.raw+" and "+what+" "+id.raw, "%s has no addresses", q.protoAt.raw)
}

// address4 reads address and mask. Fewer than four numbers, and a single
// number behind net, are the beginning of an address.
func (r *resolver) address4(e *exprIdent) (addr, mask uint32, ok bool) {
	id := e.id
	mask = ^uint32(0)
	if id.kind == tokenNumber {
		addr = id.num
		for e.q.typ == "net" && addr != 0 && addr>>24 == 0 {
			addr, mask = addr<<8, mask<<8
		}
		return addr, mask, true
	}
	addr, length, ok := dotted(id.text)
	if !ok {
		r.fail(id, "each of its numbers is at most 255", "not an IPv4 address")
		return 0, 0, false
	}
	mask <<= 32 - length
	switch {
	case e.mask.kind != 0:
		if mask, _, ok = dotted(e.mask.text); !ok {
			r.fail(e.mask, "", "not a netmask")
			return 0, 0, false
		}
	case e.prefix.kind != 0:
		if e.prefix.num > 32 {
			r.fail(e.prefix, "", "a prefix length of IPv4 is at most 32")
			return 0, 0, false
		}
		mask = uint32(^uint64(0) << (32 - e.prefix.num))
	default:
		return addr, mask, true
	}
	return addr, mask, r.isNet(e, addr&^mask == 0, addr4(addr&mask))
}

// isNet refuses a mask with a host, and an address with bits outside its mask.
func (r *resolver) isNet(e *exprIdent, clean bool, net netip.Addr) bool {
	if !clean {
		hint := "write: net " + net.String() + " mask " + e.mask.raw
		if e.prefix.kind != 0 {
			hint = "write: net " + net.String() + "/" + strconv.Itoa(int(e.prefix.num))
		}
		r.fail(e.id, hint, "address has bits outside its netmask")
		return false
	}
	if e.q.typ != "net" {
		word := e.q.typAt
		if word.kind == 0 {
			word = e.id
		}
		r.fail(word, "write: net "+net.String(), "only a net can have a netmask")
		return false
	}
	return true
}

func addr4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// dotted reads one to four decimal numbers with dots, left-justified.
func dotted(s string) (addr uint32, bits int, ok bool) {
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > 255 {
			return 0, 0, false
		}
		addr, bits = addr<<8|uint32(n), bits+8
	}
	return addr << (32 - bits), bits, true
}

// host6 resolves an IPv6 address or net with its qualifiers.
func (r *resolver) host6(e *exprIdent) cond {
	q, id := e.q, e.id
	switch q.proto {
	case "", "ip6":
	case "link":
		return r.fail(id, "", "%s needs an Ethernet address", q.protoAt.raw)
	default:
		return r.fail(q.protoAt, "", "%s has no IPv6 addresses", q.protoAt.raw)
	}
	addr, err := netip.ParseAddr(id.text)
	if err != nil {
		return r.fail(id, "", "not an IPv6 address")
	}
	length := uint32(128)
	if e.prefix.kind != 0 {
		if length = e.prefix.num; length > 128 {
			return r.fail(e.prefix, "", "a prefix length of IPv6 is at most 128")
		}
		net := netip.PrefixFrom(addr, int(length)).Masked().Addr()
		// libpcap takes host with /128.
		if (length < 128 || net != addr) && !r.isNet(e, net == addr, net) {
			return condConst(false)
		}
	}
	b := addr.As16()
	one := func(at uint32) func() cond {
		return func() cond {
			c := r.linkType(id, etherIPv6)
			for i := range uint32(4) {
				if length <= 32*i {
					break
				}
				mask := uint32(^uint64(0) << (32 - min(32, length-32*i)))
				c = &condAnd{c, r.masked(r.net(at+4*i, 4), mask, binary.BigEndian.Uint32(b[4*i:]))}
			}
			return c
		}
	}
	return r.bothWays(q.dir, one(8), one(24))
}

// decnet resolves area.node. DECnet writes addresses with the low byte first,
// behind two flag bytes or three, in short headers or long ones.
func (r *resolver) decnet(q qualifiers, id token) cond {
	addr := id.num
	if id.kind == tokenIPv4 {
		parts := strings.Split(id.text, ".")
		area, err1 := strconv.ParseUint(parts[0], 10, 32)
		node, err2 := strconv.ParseUint(parts[1], 10, 32)
		if err1 != nil || err2 != nil {
			return r.fail(id, "write: decnet host 10.123", "not a DECnet address")
		}
		addr = uint32(area)<<10&0xfc00 | uint32(node)&0x3ff
	}
	swapped := addr&0xff<<8 | addr>>8&0xff
	one := func(short, long uint32) func() cond {
		return func() cond {
			padded := func(flags, at uint32) cond {
				return all(r.masked(r.net(2, 2), 0xff07, 0x8100|flags), r.equal(r.net(3+at, 2), swapped))
			}
			plain := func(flags, at uint32) cond {
				return all(r.masked(r.net(2, 1), 7, flags), r.equal(r.net(2+at, 2), swapped))
			}
			return all(r.linkType(id, etherDECnet),
				oneOf(plain(2, short), padded(2, short), plain(6, long), padded(6, long)))
		}
	}
	return r.bothWays(q.dir, one(3, 15), one(1, 7))
}
