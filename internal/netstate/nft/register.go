package nft

import "strings"

// slots are the 4-byte registers: registers 1 to 4 are four of them each
// (linux/netfilter/nf_tables.h, enum nft_registers).
const slots = 16

func slot(reg uint32) (int, bool) {
	switch {
	case reg >= 1 && reg <= 4:
		return int(reg-1) * 4, true
	case reg >= 8 && reg < 8+slots:
		return int(reg - 8), true
	}
	return 0, false
}

// register holds a selector, or data, or the result of a map.
type register struct {
	sel  *selector
	data []byte
	// odd is the text of what is not understood.
	odd string
	// setName is the name of a map that was looked up with key, set the map if
	// it is anonymous.
	setName string
	set     *Set
	key     key
	// fresh is true until a statement has used it.
	fresh bool
}

func (p *printer) put(reg uint32, r register) {
	i, ok := slot(reg)
	if !ok {
		r.fresh = true
		p.show(&r)
		return
	}
	r.fresh = true
	p.regs[i] = r
	for j := i + 1; j < slots; j++ {
		// how much a map writes is not known; a key that was looked up is
		// not needed again
		if j < i+r.width() || (r.setName != "" && !p.regs[j].fresh) {
			p.regs[j] = register{}
		}
	}
}

// width is in 4-byte registers.
func (r *register) width() int {
	switch {
	case r.sel != nil:
		return int(r.sel.bits+31) / 32
	case r.data != nil:
		return (len(r.data) + 3) / 4
	}
	return 1
}

func (p *printer) get(reg uint32) register {
	i, ok := slot(reg)
	if !ok {
		return register{}
	}
	p.regs[i].fresh = false
	return p.regs[i]
}

// take returns the register and those behind it that were loaded for the same
// statement: the parts of a concatenation of at most n bytes; n 0 is not known.
func (p *printer) take(reg uint32, n int) []register {
	i, ok := slot(reg)
	if !ok {
		return nil
	}
	all := []register{p.regs[i]}
	p.regs[i].fresh = false
	used := p.regs[i].width() * 4
	for j := i + p.regs[i].width(); j < slots && p.regs[j].fresh && p.regs[j].sel != nil && (n == 0 || used < n); {
		all = append(all, p.regs[j])
		p.regs[j].fresh = false
		used += p.regs[j].width() * 4
		j += p.regs[j].width()
	}
	return all
}

// selector is what a register was loaded with: a part of the packet or of what
// the kernel knows of it.
type selector struct {
	text string
	// json is the selector as an object of JSON, where its text does not tell;
	// meta is true for one of enum nft_meta_keys.
	json string
	meta bool
	kind kind
	// host is true while the value lies in the machine's byte order.
	host bool
	bits uint32
	// ops are done to the value before it is used.
	ops []operation
	// payload is true for bytes of the packet at a bit offset from a base
	// (enum nft_payload_bases); text is valid once it is resolved.
	payload   bool
	base, off uint32
	// shift is how far a value must be moved to the right before it is
	// written: the selector is some bits of the bytes that were loaded.
	shift uint32
	// ext are the fields of the extension header or option that it is a part
	// of, at a bit offset; nil for anything else.
	ext *header
	// tells is what a comparison with one value says of the packet's headers.
	tells tells
}

// operation is one step of arithmetic.
type operation struct {
	sign  string
	value []byte // most significant byte first
}

// bare is the selector without its operations.
func (s *selector) bare(n Names) string {
	switch {
	case !n.json:
		return s.text
	case s.json != "":
		return s.json
	case s.meta:
		return object("meta", object("key", quoted(strings.TrimPrefix(s.text, "meta "))))
	}
	proto, field, _ := strings.Cut(s.text, " ")
	return object("payload", object("protocol", quoted(proto), "field", quoted(field)))
}

// written is the selector with its operations.
func (s *selector) written(n Names) string {
	text := s.bare(n)
	for _, o := range s.ops {
		switch k := s.kind; {
		case o.sign == "<<" || o.sign == ">>":
			text = n.binary(text, o.sign, kindInteger.write(o.value, n))
		case !n.json && k.bitmask() && len(o.value) <= 8 && len(k.flags(number(o.value), n)) > 1:
			text = n.binary(text, o.sign, "("+k.write(o.value, n)+")")
		default:
			text = n.binary(text, o.sign, k.write(o.value, n))
		}
	}
	return text
}

// bitwise puts an operation onto a selector. The kernel knows only
// (value & mask) ^ xor; nft wrote it as &, |, ^, and reads it back like this.
func (p *printer) bitwise(e *Bitwise) {
	r := p.get(e.Sreg)
	if r.sel == nil {
		p.put(e.Dreg, register{odd: raw("bitwise", e.Mask)})
		return
	}
	s := *r.sel
	s.ops = append([]operation(nil), s.ops...)
	if e.Op != 0 {
		sign := "<<"
		if e.Op == 2 {
			sign = ">>"
		}
		s.ops = append(s.ops, operation{sign: sign, value: big(e.Data, true)})
		p.put(e.Dreg, register{sel: &s})
		return
	}
	mask, xor := big(e.Mask, s.host), big(e.Xor, s.host)
	if len(mask) != len(xor) {
		xor = make([]byte, len(mask))
	}
	or := make([]byte, len(mask))
	for i := range mask {
		or[i] = xor[i] &^ mask[i]
		xor[i] &= mask[i]
		mask[i] |= or[i]
	}
	if !full(mask) || (zero(xor) && zero(or)) {
		s.ops = append(s.ops, operation{sign: "&", value: mask})
	}
	if !zero(xor) {
		s.ops = append(s.ops, operation{sign: "^", value: xor})
	}
	if !zero(or) {
		s.ops = append(s.ops, operation{sign: "|", value: or})
	}
	p.put(e.Dreg, register{sel: &s})
}

func (p *printer) byteorder(e *Byteorder) {
	r := p.get(e.Sreg)
	if r.sel != nil {
		s := *r.sel
		s.host = e.Op == 0 // NFT_BYTEORDER_NTOH
		r.sel = &s
	}
	p.put(e.Dreg, r)
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func full(b []byte) bool {
	for _, c := range b {
		if c != 0xff {
			return false
		}
	}
	return true
}
