package xt

import (
	"fmt"
	"strings"
)

// DecodeTarget reads a target's structure and writes its words. What is not
// understood comes as `-j NAME [N bytes]`.
func DecodeTarget(name string, rev uint8, data []byte, ip6 bool, n Names) Target {
	t := Target{Name: name, Revision: rev, Data: data}
	i := info{b: data, ip6: ip6, rev: rev, names: n}
	var l line
	l.words("-j", name)
	write, ok := targets[name]
	if ok {
		ok = write(&i, &l)
	}
	if !ok || i.short {
		t.Words, t.Opaque = fmt.Sprintf("-j %s [%d bytes]", name, len(data)), true
		return t
	}
	t.Words = l.String()
	return t
}

// Jump is the target that leads to a chain, or one of the kernel's own
// verdicts ("ACCEPT", "DROP", "QUEUE", "RETURN").
func Jump(name string, isChain, isGoto bool) Target {
	t := Target{Name: name, Chain: isChain, Goto: isGoto, Words: "-j " + name}
	if isGoto {
		t.Words = "-g " + name
	}
	return t
}

// targets write the words of one target behind its name.
var targets = map[string]func(*info, *line) bool{
	"AUDIT":       targetAUDIT,
	"CHECKSUM":    targetChecksum,
	"CLASSIFY":    targetClassify,
	"CONNMARK":    targetConnmark,
	"CONNSECMARK": targetCONNSECMARK,
	"CT":          targetCT,
	"DNAT":        targetDNAT,
	"DNPT":        targetNPT,
	"DSCP":        targetDSCP,
	"ECN":         targetECN,
	"HL":          targetTTL,
	"IDLETIMER":   targetIDLETIMER,
	"LOG":         targetLOG,
	"MARK":        targetMark,
	"MASQUERADE":  targetPorts,
	"NETMAP":      targetNetmap,
	"NFLOG":       targetNFLOG,
	"NFQUEUE":     targetNFQUEUE,
	"NOTRACK":     func(*info, *line) bool { return true },
	"REDIRECT":    targetPorts,
	"REJECT":      targetReject,
	"SECMARK":     targetSECMARK,
	"SET":         targetSet,
	"SNAT":        targetSNAT,
	"SNPT":        targetNPT,
	"SYNPROXY":    targetSYNPROXY,
	"TCPMSS":      targetTCPMSS,
	"TCPOPTSTRIP": targetTCPOPTSTRIP,
	"TEE":         targetTEE,
	"TOS":         targetTOS,
	"TPROXY":      targetTPROXY,
	"TRACE":       func(*info, *line) bool { return true },
	"TTL":         targetTTL,
}

// ipt_REJECT.h and ip6t_REJECT.h
func targetReject(i *info, l *line) bool {
	with := [...]string{
		"icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable", "icmp-port-unreachable", "",
		"icmp-net-prohibited", "icmp-host-prohibited", "tcp-reset", "icmp-admin-prohibited",
	}
	if i.ip6 {
		with = [...]string{
			"icmp6-no-route", "icmp6-adm-prohibited", "", "icmp6-addr-unreachable", "icmp6-port-unreachable", "",
			"tcp-reset", "icmp6-policy-fail", "icmp6-reject-route",
		}
	}
	n := i.u32(0)
	if n >= uint32(len(with)) || with[n] == "" {
		return false
	}
	l.add("--reject-with %s", with[n])
	return true
}

// xt_mark.h, struct xt_mark_tginfo2
func targetMark(i *info, l *line) bool {
	if i.rev != 2 {
		return false
	}
	l.words("--set-xmark", hexWord(i.u32(0))+"/"+hexWord(i.u32(4)))
	return true
}

// xt_connmark.h, struct xt_connmark_tginfo1 and 2
func targetConnmark(i *info, l *line) bool {
	if i.rev != 1 && i.rev != 2 {
		return false
	}
	mark, ctmask, nfmask := i.u32(0), i.u32(4), i.u32(8)
	mode := 12
	if i.rev == 2 {
		mode = 14 // behind the direction and the bits of a shift
	}
	switch i.u8(mode) {
	case 0: // XT_CONNMARK_SET
		l.add("--set-xmark 0x%x/0x%x", mark, ctmask)
	case 1: // XT_CONNMARK_SAVE
		l.add("--save-mark --nfmask 0x%x --ctmask 0x%x", nfmask, ctmask)
	case 2: // XT_CONNMARK_RESTORE
		l.add("--restore-mark --nfmask 0x%x --ctmask 0x%x", nfmask, ctmask)
	default:
		return false
	}
	if i.rev == 2 && i.u8(13) != 0 {
		l.add("--%s-shift-mark %d", map[bool]string{true: "right", false: "left"}[i.u8(12) != 0], i.u8(13))
	}
	return true
}

