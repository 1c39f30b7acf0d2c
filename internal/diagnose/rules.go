package diagnose

import (
	"regexp"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// verdictWord finds what a rule does in its text: iptables-save's -j and
// nft's statements.
var verdictWord = regexp.MustCompile(`(?:^|\s)(?:-j\s+(DROP|REJECT)\b|(drop|reject)\b[^"]*$)`)

// verdictOf is "drop" or "reject", whether the trace said so or only the
// rule's text does; otherwise what the trace said.
func verdictOf(r *trail.Rule) string {
	if r.Verdict == "drop" || r.Verdict == "reject" {
		if r.Verdict == "drop" && rejects(r.Text) {
			return "reject"
		}
		return r.Verdict
	}
	if r.Kind == trail.RuleReturn || r.Verdict != "" && r.Verdict != "stolen" {
		return r.Verdict
	}
	m := verdictWord.FindStringSubmatch(r.Text)
	if m == nil {
		return r.Verdict
	}
	return strings.ToLower(m[1] + m[2])
}

// rejects says whether a rule's text tells the sender. nft's trace names the
// verdict of a reject a drop.
func rejects(text string) bool {
	m := verdictWord.FindStringSubmatch(text)
	return m != nil && strings.EqualFold(m[1]+m[2], "reject")
}

// lastVerdict finds the rule or policy that ended a packet among the steps of
// one hook; nil if none did. The basis is Inferred where only the rule's text
// says so.
func lastVerdict(rules []trail.Rule) (*trail.Rule, trail.Basis) {
	if len(rules) == 0 {
		return nil, ""
	}
	r := &rules[len(rules)-1]
	if v := verdictOf(r); v != "drop" && v != "reject" {
		return nil, ""
	}
	if r.Verdict == "drop" || r.Verdict == "reject" {
		return r, trail.Observed
	}
	return r, trail.Inferred
}

// decide finds the rule that decided. It takes the basis down to Inferred
// where the trace did not tell the verdict.
func (q *inquiry) decide() {
	drop := q.dropping()
	if drop == nil && q.end.Stage != trail.StageRules && q.end.Stage != trail.StageRefuse {
		return
	}
	if q.v.Outcome != trail.Dropped && q.v.Outcome != trail.Rejected {
		return
	}
	if drop != nil && !byNetfilter(drop) {
		return
	}
	hook := q.hook()
	o := q.back(func(o *trail.Observation) bool {
		return o.Stage == trail.StageRules && q.here(o) && (hook == "" || o.Hook == nil || o.Hook.Name == hook || o.Hook.Name == "INGRESS" && strings.HasPrefix(hook, "ingress"))
	})
	if o == nil || q.end.Stage == trail.StageRefuse && drop == nil && !q.refusedByRule(o) {
		return
	}
	r, basis := lastVerdict(o.Rules)
	if r == nil && drop != nil {
		r, basis = q.guess(o)
	}
	if r == nil {
		return
	}
	q.rule = r
	q.v.Rule = ruleText(r)
	if q.end.Stage == trail.StageRules {
		q.v.Basis = basis
	}
}

// byNetfilter says whether a rule or policy, or netfilter itself, dropped it.
// Before Linux 5.17 only the function tells.
func byNetfilter(d *trail.Drop) bool {
	at := function(d.At)
	return strings.HasPrefix(d.Reason, "NETFILTER_") || d.Reason == "" && (strings.HasPrefix(at, "nf_hook_slow") || at == "nft_do_chain" || at == "kfree_skb")
}

// refusedByRule says whether a refusal came of the rules seen before it.
func (q *inquiry) refusedByRule(o *trail.Observation) bool {
	r, _ := lastVerdict(o.Rules)
	return r != nil && verdictOf(r) == "reject"
}

// guess names the last rule that matched before a netfilter drop whose verdict
// no trace told.
func (q *inquiry) guess(o *trail.Observation) (*trail.Rule, trail.Basis) {
	r := &o.Rules[len(o.Rules)-1]
	if r.Verdict != "" && r.Verdict != "stolen" || r.Kind != trail.RuleMatched {
		return nil, ""
	}
	return r, trail.Inferred
}

// dropping is the drop that ended the packet, also where it follows the
// refusal that decided; nil if there is none.
func (q *inquiry) dropping() *trail.Drop {
	if q.end.Stage == trail.StageDrop {
		return q.end.Drop
	}
	if q.v.Observation < 0 {
		return nil
	}
	rest := q.t.Observations[q.v.Observation+1:]
	for i := range rest {
		o := &rest[i]
		if o.Copy == q.end.Copy && o.Stage == trail.StageDrop && !Benign(o) && q.here(o) {
			return o.Drop
		}
	}
	return nil
}

// hook is the netfilter hook in which the packet ended; empty for other ends.
// With bridges a hook stands in the stack of other drops too: a bridge calls
// the IP layer from inside of one.
func (q *inquiry) hook() string {
	if d := q.dropping(); d != nil {
		if !byNetfilter(d) {
			return ""
		}
		if device := q.end.Point.Interface; (d.Hook == "INGRESS" || strings.HasPrefix(d.Reason, "NETFILTER_INGRESS")) && device != "" {
			return "ingress of " + device
		}
		return d.Hook
	}
	ended := q.v.Outcome == trail.Dropped || q.v.Outcome == trail.Rejected
	if ended && q.end.Stage == trail.StageRules && q.end.Hook != nil {
		return q.end.Hook.Name
	}
	return ""
}

// table is the table of the rule, or of the netfilter stage that the packet
// entered and did not leave; empty if neither was seen.
func (q *inquiry) table() string {
	if q.rule != nil {
		return q.rule.Table
	}
	return q.bracketed()
}

// bracketed is the table whose chain a packet entered in the hook that dropped
// it, and did not leave: the probe sees packets just before the priority of
// each chain. It is empty where that was not seen, or where the priority is
// none of iptables'.
func (q *inquiry) bracketed() string {
	d := q.dropping()
	if d == nil || !byNetfilter(d) {
		return ""
	}
	o := q.back(func(o *trail.Observation) bool { return o.Stage == trail.StageHook && o.Hook != nil && q.here(o) })
	if o == nil || o.Hook.Name != d.Hook {
		return ""
	}
	switch o.Hook.Priority + 1 {
	case -300:
		return "raw"
	case -150:
		return "mangle"
	case -100:
		if d.Hook == "PREROUTING" || d.Hook == "OUTPUT" {
			return "nat"
		}
	case 0:
		return "filter"
	case 50:
		return "security"
	case 100:
		if d.Hook == "POSTROUTING" || d.Hook == "INPUT" {
			return "nat"
		}
	}
	return ""
}

// ruleText is a rule in one line: its text, or its place.
func ruleText(r *trail.Rule) string {
	switch {
	case r.Text != "":
		return r.Text
	case r.Kind == trail.RulePolicy:
		return "policy " + strings.ToUpper(r.Verdict) + " of " + r.Table + " " + r.Chain
	}
	return chainRule(r)
}

// chainRule names a rule by its place: "KUBE-FORWARD 3".
func chainRule(r *trail.Rule) string {
	switch {
	case r.Number > 0:
		return r.Chain + " " + itoa(r.Number)
	case r.Handle > 0:
		return r.Chain + " handle " + itoa(int(r.Handle))
	}
	return r.Chain
}

// shortRule is a rule as a sentence has it: chain, target, comment.
func shortRule(r *trail.Rule) string {
	if r.Kind == trail.RulePolicy {
		return "the policy of " + r.Chain
	}
	if v := shortVerdict(r); v != "" && r.Number == 0 {
		return r.Chain + v
	}
	return chainRule(r) + shortVerdict(r)
}

// shortVerdict is ": -j DROP" or ": reject".
func shortVerdict(r *trail.Rule) string {
	if i := strings.Index(r.Text, "-j "); i >= 0 {
		target, _, _ := strings.Cut(r.Text[i+3:], " ")
		return ": -j " + target
	}
	if v := verdictOf(r); v != "" {
		return ": " + v
	}
	return ""
}
