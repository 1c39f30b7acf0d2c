package nftrace

import (
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/trail"
)

// line is one message of iptables-legacy's trace.
type line struct {
	table, chain string
	kind         trail.RuleKind
	number       int
	family       uint8 // nfprotoIPv4 or nfprotoIPv6
	hook         int   // enum nf_inet_hooks; -1 is not known
	// The devices: indexes of NFLOG, names of the kernel log.
	in, out         uint32
	inName, outName string
	mark            uint32
	time            int64 // ns since 1970; 0 is not known
	data            []byte
}

// tracePrefix begins what the kernel logs for a marked packet
// (net/ipv4/netfilter/ip_tables.c, trace_packet).
const tracePrefix = "TRACE: "

// decodePrefix reads "TRACE: table:chain:rule|return|policy:N". Names of
// chains may have colons in them.
func decodePrefix(s string, l *line) bool {
	s, ok := strings.CutPrefix(s, tracePrefix)
	if !ok {
		return false
	}
	s = strings.TrimSuffix(s, " ")
	table, rest, ok := strings.Cut(s, ":")
	if !ok {
		return false
	}
	at := strings.LastIndexByte(rest, ':')
	if at < 0 {
		return false
	}
	n, err := strconv.ParseUint(rest[at+1:], 10, 31)
	if err != nil {
		return false
	}
	rest = rest[:at]
	if at = strings.LastIndexByte(rest, ':'); at < 0 {
		return false
	}
	kind := trail.RuleKind(rest[at+1:])
	switch kind {
	case trail.RuleMatched, trail.RulePolicy, trail.RuleReturn:
	default:
		return false
	}
	l.table, l.chain, l.kind, l.number = table, rest[:at], kind, int(n)
	return table != "" && l.chain != ""
}

// rule is the line as a step of a packet. The verdict is not in it.
func (l *line) rule() trail.Rule {
	r := trail.Rule{Family: familyName(l.family), Table: l.table, Chain: l.chain, Number: l.number, Kind: l.kind, Legacy: true}
	if l.kind == trail.RuleReturn {
		r.Verdict = "return"
	}
	return r
}

// hookOf is the hook of a line; its name is empty where only a chain that
// somebody made is known.
func (l *line) hookOf() trail.Hook {
	h := trail.Hook{Family: familyName(l.family)}
	if l.hook >= 0 {
		h.Name = hookName(l.family, uint32(l.hook))
	} else if builtIn(l.chain) {
		h.Name = l.chain
	}
	return h
}

// tablePriority is at which priority a table of iptables stands in a hook
// (linux/netfilter_ipv4.h, enum nf_ip_hook_priorities).
func tablePriority(table, hook string) int {
	switch table {
	case "raw":
		return -300
	case "mangle":
		return -150
	case "nat":
		if hook == "INPUT" || hook == "POSTROUTING" {
			return 100
		}
		return -100
	case "security":
		return 50
	}
	return 0
}

// builtIn is true for the chains where a hook begins.
func builtIn(chain string) bool {
	switch chain {
	case "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING":
		return true
	}
	return false
}

// decodeLog reads a packet of NFLOG: the body of NFULNL_MSG_PACKET
// (linux/netfilter/nfnetlink_log.h, enum nfulnl_attr_type). It is false for
// what is no trace; other rules may log to the same group.
func decodeLog(b []byte) (line, bool) {
	if len(b) < nfHeader {
		return line{}, false
	}
	l := line{family: b[0], hook: -1}
	is := false
	ok := nlattr.Each(b[nfHeader:], func(typ uint16, v []byte) {
		switch typ {
		case 1: // NFULA_PACKET_HDR: protocol, hook
			if len(v) >= 3 {
				l.hook = int(v[2])
			}
		case 2: // NFULA_MARK
			l.mark = nlattr.BE32(v)
		case 3: // NFULA_TIMESTAMP: seconds, microseconds
			if len(v) >= 16 {
				l.time = int64(nlattr.BE64(v))*1e9 + int64(nlattr.BE64(v[8:]))*1e3
			}
		case 4: // NFULA_IFINDEX_INDEV
			l.in = nlattr.BE32(v)
		case 5: // NFULA_IFINDEX_OUTDEV
			l.out = nlattr.BE32(v)
		case 9: // NFULA_PAYLOAD
			l.data = append([]byte(nil), v...)
		case 10: // NFULA_PREFIX
			is = decodePrefix(nlattr.Text(v), &l)
		}
	})
	return l, ok && is
}
