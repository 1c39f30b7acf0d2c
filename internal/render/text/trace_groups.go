package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// group is packets with one outcome, decided by one thing on one node.
type group struct {
	outcome  trail.Outcome
	by, node string
	count    int
}

// groups are in the order of their first packets.
type groups []group

func (g *groups) add(f *Fold) {
	n := group{outcome: f.Verdict.Outcome, by: decision(f), count: f.count()}
	if n.outcome == "" {
		n.outcome = trail.Unknown
	}
	if n.by != "" {
		n.node = f.Verdict.Node
	}
	for i := range *g {
		if have := &(*g)[i]; have.outcome == n.outcome && have.by == n.by && have.node == n.node {
			have.count += n.count
			return
		}
	}
	*g = append(*g, n)
}

// words are "40 of 120 SYNs dropped by f 1, 80 delivered": the worst first, and
// of one outcome the most. total is all of them in words.
func (g groups) words(total string) string {
	const shown = 5
	g = slices.Clone(g)
	slices.SortStableFunc(g, func(a, b group) int {
		return cmp.Or(cmp.Compare(rank(b.outcome), rank(a.outcome)), cmp.Compare(b.count, a.count))
	})
	nodes := map[string]bool{}
	for i := range g {
		if g[i].node != "" {
			nodes[g[i].node] = true
		}
	}
	var parts []string
	others := 0
	for i := range g {
		if i >= shown && len(g) > shown+1 {
			others += g[i].count
			continue
		}
		text := string(g[i].outcome) + g[i].by
		if len(nodes) > 1 && g[i].node != "" {
			text += " on " + g[i].node
		}
		if i == 0 {
			text = total + " " + text
			parts = append(parts, fmt.Sprintf("%d of %s", g[i].count, text))
			continue
		}
		parts = append(parts, fmt.Sprintf("%d %s", g[i].count, text))
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%d in other ways", others))
	}
	return strings.Join(parts, ", ")
}

// decision is what decided an outcome, with a word before it: " by FORWARD 1",
// " (NO_SOCKET)", " at eth0 out"; empty for what was delivered, or where nothing
// is known of it.
func decision(f *Fold) string {
	v := &f.Verdict
	switch v.Outcome {
	case trail.Delivered, trail.Unknown, "":
		return ""
	}
	if r := decidedBy(f); r != nil {
		named := *r
		named.Chain = short(r.Chain)
		return " by " + compare.Label(&named)
	}
	switch {
	case v.Reason != "":
		return " (" + v.Reason + ")"
	case v.At != "":
		return " at " + shortPlace(v.At)
	}
	return ""
}
