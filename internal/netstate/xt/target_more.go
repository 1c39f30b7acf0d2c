package xt

import (
	"fmt"
	"strings"
)

// linux/netfilter/nf_synproxy.h, struct xt_synproxy_info
func targetSYNPROXY(i *info, l *line) bool {
	options := i.u8(0)
	l.flag(options&4 != 0, "--sack-perm")
	l.flag(options&8 != 0, "--timestamp")
	if options&2 != 0 {
		l.add("--wscale %d", i.u8(1))
	}
	if options&1 != 0 {
		l.add("--mss %d", i.u16(2))
	}
	l.flag(options&16 != 0, "--ecn")
	return true
}

// ipt_ECN.h
func targetECN(i *info, l *line) bool {
	const ip, ece, cwr = 0x01, 0x10, 0x20
	op, bits := i.u8(0), i.u8(2)
	if op&(ece|cwr) == ece|cwr && bits&3 == 0 {
		l.add("--ecn-tcp-remove")
		return true
	}
	if op&ece != 0 {
		l.add("--ecn-tcp-ece %d", bits&1)
	}
	if op&cwr != 0 {
		l.add("--ecn-tcp-cwr %d", bits>>1&1)
	}
	if op&ip != 0 {
		l.add("--ecn-ip-ect %d", i.u8(1)) //nolint:misspell // the option
	}
	return true
}

// xt_TCPOPTSTRIP.h
func targetTCPOPTSTRIP(i *info, l *line) bool {
	var all []string
	for n := range 256 {
		if i.u32(n/32*4)&(1<<(n%32)) != 0 {
			all = append(all, fmt.Sprint(n))
		}
	}
	l.add("--strip-options %s", strings.Join(all, ","))
	return true
}

// xt_IDLETIMER.h, revisions 0 and 1
func targetIDLETIMER(i *info, l *line) bool {
	if i.rev > 1 {
		return false
	}
	l.add("--timeout %d --label %s", i.u32(0), i.str(4, 28))
	if i.rev == 1 {
		l.flag(i.u8(33) == 1, "--alarm")
		l.flag(i.u8(32) != 0, "--send_nl_msg")
	}
	return true
}

// xt_AUDIT.h
func targetAUDIT(i *info, l *line) bool {
	kind := i.u8(0)
	if kind > 2 {
		return false
	}
	l.add("--type %s", [...]string{"accept", "drop", "reject"}[kind])
	return true
}

// xt_CONNSECMARK.h
func targetCONNSECMARK(i *info, l *line) bool {
	mode := i.u8(0)
	if mode != 1 && mode != 2 {
		return false
	}
	l.add("%s", [...]string{"--save", "--restore"}[mode-1])
	return true
}

// xt_SECMARK.h, revisions 0 and 1
func targetSECMARK(i *info, l *line) bool {
	off := 8 // behind mode and secid
	switch {
	case i.u8(0) != 1 || i.rev > 1: // SECMARK_MODE_SEL
		return false
	case i.rev == 1:
		off = 1
	}
	l.add("--selctx %s", i.str(off, 256))
	return true
}

// ip6t_NPT.h
func targetNPT(i *info, l *line) bool {
	l.add("--src-pfx %s/%d --dst-pfx %s/%d", i.addr(0), i.u8(32), i.addr(16), i.u8(33))
	return true
}
