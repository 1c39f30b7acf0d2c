package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// policyRule: an `ip rule` chose the way, and the packet did not arrive.
func policyRule(q *inquiry) *trail.Finding {
	if q.v.Outcome == trail.Delivered && !q.left || q.v.Outcome == trail.Unknown {
		return nil
	}
	if f := q.ruledOut(); f != nil {
		return f
	}
	o := q.back(q.byOwnTable)
	if o == nil {
		return nil
	}
	r := o.Route
	to := r.Dst.String()
	if !r.Dst.IsValid() {
		to = q.flow().Dst.String()
	}
	f := &trail.Finding{
		ID:    "policy-rule",
		Cause: fmt.Sprintf("an ip rule %s sends what goes to %s by table %d: dev %s", on(o.Point), to, r.Table, r.Device),
		Why:   "Rules are asked before table main. A rule that also matches pod traffic, or its answers, takes that away from the CNI's routes.",
		Basis: trail.Inferred,
		Evidence: []trail.Evidence{
			{Text: fmt.Sprintf("table %d answered: %s", r.Table, routeText(r)), Basis: trail.Observed},
		},
		Check: []string{ipCommand(r.Dst) + " rule show", fmt.Sprintf("%s route show table %d", ipCommand(r.Dst), r.Table), routeQuestion(r)},
		Fix:   []string{"narrow the rule that looks up table " + itoa(int(r.Table)) + ", or put one before it: " + ipCommand(r.Dst) + " rule add to " + to + " lookup main pref 100"},
	}
	if r.ReversePath {
		f.Cause = fmt.Sprintf("an ip rule routes %s by table %d: dev %s; it came in by %s", to, r.Table, r.Device, q.ingress())
	}
	if r.Mark != 0 {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: fmt.Sprintf("the packet's mark is 0x%x", r.Mark), Basis: trail.Observed})
	}
	for _, a := range q.answers("ip rule") {
		if strings.Contains(a.Text, fmt.Sprintf("table %d", r.Table)) {
			f.Evidence = append(f.Evidence, answerEvidence(&a))
		}
	}
	return f
}

// ruledOut is the finding where a rule takes or refuses the packet by itself;
// nil if none does.
func (q *inquiry) ruledOut() *trail.Finding {
	r, a := q.endingRule()
	if r == "" {
		return nil
	}
	fields := strings.SplitN(strings.TrimPrefix(r, "rule "), ": ", 2)
	ip := ipCommand(q.flow().Dst)
	f := &trail.Finding{
		ID:       "policy-rule",
		Cause:    "an ip rule " + on(q.end.Point) + " ends its way: " + r,
		Why:      "Rules are asked in order, before any route. One of type prohibit or unreachable refuses what it matches and tells the sender; blackhole says nothing.",
		Basis:    trail.Observed,
		Evidence: append([]trail.Evidence{answerEvidence(a)}, q.routing()...),
		Check:    []string{ip + " rule"},
		Fix:      []string{ip + " rule del " + fields[1] + " pref " + fields[0]},
	}
	return f
}

// endingRule is the policy rule of a type that ends lookups, which decided over
// a packet that ended in routing, "rule 51: from 10.244.1.2 prohibit", and the
// answer that says so; empty if there is none.
func (q *inquiry) endingRule() (string, *trail.Answer) {
	if q.v.Observation < 0 || q.v.Outcome == trail.Delivered || q.tunnelled() || q.hook() != "" || q.dropping() != nil && !q.endedInRouting() {
		return "", nil
	}
	rules := q.answers("ip rule")
	if len(rules) == 0 {
		rules = q.answers("ip -6 rule")
	}
	for i := range rules {
		// The rules as they were asked, one a line; the last one decided.
		lines := strings.Split(strings.TrimSpace(rules[i].Text), "\n")
		last, _, _ := strings.Cut(strings.TrimSpace(lines[len(lines)-1]), " -> ")
		words := strings.Fields(last)
		if len(words) < 3 || words[0] != "rule" || !strings.HasSuffix(words[1], ":") {
			continue
		}
		switch words[len(words)-1] {
		case "prohibit", "blackhole", "unreachable":
			return last, &rules[i]
		}
	}
	return "", nil
}

// ruled says whether a policy rule by itself ended the way.
func (q *inquiry) ruled() bool {
	r, _ := q.endingRule()
	return r != ""
}

// endedInRouting says whether the drop is of a packet that got no route.
func (q *inquiry) endedInRouting() bool { return strings.HasPrefix(q.atDrop(q.dropping()), "routing") }

// byOwnTable says whether an observation is of a lookup that decided over this
// packet, and was answered by a table of somebody's own: for the way it took,
// or for the way back that a reverse-path filter asked for.
func (q *inquiry) byOwnTable(o *trail.Observation) bool {
	r := o.Route
	if r == nil || r.Err != 0 || !ownTable(r.Table) {
		return false
	}
	if r.ReversePath {
		return q.here(o) && q.has("reverse-path-filter") && q.asksBack(r)
	}
	if r.In == "lo" && o.Point.Netns != q.t.Observations[q.way[0]].Point.Netns {
		return false // of an ICMP error about it
	}
	return q.isFor(r)
}

// routeQuestion is the command that asks for a route as the kernel did.
func routeQuestion(r *trail.Route) string {
	s := "ip route get " + r.Dst.String()
	if r.Src.IsValid() && !r.Src.IsUnspecified() {
		s += " from " + r.Src.String()
	}
	if r.In != "" && r.In != "lo" {
		s += " iif " + r.In
	}
	if r.Mark != 0 {
		s += fmt.Sprintf(" mark 0x%x", r.Mark)
	}
	return s
}

// ownTable says whether a table is asked only because of a rule that somebody
// added.
func ownTable(n uint32) bool {
	return !slices.Contains([]uint32{0, 253, tableMain, tableLocal}, n)
}
