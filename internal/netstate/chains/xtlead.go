package chains

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// xtLeads says where a rule of iptables leads: a jump, or a translation of the
// destination.
func xtLeads(r *xt.Rule) []nft.Lead {
	lead := nft.Lead{}
	switch {
	case r.Target.Chain:
		lead.Chain = r.Target.Name
	case r.Target.Name != "DNAT":
		return nil
	default:
		lead.Addr, lead.Port = destination(wordAfter(r.Target.Words, "--to-destination"))
	}
	when := nft.Condition{}
	if !r.NotProto {
		when.Proto = uint8(min(r.Proto, 255))
	}
	if bits, ok := prefixBits(r.Dst.Mask); ok && r.Dst.Addr.IsValid() && !r.Dst.Not {
		when.Dst = netip.PrefixFrom(r.Dst.Addr, bits)
	}
	ports := []nft.Condition{{}}
	for _, m := range r.Matches {
		switch m.Name {
		case "addrtype":
			when.Local = when.Local || asked(m.Words, "--dst-type") == "LOCAL"
		case "tcp", "udp", "sctp", "dccp", "udplite":
			if c := portsOf(asked(m.Words, "--dport")); c != nil {
				ports = c
			}
		case "multiport":
			if c := portsOf(asked(m.Words, "--dports")); c != nil {
				ports = c
			}
		}
	}
	var all []nft.Lead
	for _, p := range ports {
		if both, ok := when.And(p); ok {
			l := lead
			l.When = both
			all = append(all, l)
		}
	}
	return all
}

// wordAfter is the word behind an option; "" if it is not there.
func wordAfter(words, option string) string {
	_, rest, ok := strings.Cut(words, option+" ")
	if !ok {
		return ""
	}
	word, _, _ := strings.Cut(rest, " ")
	return word
}

// asked is wordAfter, of an option that is not inverted.
func asked(words, option string) string {
	if strings.Contains(words, "! "+option+" ") {
		return ""
	}
	return wordAfter(words, option)
}

// portsOf reads "80", "80:90" or "80,443,8000:8080"; nil for none.
func portsOf(s string) []nft.Condition {
	if s == "" {
		return nil
	}
	var all []nft.Condition
	for word := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(word, ":")
		if !isRange {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 16)
		b, err2 := strconv.ParseUint(to, 10, 16)
		if err1 == nil && err2 == nil {
			all = append(all, nft.Condition{Port: uint16(a), PortEnd: uint16(b)})
		}
	}
	return all
}

// destination reads ADDRESS[-ADDRESS][:PORT[-PORT]], the first of each.
func destination(s string) (netip.Addr, uint16) {
	if strings.HasPrefix(s, ":") {
		return netip.Addr{}, 0
	}
	host, port := s, ""
	if rest, ok := strings.CutPrefix(s, "["); ok {
		host, port, _ = strings.Cut(rest, "]")
		port = strings.TrimPrefix(port, ":")
	} else if strings.Count(s, ":") == 1 {
		host, port, _ = strings.Cut(s, ":")
	}
	host, _, _ = strings.Cut(host, "-")
	if i := strings.IndexAny(port, "-/"); i >= 0 {
		port = port[:i]
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, 0
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return a, uint16(n)
}

// prefixBits counts a mask's ones; false where they are not in front.
func prefixBits(mask []byte) (int, bool) {
	bits := 0
	for i := range len(mask) * 8 {
		if mask[i/8]&(0x80>>(i%8)) == 0 {
			continue
		}
		if bits != i {
			return 0, false
		}
		bits++
	}
	return bits, true
}
