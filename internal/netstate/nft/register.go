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
	// mapped is the text of a map lookup up to the set; then follow the set's
	// name, the set if it is anonymous, and its keys.
	mapped  string
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
	ext *option
	// tells is what a comparison with one value says of the packet's headers.
	tells tells
}

// operation is one step of arithmetic.
type operation struct {
	sign  string
	value []byte // most significant byte first
	// words is what stands for value; valid iff not empty.
	words string
}

// written is the selector with its operations.
func (s *selector) written(n Names) string {
	var b strings.Builder
	b.WriteString(s.text)
	for _, o := range s.ops {
		b.WriteString(" " + o.sign + " ")
		switch k := s.kind; {
		case o.sign == "<<" || o.sign == ">>":
			b.WriteString(kindInteger.write(o.value, n))
		case o.words != "":
			b.WriteString(o.words)
		case k.bitmask() && len(k.flags(number(o.value))) > 1 && len(o.value) <= 8:
			b.WriteString("(" + k.write(o.value, n) + ")")
		default:
			b.WriteString(k.write(o.value, n))
		}
	}
	return b.String()
}

// bitwise puts an operation onto a selector. The kernel knows only
// (value & mask) ^ xor; nft wrote it as &, |, ^, and reads it back like this.
func (p *printer) bitwise(e *Bitwise) {
	r := p.get(e.Sreg)
	if r.sel == nil {
		p.put(e.Dreg, register{mapped: raw("bitwise", e.Mask)})
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
