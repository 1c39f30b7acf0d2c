package chains

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/owner"
)

// DNAT is a translation of the destination: packets like this go there. A rule
// that is reached in several ways is there once for each.
type DNAT struct {
	// Proto is the layer 4 protocol (6 TCP, 17 UDP, 132 SCTP); 0 for any.
	Proto uint8
	// Dst is the address that packets are for before; invalid for any. Local is
	// true where any address of the machine is meant: a published or node port.
	Dst   netip.Prefix
	Local bool
	// Port and PortEnd are the ports before; both 0 for any.
	Port, PortEnd uint16
	// To is where they go; its port is 0 where it stays as it was.
	To netip.AddrPort
	// Hook is "prerouting" or "output" (or "input"): whose packets.
	Hook string
	// Family, Table, Legacy, Chain, Number (from 1) and Handle are the rule's.
	Family, Table string
	Legacy        bool
	Chain         string
	Number        int
	Handle        uint64
	// Via are the chains on the way there, that of the hook first, the rule's own
	// last.
	Via []string
	// Owner says who made the rule and for what, Entry who made the one on the
	// way that asks for the port; "" where that is not known.
	Owner, Entry string
}

// call is a rule that leads to a chain.
type call struct {
	from  *Chain
	when  nft.Condition
	owner string
}

// mostWays are followed from one rule back to the hooks.
const mostWays = 256

// DNATs are the translations of destinations in all tables, in the order of
// their tables and rules. What they ask besides protocol, address and port is
// not told.
func (x *Rulesets) DNATs() []DNAT {
	var all []DNAT
	for _, t := range x.Tables {
		if t.Dormant() {
			continue
		}
		w := walk{callers: map[string][]call{}}
		for _, c := range t.Chains {
			for r := range c.Rules() {
				w.rule(r)
			}
		}
		all = append(all, w.ways()...)
	}
	return all
}

// walk finds the ways through one table.
type walk struct {
	callers map[string][]call
	ends    []end
}

// end is a rule that translates.
type end struct {
	rule  *Rule
	lead  nft.Lead
	owner string
}

func (w *walk) rule(r *Rule) {
	var found []nft.Lead
	switch {
	case r.saved != "":
		found = r.savedLeads()
	case r.xt != nil:
		found = xtLeads(r.xt)
	default:
		found = r.nft.Leads(func(name string) *nft.Set {
			if s := r.chain.table.sets[name]; s != nil {
				return s.whole()
			}
			return nil
		})
	}
	who := ""
	if len(found) > 0 {
		who = r.Owner()
	}
	for _, l := range found {
		if l.Chain != "" {
			w.callers[l.Chain] = append(w.callers[l.Chain], call{r.chain, l.When, cmp.Or(owner.Of(r.chain.table.Name, l.Chain, r.Comment), who)})
			continue
		}
		w.ends = append(w.ends, end{r, l, who})
	}
}

func (w *walk) ways() []DNAT {
	var all []DNAT
	for _, e := range w.ends {
		if !e.lead.Addr.IsValid() {
			continue // a port of the machine itself
		}
		b := back{w: w, end: e}
		entry := ""
		if e.lead.When.PortEnd != 0 {
			entry = e.owner
		}
		b.from(e.rule.chain, e.lead.When, []string{e.rule.chain.Name}, entry)
		all = append(all, b.found...)
	}
	return all
}

// back goes from a rule to the hooks.
type back struct {
	w     *walk
	end   end
	found []DNAT
}

func (b *back) from(c *Chain, when nft.Condition, via []string, entry string) {
	if len(b.found) >= mostWays {
		return
	}
	if c.Base {
		b.note(c, when, via, entry)
		return
	}
	for _, k := range b.w.callers[c.Name] {
		both, ok := k.when.And(when)
		if !ok || slices.Contains(via, k.from.Name) {
			continue
		}
		who := entry
		if who == "" && k.when.PortEnd != 0 {
			who = k.owner
		}
		b.from(k.from, both, append([]string{k.from.Name}, via...), who)
	}
}

func (b *back) note(hook *Chain, when nft.Condition, via []string, entry string) {
	r, t := b.end.rule, b.end.rule.chain.table
	d := DNAT{
		Proto: when.Proto, Dst: when.Dst, Local: when.Local, Port: when.Port, PortEnd: when.PortEnd,
		To: netip.AddrPortFrom(b.end.lead.Addr, b.end.lead.Port), Hook: hook.Hook,
		Family: t.Family, Table: t.Name, Legacy: t.Legacy, Chain: r.chain.Name, Number: r.Number, Handle: r.Handle,
		Via: via, Owner: b.end.owner, Entry: entry,
	}
	for _, known := range b.found {
		same := known
		same.Via, same.Entry = d.Via, d.Entry
		if equal(&same, &d) {
			return // another way that asks for the same
		}
	}
	b.found = append(b.found, d)
}

// equal compares all but the way.
func equal(a, b *DNAT) bool {
	return a.Proto == b.Proto && a.Dst == b.Dst && a.Local == b.Local && a.Port == b.Port && a.PortEnd == b.PortEnd && a.To == b.To && a.Hook == b.Hook
}
