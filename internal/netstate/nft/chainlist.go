package nft

import (
	"fmt"
	"strings"
)

// HookName is the name of a hook by its number in its family (enum
// nf_inet_hooks, enum nf_dev_hooks, NF_ARP_*), "" for one that is not known.
func HookName(f Family, n uint32) string {
	names := []string{"prerouting", "input", "forward", "output", "postrouting", "ingress"}
	switch f {
	case FamilyNetdev:
		names = []string{"ingress", "egress"}
	case FamilyARP:
		names = []string{"input", "output", "forward"}
	}
	if n < uint32(len(names)) {
		return names[n]
	}
	return ""
}

// standard are the priorities that have names (nftables' rule.c).
var standard = []struct {
	name     string
	priority int32
}{{"raw", -300}, {"mangle", -150}, {"dstnat", -100}, {"filter", 0}, {"security", 50}, {"srcnat", 100}}

// standardBridge are those of bridge tables.
var standardBridge = []struct {
	name     string
	priority int32
}{{"dstnat", -300}, {"filter", -200}, {"out", 100}, {"srcnat", 300}}

// Priority writes a chain's priority as nft does: by name, or not more than 10
// away from one, or as a number.
func Priority(f Family, hook uint32, p int32) string {
	const reach = 10
	names := standard
	if f == FamilyBridge {
		names = standardBridge
	}
	for _, s := range names {
		d := p - s.priority
		if d < -reach || d > reach || !named(f, HookName(f, hook), s.name) {
			continue
		}
		switch {
		case d == 0:
			return s.name
		case d > 0:
			return fmt.Sprintf("%s + %d", s.name, d)
		}
		return fmt.Sprintf("%s - %d", s.name, -d)
	}
	return fmt.Sprint(p)
}

// named says that a priority's name may be used at a hook.
func named(f Family, hook, name string) bool {
	switch {
	case f == FamilyARP || f == FamilyNetdev:
		return name == "filter"
	case name == "dstnat":
		return hook == "prerouting"
	case name == "srcnat":
		return hook == "postrouting"
	case name == "out":
		return hook == "output"
	}
	return true
}

// Head writes the lines of the chain in front of its rules as `nft list
// ruleset` does, two tabs in front of each.
func (c *Chain) Head() string {
	var b strings.Builder
	if c.Comment != "" {
		fmt.Fprintf(&b, "\t\tcomment \"%s\"\n", c.Comment)
	}
	if !c.Base {
		return b.String()
	}
	fmt.Fprintf(&b, "\t\ttype %s hook %s", c.Type, c.hookWord())
	switch len(c.Devices) {
	case 0:
	case 1:
		fmt.Fprintf(&b, " device \"%s\"", c.Devices[0])
	default:
		fmt.Fprintf(&b, " devices = { %s }", strings.Join(c.Devices, ", "))
	}
	fmt.Fprintf(&b, " priority %s; policy %s;\n", Priority(c.Family, c.Hook, c.Priority), c.policyWord())
	return b.String()
}

func (c *Chain) hookWord() string {
	if name := HookName(c.Family, c.Hook); name != "" {
		return name
	}
	return fmt.Sprintf("[ hook %d ]", c.Hook)
}

func (c *Chain) policyWord() string {
	if c.Policy == 0 {
		return "drop"
	}
	return "accept"
}

// JSON writes the chain as `nft -j list ruleset` does, and its devices, which
// nft 1.0.6 forgets.
func (c *Chain) JSON() string {
	pairs := []string{"family", quoted(c.Family.String()), "table", quoted(c.Table), "name", quoted(c.Name), "handle", uintText(c.Handle)}
	if c.Base {
		device := ""
		if len(c.Devices) > 0 {
			device = oneOrArray(quotedAll(c.Devices))
		}
		pairs = append(pairs, "type", quoted(c.Type), "hook", quoted(c.hookWord()), "prio", fmt.Sprint(c.Priority),
			"dev", device, "policy", quoted(c.policyWord()))
	}
	return object("chain", object(pairs...))
}

// flags names NFT_TABLE_F_*.
func (t *Table) flags() []string {
	var names []string
	for i, name := range [...]string{"dormant", "owner", "persist"} {
		if t.Flags&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Head writes the lines of the table in front of what it holds, and whether an
// empty line follows them.
func (t *Table) Head() (text string, apart bool) {
	var b strings.Builder
	flags := t.flags()
	if flags != nil {
		fmt.Fprintf(&b, "\tflags %s\n", strings.Join(flags, ","))
	}
	if t.Comment != "" {
		fmt.Fprintf(&b, "\tcomment \"%s\"\n", t.Comment)
	}
	return b.String(), flags != nil
}

// JSON writes the table as `nft -j list ruleset` does.
func (t *Table) JSON() string {
	flags := ""
	if names := t.flags(); names != nil {
		flags = oneOrArray(quotedAll(names))
	}
	return object("table", object("family", quoted(t.Family.String()), "name", quoted(t.Name), "handle", uintText(t.Handle), "flags", flags))
}

// RuleJSON writes the whole rule as `nft -j list ruleset` does.
func (r *Rule) RuleJSON(n Names) string {
	comment := ""
	if r.Comment != "" {
		comment = quoted(r.Comment)
	}
	return object("rule", object("family", quoted(r.Family.String()), "table", quoted(r.Table), "chain", quoted(r.Chain),
		"handle", uintText(r.Handle), "comment", comment, "expr", r.JSON(n)))
}
