package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// netfilterReject: a rule refused it and told the sender.
func netfilterReject(q *inquiry) *trail.Finding {
	if q.v.Outcome != trail.Rejected || q.has("service-without-endpoints") || q.tunnelled() {
		return nil
	}
	told := "the sender is told"
	if r := q.refusal(); r != nil {
		told = "the sender is told: " + refusalText(r)
	}
	if q.rule == nil {
		if q.hook() == "" {
			return nil
		}
		return &trail.Finding{
			ID:       "netfilter-reject",
			Cause:    "a REJECT rule in " + q.hook() + " refuses it; which one was not seen",
			Why:      "Only a rule that rejects makes netfilter answer the sender before it drops a packet.",
			Basis:    trail.Inferred,
			Evidence: []trail.Evidence{{Text: told, Basis: trail.Observed}, {Text: "then " + q.v.Reason + " in " + q.hook(), Basis: trail.Observed}},
			Check:    []string{"nft list ruleset | grep -n -i reject", "iptables-legacy-save -c | grep REJECT"},
			Fix:      []string{"change the rule where it is made, or accept " + q.match() + " before it"},
		}
	}
	if verdictOf(q.rule) != "reject" {
		return nil
	}
	f := &trail.Finding{
		ID:    "netfilter-reject",
		Cause: "a rule of " + q.rule.Table + " refuses it: " + shortRule(q.rule),
		Why:   "Somebody wrote a rule to refuse this traffic. " + upper(told) + ".",
		Basis: q.ruleBasis(),
	}
	q.ruleEvidence(f)
	q.ruleCommands(f)
	return f
}

// upper makes a sentence of a phrase.
func upper(s string) string { return string(s[0]-'a'+'A') + s[1:] }
