package xt

import (
	"fmt"
	"strings"
)

// xt_addrtype.h
func matchAddrtype(i *info, l *line) bool {
	src, dst := uint32(i.u16(0)), uint32(i.u16(2))
	var notSrc, notDst, in, out bool
	switch i.rev {
	case 0:
		notSrc, notDst = i.u32(4) != 0, i.u32(8) != 0
	case 1:
		f := i.u32(4)
		notSrc, notDst, in, out = f&1 != 0, f&2 != 0, f&4 != 0, f&8 != 0
	default:
		return false
	}
	if src != 0 {
		l.not(notSrc)
		l.add("--src-type %s", addrTypes(src))
	}
	if dst != 0 {
		l.not(notDst)
		l.add("--dst-type %s", addrTypes(dst))
	}
	l.flag(in, "--limit-iface-in")
	l.flag(out, "--limit-iface-out")
	return true
}

func addrTypes(mask uint32) string {
	return bitNames(mask, "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
		"THROW", "NAT", "XRESOLVE")
}

// ipset writes a struct xt_set_info of xt_set.h: the set's name and which
// addresses are looked up in it.
func (i *info) ipset(off int) string {
	name := ""
	if i.names.Set != nil {
		name = i.names.Set(i.u16(off))
	}
	if name == "" {
		name = fmt.Sprintf("[set %d]", i.u16(off))
	}
	dim, flags := i.u8(off+2), i.u8(off+3)
	var dirs []string
	for n := 1; n <= int(dim) && n <= 6; n++ {
		dirs = append(dirs, map[bool]string{true: "src", false: "dst"}[flags&(1<<n) != 0])
	}
	return name + " " + strings.Join(dirs, ",")
}

// xt_set.h, revisions 1 to 4
func matchSet(i *info, l *line) bool {
	if i.rev < 1 || i.rev > 4 {
		return false
	}
	flags := i.u8(3)
	l.not(flags&1 != 0) // IPSET_INV_MATCH
	l.add("--match-set %s", i.ipset(0))
	const noMatch = 1 << 7 // IPSET_RETURN_NOMATCH, IPSET_FLAG_RETURN_NOMATCH
	if i.rev < 3 {
		l.flag(flags&noMatch != 0, "--return-nomatch")
		return true
	}
	// struct ip_set_counter_match: 8-byte value and operation; revision 3 has
	// them the other way round
	value, op, more := 0, 8, 0
	if i.rev == 3 {
		value, op = 8, 0
	}
	packets, bytes, more := 8, 24, 40
	f := i.u32(more)
	l.flag(f&noMatch != 0, "--return-nomatch")
	l.flag(f&(1<<3) != 0, "! --update-counters")
	l.flag(f&(1<<4) != 0, "! --update-subcounters")
	for _, c := range [...]struct {
		off  int
		name string
	}{{packets, "packets"}, {bytes, "bytes"}} {
		switch i.u8(c.off + op) {
		case 1:
			l.add("--%s-eq %d", c.name, i.u64(c.off+value))
		case 2:
			l.add("! --%s-eq %d", c.name, i.u64(c.off+value))
		case 3:
			l.add("--%s-lt %d", c.name, i.u64(c.off+value))
		case 4:
			l.add("--%s-gt %d", c.name, i.u64(c.off+value))
		}
	}
	return true
}

// interfaceName writes a name and its mask (ip_tables.h): what the mask leaves
// out at the end is a `+`.
func interfaceName(name, mask []byte) string {
	var b strings.Builder
	for n := range min(len(name), len(mask)) {
		switch {
		case mask[n] == 0 && n == 0:
			return ""
		case mask[n] == 0:
			if name[n-1] != 0 {
				b.WriteByte('+')
			}
			return b.String()
		case name[n] != 0:
			b.WriteByte(name[n])
		}
	}
	return b.String()
}

