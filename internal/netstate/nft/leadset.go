package nft

import (
	"bytes"
	"net/netip"
	"slices"
)

// lookup follows a set, a verdict map, or a map of addresses.
func (l *leads) lookup(e *Lookup) {
	set := l.set(e.Set)
	if set == nil || e.Invert {
		l.put(e.Dreg, held{})
		return
	}
	parts := l.parts(e.Sreg, int(set.KeyLen))
	var when []Condition
	var values []given
	for _, el := range ranges(set) {
		c, ok := conditionOf(parts, el.Key, el.KeyEnd, l.family)
		switch {
		case !ok || el.End:
		case !e.HasDreg:
			when = append(when, c)
		case e.Dreg == 0:
			if v := el.Verdict; v != nil && v.Chain != "" {
				l.say(Lead{When: c, Chain: v.Chain})
			}
		case el.Data != nil:
			values = append(values, given{c, el.Data})
		}
	}
	switch {
	case e.HasDreg && e.Dreg != 0:
		l.put(e.Dreg, held{given: values})
	case !e.HasDreg && when != nil:
		l.narrow(when)
	}
}

// parts are what the key of a lookup consists of.
func (l *leads) parts(reg uint32, length int) []held {
	i, ok := slot(reg)
	var all []held
	for used := 0; ok && i < slots && used < length; {
		h := l.regs[i]
		h.width = max(h.width, 1)
		all = append(all, h)
		used += h.width * 4
		i += h.width
	}
	return all
}

// ranges are the elements with an end for each, also where the kernel lists the
// ends apart.
func ranges(s *Set) []Element {
	if s.Flags&SetInterval == 0 || s.Flags&SetConcat != 0 {
		return s.Elements
	}
	all := slices.Clone(s.Elements)
	slices.SortStableFunc(all, func(a, b Element) int {
		if d := bytes.Compare(a.Key, b.Key); d != 0 {
			return d
		}
		return cmpBool(a.End, b.End)
	})
	for i := range all {
		if i+1 < len(all) && len(all[i+1].Key) == len(all[i].Key) {
			all[i].KeyEnd = before(all[i+1].Key)
		}
	}
	return all
}

// conditionOf joins the conditions of a key's parts; false if one cannot be.
func conditionOf(parts []held, key, end []byte, f Family) (Condition, bool) {
	var all Condition
	ok := true
	for _, h := range parts {
		n := min(h.width*4, len(key))
		if len(parts) == 1 {
			n = len(key)
		}
		v := key[:n]
		var to []byte
		if len(end) >= n {
			to = end[:n]
		}
		if c, known := h.span(v, to, f); known && ok {
			all, ok = all.And(c)
		}
		key, end = key[n:], end[min(n, len(end)):]
	}
	return all, ok
}

// span is the condition that the part lies between two values; to may be nil.
func (h *held) span(from, to []byte, f Family) (Condition, bool) {
	c, ok := h.condition(from, f)
	if !ok || to == nil || bytes.Equal(from, to) {
		return c, ok
	}
	switch h.part {
	case partPort:
		c.PortEnd = be16(to)
	case partDst:
		low, high := c.Dst.Addr(), to
		bits := c.Dst.Bits()
		for i, b := range low.AsSlice() {
			if i < len(high) && b != high[i] {
				bits = min(bits, i*8+leading([]byte{b ^ high[i]}))
			}
		}
		c.Dst = netip.PrefixFrom(low, bits)
	default:
		return Condition{}, false
	}
	return c, true
}

// nat notes a translation of the destination.
func (l *leads) nat(e *NAT) {
	addr, port := l.get(e.AddrMin), l.get(e.PortMin)
	if addr.given == nil {
		lead := Lead{Port: be16(port.data)}
		lead.Addr, _ = netip.AddrFromSlice(addr.data)
		l.say(lead)
		return
	}
	for _, g := range addr.given {
		data := g.data
		lead := Lead{When: g.when, Port: be16(port.data)}
		if joint := len(data) == 8 || len(data) == 20; joint && e.PortMin != 0 { // address . port
			lead.Port = be16(data[len(data)-4:])
			data = data[:len(data)-4]
		}
		if lead.Addr, _ = netip.AddrFromSlice(data); lead.Addr.IsValid() {
			l.say(lead)
		}
	}
}
