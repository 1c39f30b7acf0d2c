package xt

import (
	"fmt"
	"strings"
)

// noOptions is a match that is all in its name.
func noOptions(*info, *line) bool { return true }

// ranged writes a range of numbers unless it holds all of them.
func (l *line) ranged(option string, from, to uint32, not bool) {
	if from == 0 && to == 0xffffffff {
		return
	}
	l.not(not)
	l.add("%s %s", option, span(from, to, ":"))
}

// ip6t_ah.h
func (i *info) ah6(l *line) bool {
	inv := i.u8(13)
	l.ranged("--ahspi", i.u32(0), i.u32(4), inv&1 != 0)
	if n := i.u32(8); n != 0 || inv&2 != 0 {
		l.not(inv&2 != 0)
		l.add("--ahlen %d", n)
	}
	l.flag(i.u8(12) != 0, "--ahres")
	return true
}

// ip6t_frag.h
func matchFrag(i *info, l *line) bool {
	flags, inv := i.u8(12), i.u8(13)
	l.ranged("--fragid", i.u32(0), i.u32(4), inv&1 != 0)
	if flags&2 != 0 {
		l.not(inv&2 != 0)
		l.add("--fraglen %d", i.u32(8))
	}
	l.flag(flags&0x04 != 0, "--fragres")
	l.flag(flags&0x08 != 0, "--fragfirst")
	l.flag(flags&0x10 != 0, "--fragmore")
	l.flag(flags&0x20 != 0, "--fraglast")
	return true
}

// ip6t_opts.h, of hop-by-hop and destination options
func matchOptions(word string) func(*info, *line) bool {
	return func(i *info, l *line) bool {
		flags := i.u8(4)
		if flags&1 != 0 {
			l.not(i.u8(5)&1 != 0)
			l.add("--%s-len %d", word, i.u32(0))
		}
		n := int(i.u8(38))
		if n > 16 { // IP6T_OPTS_OPTSNR
			return false
		}
		if flags&2 != 0 {
			var all []string
			for k := range n {
				o := i.u16(6 + 2*k)
				s := fmt.Sprint(o >> 8)
				if o&0xff != 0xff {
					s += fmt.Sprintf(":%d", o&0xff)
				}
				all = append(all, s)
			}
			l.add("--%s-opts %s", word, strings.Join(all, ","))
		}
		l.flag(flags&4 != 0, "--"+word+"-not-strict")
		return true
	}
}

// ip6t_rt.h
func matchRT(i *info, l *line) bool {
	const kind, left, length, reserved, first, loose = 1, 2, 4, 8, 0x10, 0x20
	flags, inv := i.u8(16), i.u8(17)
	if flags&kind != 0 {
		l.not(inv&kind != 0)
		l.add("--rt-type %d", i.u32(0))
	}
	if flags&left != 0 {
		l.not(inv&left != 0)
		l.add("--rt-segsleft %s", span(i.u32(4), i.u32(8), ":"))
	}
	if flags&length != 0 {
		l.not(inv&length != 0)
		l.add("--rt-len %d", i.u32(12))
	}
	l.flag(flags&reserved != 0, "--rt-0-res")
	if flags&first != 0 {
		n := int(i.u8(276))
		if n > 16 { // IP6T_RT_HOPS
			return false
		}
		var all []string
		for k := range n {
			all = append(all, i.addr(20+16*k).String())
		}
		l.add("--rt-0-addrs %s", strings.Join(all, ","))
	}
	l.flag(flags&loose != 0, "--rt-0-not-strict")
	return true
}

// ip6t_ipv6header.h
func matchIPv6Header(i *info, l *line) bool {
	l.not(i.u8(1) != 0)
	var all []string
	for n, name := range [...]string{"hop-by-hop", "ipv6-opts", "ipv6-route", "ipv6-frag", "ah", "esp", "ipv6-nonxt", "protocol"} {
		if i.u8(0)&(0x80>>n) != 0 {
			all = append(all, name)
		}
	}
	l.add("--header %s", strings.Join(all, ","))
	l.flag(i.u8(2) != 0, "--soft")
	return true
}

// ip6t_mh.h
func matchMH(i *info, l *line) bool {
	from, to := i.u8(0), i.u8(1)
	if from != 0 || to != 0xff {
		l.not(i.u8(2)&1 != 0)
		l.add("--mh-type %s", span(uint16(from), uint16(to), ":"))
	}
	return true
}