// xt_physdev.h
func matchPhysdev(i *info, l *line) bool {
	inv, mask := i.u8(64), i.u8(65)
	in, out := interfaceName(i.at(0, 16), i.at(16, 16)), interfaceName(i.at(32, 16), i.at(48, 16))
	for _, o := range [...]struct {
		bit   uint8
		words string
	}{
		{8, "--physdev-is-in"},
		{1, "--physdev-in " + in},
		{16, "--physdev-is-out"},
		{2, "--physdev-out " + out},
		{4, "--physdev-is-bridged"},
	} {
		if mask&o.bit != 0 {
			l.not(inv&o.bit != 0)
			l.add("%s", o.words)
		}
	}
	return true
}

// xt_mac.h
func matchMAC(i *info, l *line) bool {
	m := i.at(0, 6)
	l.not(i.u32(8) != 0)
	l.add("--mac-source %02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
	return true
}

// xt_pkttype.h
func matchPkttype(i *info, l *line) bool {
	kind := i.u32(0)
	if kind > 2 {
		return false
	}
	l.not(i.u32(4) != 0)
	l.add("--pkt-type %s", [...]string{"unicast", "broadcast", "multicast"}[kind])
	return true
}

// xt_rpfilter.h
func matchRpfilter(i *info, l *line) bool {
	f := i.u8(0)
	l.flag(f&1 != 0, "--loose")
	l.flag(f&2 != 0, "--validmark")
	l.flag(f&4 != 0, "--accept-local")
	l.flag(f&8 != 0, "--invert")
	return true
}

// xt_iprange.h
func matchIprange(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	f := i.u8(64)
	if f&1 != 0 {
		l.not(f&16 != 0)
		l.add("--src-range %s-%s", i.addr(0), i.addr(16))
	}
	if f&2 != 0 {
		l.not(f&32 != 0)
		l.add("--dst-range %s-%s", i.addr(32), i.addr(48))
	}
	return true
}

// xt_policy.h
func matchPolicy(i *info, l *line) bool {
	flags, n := i.u16(304), int(i.u16(306))
	l.add("--dir %s", map[bool]string{true: "in", false: "out"}[flags&1 != 0])
	if flags&4 != 0 { // XT_POLICY_MATCH_NONE
		l.add("--pol none")
		return true
	}
	l.add("--pol ipsec")
	l.flag(flags&8 != 0, "--strict")
	if n > 4 { // XT_POLICY_MAX_ELEM
		return false
	}
	for e := range n {
		l.flag(e > 0, "--next")
		if !i.policy(l, e*76) {
			return false
		}
	}
	return true
}

// policy writes a struct xt_policy_elem.
func (i *info) policy(l *line, off int) bool {
	match, inv := i.u8(off+74), i.u8(off+75)
	has := func(bit uint8) bool {
		if match&bit != 0 {
			l.not(inv&bit != 0)
		}
		return match&bit != 0
	}
	if has(32) {
		l.add("--reqid %d", i.u32(off+68))
	}
	if has(16) {
		l.add("--spi 0x%x", i.u32(off+64))
	}
	if has(4) {
		l.add("--proto %s", ProtocolName(uint16(i.u8(off+72))))
	}
	if has(8) {
		mode := i.u8(off + 73)
		if mode > 1 {
			return false
		}
		l.add("--mode %s", [...]string{"transport", "tunnel"}[mode])
	}
	if has(2) {
		l.add("--tunnel-dst %s%s", i.addr(off+32), i.hostMask(off+48))
	}
	if has(1) {
		l.add("--tunnel-src %s%s", i.addr(off), i.hostMask(off+16))
	}
	return true
}

// xt_cpu.h
func matchCPU(i *info, l *line) bool {
	l.not(i.u32(4) != 0)
	l.add("--cpu %d", i.u32(0))
	return true
}

// xt_realm.h
func matchRealm(i *info, l *line) bool {
	l.not(i.u8(8) != 0)
	if mask := i.u32(4); mask != 0xffffffff {
		l.add("--realm 0x%x/0x%x", i.u32(0), mask)
	} else {
		l.add("--realm 0x%x", i.u32(0))
	}
	return true
}
