package nft

import (
	"fmt"
	"strings"
)

// metaKeys are the selectors of enum nft_meta_keys.
var metaKeys = [...]selector{
	{text: "meta length", bits: 32},
	{text: "meta protocol", kind: kindEthertype, bits: 16, tells: tellsProtocol},
	{text: "meta priority", kind: kindClassid, bits: 32},
	{text: "meta mark", kind: kindMark, bits: 32},
	{text: "iif", kind: kindIfindex, bits: 32},
	{text: "oif", kind: kindIfindex, bits: 32},
	{text: "iifname", kind: kindIfname, bits: 128},
	{text: "oifname", kind: kindIfname, bits: 128},
	{text: "meta iiftype", kind: kindIfType, bits: 16, tells: tellsLink},
	{text: "meta oiftype", kind: kindIfType, bits: 16},
	{text: "meta skuid", bits: 32},
	{text: "meta skgid", bits: 32},
	{text: "meta nftrace", bits: 8},
	{text: "meta rtclassid", kind: kindRealm, bits: 32},
	{text: "meta secmark", bits: 32},
	{text: "meta nfproto", kind: kindNFProto, bits: 8, tells: tellsNFProto},
	{text: "meta l4proto", kind: kindProto, bits: 8, tells: tellsTransport},
	{text: "meta ibrname", kind: kindIfname, bits: 128},
	{text: "meta obrname", kind: kindIfname, bits: 128},
	{text: "meta pkttype", kind: kindPktType, bits: 8},
	{text: "meta cpu", bits: 32},
	{text: "iifgroup", kind: kindDevGroup, bits: 32},
	{text: "oifgroup", kind: kindDevGroup, bits: 32},
	{text: "meta cgroup", bits: 32},
	{text: "meta random", bits: 32},
	{text: "meta ipsec", kind: kindBoolean, bits: 8},
	{text: "meta iifkind", kind: kindString, bits: 128},
	{text: "meta oifkind", kind: kindString, bits: 128},
	{text: "meta ibrpvid", bits: 16},
	{text: "meta ibrvproto", kind: kindEthertype, bits: 16},
	{text: "meta time", kind: kindTime, bits: 64},
	{text: "meta day", kind: kindDay, bits: 8},
	{text: "meta hour", kind: kindHour, bits: 32},
	{text: "meta sdif", kind: kindIfindex, bits: 32},
	{text: "meta sdifname", kind: kindIfname, bits: 128},
	{text: "meta broute", bits: 8},
}

// Keys whose values nft takes for big endian.
const (
	metaRandom = 24
	ctID       = 23
)

// ctKeys are the selectors of enum nft_ct_keys, without "ct" and direction.
var ctKeys = [...]selector{
	{text: "state", kind: kindCTState, bits: 32},
	{text: "direction", kind: kindCTDir, bits: 8},
	{text: "status", kind: kindCTStatus, bits: 32},
	{text: "mark", kind: kindMark, bits: 32},
	{text: "secmark", bits: 32},
	{text: "expiration", kind: kindDuration, bits: 32},
	{text: "helper", kind: kindString, bits: 128},
	{text: "l3proto", kind: kindNFProto, bits: 8},
	{text: "saddr", kind: kindIPv4, bits: 32},
	{text: "daddr", kind: kindIPv4, bits: 32},
	{text: "protocol", kind: kindProto, bits: 8},
	{text: "proto-src", kind: kindPort, bits: 16},
	{text: "proto-dst", kind: kindPort, bits: 16},
	{text: "label", kind: kindCTLabel, bits: 128},
	{text: "packets", bits: 64},
	{text: "bytes", bits: 64},
	{text: "avgpkt", bits: 64},
	{text: "zone", bits: 16},
	{text: "event", kind: kindCTEvent, bits: 32},
	{text: "ip saddr", kind: kindIPv4, bits: 32},
	{text: "ip daddr", kind: kindIPv4, bits: 32},
	{text: "ip6 saddr", kind: kindIPv6, bits: 128},
	{text: "ip6 daddr", kind: kindIPv6, bits: 128},
	{text: "id", bits: 32},
}

// rtKeys are the selectors of enum nft_rt_keys.
var rtKeys = [...]selector{
	{text: "rt classid", kind: kindRealm, bits: 32},
	{text: "rt ip nexthop", kind: kindIPv4, bits: 32},
	{text: "rt ip6 nexthop", kind: kindIPv6, bits: 128},
	{text: "rt mtu", bits: 16},
	{text: "rt ipsec", kind: kindBoolean, bits: 8},
}

func (p *printer) metaSelector(key uint32) selector {
	if key >= uint32(len(metaKeys)) {
		return selector{text: fmt.Sprintf("meta %d", key), kind: kindHex, bits: 32}
	}
	s := metaKeys[key]
	s.host = s.kind != kindEthertype && !s.kind.words() && key != metaRandom
	return s
}

