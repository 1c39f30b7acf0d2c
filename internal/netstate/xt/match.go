package xt

import (
	"fmt"
	"strings"
)

// DecodeMatch reads a match's structure and writes its words. Proto is the
// rule's -p. What is not understood comes as `-m NAME [N bytes]`.
func DecodeMatch(name string, rev uint8, data []byte, ip6 bool, n Names) Match {
	m := Match{Name: name, Revision: rev, Data: data}
	i := info{b: data, ip6: ip6, rev: rev, names: n}
	var l line
	write, ok := matches[name]
	if ok {
		word := name
		if name == "conntrack" && i.stateAlias() {
			word = "state"
		}
		l.words("-m", word)
		ok = write(&i, &l)
	}
	if !ok || i.short {
		m.Words, m.Opaque = fmt.Sprintf("-m %s [%d bytes]", name, len(data)), true
		return m
	}
	m.Words = l.String()
	return m
}

// matches write the words of one match; false says that this revision or form
// is not known. Each names the header of its structure.
var matches = map[string]func(*info, *line) bool{
	"addrtype":   matchAddrtype,
	"ah":         matchAH,
	"bpf":        matchBPF,
	"cgroup":     matchCgroup,
	"cluster":    matchCluster,
	"comment":    matchComment,
	"connbytes":  matchConnbytes,
	"connlabel":  matchConnlabel,
	"connlimit":  matchConnlimit,
	"connmark":   matchMark,
	"conntrack":  matchConntrack,
	"cpu":        matchCPU,
	"dccp":       matchDCCP,
	"devgroup":   matchDevgroup,
	"dscp":       matchDSCP,
	"dst":        matchOptions("dst"),
	"ecn":        matchECN,
	"esp":        matchESP,
	"eui64":      noOptions,
	"frag":       matchFrag,
	"hashlimit":  matchHashlimit,
	"hbh":        matchOptions("hbh"),
	"helper":     matchHelper,
	"hl":         matchTTL,
	"icmp":       matchICMP,
	"icmp6":      matchICMP,
	"ipcomp":     matchIPComp,
	"iprange":    matchIprange,
	"ipv6header": matchIPv6Header,
	"length":     matchLength,
	"limit":      matchLimit,
	"mac":        matchMAC,
	"mark":       matchMark,
	"mh":         matchMH,
	"multiport":  matchMultiport,
	"nfacct":     matchNfacct,
	"osf":        matchOSF,
	"owner":      matchOwner,
	"physdev":    matchPhysdev,
	"pkttype":    matchPkttype,
	"policy":     matchPolicy,
	"quota":      matchQuota,
	"realm":      matchRealm,
	"recent":     matchRecent,
	"rpfilter":   matchRpfilter,
	"rt":         matchRT,
	"sctp":       matchSCTP,
	"set":        matchSet,
	"socket":     matchSocket,
	"state":      matchState,
	"statistic":  matchStatistic,
	"string":     matchString,
	"tcp":        matchTCP,
	"tcpmss":     matchTCPMSS,
	"time":       matchTime,
	"tos":        matchTOS,
	"ttl":        matchTTL,
	"u32":        matchU32,
	"udp":        matchUDP,
	"udplite":    matchUDP,
}

// xt_comment.h
func matchComment(i *info, l *line) bool {
	l.quoted("--comment", i.str(0, min(len(i.b), maxComment)))
	return true
}

// xt_mark.h, xt_connmark.h: mark, mask, invert
func matchMark(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	l.not(i.u8(8) != 0)
	l.words("--mark", masked(i.u32(0), i.u32(4)))
	return true
}

// ports writes a range of ports unless it holds all of them.
func (l *line) ports(option string, from, to uint16, not bool) {
	if from == 0 && to == 0xffff && !not {
		return
	}
	l.not(not)
	l.words(option, span(from, to, ":"))
}

// xt_tcpudp.h, struct xt_tcp
func matchTCP(i *info, l *line) bool {
	inv := i.u8(11)
	l.ports("--sport", i.u16(0), i.u16(2), inv&1 != 0)
	l.ports("--dport", i.u16(4), i.u16(6), inv&2 != 0)
	if option := i.u8(8); option != 0 || inv&8 != 0 {
		l.not(inv&8 != 0)
		l.add("--tcp-option %d", option)
	}
	if mask := i.u8(9); mask != 0 || inv&4 != 0 {
		l.not(inv&4 != 0)
		l.add("--tcp-flags %s %s", TCPFlags(mask), TCPFlags(i.u8(10)))
	}
	return true
}

