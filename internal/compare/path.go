package compare

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Walks splits the rules that a packet met at one hook by base chain: a table
// has one there as a rule, and each is a walk of its own.
func Walks(rules []trail.Rule) [][]trail.Rule {
	var out [][]trail.Rule
	for i, r := range rules {
		if i == 0 || leaves(&rules[i-1], &r) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

// leaves says whether b is in another base chain than a, the rule before.
func leaves(a, b *trail.Rule) bool {
	if a.Family != b.Family || a.Table != b.Table || a.Legacy != b.Legacy {
		return true
	}
	return a.Kind == trail.RulePolicy || Terminal(a.Verdict)
}

// Terminal says whether a verdict ends the way through a base chain.
func Terminal(verdict string) bool {
	switch strings.ToLower(verdict) {
	case "accept", "drop", "reject", "queue", "stolen", "dnat", "snat", "masquerade", "redirect":
		return true
	}
	return false
}

// Path is the part of one walk that led to its end: from the base chain over
// jumps that did not come back to the rule that decided. Chains that returned
// are left out, as are rules that a packet went past in one chain. A walk that
// ended by its policy is that policy alone; one whose chains all returned is
// empty or its base chain.
func Path(walk []trail.Rule) []trail.Rule {
	var path []trail.Rule
	for _, r := range walk {
		if r.Kind == trail.RulePolicy {
			return []trail.Rule{r}
		}
		for i := range path {
			if path[i].Chain == r.Chain { // further on in a chain it was in before
				path = path[:i]
				break
			}
		}
		if r.Kind == trail.RuleReturn || strings.EqualFold(r.Verdict, "return") {
			continue
		}
		if n := len(path); n > 0 && !jumps(&path[n-1], &r) {
			// The chain above came back without saying so, or this is a
			// sibling that the walk reached by a rule that was not seen.
			if at := caller(path, r.Chain); at >= 0 {
				path = path[:at+1]
			}
		}
		path = append(path, r)
	}
	return path
}

// jumps says whether a can have led to b's chain: it says so, or its target is
// not known (iptables-legacy tells none).
func jumps(a, b *trail.Rule) bool {
	return a.To == b.Chain || a.To == "" && a.Verdict == ""
}

// caller is the index of the rule of path that jumped to a chain, -1 if none
// says so.
func caller(path []trail.Rule, chain string) int {
	for i := range path {
		if path[i].To == chain {
			return i
		}
	}
	return -1
}

// Decision is what a walk came to: the rule at the end of its path, and false
// if none decided (all chains returned, a policy accepted, or the last rule
// that was seen goes on).
func Decision(walk []trail.Rule) (trail.Rule, bool) {
	path := Path(walk)
	if len(path) == 0 {
		return trail.Rule{}, false
	}
	last := path[len(path)-1]
	return last, Terminal(last.Verdict) && (last.Kind != trail.RulePolicy || !strings.EqualFold(last.Verdict, "accept"))
}
