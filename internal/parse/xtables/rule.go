package xtables

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/owner"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// rule is a step, and the protocol that its rule matches; 0 for any.
type rule struct {
	trail.Rule
	proto packet.Proto
}

// decodeRule reads "nat:KUBE-SVC-A:rule:0x4:ACCEPT  -4 -t nat -A KUBE-SVC-A -p
// tcp -j DNAT --to-destination 10.9.2.2:8080" and "raw:PREROUTING:policy:ACCEPT".
// Names of chains may have colons in them.
func decodeRule(family, s string) (rule, error) {
	place, text, _ := strings.Cut(s, " ")
	r := rule{Rule: trail.Rule{Family: family}}
	table, rest, ok := strings.Cut(place, ":")
	if !ok {
		return r, errShort
	}
	r.Table = table
	for _, k := range []struct {
		word string
		kind trail.RuleKind
	}{{":rule:0x", trail.RuleMatched}, {":policy:", trail.RulePolicy}, {":return:", trail.RuleReturn}} {
		at := strings.LastIndex(rest, k.word)
		if at <= 0 {
			continue
		}
		r.Chain, r.Kind = rest[:at], k.kind
		return r, r.decide(rest[at+len(k.word):], strings.TrimSpace(text))
	}
	return r, errors.New("read what kind of step it is")
}

// decide reads handle, verdict and text.
func (r *rule) decide(s, text string) error {
	switch r.Kind {
	case trail.RuleReturn:
		r.Verdict = "return"
		return nil
	case trail.RulePolicy:
		r.Verdict = strings.ToLower(s)
		r.Text = "-P " + r.Chain + " " + s
		if s == "" {
			return errShort
		}
		return nil
	}
	word, verdict, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(word, 16, 64)
	if err != nil || !ok {
		return errShort
	}
	r.Handle = n
	verdict, r.To, _ = strings.Cut(verdict, ":")
	r.Verdict = verdictName(verdict)
	r.text(text)
	r.Owner = owner.Of(r.Table, r.Chain, r.Comment)
	if r.Owner == "" && r.To != "" {
		r.Owner = owner.Program(owner.Of(r.Table, r.To, ""))
	}
	r.Comment = owner.Comment(r.Comment)
	return nil
}

// verdictName is a verdict as trail.Rule has it. Those that the tool has no
// name for are numbers of 32 bits (linux/netfilter/nf_tables.h, NFT_).
func verdictName(s string) string {
	switch s {
	case "0xffffffff":
		return "continue"
	case "0xfffffffe":
		return "break"
	case "0xfffffffb":
		return "return"
	}
	return strings.ToLower(s)
}

// text takes the rule as the tool prints it, "-4 -t nat -A ...", and makes it
// what iptables-save says.
func (r *rule) text(s string) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-4 "), "-6 ")
	s = strings.TrimPrefix(s, "-t "+r.Table+" ")
	r.Text = s
	words := fields(s)
	var comments []string
	for i, w := range words[:max(len(words)-1, 0)] {
		not := i > 0 && words[i-1] == "!"
		switch next := words[i+1]; w {
		case "--comment":
			comments = append(comments, next)
		case "-p":
			if !not {
				r.proto = protocol(next)
			}
		case "-j":
			r.decided(next)
		}
	}
	r.Comment = strings.Join(comments, ", ")
}

// decided names what the trace calls "accept" or "drop".
func (r *rule) decided(target string) {
	switch {
	case r.Verdict == "accept" && (target == "DNAT" || target == "REDIRECT"):
		r.Verdict = "dnat"
	case r.Verdict == "accept" && target == "SNAT":
		r.Verdict = "snat"
	case r.Verdict == "accept" && target == "MASQUERADE":
		r.Verdict = "masquerade"
	case r.Verdict == "drop" && target == "REJECT":
		r.Verdict = "reject"
	}
}

// fields cuts at spaces outside of quotes, and takes the quotes off.
func fields(s string) []string {
	var out []string
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		var w string
		if s[0] != '"' {
			w, s, _ = strings.Cut(s, " ")
			out = append(out, w)
			continue
		}
		var b strings.Builder
		i := 1
		for ; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		out = append(out, b.String())
		s = s[min(i+1, len(s)):]
	}
	return out
}

func protocol(s string) packet.Proto {
	switch s {
	case "tcp":
		return packet.ProtoTCP
	case "udp":
		return packet.ProtoUDP
	case "icmp":
		return packet.ProtoICMP
	case "icmpv6", "ipv6-icmp":
		return packet.ProtoICMPv6
	case "sctp":
		return packet.ProtoSCTP
	case "esp":
		return packet.ProtoESP
	case "ah":
		return packet.ProtoAH
	case "gre":
		return packet.ProtoGRE
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return 0
	}
	return packet.Proto(n)
}
