package nft

import (
	"fmt"
	"strings"
)

// The payload bases (enum nft_payload_bases).
const (
	baseLink = iota
	baseNetwork
	baseTransport
	baseInner
	bases
)

// tells is what a comparison of a selector with one value says of the headers.
type tells uint8

const (
	tellsNothing   tells = iota
	tellsLink            // meta iiftype
	tellsNFProto         // meta nfproto
	tellsProtocol        // meta protocol, ether type
	tellsTransport       // meta l4proto
	tellsField           // ip protocol, ip6 nexthdr
)

// dependency is a statement that only says which header follows.
type dependency struct {
	stmt  *stmt
	tells tells
	value uint64
}

func (p *printer) start() {
	switch p.family {
	case FamilyIP:
		p.header[baseNetwork] = "ip"
	case FamilyIP6:
		p.header[baseNetwork] = "ip6"
	case FamilyARP:
		p.header[baseNetwork] = "arp"
	case FamilyBridge, FamilyNetdev:
		p.header[baseLink] = "ether"
	}
}

// learn takes what `selector == value` says of the headers.
func (p *printer) learn(s *selector, value uint64, st *stmt) {
	d := &dependency{stmt: st, tells: s.tells, value: value}
	if s.text == "icmp type" || s.text == "icmpv6 type" {
		p.icmp, p.icmpType = st, value
	}
	switch s.tells {
	case tellsLink:
		if value == 1 { // ARPHRD_ETHER
			p.header[baseLink], p.dep[baseLink] = "ether", d
		}
	case tellsNFProto:
		p.header[baseNetwork], p.dep[baseNetwork] = map[uint64]string{2: "ip", 10: "ip6"}[value], d
	case tellsProtocol:
		if s.payload {
			p.used(s.base)
		}
		if networks[value] == "vlan" {
			p.header[baseLink], p.dep[baseLink] = "vlan", d
			return
		}
		p.header[baseNetwork], p.dep[baseNetwork] = networks[value], d
	case tellsTransport, tellsField:
		if s.tells == tellsTransport {
			p.impliedByTransport(value)
		}
		p.header[baseTransport], p.dep[baseTransport] = transports[value], d
	}
}

// used says that a field of the header at base is named: that shows what its
// dependency said.
func (p *printer) used(base uint32) {
	d := p.dep[base]
	if d == nil {
		return
	}
	if d.tells == tellsField && p.family != FamilyIP && p.family != FamilyIP6 {
		// "ip protocol" also says that it is IPv4: it stays in tables of
		// several families.
		return
	}
	if d.tells == tellsNFProto && p.family != FamilyInet {
		return
	}
	d.stmt.implied = true
	p.dep[base] = nil
	if base == baseTransport {
		p.impliedByTransport(d.value)
	}
}

// impliedByTransport drops "meta nfproto ipv4" in front of ICMP, and ipv6 in
// front of ICMPv6.
func (p *printer) impliedByTransport(proto uint64) {
	d := p.dep[baseNetwork]
	if d == nil || d.tells == tellsField {
		return
	}
	if net := p.header[baseNetwork]; (proto == 1 && net == "ip") || (proto == 58 && net == "ip6") {
		d.stmt.implied = true
		p.dep[baseNetwork] = nil
	}
}

// resolve names bytes of the packet. Bytes that cover several fields become
// several selectors.
func (p *printer) resolve(s *selector) []selector {
	if len(s.ops) > 0 && (s.payload || s.ext != nil) {
		if one, ok := p.narrow(s); ok {
			return []selector{one}
		}
	}
	if !s.payload {
		return []selector{*s}
	}
	var all []selector
	off, left := s.off, s.bits
	for left > 0 {
		part, ok := p.field(s.base, off, left)
		if ok && strings.HasPrefix(part.text, "th ") && part.bits != s.bits {
			ok = false // without a protocol nft names single fields only
		}
		if !ok || (len(s.ops) > 0 && part.bits != left) {
			part = rawBits(s.base, off, left)
		}
		part.payload, part.base, part.off = true, s.base, off
		all = append(all, part)
		off, left = off+part.bits, left-part.bits
	}
	if len(all) == 1 {
		all[0].ops = s.ops
	}
	return all
}

// rawBits are bits that have no name.
func rawBits(base, off, bits uint32) selector {
	word := [...]string{"ll", "nh", "th", "ih"}[base%bases]
	return selector{
		text: fmt.Sprintf("@%s,%d,%d", word, off, bits), kind: kindHex, bits: bits,
		json: object("payload", object("base", quoted(word), "offset", uintText(off), "len", uintText(bits))),
	}
}

// part names some bits of a selector's header.
func (p *printer) part(s *selector, off, bits uint32) (selector, bool) {
	if s.payload {
		return p.field(s.base, off, bits)
	}
	for _, f := range s.ext.fields {
		if f.off == off && f.len == bits {
			return selector{
				text: s.ext.text + " " + f.name, kind: f.kind, bits: bits,
				json: object(s.ext.class, object("name", quoted(s.ext.name), "field", quoted(f.name))),
			}, true
		}
	}
	return selector{}, false
}

// field names one field at a bit offset, at most that long.
func (p *printer) field(base, off, bits uint32) (selector, bool) {
	if base >= bases {
		return selector{}, false
	}
	proto, at := p.header[base], off
	if proto == "vlan" && off >= 112 { // behind the Ethernet header
		at = off - 112
	} else if proto == "vlan" {
		proto = "ether"
	}
	if base == baseTransport && proto == "" {
		proto = "th"
	}
	f, ok := find(proto, at, bits)
	if by, of := icmpFields[icmpKey{proto, p.icmpType}]; of && p.icmp != nil && by.off == at && by.len == bits {
		f, ok = by, true
		p.icmp.implied = true // the field says of which type it is
	}
	if !ok {
		return selector{}, false
	}
	p.used(base)
	s := selector{text: proto + " " + f.name, kind: f.kind, bits: f.len}
	switch s.text {
	case "ip protocol", "ip6 nexthdr":
		s.tells = tellsField
	case "ether type", "vlan type":
		s.tells = tellsProtocol
	}
	return s, true
}
