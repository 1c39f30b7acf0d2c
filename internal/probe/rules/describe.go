package rules

import (
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/owner"
	"github.com/pktrail/pktrail/internal/netstate/xt"
	"github.com/pktrail/pktrail/internal/trail"
)

// Table is one table of a namespace.
type Table struct {
	// Family is "ip", "ip6", "inet", "arp", "bridge" or "netdev".
	Family string
	Name   string
	// Legacy is true for a table of iptables-legacy or ip6tables-legacy.
	Legacy bool
	// Iptables is true for a table of nf_tables that iptables-nft made.
	Iptables bool
	// Owned is true for a table that belongs to a running program (flags
	// owner), Dormant for one whose chains are not called.
	Owned, Dormant bool
}

// Chain is one chain.
type Chain struct {
	Family, Table, Name string
	Legacy              bool
	// Base is true for a chain that the kernel calls. Hook, Priority, Type and
	// Policy are valid iff it is.
	Base bool
	// Hook is "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING",
	// "INGRESS" or "EGRESS".
	Hook string
	// Priority as enum nf_ip_hook_priorities of linux/netfilter_ipv4.h counts.
	Priority int
	// Type is "filter", "nat" or "route".
	Type string
	// Policy is "accept" or "drop".
	Policy string
	// Devices of an ingress or egress chain.
	Devices []string
	// Packets and Bytes that the policy decided; valid iff Legacy.
	Packets, Bytes uint64
}

// hookName gives the hook of a family by its number (enum nf_inet_hooks, enum
// nf_dev_hooks, enum nf_br_hooks, NF_ARP_*).
func hookName(f nft.Family, n uint32) string {
	names := []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING", "INGRESS"}
	switch f {
	case nft.FamilyNetdev:
		names = []string{"INGRESS", "EGRESS"}
	case nft.FamilyARP:
		names = []string{"INPUT", "OUTPUT", "FORWARD"}
	}
	if n < uint32(len(names)) {
		return names[n]
	}
	return ""
}

func chainOf(c *nft.Chain) Chain {
	out := Chain{Family: c.Family.String(), Table: c.Table, Name: c.Name, Base: c.Base}
	if c.Base {
		out.Hook, out.Priority, out.Type, out.Devices = hookName(c.Family, c.Hook), int(c.Priority), c.Type, c.Devices
		out.Policy = map[bool]string{true: "accept", false: "drop"}[c.Policy == 1]
	}
	return out
}

// legacyPriorities are those of the tables of iptables (enum
// nf_ip_hook_priorities).
var legacyPriorities = map[string]int{"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}

// iptablesPriority is the priority of a built-in chain of iptables.
func iptablesPriority(table, hook string) int {
	if table == "nat" && (hook == "POSTROUTING" || hook == "INPUT") {
		return 100
	}
	return legacyPriorities[table]
}

func legacyChainOf(family, table string, c *xt.Chain) Chain {
	out := Chain{Family: family, Table: table, Name: c.Name, Legacy: true, Base: c.Hook >= 0}
	if out.Base {
		out.Hook, out.Priority, out.Type = c.Name, iptablesPriority(table, c.Name), "filter"
		if table == "nat" {
			out.Type = "nat"
		}
		out.Policy, out.Packets, out.Bytes = strings.ToLower(c.Policy), c.Packets, c.Bytes
	}
	return out
}

// fillNFT describes a rule of nf_tables. Iptables says that iptables-nft made
// its table.
func fillNFT(r *trail.Rule, rule *nft.Rule, iptables bool, n nft.Names, sets xt.Names) {
	r.Comment = rule.Comment
	if x, ok := rule.Xtables(sets); iptables && ok {
		r.Text, r.Comment = x.Text(), x.Comment()
	} else {
		r.Text = rule.Text(n)
		if ok && r.Comment == "" {
			r.Comment = x.Comment()
		}
	}
	decide(r, rule.Verdict)
}

// fillLegacy describes a rule of iptables-legacy.
func fillLegacy(r *trail.Rule, rule *xt.Rule) {
	r.Text, r.Comment = rule.Text(), rule.Comment()
	decide(r, rule.Target.Verdict)
}

// decide fills in what the trace did not say. A trace calls a translation
// "accept", and a rejection "drop"; of a rule that jumps by a map only the
// trace knows where to.
func decide(r *trail.Rule, verdict func() (string, string)) {
	v, to := verdict()
	switch {
	case v == "" || (v == "continue" && r.Verdict != ""):
	case r.Verdict == "" || v == "reject" || v == "dnat" || v == "snat" || v == "masquerade":
		r.Verdict = v
		if r.To == "" {
			r.To = to
		}
	case r.Verdict == v && r.To == "":
		r.To = to
	}
}

// fillPolicy describes the end of a base chain.
func fillPolicy(r *trail.Rule, c *Chain, iptables bool) {
	if !c.Base {
		return
	}
	if r.Verdict == "" {
		r.Verdict = c.Policy
	}
	if c.Legacy || iptables {
		r.Text = "-P " + c.Name + " " + strings.ToUpper(c.Policy)
	} else {
		r.Text = "policy " + c.Policy
	}
}

// own fills in who made the rule. A rule without words of its own was made by
// whoever made the chain that it leads to.
func own(r *trail.Rule) {
	if r.Owner == "" {
		r.Owner = owner.Of(r.Table, r.Chain, r.Comment)
	}
	if r.Owner == "" && r.To != "" {
		r.Owner = owner.Program(owner.Of(r.Table, r.To, ""))
	}
	r.Comment = owner.Comment(r.Comment)
}
