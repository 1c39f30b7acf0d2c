package nft

import (
	"bytes"
	"math/bits"
	"slices"
)

// The comparisons, by enum nft_cmp_ops.
var comparisons = [...]string{"==", "!=", "<", "<=", ">", ">="}

// cmp writes a comparison; `>= a` and `<= b` of one register are a range.
func (p *printer) cmp(e *Cmp, rest []Expr) int {
	r := p.get(e.Sreg)
	if r.sel == nil || e.Op >= uint32(len(comparisons)) {
		p.odd(raw("cmp", e.Data))
		return 0
	}
	if len(rest) > 0 && comparisons[e.Op] == ">=" {
		if to, ok := rest[0].(*Cmp); ok && to.Sreg == e.Sreg && comparisons[to.Op%6] == "<=" {
			p.compareRange(r.sel, "==", e.Data, to.Data)
			return 1
		}
	}
	p.compare(r.sel, comparisons[e.Op], e.Data)
	return 0
}

func (p *printer) between(e *Range) {
	r := p.get(e.Sreg)
	if r.sel == nil {
		p.odd(raw("range", e.From))
		return
	}
	p.compareRange(r.sel, comparisons[e.Op&1], e.From, e.To)
}

func (p *printer) compareRange(s *selector, op string, from, to []byte) {
	one := p.resolve(s)[0]
	p.say(p.names.match(one.written(p.names), op, op == "==", one.ends(one.raw(from), one.raw(to), p.names)))
}

// raw is data that a selector is compared with, most significant byte first.
func (s *selector) raw(data []byte) []byte { return shift(big(data, s.host), s.shift) }

// compare writes `selector op data`, cut up where it covers several fields.
func (p *printer) compare(s *selector, op string, data []byte) {
	if s.payload && len(s.ops) == 0 && len(data)*8 == int(s.bits) {
		if f, ok := p.shortAddress(s); ok {
			p.say(p.names.match(f.bare(p.names), op, op == "==", f.prefix(data, p.names)))
			return
		}
	}
	parts := p.resolve(s)
	for _, part := range parts {
		n := min(int(part.bits+7)/8, len(data))
		if len(parts) == 1 {
			n = len(data)
		}
		p.compareField(&part, op, big(data[:n], part.host))
		data = data[n:]
	}
}

// shortAddress says that only the first bytes of an address are compared.
func (p *printer) shortAddress(s *selector) (selector, bool) {
	if s.base >= bases || s.bits == 0 {
		return selector{}, false
	}
	f, ok := within(p.header[s.base], s.off, s.bits)
	if !ok {
		return selector{}, false
	}
	p.used(s.base)
	return selector{text: p.header[s.base] + " " + f.name, kind: f.kind, bits: f.len}, true
}

// prefix writes the first bytes of an address with their number of bits.
func (s *selector) prefix(data []byte, n Names) string {
	whole := make([]byte, s.bits/8)
	copy(whole, data)
	return n.prefix(s.kind.write(whole, n), len(data)*8)
}

// compareField writes the comparison of one field. v is most significant byte
// first.
func (p *printer) compareField(s *selector, op string, v []byte) {
	v = shift(v, s.shift)
	n := p.names
	left, right := s.written(n), s.kind.write(v, n)
	equal := op == "==" || op == "!="
	implied := op == "=="
	switch mask := s.onlyMask(); {
	case mask != nil && s.kind.bitmask() && equal:
		p.say(s.masked(op, mask, v, n))
		return
	case mask != nil && s.kind.prefixable() && equal && (prefixLen(mask) > 0 || zero(mask)):
		p.say(n.match(s.bare(n), op, implied, n.prefix(right, prefixLen(mask))))
		return
	case len(s.ops) > 0 || (s.kind.bitmask() && op == "=="):
		implied = false
	}
	st := p.say(n.match(left, op, implied, right))
	if op == "==" && len(s.ops) == 0 && len(v) <= 8 {
		p.learn(s, number(v), st)
	}
}

// onlyMask is the mask of a selector whose only operation is &.
func (s *selector) onlyMask() []byte {
	if len(s.ops) == 1 && s.ops[0].sign == "&" {
		return s.ops[0].value
	}
	return nil
}

// masked writes the comparison of some flags.
func (s *selector) masked(op string, mask, v []byte, n Names) string {
	flags := func(b []byte) []string {
		if len(b) > 8 {
			return []string{s.kind.write(b, n)}
		}
		return s.kind.flags(number(b), n)
	}
	list := func(b []byte) string { return n.flagList(flags(b)) }
	switch {
	case zero(v) && op == "!=" && n.json:
		op = "in"
		fallthrough
	case zero(v) && op == "!=":
		return n.match(s.bare(n), op, true, list(mask))
	case zero(v):
		return n.match(s.bare(n), "!", false, list(mask))
	case s.kind != kindTCPFlag && len(flags(mask)) < 2:
		return n.match(s.written(n), op, false, s.kind.write(v, n))
	case n.json:
		return n.match(n.binary(s.bare(n), "&", list(mask)), op, true, list(v))
	}
	return n.match(s.bare(n), op, op == "==", list(v)+" / "+list(mask))
}

// narrow turns bytes with a mask into the field of fewer bits that the mask
// selects; false if there is none.
func (p *printer) narrow(s *selector) (selector, bool) {
	if s.ops[0].sign != "&" {
		return selector{}, false
	}
	mask := s.ops[0].value
	lead, tail := leading(mask), trailing(mask)
	ones := len(mask)*8 - lead - tail
	if ones <= 0 || ones != onesIn(mask) {
		return selector{}, false
	}
	f, ok := p.part(s, s.off+uint32(lead), uint32(ones))
	if !ok || f.bits != uint32(ones) {
		return selector{}, false
	}
	f.payload, f.base, f.off, f.shift = s.payload, s.base, s.off+uint32(lead), uint32(tail)
	f.ops = s.ops[1:]
	if len(f.ops) > 0 && f.ops[0].sign == ">>" {
		f.ops, f.shift = f.ops[1:], 0
	}
	return f, true
}

func leading(b []byte) int {
	for i, c := range b {
		if c != 0 {
			return i*8 + bits.LeadingZeros8(c)
		}
	}
	return len(b) * 8
}

func trailing(b []byte) int {
	for i, c := range slices.Backward(b) {
		if c != 0 {
			return (len(b)-1-i)*8 + bits.TrailingZeros8(c)
		}
	}
	return len(b) * 8
}

func onesIn(b []byte) int {
	n := 0
	for _, c := range b {
		n += bits.OnesCount8(c)
	}
	return n
}

// prefixLen is the number of leading ones of a mask that has nothing behind
// them, 0 otherwise.
func prefixLen(mask []byte) int {
	n := onesIn(mask)
	if leading(mask) == 0 && trailing(mask) == len(mask)*8-n {
		return n
	}
	return 0
}

// shift moves a value right by n bits.
func shift(v []byte, n uint32) []byte {
	if n == 0 || len(v) > 8 {
		return v
	}
	u := number(v) >> n
	out := bytes.Clone(v)
	for i := range out {
		out[len(out)-1-i] = byte(u >> (8 * i))
	}
	return out
}
