package xt

import (
	"fmt"
	"strings"
	"time"
)

// xt_devgroup.h
func matchDevgroup(i *info, l *line) bool {
	flags := i.u32(0)
	for n, option := range [...]string{"--src-group", "--dst-group"} {
		if flags&(1<<(2*n)) == 0 {
			continue
		}
		l.not(flags&(2<<(2*n)) != 0)
		l.add("%s %s", option, masked(i.u32(4+8*n), i.u32(8+8*n)))
	}
	return true
}

// xt_ecn.h
func matchECN(i *info, l *line) bool {
	const ip, ece, cwr = 0x01, 0x10, 0x20
	op, inv := i.u8(0), i.u8(1)
	if op&ece != 0 {
		l.not(inv&ece != 0)
		l.add("--ecn-tcp-ece")
	}
	if op&cwr != 0 {
		l.not(inv&cwr != 0)
		l.add("--ecn-tcp-cwr")
	}
	if op&ip != 0 {
		l.not(inv&ip != 0)
		l.add("--ecn-ip-ect %d", i.u8(2)) //nolint:misspell // the option
	}
	return true
}

// xt_connlabel.h
func matchConnlabel(i *info, l *line) bool {
	options := i.u16(2)
	l.not(options&1 != 0)
	l.add(`--label "%d"`, i.u16(0))
	l.flag(options&2 != 0, "--set")
	return true
}

// xt_cluster.h
func matchCluster(i *info, l *line) bool {
	l.not(i.u32(12)&1 != 0)
	l.add("--cluster-local-nodemask 0x%08x", i.u32(4))
	l.add("--cluster-total-nodes %d", i.u32(0))
	l.add("--cluster-hash-seed 0x%08x", i.u32(8))
	return true
}

// xt_time.h
func matchTime(i *info, l *line) bool {
	const lastSecond, everyMonthday, everyWeekday = 86399, 0xfffffffe, 0xfe
	if from, to := i.u32(8), i.u32(12); from != 0 || to != lastSecond {
		l.add("--timestart %s --timestop %s", clock(from), clock(to))
	}
	if days := i.u32(16); days != everyMonthday {
		var all []string
		for d := 1; d <= 31; d++ {
			if days&(1<<d) != 0 {
				all = append(all, fmt.Sprint(d))
			}
		}
		l.add("--monthdays %s", strings.Join(all, ","))
	}
	if days := i.u8(20); days != everyWeekday {
		l.add("--weekdays %s", bitNames(uint32(days), "", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
	}
	for n, option := range [...]string{"--datestart", "--datestop"} {
		if t := i.u32(4 * n); t != 0 {
			l.add("%s %s", option, time.Unix(int64(t), 0).UTC().Format("2006-01-02T15:04:05"))
		}
	}
	flags := i.u8(21)
	l.flag(flags&1 != 0, "--kerneltz")
	l.flag(flags&2 != 0, "--contiguous")
	return true
}

func clock(s uint32) string { return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60) }

// xt_cgroup.h, revisions 0 to 2
func matchCgroup(i *info, l *line) bool {
	path := 4096 // PATH_MAX
	switch i.rev {
	case 0:
		l.not(i.u32(4) != 0)
		l.add("--cgroup %d", i.u32(0))
		return true
	case 1:
	case 2:
		path = 512 // XT_CGROUP_PATH_LEN
	default:
		return false
	}
	if i.u8(0) != 0 {
		l.not(i.u8(2) != 0)
		l.add("--path %s", i.str(4, path))
	}
	if i.u8(1) != 0 {
		l.not(i.u8(3) != 0)
		at := 4 + path
		if i.rev == 2 {
			at = 4 // it shares the path's place
		}
		l.add("--cgroup %d", i.u32(at))
	}
	return true
}

// xt_dccp.h
func matchDCCP(i *info, l *line) bool {
	const source, dest, types, option = 1, 2, 4, 8
	flags, inv := i.u16(8), i.u16(10)
	if flags&source != 0 {
		l.not(inv&source != 0)
		l.add("--sport %s", span(i.u16(4), i.u16(6), ":"))
	}
	if flags&dest != 0 {
		l.not(inv&dest != 0)
		l.add("--dport %s", span(i.u16(0), i.u16(2), ":"))
	}
	if flags&types != 0 {
		l.not(inv&types != 0)
		l.add("--dccp-types %s", bitNames(uint32(i.u16(12)), "REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET",
			"SYNC", "SYNCACK", "INVALID"))
	}
	if flags&option != 0 {
		l.not(inv&option != 0)
		l.add("--dccp-option %d", i.u8(14))
	}
	return true
}

// xt_ipcomp.h
func matchIPComp(i *info, l *line) bool {
	if from, to := i.u32(0), i.u32(4); from != 0 || to != 0xffffffff {
		l.not(i.u8(8)&1 != 0)
		l.add("--ipcompspi %s", span(from, to, ":"))
	}
	l.flag(i.u8(9) != 0, "--compres")
	return true
}

// xt_osf.h
func matchOSF(i *info, l *line) bool {
	const ttl, log, invert = 2, 4, 8
	flags := i.u32(36)
	l.not(flags&invert != 0)
	l.add("--genre %s", i.str(0, 32))
	if flags&log != 0 {
		l.add("--log %d", i.u32(40))
	}
	if flags&ttl != 0 {
		l.add("--ttl %d", i.u32(44))
	}
	return true
}
