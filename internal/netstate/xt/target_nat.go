package xt

import (
	"fmt"
	"net/netip"
)

// natRange is the translation of a NAT target, from any of the structures of
// linux/netfilter/nf_nat.h.
type natRange struct {
	flags    uint32
	min, max netip.Addr
	from, to uint16 // ports
	base     uint16
}

// Flags of nf_nat.h, NF_NAT_RANGE_*.
const (
	natMapIPs      = 1 << 0
	natPorts       = 1 << 1
	natRandom      = 1 << 2
	natPersistent  = 1 << 3
	natFullyRandom = 1 << 4
	natOffset      = 1 << 5
)

// nat reads struct nf_nat_ipv4_multi_range_compat (old) or nf_nat_range and
// nf_nat_range2.
func (i *info) nat(old bool) natRange {
	if old {
		return natRange{flags: i.u32(4), min: i.addr4(8), max: i.addr4(12), from: i.port(16), to: i.port(18)}
	}
	r := natRange{flags: i.u32(0), min: i.addr(4), max: i.addr(20), from: i.port(36), to: i.port(38)}
	if r.flags&natOffset != 0 {
		r.base = i.port(40)
	}
	return r
}

// text writes ADDRESS[-ADDRESS][:PORT[-PORT][/BASE]].
func (r *natRange) text() string {
	s := ""
	if r.flags&natMapIPs != 0 {
		s = r.min.String()
		if r.max != r.min {
			s += "-" + r.max.String()
		}
		if r.min.Is6() && r.flags&natPorts != 0 {
			s = "[" + s + "]"
		}
	}
	if r.flags&natPorts != 0 {
		s += ":" + span(r.from, r.to, "-")
		if r.flags&natOffset != 0 {
			s += fmt.Sprintf("/%d", r.base)
		}
	}
	return s
}

func (r *natRange) words(l *line) {
	l.flag(r.flags&natRandom != 0, "--random")
	l.flag(r.flags&natFullyRandom != 0, "--random-fully")
	l.flag(r.flags&natPersistent != 0, "--persistent")
}

func targetDNAT(i *info, l *line) bool {
	if i.rev > 2 {
		return false
	}
	r := i.nat(i.rev == 0)
	l.words("--to-destination", r.text())
	r.words(l)
	return true
}

func targetSNAT(i *info, l *line) bool {
	if i.rev > 2 {
		return false
	}
	r := i.nat(i.rev == 0)
	l.add("--to-source %s", r.text())
	r.words(l)
	return true
}

// MASQUERADE and REDIRECT
func targetPorts(i *info, l *line) bool {
	if i.rev != 0 {
		return false
	}
	r := i.nat(!i.ip6)
	if r.flags&natPorts != 0 {
		l.add("--to-ports %s", span(r.from, r.to, "-"))
	}
	r.words(l)
	return true
}

func targetNetmap(i *info, l *line) bool {
	if i.rev != 0 {
		return false
	}
	r := i.nat(!i.ip6)
	low, high := r.min.AsSlice(), r.max.AsSlice()
	mask := make([]byte, len(low))
	for n := range mask {
		mask[n] = ^(low[n] ^ high[n])
	}
	l.add("--to %s%s", r.min, maskText(mask))
	return true
}
