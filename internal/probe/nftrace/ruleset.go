package nftrace

import "math"

// Chains of our table. The two base chains jump to markChain for a packet
// that matches; what may be a tunnel goes on to a chain of its kind, which
// jumps to insideChain. All others leave early: every packet of the namespace
// comes by here.
//
// Both base chains look into tunnels: a packet loses its bit where it is
// wrapped up, as where it is unwrapped (net/core/skbuff.c, skb_scrub_packet).
const (
	preroutingChain = "prerouting"
	outputChain     = "output"
	markChain       = "mark-packet"
	insideChain     = "mark-inside"
	udpChain        = "in-udp"
	greChain        = "in-gre"
)

// tunnel is a way to carry a packet of one IP version in another.
type tunnel struct {
	chain   string
	version uint8
	// inner is where the inner IP header begins.
	inner field
}

// inside are the IP versions that tunnels carry: their EtherType, and their
// number as an IP protocol.
func inside() []carried {
	return []carried{{4, "4", []byte{0x08, 0x00}, protoIPIP}, {6, "6", []byte{0x86, 0xdd}, protoIPv6}}
}

type carried struct {
	version uint8
	suffix  string
	ether   []byte
	proto   byte
}

// tunnels are those that are looked into. Their offsets: UDP 8 bytes, VXLAN
// (RFC 7348) or Geneve without options (RFC 8926) 8, Ethernet 14; IPIP 0; GRE
// without options (RFC 2784) 4.
func tunnels() []tunnel {
	th := field{base: baseTransport}
	var all []tunnel
	for _, v := range inside() {
		all = append(all,
			tunnel{"ethernet" + v.suffix, v.version, th.at(30)},
			tunnel{"ipip" + v.suffix, v.version, th},
			tunnel{"gre" + v.suffix, v.version, th.at(4)})
	}
	return all
}

// dispatch are the rules that send packets to the chains of tunnels.
func dispatch() []rule {
	th := field{base: baseTransport}
	var all []rule
	for _, base := range []string{preroutingChain, outputChain} {
		proto := func(p byte, verdict int32, to string) {
			all = append(all, rule{base, exprs(nil).meta(metaL4Proto, p).verdict(verdict, to)})
		}
		proto(protoTCP, verdictAccept, "")
		proto(protoUDP, verdictGoto, udpChain)
		proto(protoGRE, verdictGoto, greChain)
		for _, v := range inside() {
			proto(v.proto, verdictGoto, "ipip"+v.suffix)
		}
	}
	for _, v := range inside() {
		kind := udpChain + v.suffix
		all = append(all,
			rule{udpChain, exprs(nil).bytes(th.at(28), v.ether...).verdict(verdictGoto, kind)},
			// VXLAN. Flags: only I, and G of the group policy extension.
			rule{kind, exprs(nil).masked(th.at(8), []byte{0x7f}, []byte{0x08}).verdict(verdictGoto, "ethernet"+v.suffix)},
			// Geneve: version 0, no options, an Ethernet frame within.
			rule{kind, exprs(nil).bytes(th.at(8), 0).bytes(th.at(10), 0x65, 0x58).verdict(verdictGoto, "ethernet"+v.suffix)},
			rule{greChain, exprs(nil).bytes(th, append([]byte{0, 0}, v.ether...)...).verdict(verdictGoto, "gre"+v.suffix)})
	}
	return all
}

// plainChains are all chains but the base chains.
func plainChains() []string {
	all := []string{markChain, insideChain, udpChain, greChain}
	for _, v := range inside() {
		all = append(all, udpChain+v.suffix)
	}
	for _, t := range tunnels() {
		all = append(all, t.chain)
	}
	return all
}

// rule is a rule of a chain.
type rule struct {
	chain string
	exprs exprs
}

// limits say how many packets a table marks.
type limits struct {
	rate   int  // per second, and at once
	total  int  // ever; 0 is no limit
	shared bool // those inside of tunnels are not counted apart
}

