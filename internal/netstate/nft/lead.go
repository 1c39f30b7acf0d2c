package nft

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Lead is where a rule sends packets of some kind.
type Lead struct {
	When Condition
	// Chain is the chain of a jump or goto; "" for a translation.
	Chain string
	// Addr and Port are the new destination of a translation; Addr is invalid
	// where it is not known, Port 0 where the packet keeps it.
	Addr netip.Addr
	Port uint16
}

// Condition is what a packet must be like, as far as it says where the packet
// is bound for. What a rule asks besides is left out.
type Condition struct {
	// Proto is the layer 4 protocol; 0 for any.
	Proto uint8
	// Dst is the destination; invalid for any. Local is true where it must be an
	// address of the machine.
	Dst   netip.Prefix
	Local bool
	// Port and PortEnd are the first and last destination port; both 0 for any.
	Port, PortEnd uint16
}

// And joins two conditions; false if nothing meets both.
func (c Condition) And(d Condition) (Condition, bool) {
	switch {
	case c.Proto == 0:
		c.Proto = d.Proto
	case d.Proto != 0 && d.Proto != c.Proto:
		return c, false
	}
	switch {
	case !c.Dst.IsValid():
		c.Dst = d.Dst
	case d.Dst.IsValid() && !c.Dst.Overlaps(d.Dst):
		return c, false
	case d.Dst.IsValid() && d.Dst.Bits() > c.Dst.Bits():
		c.Dst = d.Dst
	}
	c.Local = c.Local || d.Local
	switch {
	case c.PortEnd == 0:
		c.Port, c.PortEnd = d.Port, d.PortEnd
	case d.PortEnd != 0:
		c.Port, c.PortEnd = max(c.Port, d.Port), min(c.PortEnd, d.PortEnd)
		if c.Port > c.PortEnd {
			return c, false
		}
	}
	return c, true
}

// part is what a register holds, as far as a Condition can say it.
type part uint8

const (
	partOther part = iota
	partProto
	partPort
	partDst
	partDstType
)

// held is a part, or the values that a map gives and the conditions for each.
type held struct {
	part  part
	width int // in registers of 4 bytes
	data  []byte
	given []given
}

type given struct {
	when Condition
	data []byte
}

// mostLeads of one rule are followed, and so many conditions at once.
const mostLeads = 1 << 14

// Leads says where the rule leads: jumps and translations of the destination,
// each with its conditions. Set gives a set of the rule's table with its
// elements; nil for one that is not known.
func (r *Rule) Leads(set func(name string) *Set) []Lead {
	l := leads{family: r.Family, set: set, when: []Condition{{}}}
	for i, e := range r.Exprs {
		l.step(e, r.Exprs[i+1:])
	}
	return l.found
}

type leads struct {
	family Family
	set    func(name string) *Set
	regs   [slots]held
	when   []Condition // any of them
	found  []Lead
}

func (l *leads) put(reg uint32, h held) {
	if i, ok := slot(reg); ok {
		l.regs[i] = h
	}
}

func (l *leads) get(reg uint32) held {
	if i, ok := slot(reg); ok {
		return l.regs[i]
	}
	return held{}
}

func (l *leads) step(e Expr, rest []Expr) {
	switch e := e.(type) {
	case *Meta:
		h := held{width: 1}
		if e.Key == metaL4Proto {
			h.part = partProto
		}
		if e.Key == metaIIFName || e.Key == metaOIFName {
			h.width = 4
		}
		l.put(e.Dreg, h)
	case *Payload:
		l.put(e.Dreg, l.payload(e))
	case *FIB:
		h := held{width: 1}
		if e.Result == 3 && e.Flags&2 != 0 { // NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR
			h.part = partDstType
		}
		l.put(e.Dreg, h)
	case *Cmp:
		l.cmp(e, rest)
	case *Range:
		if h := l.get(e.Sreg); e.Op == 0 && h.part == partPort {
			l.narrow([]Condition{{Port: be16(e.From), PortEnd: be16(e.To)}})
		}
	case *Bitwise:
		h := l.get(e.Sreg)
		if h.part == partDst {
			h.data = e.Mask // a prefix follows
		} else {
			h.part = partOther
		}
		l.put(e.Dreg, h)
	case *Immediate:
		if e.Verdict == nil {
			l.put(e.Dreg, held{data: e.Data, width: (len(e.Data) + 3) / 4})
		} else if e.Verdict.Chain != "" {
			l.say(Lead{Chain: e.Verdict.Chain})
		}
	case *Lookup:
		l.lookup(e)
	case *NAT:
		if e.Type == 1 { // NFT_NAT_DNAT
			l.nat(e)
		}
	default:
		if load, ok := e.(*CT); ok {
			l.put(load.Dreg, held{width: 1})
		}
	}
}

func (l *leads) payload(e *Payload) held {
	h := held{width: int(e.Len+3) / 4}
	switch {
	case e.Base == baseTransport && e.Offset == 2 && e.Len == 2:
		h.part = partPort
	case e.Base != baseNetwork:
	case e.Offset == 16 && e.Len <= 4 && l.family != FamilyIP6, e.Offset == 24 && (e.Len == 16 || l.family == FamilyIP6):
		h.part = partDst
	case e.Offset == 9 && e.Len == 1, e.Offset == 6 && e.Len == 1:
		h.part = partProto
	}
	return h
}

func (l *leads) cmp(e *Cmp, rest []Expr) {
	h := l.get(e.Sreg)
	switch {
	case e.Op == 0: // NFT_CMP_EQ
		if c, ok := h.condition(e.Data, l.family); ok {
			l.narrow([]Condition{c})
		}
	case h.part == partPort && e.Op == 5 && len(rest) > 0: // >= and <=
		if to, ok := rest[0].(*Cmp); ok && to.Op == 3 && to.Sreg == e.Sreg {
			l.narrow([]Condition{{Port: be16(e.Data), PortEnd: be16(to.Data)}})
		}
	}
}

// condition is that the part has a value.
func (h *held) condition(v []byte, f Family) (Condition, bool) {
	switch h.part {
	case partProto:
		if len(v) > 0 {
			return Condition{Proto: v[0]}, true
		}
	case partPort:
		if len(v) >= 2 {
			return Condition{Port: be16(v), PortEnd: be16(v)}, true
		}
	case partDstType:
		if len(v) >= 4 {
			return Condition{Local: binary.NativeEndian.Uint32(v) == 2}, true // RTN_LOCAL
		}
	case partDst:
		width := 4
		if f == FamilyIP6 || len(v) > 4 {
			width = 16
		}
		bits := len(v) * 8
		if h.data != nil {
			bits = onesIn(h.data)
		}
		a, ok := netip.AddrFromSlice(append(slices.Clone(v), make([]byte, max(width-len(v), 0))...))
		if ok {
			return Condition{Dst: netip.PrefixFrom(a, bits)}, true
		}
	}
	return Condition{}, false
}

// narrow joins what is asked so far with any of some conditions.
func (l *leads) narrow(any []Condition) {
	var all []Condition
	for _, a := range l.when {
		for _, b := range any {
			if c, ok := a.And(b); ok && len(all) < mostLeads {
				all = append(all, c)
			}
		}
	}
	l.when = all
}

// say notes a lead under all conditions so far.
func (l *leads) say(lead Lead) {
	for _, c := range l.when {
		if both, ok := c.And(lead.When); ok && len(l.found) < mostLeads {
			lead := lead
			lead.When = both
			l.found = append(l.found, lead)
		}
	}
}

func be16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}
