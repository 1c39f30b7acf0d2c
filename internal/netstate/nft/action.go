package nft

import (
	"cmp"
	"fmt"
	"slices"
)

// immediate fills a register, or gives the verdict.
func (p *printer) immediate(e *Immediate) {
	if e.Verdict != nil {
		p.say(e.Verdict.write(p.names))
		return
	}
	p.put(e.Dreg, register{data: e.Data})
}

// operand writes what a register holds, as a value of a type.
func (p *printer) operand(reg uint32, k kind, host bool) string {
	r := p.get(reg)
	switch {
	case r.setName != "":
		return p.names.mapped("map", r.key.text, p.setText(r.setName, r.set, r.key, k))
	case r.data != nil:
		return k.write(big(r.data, host), p.names)
	case r.sel != nil:
		one := p.resolve(r.sel)[0]
		return one.written(p.names)
	}
	return p.names.opaque(cmp.Or(r.odd, "[ ? ]"))
}

func (p *printer) meta(e *Meta) {
	s := p.metaSelector(e.Key)
	if e.Sreg == 0 {
		p.put(e.Dreg, register{sel: &s})
		return
	}
	p.say(p.names.mangle(s.bare(p.names), p.operand(e.Sreg, s.kind, s.host)))
}

func (p *printer) ct(e *CT) {
	s := p.ctSelector(e.Key, e.Dir)
	if e.Sreg == 0 {
		p.put(e.Dreg, register{sel: &s})
		return
	}
	if r := p.get(e.Sreg); r.data != nil && s.kind.bitmask() && len(r.data) <= 8 {
		if flags := s.kind.flags(number(big(r.data, s.host)), p.names); flags != nil {
			p.say(p.names.mangle(s.bare(p.names), p.names.flagList(flags)))
			return
		}
	}
	p.say(p.names.mangle(s.bare(p.names), p.operand(e.Sreg, s.kind, s.host)))
}

func (p *printer) payload(e *Payload) {
	s := selector{payload: true, base: e.Base, off: e.Offset * 8, bits: e.Len * 8}
	if e.Offset > 1<<16 || e.Len == 0 || e.Len > 64 { // NFT_DATA_VALUE_MAXLEN
		p.odd(fmt.Sprintf("[ payload base %d offset %d length %d ]", e.Base, e.Offset, e.Len))
		return
	}
	if e.Sreg == 0 {
		p.put(e.Dreg, register{sel: &s})
		return
	}
	if one, value, ok := p.someBits(&s, e.Sreg); ok {
		p.say(p.names.mangle(one.bare(p.names), one.kind.write(value, p.names)))
		return
	}
	one := p.resolve(&s)[0]
	p.say(p.names.mangle(one.bare(p.names), p.operand(e.Sreg, one.kind, false)))
}

// someBits finds the field that a write changes, if what is written are the
// same bytes with some bits replaced, and the field's new value.
func (p *printer) someBits(s *selector, reg uint32) (selector, []byte, bool) {
	r := p.get(reg)
	if r.sel == nil || !r.sel.payload || r.sel.base != s.base || r.sel.off != s.off || r.sel.bits != s.bits || len(r.sel.ops) == 0 {
		return selector{}, nil, false
	}
	changed := slices.Repeat([]byte{0}, int(s.bits/8))
	value := slices.Clone(changed)
	for _, o := range r.sel.ops {
		for i := range changed {
			switch {
			case i >= len(o.value):
			case o.sign == "&":
				changed[i] |= ^o.value[i]
			case o.sign == "|":
				changed[i] |= o.value[i]
				value[i] |= o.value[i]
			}
		}
	}
	lead, tail := leading(changed), trailing(changed)
	ones := onesIn(changed)
	if ones == 0 || lead+tail+ones != int(s.bits) {
		return selector{}, nil, false
	}
	f, ok := p.field(s.base, s.off+uint32(lead), uint32(ones))
	return f, shift(value, uint32(tail)), ok && f.bits == uint32(ones)
}

// exthdr loads, writes or removes an extension header or an option.
func (p *printer) exthdr(e *Exthdr) {
	s := p.extSelector(e)
	switch {
	case e.Dreg != 0:
		p.put(e.Dreg, register{sel: &s})
	case e.Sreg != 0:
		p.say(p.names.mangle(s.bare(p.names), p.operand(e.Sreg, s.kind, false)))
	case p.names.json:
		p.say(object("reset", s.json))
	default:
		p.say("reset " + s.text)
	}
}

func (p *printer) extSelector(e *Exthdr) selector {
	word, table, class := "", extensions, "exthdr"
	switch e.Op {
	case 1: // NFT_EXTHDR_OP_TCPOPT
		word, table, class = "tcp option ", tcpOptions, "tcp option"
		p.used(baseTransport)
	case 2: // NFT_EXTHDR_OP_IPV4
		word, table, class = "ip option ", ipOptions, "ip option"
		p.used(baseNetwork)
	case 3: // NFT_EXTHDR_OP_SCTP
		return sctpChunk(e)
	default:
		p.used(baseNetwork)
	}
	o, ok := table[e.Type]
	if !ok {
		o.name = fmt.Sprint(e.Type)
	}
	s := selector{text: word + o.name, bits: e.Len * 8, json: object(class, object("name", quoted(o.name)))}
	if e.Present {
		if e.Op == 0 {
			s.text = "exthdr " + s.text
		}
		s.kind, s.bits, s.host = kindBoolean, 8, true
		return s
	}
	if e.Dreg == 0 && e.Sreg == 0 {
		return s
	}
	for _, f := range o.fields {
		if f.off == e.Offset*8 && f.len == e.Len*8 {
			s.text, s.kind = s.text+" "+f.name, f.kind
			s.json = object(class, object("name", quoted(o.name), "field", quoted(f.name)))
			return s
		}
	}
	s.ext, s.off = &header{s.text, class, o.name, o.fields}, e.Offset*8
	s.text, s.kind = fmt.Sprintf("%s @%d,%d", s.text, e.Offset*8, e.Len*8), kindHex
	s.json = object(class, object("base", uintText(e.Type), "offset", uintText(e.Offset*8), "len", uintText(e.Len*8)))
	return s
}

// sctpChunk names the chunk types of linux/sctp.h that nft names.
func sctpChunk(e *Exthdr) selector {
	names := [...]string{
		"data", "init", "init-ack", "sack", "heartbeat", "heartbeat-ack", "abort", "shutdown", "shutdown-ack", "error",
		"cookie-echo", "cookie-ack", "ecne", "cwr", "shutdown-complete",
	}
	name := fmt.Sprint(e.Type)
	if e.Type < uint32(len(names)) {
		name = names[e.Type]
	}
	s := selector{text: "sctp chunk " + name, bits: e.Len * 8, kind: kindHex, json: object("sctp chunk", object("name", quoted(name)))}
	if e.Present {
		s.kind, s.bits, s.host = kindBoolean, 8, true
		return s
	}
	s.text += fmt.Sprintf(" @%d,%d", e.Offset*8, e.Len*8)
	return s
}
