package chains

import (
	"iter"

	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/owner"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Rule is one rule.
type Rule struct {
	// Number is its place in its chain, from 1.
	Number int
	// Handle is nf_tables' name for it; 0 in legacy tables.
	Handle  uint64
	Comment string
	// Counted is true where the rule counts; Packets and Bytes are valid iff it
	// does.
	Counted        bool
	Packets, Bytes uint64
	// Verdict is what it does with a packet that matches, in the words of
	// trail.Rule ("accept", "jump", "dnat", ...); "" is a verdict map. To is
	// the chain of a jump or goto.
	Verdict, To string

	chain *Chain
	nft   *nft.Rule
	xt    *xt.Rule // nil for a rule that iptables did not write
	saved string   // of a table that a tool has listed
}

// Rules decodes the rules of the chain one by one.
func (c *Chain) Rules() iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		for n := 1; n <= c.Len(); n++ {
			if r := c.Rule(n); r != nil && !yield(r) {
				return
			}
		}
	}
}

// Rule decodes rule number n, from 1; nil if there is none.
func (c *Chain) Rule(n int) *Rule {
	if n < 1 || n > c.Len() {
		return nil
	}
	r := &Rule{Number: n, chain: c}
	if c.table.Saved != "" {
		return c.savedRule(n)
	}
	if c.xt != nil {
		x, _ := c.table.xt.Rule(c.xt, n)
		r.xt, r.Comment = &x, x.Comment()
		r.Counted, r.Packets, r.Bytes = true, x.Packets, x.Bytes
		r.Verdict, r.To = x.Target.Verdict()
		return r
	}
	rule, ok := nft.DecodeRule(c.messages[n-1])
	if !ok {
		return nil
	}
	r.nft, r.Handle, r.Comment = &rule, rule.Handle, rule.Comment
	if counter := rule.Counter(); counter != nil {
		r.Counted, r.Packets, r.Bytes = true, counter.Packets, counter.Bytes
	}
	r.Verdict, r.To = rule.Verdict()
	if c.table.Iptables {
		if x, ok := rule.Xtables(c.table.xtNames()); ok {
			r.xt, r.Comment = &x, x.Comment()
		}
	}
	return r
}

// Chain is the rule's chain.
func (r *Rule) Chain() *Chain { return r.chain }

// Text is the rule as the tool prints it that made it: a line of iptables-save
// without counters, or of `nft list ruleset`.
func (r *Rule) Text() string {
	switch {
	case r.saved != "":
		return r.saved
	case r.xt != nil:
		return r.xt.Text()
	}
	return r.nft.Text(r.chain.table.nftNames())
}

// Owner says who made the rule and for what; "" if that is not known.
func (r *Rule) Owner() string {
	who := owner.Of(r.chain.table.Name, r.chain.Name, r.Comment)
	if who == "" && r.To != "" {
		who = owner.Program(owner.Of(r.chain.table.Name, r.To, ""))
	}
	return who
}
