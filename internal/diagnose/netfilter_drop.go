package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// netfilterDrop: a rule dropped it.
func netfilterDrop(q *inquiry) *trail.Finding {
	hook := q.hook()
	if q.v.Outcome != trail.Dropped && q.v.Outcome != trail.Rejected || hook == "" || q.tunnelled() || q.has("conntrack-table-full") {
		return nil
	}
	if q.rule == nil {
		if q.end.Stage == trail.StageRefuse {
			return nil // a REJECT: netfilter-reject
		}
		return netfilterUnknown(q, hook)
	}
	if q.rule.Kind == trail.RulePolicy || verdictOf(q.rule) == "reject" {
		return nil
	}
	f := &trail.Finding{
		ID:    "netfilter-drop",
		Cause: "a rule of " + strings.TrimSpace(q.rule.Table+" "+hook) + " drops it: " + shortRule(q.rule),
		Why:   "The packet met this rule and nobody told the sender, so that it waits until it gives up.",
		Basis: q.ruleBasis(),
	}
	q.ruleEvidence(f)
	q.ruleCommands(f)
	return f
}

// netfilterUnknown is the finding where the rules were not traced.
func netfilterUnknown(q *inquiry, hook string) *trail.Finding {
	f := &trail.Finding{
		ID:       "netfilter-drop",
		Cause:    "netfilter dropped it in " + hook + "; which rule did it was not seen",
		Why:      "The kernel says in which hook a packet ends; the rule shows only where rules are traced.",
		Basis:    trail.Observed,
		Evidence: []trail.Evidence{{Text: q.dropping().Reason + " at " + q.dropping().At, Basis: trail.Observed}},
		Check:    []string{"nft list ruleset | grep -n -i -e drop -e reject -e 'hook " + strings.ToLower(hook) + "'", "iptables-legacy-save -c | grep -e DROP -e REJECT"},
		Fix:      []string{"find the rule whose counter grows with each try, and change it where it is made"},
	}
	if table := q.bracketed(); table != "" {
		f.Cause = "netfilter dropped it in " + table + " " + hook + "; which rule did it was not seen"
		f.Evidence = append(f.Evidence, trail.Evidence{Text: "it was seen before the chain of table " + table + " in " + hook + ", and not behind it", Basis: trail.Observed})
	}
	switch {
	case strings.HasPrefix(hook, "ingress"):
		f.Check = []string{"nft list ruleset netdev; nft list ruleset inet   # chains with 'hook ingress' on " + q.end.Point.Interface}
	case q.blindTo("rules of iptables-legacy", q.end.Point), q.blindTo("rules of ip6tables-legacy", q.end.Point):
		f.Check = append([]string{"run the trace again with --legacy-trace: it shows the rule"}, f.Check...)
		f.Fix = []string{"run again with --legacy-trace to see the rule, and change it where it is made"}
	}
	if hook == "PREROUTING" || hook == "OUTPUT" {
		f.Check = append(f.Check, "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max")
	}
	return f
}

// ruleBasis is how it is known that q.rule decided.
func (q *inquiry) ruleBasis() trail.Basis {
	if q.rule.Verdict == "drop" || q.rule.Verdict == "reject" {
		return trail.Observed
	}
	return trail.Inferred
}

// ruleEvidence quotes the rule, its maker and its comment, and the chains that
// led to it.
func (q *inquiry) ruleEvidence(f *trail.Finding) {
	r := q.rule
	how := "the trace saw it " + verdictOf(r) + " the packet"
	if q.ruleBasis() == trail.Inferred {
		how = "it was the last rule that matched; the trace does not tell verdicts"
	}
	f.Evidence = append(f.Evidence, trail.Evidence{Text: ruleText(r), Basis: q.ruleBasis()}, trail.Evidence{Text: how, Basis: trail.Observed})
	if d := q.dropping(); d != nil {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: strings.TrimSpace(d.Reason + " at " + d.At), Basis: trail.Observed})
	}
	if o := owner(r); o != "" {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: "made by " + o, Basis: trail.Inferred})
	}
	if r.Comment != "" {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: "its comment: " + r.Comment, Basis: trail.Observed})
	}
}

// ruleCommands says how to see and how to mend a rule.
func (q *inquiry) ruleCommands(f *trail.Finding) {
	f.Check = append(f.Check, listRule(q.rule))
	m, known := makerOf(q.rule)
	if known {
		if m.policy {
			f.Why += " Its chain carries out a NetworkPolicy: some policy selects the pod, and none admits this packet."
		}
		f.Check = append(f.Check, m.check)
		f.Fix = append(f.Fix, m.fix)
		return
	}
	if d := deleteRule(q.rule); d != "" {
		f.Fix = append(f.Fix, d)
	}
	f.Fix = append(f.Fix, "or let a rule before it accept "+q.match())
}

// match is the packet as a person would write a rule for it.
func (q *inquiry) match() string {
	fl := q.flow()
	s := fl.Src.String() + " -> " + fl.Dst.String()
	if fl.HasPorts() {
		s += " " + fl.Proto.String() + " port " + itoa(int(fl.DstPort))
	} else {
		s += " " + fl.Proto.String()
	}
	return s
}

// has says whether a finding was made already.
func (q *inquiry) has(id string) bool {
	for i := range q.v.Findings {
		if q.v.Findings[i].ID == id {
			return true
		}
	}
	return false
}

// tunnelled says whether the packet was inside of a tunnel when it ended.
func (q *inquiry) tunnelled() bool { return len(q.end.Seen.Tunnels) > 0 }
