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
		return selector{text: fmt.Sprintf("meta %d", key), kind: kindHex, bits: 32, meta: true}
	}
	s := metaKeys[key]
	s.meta = true
	s.host = s.kind != kindEthertype && !s.kind.words() && key != metaRandom
	return s
}

func (p *printer) ctSelector(key uint32, dir int) selector {
	if key >= uint32(len(ctKeys)) {
		text := fmt.Sprintf("ct %d", key)
		return selector{text: text, kind: kindHex, bits: 32, json: object("ct", object("key", uintText(key)))}
	}
	s := ctKeys[key]
	name := quoted(s.text)
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
	direction := ""
	if dir == 0 || dir == 1 {
		word := [...]string{"original", "reply"}[dir]
		s.text, direction = word+" "+s.text, quoted(word)
	}
	s.text = "ct " + s.text
	if p.names.json {
		s.json = object("ct", object("key", name, "dir", direction))
	}
	return s
}

// load fills a register with anything but meta, ct, payload and exthdr.
func (p *printer) load(e Expr) {
	switch e := e.(type) {
	case *RT:
		p.put(e.Dreg, register{sel: rtSelector(e)})
	case *Socket:
		p.put(e.Dreg, register{sel: socketSelector(e)})
	case *FIB:
		p.put(e.Dreg, register{sel: fibSelector(e)})
	case *Numgen:
		p.put(e.Dreg, register{sel: numgenSelector(e)})
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
	offset := ""
	if e.Offset != 0 {
		offset = uintText(e.Offset)
	}
	if e.Type == 1 { // NFT_HASH_SYM
		s.text = fmt.Sprintf("symhash mod %d", e.Modulus)
		s.json = object("symhash", object("mod", uintText(e.Modulus), "offset", offset))
	} else {
		expr, seed := p.key(p.take(e.Sreg, int(e.Len))).text, ""
		s.text = fmt.Sprintf("jhash %s mod %d", expr, e.Modulus)
		if e.HasSeed {
			s.text += fmt.Sprintf(" seed 0x%x", e.Seed)
			seed = uintText(e.Seed)
		}
		s.json = object("jhash", object("mod", uintText(e.Modulus), "seed", seed, "offset", offset, "expr", expr))
	}
	s.offset(e.Offset)
	p.put(e.Dreg, register{sel: &s})
}

func numgenSelector(e *Numgen) *selector {
	how := [...]string{"inc", "random"}[e.Type&1]
	s := selector{text: fmt.Sprintf("numgen %s mod %d", how, e.Modulus), bits: 32, host: true}
	s.offset(e.Offset)
	s.json = object("numgen", object("mode", quoted(how), "mod", uintText(e.Modulus), "offset", uintText(e.Offset)))
	return &s
}

func rtSelector(e *RT) *selector {
	s := selector{text: fmt.Sprintf("rt %d", e.Key), kind: kindHex, bits: 32}
	if e.Key < uint32(len(rtKeys)) {
		s = rtKeys[e.Key]
		s.host = s.kind != kindIPv4 && s.kind != kindIPv6
	}
	words := strings.Fields(s.text)
	family := ""
	if len(words) == 3 {
		family = quoted(words[1])
	}
	s.json = object("rt", object("key", quoted(words[len(words)-1]), "family", family))
	return &s
}

func socketSelector(e *Socket) *selector {
	words := [...]string{"transparent", "mark", "wildcard", "cgroupv2"}
	if e.Key >= uint32(len(words)) {
		return &selector{text: fmt.Sprintf("socket %d", e.Key), kind: kindHex, bits: 32, json: object("socket", object("key", uintText(e.Key)))}
	}
	word := words[e.Key]
	s := selector{text: "socket " + word, bits: 8, host: true, json: object("socket", object("key", quoted(word)))}
	switch word {
	case "mark":
		s.kind, s.bits = kindMark, 32
	case "cgroupv2":
		s.text, s.bits = fmt.Sprintf("socket cgroupv2 level %d", e.Level), 64
	}
	return &s
}

func fibSelector(e *FIB) *selector {
	var keys []string
	for i, name := range [...]string{"saddr", "daddr", "mark", "iif", "oif"} {
		if e.Flags&(1<<i) != 0 {
			keys = append(keys, name)
		}
	}
	s := selector{host: true, bits: 32}
	result := fmt.Sprint(e.Result)
	switch e.Result {
	case 1:
		result, s.kind = "oif", kindIfindex
	case 2:
		result, s.kind, s.bits, s.host = "oifname", kindIfname, 128, false
	case 3:
		result, s.kind = "type", kindAddrType
	}
	s.text = "fib " + strings.Join(keys, " . ") + " " + result
	s.json = object("fib", object("result", quoted(result), "flags", array(quotedAll(keys)...)))
	if e.Flags&(1<<5) != 0 { // NFTA_FIB_F_PRESENT
		s.kind, s.bits, s.host = kindBoolean, 8, true
	}
	return &s
}

func osfSelector(e *OSF) *selector {
	s := selector{text: "osf ", kind: kindString, bits: 128}
	ttl := ""
	if e.TTL == 1 || e.TTL == 2 {
		word := [...]string{"loose", "skip"}[e.TTL-1]
		s.text, ttl = s.text+"ttl "+word+" ", quoted(word)
	}
	key := [...]string{"name", "version"}[e.Flags&1]
	s.text += key
	s.json = object("osf", object("key", quoted(key), "ttl", ttl))
	return &s
}

func xfrmSelector(e *XFRM) *selector {
	dir := [...]string{"in", "out"}[e.Dir&1]
	s := selector{text: "ipsec " + dir, bits: 32}
	if e.Num != 0 {
		s.text += fmt.Sprintf(" spnum %d", e.Num)
	}
	key, family := fmt.Sprint(e.Key), ""
	switch e.Key {
	case 1, 3:
		family, s.kind = "ip", kindIPv4
	case 2, 4:
		family, s.kind, s.bits = "ip6", kindIPv6, 128
	case 5:
		key, s.host = "reqid", true
	case 6:
		key = "spi"
	}
	if family != "" {
		key = [...]string{"daddr", "saddr"}[(e.Key-1)/2]
		s.text, family = s.text+" "+family, quoted(family)
	}
	s.text += " " + key
	s.json = object("ipsec", object("key", quoted(key), "family", family, "dir", quoted(dir), "spnum", uintText(e.Num)))
	return &s
}
