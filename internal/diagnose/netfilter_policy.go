package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// netfilterPolicy: no rule took it, and the chain's policy is to drop.
func netfilterPolicy(q *inquiry) *trail.Finding {
	if q.rule == nil || q.rule.Kind != trail.RulePolicy || q.tunnelled() {
		return nil
	}
	r := q.rule
	f := &trail.Finding{
		ID:    "netfilter-policy",
		Cause: "no rule of " + r.Table + " " + r.Chain + " accepts it, and the chain's policy is DROP",
		Why:   "A base chain ends with its policy: what no rule accepted is dropped.",
		Basis: q.ruleBasis(),
	}
	q.ruleEvidence(f)
	f.Check = []string{listRule(r)}
	switch {
	case r.Legacy || r.Family == "ip" && isBuiltin(r.Chain):
		f.Fix = []string{"iptables -t " + r.Table + " -P " + r.Chain + " ACCEPT"}
	case r.Family == "ip6" && isBuiltin(r.Chain):
		f.Fix = []string{"ip6tables -t " + r.Table + " -P " + r.Chain + " ACCEPT"}
	default:
		f.Fix = []string{"nft add chain " + strings.TrimSpace(r.Family+" "+r.Table) + " " + r.Chain + " '{ policy accept; }'"}
	}
	if r.Chain == "FORWARD" {
		f.Why += " Docker sets that of FORWARD to DROP when it starts, and kube-proxy or a CNI plugin has to accept its own traffic."
	}
	f.Fix = append(f.Fix, "or add a rule that accepts "+q.match())
	return f
}

// isBuiltin says whether iptables has a chain of that name.
func isBuiltin(chain string) bool {
	switch chain {
	case "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING":
		return true
	}
	return false
}
