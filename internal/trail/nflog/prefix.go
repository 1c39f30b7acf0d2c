package nflog

import (
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Trace is a place in the rules of iptables-legacy.
type Trace struct {
	Table, Chain string
	Kind         trail.RuleKind
	// Number is the rule's position in its chain, from 1; of a policy or the
	// end of a chain it is one more than there are rules.
	Number int
}

// tracePrefix begins what the kernel logs for a marked packet
// (net/ipv4/netfilter/ip_tables.c, trace_packet).
const tracePrefix = "TRACE: "

// DecodeTrace reads "TRACE: table:chain:rule|return|policy:N". Names of chains
// may have colons in them.
func DecodeTrace(s string) (Trace, bool) {
	s, ok := strings.CutPrefix(s, tracePrefix)
	if !ok {
		return Trace{}, false
	}
	s = strings.TrimSuffix(s, " ")
	table, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Trace{}, false
	}
	at := strings.LastIndexByte(rest, ':')
	if at < 0 {
		return Trace{}, false
	}
	n, err := strconv.ParseUint(rest[at+1:], 10, 31)
	if err != nil {
		return Trace{}, false
	}
	rest = rest[:at]
	if at = strings.LastIndexByte(rest, ':'); at < 0 {
		return Trace{}, false
	}
	t := Trace{Table: table, Chain: rest[:at], Kind: trail.RuleKind(rest[at+1:]), Number: int(n)}
	switch t.Kind {
	case trail.RuleMatched, trail.RulePolicy, trail.RuleReturn:
		return t, t.Table != "" && t.Chain != ""
	}
	return Trace{}, false
}

// TablePriority is at which priority a table of iptables stands in a hook
// (linux/netfilter_ipv4.h, enum nf_ip_hook_priorities).
func TablePriority(table, hook string) int {
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

// BuiltIn is true for the chains where a hook begins.
func BuiltIn(chain string) bool {
	switch chain {
	case "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING":
		return true
	}
	return false
}

// HookOf is the hook that a packet is in, by the table and the chain that it
// is seen in and by whether it has a device to come in and one to leave by;
// empty where that leaves a choice.
func HookOf(table, chain string, in, out bool) string {
	if BuiltIn(chain) {
		return chain
	}
	switch table {
	case "raw":
		switch {
		case in && !out:
			return "PREROUTING"
		case out && !in:
			return "OUTPUT"
		}
	case "filter", "security":
		switch {
		case in && out:
			return "FORWARD"
		case in:
			return "INPUT"
		case out:
			return "OUTPUT"
		}
	case "nat":
		if in && out {
			return "POSTROUTING"
		}
	}
	return ""
}

// Record is the head of a record of /dev/kmsg
// (https://docs.kernel.org/admin-guide/abi-testing.html, dev-kmsg).
type Record struct {
	// Facility is 0 for what the kernel itself says.
	Facility uint64
	// Sequence counts records, Micros is microseconds since boot.
	Sequence, Micros uint64
	Text             string
}

// DecodeRecord reads "priority,sequence,microseconds,flags;text".
func DecodeRecord(s string) (Record, bool) {
	head, text, ok := strings.Cut(s, ";")
	if !ok {
		return Record{}, false
	}
	var n [3]uint64
	for i := range n {
		var field string
		if field, head, ok = strings.Cut(head, ","); !ok && i < 2 {
			return Record{}, false
		}
		var err error
		if n[i], err = strconv.ParseUint(field, 10, 63); err != nil {
			return Record{}, false
		}
	}
	text, _, _ = strings.Cut(text, "\n") // a dictionary follows
	return Record{Facility: n[0] >> 3, Sequence: n[1], Micros: n[2], Text: text}, true
}
