package chains

import (
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Tools in whose words tables are saved.
const (
	savedByIptables = "iptables-save"
	savedByNFT      = "nft"
)

// savedTables adds the tables that a tool has listed. Of one that both
// iptables-save and nft have listed, the words of iptables-save are taken, as
// Rule.Text has it; the handles are nft's.
func (x *Rulesets) savedTables(r *netstate.Ruleset) {
	for i := range r.Saved {
		s := &r.Saved[i]
		if old := x.Table(s.Family, s.Name, s.Legacy); old != nil {
			if old.Saved != "" && old.Saved != s.Tool {
				old.alsoSaved(s)
			}
			continue
		}
		x.Tables = append(x.Tables, x.savedTable(s))
	}
}

func (x *Rulesets) savedTable(s *netstate.SavedTable) *Table {
	t := &Table{
		Family: s.Family, Name: s.Name, Legacy: s.Legacy, Iptables: s.Iptables, Saved: s.Tool, dormant: s.Dormant, rulesets: x, chains: map[string]*Chain{},
	}
	for i := range s.Chains {
		c := &s.Chains[i]
		one := &Chain{
			Name: c.Name, Base: c.Hook != "", Type: c.Type, Hook: c.Hook, Priority: c.Priority, Policy: c.Policy, Devices: c.Devices,
			Packets: c.Packets, Bytes: c.Bytes, table: t, saved: c.Rules,
		}
		t.Chains = append(t.Chains, one)
		t.chains[c.Name] = one
	}
	return t
}

// alsoSaved takes the other tool's words of a table that is there.
func (t *Table) alsoSaved(s *netstate.SavedTable) {
	other := t.rulesets.savedTable(s)
	mine, theirs := t, other
	if s.Tool != savedByNFT {
		mine, theirs = other, t
	}
	t.Saved, t.Iptables = mine.Saved, true
	for _, c := range mine.Chains {
		from := theirs.chains[c.Name]
		if from == nil {
			continue
		}
		c.table = t
		if from.Base {
			c.Type, c.Hook, c.Priority = from.Type, from.Hook, from.Priority
		}
		if len(from.saved) != len(c.saved) {
			continue
		}
		rules := make([]netstate.SavedRule, len(c.saved))
		for i, r := range c.saved {
			if r.Handle == 0 {
				r.Handle = from.saved[i].Handle
			}
			rules[i] = r
		}
		c.saved = rules
	}
	for _, c := range mine.Chains {
		c.table = t
	}
	t.Chains, t.chains = mine.Chains, mine.chains
}

// savedRule gives a rule that a tool has listed.
func (c *Chain) savedRule(n int) *Rule {
	s := &c.saved[n-1]
	r := &Rule{Number: n, Handle: s.Handle, Counted: s.Counted, Packets: s.Packets, Bytes: s.Bytes, chain: c, saved: s.Text}
	words := quotedWords(s.Text)
	if c.table.Saved == savedByNFT {
		r.Verdict, r.To = nftVerdict(words)
		r.Comment = after(words, "comment")
		return r
	}
	r.Comment = after(words, "--comment")
	r.Verdict, r.To = iptablesVerdict(words)
	return r
}

// quotedWords splits a rule into words; what stands in quotes is one. One that
// was quoted begins with a quote.
func quotedWords(text string) []string {
	var words []string
	for text != "" {
		text = strings.TrimLeft(text, " \t")
		end := strings.IndexAny(text, " \t")
		if strings.HasPrefix(text, `"`) {
			end = closing(text)
			words = append(words, `"`+strings.ReplaceAll(text[1:end], `\`, ""))
			text = text[min(end+1, len(text)):]
			continue
		}
		if end < 0 {
			end = len(text)
		}
		if end > 0 {
			words = append(words, text[:end])
		}
		text = text[end:]
	}
	return words
}

// closing is where a quoted text ends.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// after gives the word behind another one; "" if that is not there.
func after(words []string, name string) string {
	for i, w := range words {
		if w == name && i+1 < len(words) {
			return strings.TrimPrefix(words[i+1], `"`)
		}
	}
	return ""
}

// iptablesVerdict is what a rule of iptables does, as xt.Target.Verdict says it.
func iptablesVerdict(words []string) (verdict, to string) {
	if to := after(words, "-g"); to != "" {
		return "goto", to
	}
	switch target := after(words, "-j"); target {
	case "":
		return "continue", ""
	case "ACCEPT", "DROP", "RETURN", "REJECT", "QUEUE", "DNAT", "SNAT", "MASQUERADE":
		return strings.ToLower(target), ""
	case "NFQUEUE":
		return "queue", ""
	case "REDIRECT":
		return "dnat", ""
	case "NETMAP":
		return "", ""
	case "TPROXY":
		return "accept", ""
	case "LOG", "NFLOG", "ULOG", "TRACE", "MARK", "CONNMARK", "CT", "NOTRACK", "TCPMSS", "TOS", "DSCP", "TTL", "HL", "CLASSIFY", "SET", "AUDIT",
		"CHECKSUM", "CONNSECMARK", "SECMARK", "TEE", "TCPOPTSTRIP", "RATEEST", "HMARK", "IDLETIMER", "LED", "ECN":
		return "continue", ""
	default:
		return "jump", target
	}
}

// nftVerdict is what a rule of nft does, as nft.Rule.Verdict says it.
func nftVerdict(words []string) (verdict, to string) {
	depth := 0
	for i, w := range words {
		if !strings.HasPrefix(w, `"`) {
			depth += strings.Count(w, "{") - strings.Count(w, "}")
		}
		if depth > 0 {
			if w == "{" && i > 0 && words[i-1] == "vmap" {
				return "", ""
			}
			continue
		}
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if i > 0 && slices.Contains([]string{"status", "&", "==", "!="}, words[i-1]) {
			continue // "ct status dnat"
		}
		switch w {
		case "comment":
			return "continue", ""
		case "vmap":
			return "", ""
		case "accept", "drop", "return", "reject", "masquerade", "snat", "dnat", "continue", "queue":
			return w, ""
		case "redirect":
			return "dnat", ""
		case "tproxy":
			return "accept", ""
		case "fwd", "synproxy":
			return "stolen", ""
		case "jump", "goto":
			return w, next
		}
	}
	return "continue", ""
}
