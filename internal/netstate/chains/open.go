package chains

import (
	"bytes"
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Names gives names to what rules refer to by number. Both may be nil: numbers
// stand there then.
type Names struct {
	// Interface is the name of an interface by its index; "" if it is not known.
	Interface func(index uint32) string
	// IPSet is the name of an ipset by its index; "" if it is not known.
	IPSet func(index uint16) string
}

// NamesOf are the names that a namespace's own links and ipsets have.
func NamesOf(ns *netstate.Namespace) Names {
	links, sets := map[uint32]string{}, map[uint16]string{}
	for i := range ns.Links {
		links[uint32(ns.Links[i].Index)] = ns.Links[i].Name
	}
	for i := range ns.IPSets {
		if s := &ns.IPSets[i]; s.Index != netstate.NoIPSetIndex {
			sets[s.Index] = s.Name
		}
	}
	return Names{
		Interface: func(index uint32) string { return links[index] },
		IPSet:     func(index uint16) string { return sets[index] },
	}
}

// Rulesets are the tables of a namespace.
type Rulesets struct {
	// Tables are those of nf_tables in the kernel's order, then the legacy ones,
	// then those that a tool has listed.
	Tables []*Table
	names  Names
}

// Open finds out what a Ruleset holds. It keeps r, which must not change.
//
// The error says that a legacy table does not fit together; the rest can be
// used all the same. Messages of nf_tables that make no sense are left out by
// the kernel's own rules (they name no table).
func Open(r *netstate.Ruleset, n Names) (*Rulesets, error) {
	x := &Rulesets{names: n}
	index := map[tableKey]*Table{}
	for _, msg := range r.Tables {
		if t, ok := nft.DecodeTable(msg); ok {
			table := &Table{Family: t.Family.String(), Name: t.Name, nft: t, rulesets: x, sets: map[string]*set{}, chains: map[string]*Chain{}}
			x.Tables = append(x.Tables, table)
			index[tableKey{t.Family, t.Name}] = table
		}
	}
	for _, msg := range r.Chains {
		if c, ok := nft.DecodeChain(msg); ok {
			if t := index[tableKey{c.Family, c.Table}]; t != nil {
				t.add(c)
			}
		}
	}
	for _, msg := range r.Sets {
		if s, ok := nft.DecodeSet(msg); ok {
			if t := index[tableKey{s.Family, s.Table}]; t != nil {
				t.sets[s.Name] = &set{Set: s}
				t.order = append(t.order, s.Name)
			}
		}
	}
	for _, msg := range r.Elements {
		family, table, name, ok := nft.ElementsOf(msg)
		if t := index[tableKey{family, string(table)}]; ok && t != nil {
			if s := t.sets[string(name)]; s != nil {
				s.messages = append(s.messages, msg)
			}
		}
	}
	x.others(r, index)
	x.rules(r, index)
	for _, t := range x.Tables {
		t.Iptables = t.madeByIptables()
	}
	err := x.legacy(r)
	x.savedTables(r)
	return x, err
}

type tableKey struct {
	family nft.Family
	name   string
}

func (x *Rulesets) others(r *netstate.Ruleset, index map[tableKey]*Table) {
	for _, msg := range r.Objects {
		if o, ok := nft.DecodeObject(msg); ok {
			if t := index[tableKey{o.Family, o.Table}]; t != nil {
				t.objects = append(t.objects, o)
			}
		}
	}
	for _, msg := range r.Flowtables {
		if f, ok := nft.DecodeFlowtable(msg); ok {
			if t := index[tableKey{f.Family, f.Table}]; t != nil {
				t.flowtables = append(t.flowtables, f)
			}
		}
	}
}

// rules sorts the rules by chain. The kernel lists them so, which makes the
// chain of one that of the one before, nearly always.
func (x *Rulesets) rules(r *netstate.Ruleset, index map[tableKey]*Table) {
	var lastFamily nft.Family
	var lastTable, lastName []byte
	var last *Chain
	for _, msg := range r.Rules {
		family, table, name, ok := nft.RuleOf(msg)
		if !ok {
			continue
		}
		if last == nil || family != lastFamily || !bytes.Equal(table, lastTable) || !bytes.Equal(name, lastName) {
			last = nil
			if t := index[tableKey{family, string(table)}]; t != nil {
				last = t.chains[string(name)]
			}
			lastFamily, lastTable, lastName = family, table, name
		}
		if last != nil {
			last.messages = append(last.messages, msg)
		}
	}
}

// legacy reads the tables of xtables.
func (x *Rulesets) legacy(r *netstate.Ruleset) error {
	var first error
	for i := range r.Legacy {
		l := &r.Legacy[i]
		t := &Table{Family: "ip", Name: l.Name, Legacy: true, rulesets: x, chains: map[string]*Chain{}}
		if l.IP6 {
			t.Family = "ip6"
		}
		info, err := xt.DecodeInfo(l.Info)
		if err == nil {
			t.xt, err = xt.DecodeTable(l.IP6, info, l.Entries, xt.Names{Set: x.names.IPSet})
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("read legacy table %s %s: %w", t.Family, t.Name, err)
			}
			continue
		}
		for i := range t.xt.Chains() {
			t.addLegacy(&t.xt.Chains()[i])
		}
		x.Tables = append(x.Tables, t)
	}
	return first
}

// Rule finds a rule by the family and name of its table, its chain and number,
// from 1; nil if there is none. Of two tables of that name, one of which is
// legacy, it is that which has the chain and the number; the legacy one first,
// if it says so.
func (x *Rulesets) Rule(family, table, chain string, number int, legacyFirst bool) *Rule {
	for _, legacy := range [...]bool{legacyFirst, !legacyFirst} {
		if t := x.Table(family, table, legacy); t != nil {
			if c := t.Chain(chain); c != nil {
				if r := c.Rule(number); r != nil {
					return r
				}
			}
		}
	}
	return nil
}

// Table finds a table by family ("ip", "inet", ...) and name; nil if there is
// none.
func (x *Rulesets) Table(family, name string, legacy bool) *Table {
	for _, t := range x.Tables {
		if t.Family == family && t.Name == name && t.Legacy == legacy {
			return t
		}
	}
	return nil
}