// skeleton are the rules that every table of ours has.
func skeleton(l limits) []rule {
	var all []rule
	for _, c := range []string{markChain, insideChain} {
		if c == insideChain && l.shared {
			all = append(all, rule{c, exprs(nil).verdict(verdictJump, markChain)})
			continue
		}
		x := exprs(nil).limit(uint64(l.rate), 1, uint32(l.rate))
		if l.total > 0 {
			// A bucket that holds that many and that nobody refills: one
			// packet per year, or in as long as 64 bits of nanoseconds allow.
			unit := min(uint64(365*24*3600), math.MaxInt64/1_000_000_000/uint64(l.total))
			x = x.limit(1, unit, uint32(l.total))
		}
		all = append(all,
			rule{c, x.trace().verdict(verdictAccept, "")},
			rule{c, exprs(nil).verdict(verdictAccept, "")})
	}
	return append(all, dispatch()...)
}

// rules are what a Match adds to the table, at the beginning of chains.
func (m Match) rules() []rule {
	var all []rule
	for _, p := range m.expand() {
		x := p.outer()
		for _, c := range []string{preroutingChain, outputChain} {
			all = append(all, rule{c, x.verdict(verdictJump, markChain)})
		}
		for _, t := range tunnels() {
			if p.within(t.version) {
				all = append(all, rule{t.chain, p.inside(t).verdict(verdictJump, insideChain)})
			}
		}
	}
	return all
}

// within reports whether packets of this IP version can match.
func (p plain) within(version uint8) bool {
	switch {
	case p.version != 0 && p.version != version:
		return false
	case version == 4:
		return p.proto != protoICMPv6
	default:
		return p.proto != protoICMP
	}
}

// outer matches a packet's own headers. The kernel finds the transport
// header, past all extension headers.
func (p plain) outer() exprs {
	var x exprs
	version := p.version
	switch {
	case version != 0:
	case p.proto == protoICMP:
		version = 4
	case p.proto == protoICMPv6:
		version = 6
	}
	if version != 0 {
		x = x.meta(metaNFProto, map[uint8]byte{4: nfprotoIPv4, 6: nfprotoIPv6}[version])
	}
	if p.proto != 0 {
		x = x.meta(metaL4Proto, p.proto)
	}
	x = p.addresses(x, field{base: baseNetwork})
	return p.transport(x, field{base: baseTransport})
}

// inside matches the headers of the packet in a tunnel: IPv4 without options,
// IPv6 without extension headers.
func (p plain) inside(t tunnel) exprs {
	var x exprs
	at, length := t.inner, 20
	if t.version == 4 {
		x = x.bytes(at, 0x45)
	} else {
		x, length = x.masked(at, []byte{0xf0}, []byte{0x60}), 40
	}
	if p.proto != 0 {
		x = x.bytes(at.at(map[uint8]int{4: 9, 6: 6}[t.version]), p.proto)
	}
	x = p.addresses(x, at)
	if t.version == 4 && (p.sport != 0 || p.dport != 0 || p.hasID) {
		x = x.masked(at.at(6), []byte{0x1f, 0xff}, []byte{0, 0}) // not a later fragment
	}
	return p.transport(x, at.at(length))
}

func (p plain) addresses(x exprs, at field) exprs {
	src, dst := at.at(12), at.at(16)
	if p.version == 6 {
		src, dst = at.at(8), at.at(24)
	}
	if p.src.IsValid() {
		x = x.prefix(src, p.src)
	}
	if p.dst.IsValid() {
		x = x.prefix(dst, p.dst)
	}
	return x
}

func (p plain) transport(x exprs, at field) exprs {
	x = x.port(at, p.sport).port(at.at(2), p.dport)
	if !p.hasID {
		return x
	}
	// An echo request or reply: types 8 and 0, or 128 and 129.
	mask, typ := byte(0xf7), byte(0)
	if p.proto == protoICMPv6 {
		mask, typ = 0xfe, 128
	}
	return x.masked(at, []byte{mask}, []byte{typ}).bytes(at.at(4), byte(p.id>>8), byte(p.id))
}
