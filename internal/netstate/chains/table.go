package chains

import (
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Table is one table.
type Table struct {
	// Family is "ip", "ip6", "inet", "arp", "bridge" or "netdev".
	Family string
	Name   string
	// Legacy is true for a table of iptables-legacy or ip6tables-legacy,
	// Iptables for one of nf_tables that iptables-nft or ip6tables-nft made.
	Legacy, Iptables bool
	// Saved is the tool in whose words the table is known ("iptables-save",
	// "nft"), where the kernel's own form is not at hand; else "".
	Saved string
	// Chains are in the kernel's order.
	Chains []*Chain

	dormant    bool // of a Saved table
	rulesets   *Rulesets
	chains     map[string]*Chain
	nft        nft.Table
	sets       map[string]*set
	order      []string // of sets
	objects    []nft.Object
	flowtables []nft.Flowtable
	xt         *xt.Table
}

// Dormant reports whether the table's chains are not called.
func (t *Table) Dormant() bool { return t.dormant || t.nft.Flags&1 != 0 } // NFT_TABLE_F_DORMANT

// Chain finds a chain by its name; nil if there is none.
func (t *Table) Chain(name string) *Chain { return t.chains[name] }

// Chain is one chain.
type Chain struct {
	Name string
	// Base is true for a chain that the kernel calls. Type ("filter", "nat",
	// "route"), Hook ("prerouting", ...), Priority as enum nf_ip_hook_priorities
	// counts, Policy ("accept", "drop") and Devices are valid iff it is.
	Base     bool
	Type     string
	Hook     string
	Priority int
	Policy   string
	Devices  []string
	// Packets and Bytes are what the policy decided; valid iff the table is
	// legacy or Iptables.
	Packets, Bytes uint64

	table    *Table
	nft      nft.Chain
	messages [][]byte // of rules
	xt       *xt.Chain
	saved    []netstate.SavedRule
}

// Table is the chain's table.
func (c *Chain) Table() *Table { return c.table }

// Len is how many rules the chain has.
func (c *Chain) Len() int {
	switch {
	case c.table.Saved != "":
		return len(c.saved)
	case c.xt != nil:
		return c.xt.Rules()
	}
	return len(c.messages)
}

func (t *Table) add(n nft.Chain) {
	c := &Chain{Name: n.Name, Base: n.Base, table: t, nft: n}
	if n.Base {
		c.Type, c.Hook, c.Priority, c.Devices = n.Type, nft.HookName(n.Family, n.Hook), int(n.Priority), n.Devices
		c.Policy = map[bool]string{true: "accept", false: "drop"}[n.Policy == 1]
		c.Packets, c.Bytes = n.Packets, n.Bytes
	}
	t.Chains = append(t.Chains, c)
	t.chains[c.Name] = c
}

func (t *Table) addLegacy(x *xt.Chain) {
	c := &Chain{Name: x.Name, Base: x.Hook >= 0, table: t, xt: x}
	if c.Base {
		c.Hook, c.Priority, c.Type = strings.ToLower(x.Name), iptablesPriority(t.Name, x.Name), "filter"
		if t.Name == "nat" {
			c.Type = "nat"
		}
		c.Policy, c.Packets, c.Bytes = strings.ToLower(x.Policy), x.Packets, x.Bytes
	}
	t.Chains = append(t.Chains, c)
	t.chains[c.Name] = c
}

// iptablesTable is a table of iptables with the priority of its chains (enum
// nf_ip_hook_priorities) and the chains that it has.
type iptablesTable struct {
	name     string
	priority int
	hooks    string
}

// iptablesTables are in the order in which iptables-nft-save lists them.
var iptablesTables = []iptablesTable{
	{"mangle", -150, "PREROUTING INPUT FORWARD OUTPUT POSTROUTING"},
	{"security", 50, "INPUT FORWARD OUTPUT"},
	{"raw", -300, "PREROUTING OUTPUT"},
	{"filter", 0, "INPUT FORWARD OUTPUT"},
	{"nat", -100, "PREROUTING INPUT OUTPUT POSTROUTING"},
}

// iptablesPriority is the priority of a built-in chain of iptables.
func iptablesPriority(table, hook string) int {
	if table == "nat" && (hook == "POSTROUTING" || hook == "INPUT") {
		return 100
	}
	for _, t := range iptablesTables {
		if t.name == table {
			return t.priority
		}
	}
	return 0
}

// madeByIptables says that iptables-nft made the table: it has a name of
// iptables', and a built-in chain with the place that it has there.
func (t *Table) madeByIptables() bool {
	if t.Family != "ip" && t.Family != "ip6" {
		return false
	}
	for _, known := range iptablesTables {
		if known.name != t.Name {
			continue
		}
		for hook := range strings.FieldsSeq(known.hooks) {
			c := t.chains[hook]
			want := iptablesPriority(t.Name, hook)
			if t.Name == "security" {
				want = 150 // iptables-nft's own number
			}
			if c != nil && c.Base && strings.EqualFold(c.Hook, hook) && c.Priority == want {
				return true
			}
		}
	}
	return false
}

// set is a set with the messages of its elements, which are decoded when
// somebody asks.
type set struct {
	nft.Set
	messages [][]byte
}

// whole is the set with its elements.
func (s *set) whole() *nft.Set {
	all := s.Set
	for _, msg := range s.messages {
		all.Elements = append(all.Elements, nft.DecodeElements(msg)...)
	}
	return &all
}

// nftNames are the names that the table's rules need.
func (t *Table) nftNames() nft.Names {
	return nft.Names{
		Interface: t.rulesets.names.Interface, IPSet: t.rulesets.names.IPSet, State: true,
		Set: func(name string) *nft.Set {
			if s := t.sets[name]; s != nil {
				return s.whole()
			}
			return nil
		},
	}
}

// xtNames are the names that the table's matches of xtables need.
func (t *Table) xtNames() xt.Names { return xt.Names{Set: t.rulesets.names.IPSet} }
