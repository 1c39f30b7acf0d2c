package compare

import (
	"github.com/pktrail/pktrail/internal/trail"
)

// optional are the stages that a recording has or has not, by what was armed.
var optional = []struct {
	stage trail.Stage
	name  string
}{
	{trail.StageRules, "netfilter rules"},
	{trail.StageRoute, "routing lookups"},
	{trail.StageNeighbour, "neighbours"},
	{trail.StageTransmit, "transmissions"},
}

// onlyOne finds stages that one recording holds nothing of: that is how it was
// made, not what happened.
func onlyOne(good, bad *trail.Trail) (skip map[trail.Stage]bool, left []string) {
	skip = map[trail.Stage]bool{}
	g, b := has(good), has(bad)
	if len(g) == 0 || len(b) == 0 {
		return skip, nil
	}
	for _, o := range optional {
		if g[o.stage] == b[o.stage] || decides(bad, o.stage) {
			continue
		}
		skip[o.stage] = true
		where := "good"
		if b[o.stage] {
			where = "bad"
		}
		left = append(left, o.name+" (only in "+where+")")
	}
	return skip, left
}

func has(t *trail.Trail) map[trail.Stage]bool {
	out := map[trail.Stage]bool{}
	for i := range t.Observations {
		out[t.Observations[i].Stage] = true
	}
	return out
}

// decides says whether a stage ended or held up the packet that went wrong:
// that is a difference even if the other has nothing of the kind.
func decides(t *trail.Trail, s trail.Stage) bool {
	for i := range t.Observations {
		o := &t.Observations[i]
		if o.Stage != s {
			continue
		}
		if v, _ := ending(o); v != "" {
			return true
		}
		for _, w := range Walks(o.Rules) {
			if r, ok := Decision(w); ok && (r.Verdict == "drop" || r.Verdict == "reject") {
				return true
			}
		}
		if o.Route != nil && o.Route.Err != 0 && o.Route.Err != eagain {
			return true
		}
	}
	return false
}