func (p *printer) ctSelector(key uint32, dir int) selector {
	if key >= uint32(len(ctKeys)) {
		return selector{text: fmt.Sprintf("ct %d", key), kind: kindHex, bits: 32}
	}
	s := ctKeys[key]
	switch s.kind {
	case kindIPv4, kindIPv6, kindPort, kindString:
	default:
		s.host = key != ctID
	}
	if s.text == "saddr" || s.text == "daddr" {
		s.text = map[bool]string{true: "ip6 ", false: "ip "}[p.header[baseNetwork] == "ip6"] + s.text
		if p.header[baseNetwork] == "ip6" {
			s.kind, s.bits = kindIPv6, 128
		}
	}
	switch dir {
	case 0:
		s.text = "original " + s.text
	case 1:
		s.text = "reply " + s.text
	}
	s.text = "ct " + s.text
	return s
}

// load fills a register with anything but meta, ct, payload and exthdr.
func (p *printer) load(e Expr) {
	switch e := e.(type) {
	case *RT:
		s := selector{text: fmt.Sprintf("rt %d", e.Key), kind: kindHex, bits: 32}
		if e.Key < uint32(len(rtKeys)) {
			s = rtKeys[e.Key]
			s.host = s.kind != kindIPv4 && s.kind != kindIPv6
		}
		p.put(e.Dreg, register{sel: &s})
	case *Socket:
		p.put(e.Dreg, register{sel: socketSelector(e)})
	case *FIB:
		p.put(e.Dreg, register{sel: fibSelector(e)})
	case *Numgen:
		how := [...]string{"inc", "random"}[e.Type&1]
		s := selector{text: fmt.Sprintf("numgen %s mod %d", how, e.Modulus), bits: 32, host: true}
		s.offset(e.Offset)
		p.put(e.Dreg, register{sel: &s})
	case *Hash:
		p.hash(e)
	case *OSF:
		p.put(e.Dreg, register{sel: osfSelector(e)})
	case *XFRM:
		p.put(e.Dreg, register{sel: xfrmSelector(e)})
	}
}

func (s *selector) offset(n uint32) {
	if n != 0 {
		s.text += fmt.Sprintf(" offset %d", n)
	}
}

func (p *printer) hash(e *Hash) {
	s := selector{bits: 32, host: true}
	if e.Type == 1 { // NFT_HASH_SYM
		s.text = fmt.Sprintf("symhash mod %d", e.Modulus)
	} else {
		s.text = fmt.Sprintf("jhash %s mod %d", p.key(p.take(e.Sreg, int(e.Len))).text, e.Modulus)
		if e.HasSeed {
			s.text += fmt.Sprintf(" seed 0x%x", e.Seed)
		}
	}
	s.offset(e.Offset)
	p.put(e.Dreg, register{sel: &s})
}

func socketSelector(e *Socket) *selector {
	switch e.Key {
	case 0:
		return &selector{text: "socket transparent", bits: 8, host: true}
	case 1:
		return &selector{text: "socket mark", kind: kindMark, bits: 32, host: true}
	case 2:
		return &selector{text: "socket wildcard", bits: 8, host: true}
	case 3:
		return &selector{text: fmt.Sprintf("socket cgroupv2 level %d", e.Level), bits: 64, host: true}
	}
	return &selector{text: fmt.Sprintf("socket %d", e.Key), kind: kindHex, bits: 32}
}

func fibSelector(e *FIB) *selector {
	var keys []string
	for i, name := range [...]string{"saddr", "daddr", "mark", "iif", "oif"} {
		if e.Flags&(1<<i) != 0 {
			keys = append(keys, name)
		}
	}
	s := selector{text: "fib " + strings.Join(keys, " . "), host: true, bits: 32}
	switch e.Result {
	case 1:
		s.text, s.kind = s.text+" oif", kindIfindex
	case 2:
		s.text, s.kind, s.bits, s.host = s.text+" oifname", kindIfname, 128, false
	case 3:
		s.text, s.kind = s.text+" type", kindAddrType
	default:
		s.text += fmt.Sprintf(" %d", e.Result)
	}
	if e.Flags&(1<<5) != 0 { // NFTA_FIB_F_PRESENT
		s.kind, s.bits, s.host = kindBoolean, 8, true
	}
	return &s
}

func osfSelector(e *OSF) *selector {
	s := selector{text: "osf ", kind: kindString, bits: 128}
	switch e.TTL {
	case 1:
		s.text += "ttl loose "
	case 2:
		s.text += "ttl skip "
	}
	s.text += [...]string{"name", "version"}[e.Flags&1]
	return &s
}

func xfrmSelector(e *XFRM) *selector {
	s := selector{text: fmt.Sprintf("ipsec %s", [...]string{"in", "out"}[e.Dir&1]), bits: 32}
	if e.Num != 0 {
		s.text += fmt.Sprintf(" spnum %d", e.Num)
	}
	switch e.Key {
	case 1:
		s.text, s.kind = s.text+" ip daddr", kindIPv4
	case 2:
		s.text, s.kind, s.bits = s.text+" ip6 daddr", kindIPv6, 128
	case 3:
		s.text, s.kind = s.text+" ip saddr", kindIPv4
	case 4:
		s.text, s.kind, s.bits = s.text+" ip6 saddr", kindIPv6, 128
	case 5:
		s.text, s.host = s.text+" reqid", true
	case 6:
		s.text += " spi"
	default:
		s.text += fmt.Sprintf(" %d", e.Key)
	}
	return &s
}
