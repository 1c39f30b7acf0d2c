package chains

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Save says what WriteSave writes.
type Save struct {
	// IP6 is ip6tables-save instead of iptables-save.
	IP6 bool
	// Legacy are the tables of iptables-legacy, else those that iptables-nft
	// made.
	Legacy bool
	// Counters is -c.
	Counters bool
}

// WriteSave writes tables as iptables-save does, without the comments that it
// generates. A rule of nf_tables in a table of iptables' that iptables cannot
// have written is a comment that begins with "# nft:".
func (x *Rulesets) WriteSave(w io.Writer, s Save) error {
	b := newOutput(w)
	family := map[bool]string{true: "ip6", false: "ip"}[s.IP6]
	for _, t := range x.saved(family, s.Legacy) {
		t.save(b, s.Counters)
	}
	return b.Flush()
}

// saved are the tables in the order of iptables-save: the legacy ones as the
// kernel lists them.
func (x *Rulesets) saved(family string, legacy bool) []*Table {
	var all []*Table
	for _, t := range x.Tables {
		if t.Family == family && t.Legacy == legacy && (legacy || t.Iptables) {
			all = append(all, t)
		}
	}
	if !legacy {
		slices.SortStableFunc(all, func(a, b *Table) int { return nftSaveOrder(a.Name) - nftSaveOrder(b.Name) })
	}
	return all
}

// nftSaveOrder is the place of a table in iptables-nft-save.
func nftSaveOrder(name string) int {
	return slices.IndexFunc(iptablesTables, func(t iptablesTable) bool { return t.name == name })
}

func (t *Table) save(b output, counters bool) {
	fmt.Fprintf(b, "*%s\n", t.Name)
	chains := t.saveOrder()
	for _, c := range chains {
		policy := "-"
		if c.Base {
			policy = strings.ToUpper(c.Policy)
		}
		fmt.Fprintf(b, ":%s %s [%d:%d]\n", c.Name, policy, c.Packets, c.Bytes)
	}
	for _, c := range chains {
		for r := range c.Rules() {
			if counters {
				fmt.Fprintf(b, "[%d:%d] ", r.Packets, r.Bytes)
			}
			if r.xt == nil && t.Saved != savedByIptables {
				fmt.Fprintf(b, "# nft: %s %s\n", c.Name, r.Text())
				continue
			}
			b.text(r.Text() + "\n")
		}
	}
	b.text("COMMIT\n")
}

// saveOrder is the order of chains in iptables-save: those of the hooks, then
// the others by name.
func (t *Table) saveOrder() []*Chain {
	chains := slices.Clone(t.Chains)
	if t.Saved == savedByIptables {
		return chains // in that order already
	}
	place := func(c *Chain) int {
		if !c.Base {
			return int(^uint(0) >> 1)
		}
		if c.xt != nil {
			return c.xt.Hook
		}
		return int(c.nft.Hook)
	}
	slices.SortStableFunc(chains, func(a, b *Chain) int {
		if d := place(a) - place(b); a.Base != b.Base || d != 0 {
			if a.Base != b.Base {
				return map[bool]int{true: -1, false: 1}[a.Base]
			}
			return d
		}
		if a.Base {
			return 0
		}
		return strings.Compare(a.Name, b.Name)
	})
	return chains
}
