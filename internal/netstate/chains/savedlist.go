package chains

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nft"
)

// writeSavedText writes a table that nft has listed. Of iptables' words there
// is no translation: they are comments.
func (t *Table) writeSavedText(b output) {
	b.text("table " + t.Family + " " + t.Name + " {\n")
	if t.dormant {
		b.text("\tflags dormant\n")
	}
	for i, c := range t.Chains {
		if i > 0 {
			b.text("\n")
		}
		b.text("\tchain " + c.Name + " {\n")
		if c.Base {
			n := nft.Chain{Name: c.Name, Base: true, Type: c.Type, Priority: int32(c.Priority), Devices: c.Devices}
			n.Family, n.Hook, n.Policy = savedHook(t.Family, c)
			b.text(n.Head())
		}
		for r := range c.Rules() {
			if t.Saved == savedByIptables {
				b.text("\t\t# iptables: " + r.Text() + "\n")
			} else {
				b.text("\t\t" + r.Text() + "\n")
			}
		}
		b.text("\t}\n")
	}
	b.text("}\n")
}

// writeSavedJSON writes a table with its rules as they were told.
func (t *Table) writeSavedJSON(b output) {
	say := func(kind string, v map[string]any) {
		v["family"] = t.Family
		if data, err := json.Marshal(map[string]any{kind: v}); err == nil { // of strings and numbers alone
			b.text(", ")
			b.text(string(data))
		}
	}
	say("table", map[string]any{"name": t.Name})
	for _, c := range t.Chains {
		v := map[string]any{"table": t.Name, "name": c.Name}
		if c.Base {
			v["type"], v["hook"], v["prio"], v["policy"] = c.Type, c.Hook, c.Priority, c.Policy
		}
		say("chain", v)
	}
	for _, c := range t.Chains {
		for r := range c.Rules() {
			v := map[string]any{"table": t.Name, "chain": c.Name, "handle": r.Handle, "expr": []any{map[string]any{"raw": r.Text()}}}
			if r.Comment != "" {
				v["comment"] = r.Comment
			}
			say("rule", v)
		}
	}
}

// savedLeads says where a rule of iptables leads, as xtLeads does. Of nft's
// words nothing is told.
func (r *Rule) savedLeads() []nft.Lead {
	if r.chain.table.Saved != savedByIptables {
		return nil
	}
	var words []string
	for _, w := range quotedWords(r.saved) {
		if !strings.HasPrefix(w, `"`) {
			words = append(words, w)
		}
	}
	text := strings.Join(words, " ") + " "
	lead := nft.Lead{Chain: r.To}
	if r.To == "" {
		if after(words, "-j") != "DNAT" {
			return nil
		}
		lead.Addr, lead.Port = destination(wordAfter(text, "--to-destination"))
	}
	when := nft.Condition{Local: asked(text, "--dst-type") == "LOCAL"}
	when.Proto = map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "ipv6-icmp": 58, "dccp": 33, "udplite": 136}[asked(text, "-p")]
	if p, err := netip.ParsePrefix(asked(text, "-d")); err == nil {
		when.Dst = p
	}
	ports := portsOf(asked(text, "--dport"))
	if ports == nil {
		ports = portsOf(asked(text, "--dports"))
	}
	if ports == nil {
		ports = []nft.Condition{{}}
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

// savedHook gives the numbers of a chain's family, hook and policy.
func savedHook(family string, c *Chain) (f nft.Family, hook, policy uint32) {
	for _, known := range [...]nft.Family{nft.FamilyInet, nft.FamilyIP, nft.FamilyARP, nft.FamilyNetdev, nft.FamilyBridge, nft.FamilyIP6} {
		if known.String() == family {
			f = known
		}
	}
	for n := uint32(0); nft.HookName(f, n) != ""; n++ {
		if nft.HookName(f, n) == c.Hook {
			hook = n
		}
	}
	if c.Policy != "drop" {
		policy = 1
	}
	return f, hook, policy
}