// xt_CT.h, struct xt_ct_target_info and _v1
func targetCT(i *info, l *line) bool {
	const notrack, alias, zoneOrig, zoneRepl, zoneMark = 1, 2, 4, 8, 16
	f := i.u16(0)
	if f&alias != 0 {
		l.b.Reset()
		l.add("-j NOTRACK")
		return true
	}
	l.flag(f&notrack != 0, "--notrack")
	if helper := i.str(12, 16); helper != "" {
		l.add("--helper %s", helper)
	}
	if i.rev >= 1 {
		if timeout := i.str(28, 32); timeout != "" {
			l.add("--timeout %s", timeout)
		}
	}
	if events := i.u32(4); events != 0 {
		l.add("--ctevents %s", ctEvents(events))
	}
	if events := i.u32(8); events != 0 {
		l.add("--expevents %s", bitNames(events, "new"))
	}
	zone := "--zone"
	switch f & (zoneOrig | zoneRepl) {
	case zoneOrig:
		zone = "--zone-orig"
	case zoneRepl:
		zone = "--zone-reply"
	}
	if f&zoneMark != 0 {
		l.add("%s mark", zone)
	} else if n := i.u16(2); n != 0 {
		l.add("%s %d", zone, n)
	}
	return true
}

func ctEvents(mask uint32) string {
	return bitNames(mask, "new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo", "secmark")
}

// xt_set.h, revisions 1 to 3
func targetSet(i *info, l *line) bool {
	if i.rev < 1 || i.rev > 3 {
		return false
	}
	options := [...]string{"--add-set", "--del-set", "--map-set"}
	sets := min(int(i.rev)+1, 3)
	if i.rev == 2 {
		sets = 2
	}
	const none = 0xffff // IPSET_INVALID_ID
	end := sets * 4
	for n := range sets {
		if i.u16(n*4) == none {
			continue
		}
		l.add("%s %s", options[n], i.ipset(n*4))
		if n > 0 || i.rev < 2 {
			continue
		}
		l.flag(i.u32(end)&1 != 0, "--exist")
		if t := i.u32(end + 4); t != none && t != 0xffffffff {
			l.add("--timeout %d", t)
		}
	}
	if i.rev == 3 && i.u16(8) != none {
		for n, name := range [...]string{"--map-mark", "--map-prio", "--map-queue"} {
			l.flag(i.u32(end)&(1<<(9+n)) != 0, name)
		}
	}
	return true
}

// xt_TPROXY.h
func targetTPROXY(i *info, l *line) bool {
	off := 12
	addr := i.addr4(8)
	switch i.rev {
	case 0:
	case 1:
		addr, off = i.addr(8), 24
	default:
		return false
	}
	l.add("--on-port %d", i.port(off))
	l.add("--on-ip %s", addr)
	l.add("--tproxy-mark 0x%x/0x%x", i.u32(4), i.u32(0))
	return true
}

// xt_TCPMSS.h
func targetTCPMSS(i *info, l *line) bool {
	if mss := i.u16(0); mss != 0xffff { // XT_TCPMSS_CLAMP_PMTU
		l.add("--set-mss %d", mss)
		return true
	}
	l.add("--clamp-mss-to-pmtu")
	return true
}

// xt_TEE.h
func targetTEE(i *info, l *line) bool {
	l.add("--gateway %s", i.addr(0))
	if oif := i.str(16, 16); oif != "" {
		l.add("--oif %s", oif)
	}
	return true
}

// xt_CHECKSUM.h
func targetChecksum(i *info, l *line) bool {
	l.flag(i.u8(0)&1 != 0, "--checksum-fill")
	return true
}

// xt_CLASSIFY.h
func targetClassify(i *info, l *line) bool {
	l.add("--set-class %04x:%04x", i.u32(0)>>16, i.u32(0)&0xffff)
	return true
}

// xt_DSCP.h
func targetDSCP(i *info, l *line) bool {
	l.add("--set-dscp 0x%02x", i.u8(0))
	return true
}

// xt_DSCP.h, struct xt_tos_target_info
func targetTOS(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	l.add("--set-tos 0x%02x/0x%02x", i.u8(0), i.u8(1))
	return true
}

// ipt_TTL.h, ip6t_HL.h
func targetTTL(i *info, l *line) bool {
	mode := i.u8(0)
	if mode > 2 {
		return false
	}
	word := strings.ToLower(map[bool]string{true: "HL", false: "TTL"}[i.ip6])
	l.add("--%s-%s %d", word, [...]string{"set", "inc", "dec"}[mode], i.u8(1))
	return true
}