// TCPFlags writes TCP flags as iptables does: "FIN,SYN", or "NONE".
func TCPFlags(f uint8) string {
	if s := bitNames(uint32(f), "FIN", "SYN", "RST", "PSH", "ACK", "URG"); s != "" {
		return s
	}
	return "NONE"
}

// xt_tcpudp.h, struct xt_udp
func matchUDP(i *info, l *line) bool {
	inv := i.u8(8)
	l.ports("--sport", i.u16(0), i.u16(2), inv&1 != 0)
	l.ports("--dport", i.u16(4), i.u16(6), inv&2 != 0)
	return true
}

// xt_sctp.h
func matchSCTP(i *info, l *line) bool {
	const source, dest, types = 1, 2, 4 // XT_SCTP_SRC_PORTS and so on
	flags, inv := i.u32(284), i.u32(288)
	if flags&source != 0 {
		l.not(inv&source != 0)
		l.add("--sport %s", span(i.u16(4), i.u16(6), ":"))
	}
	if flags&dest != 0 {
		l.not(inv&dest != 0)
		l.add("--dport %s", span(i.u16(0), i.u16(2), ":"))
	}
	if flags&types != 0 {
		words, ok := i.sctpChunks()
		if !ok {
			return false
		}
		l.not(inv&types != 0)
		l.add("--chunk-types %s", words)
	}
	return true
}

// linux/netfilter_ipv4/ip_tables.h, struct ipt_icmp; ip6t_icmp is the same
func matchICMP(i *info, l *line) bool {
	option := "--icmp-type"
	if i.ip6 {
		option = "--icmpv6-type"
	}
	l.not(i.u8(3) != 0)
	kind, from, to := i.u8(0), i.u8(1), i.u8(2)
	switch {
	case kind == 0xff && !i.ip6 && from == 0 && to == 0xff:
		l.add("%s any", option)
	case from == 0 && to == 0xff:
		l.add("%s %d", option, kind)
	default:
		l.add("%s %d/%s", option, kind, span(uint16(from), uint16(to), "-"))
	}
	return true
}

// xt_multiport.h, struct xt_multiport_v1
func matchMultiport(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	option := "--ports"
	switch i.u8(0) {
	case 0:
		option = "--sports"
	case 1:
		option = "--dports"
	}
	var s strings.Builder
	count := int(i.u8(1))
	if count > 15 { // XT_MULTI_PORTS
		return false
	}
	for n := range count {
		switch {
		case n == 0:
		case i.u8(32+n-1) != 0: // pflags: the port before begins a range
			s.WriteString(":")
		default:
			s.WriteString(",")
		}
		fmt.Fprint(&s, i.u16(2+2*n))
	}
	l.not(i.u8(47) != 0)
	l.add("%s %s", option, s.String())
	return true
}

// xt_length.h
func matchLength(i *info, l *line) bool {
	l.not(i.u8(4) != 0)
	l.add("--length %s", span(i.u16(0), i.u16(2), ":"))
	return true
}

// xt_tcpmss.h
func matchTCPMSS(i *info, l *line) bool {
	l.not(i.u8(4) != 0)
	l.add("--mss %s", span(i.u16(0), i.u16(2), ":"))
	return true
}

// ipt_ttl.h, ip6t_hl.h: mode, value
func matchTTL(i *info, l *line) bool {
	word := "ttl"
	if i.ip6 {
		word = "hl"
	}
	mode := i.u8(0)
	if mode > 3 {
		return false
	}
	l.not(mode == 1)
	l.add("--%s-%s %d", word, [...]string{"eq", "eq", "lt", "gt"}[mode], i.u8(1))
	return true
}

// xt_dscp.h
func matchDSCP(i *info, l *line) bool {
	l.not(i.u8(1) != 0)
	l.add("--dscp 0x%02x", i.u8(0))
	return true
}

// xt_dscp.h, struct xt_tos_match_info
func matchTOS(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	l.not(i.u8(2) != 0)
	l.add("--tos 0x%02x/0x%02x", i.u8(1), i.u8(0))
	return true
}

// xt_esp.h
func matchESP(i *info, l *line) bool {
	if from, to := i.u32(0), i.u32(4); from != 0 || to != 0xffffffff {
		l.not(i.u8(8)&1 != 0)
		l.add("--espspi %s", span(from, to, ":"))
	}
	return true
}

// ipt_ah.h; that of IPv6 has more
func matchAH(i *info, l *line) bool {
	if i.ip6 {
		return i.ah6(l)
	}
	if from, to := i.u32(0), i.u32(4); from != 0 || to != 0xffffffff {
		l.not(i.u8(8)&1 != 0)
		l.add("--ahspi %s", span(from, to, ":"))
	}
	return true
}
