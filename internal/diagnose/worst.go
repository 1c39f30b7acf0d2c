package diagnose

import (
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// severity is the order from worst to best. What is known to have failed is
// worse than what is not known.
var severity = [...]trail.Outcome{trail.Lost, trail.Dropped, trail.Rejected, trail.Parked, trail.Unknown, trail.Delivered}

// Worst is the verdict of a run: that of the packet with the worst outcome, the
// first one of these; of those that ended at one place the one that knows most.
// Its Missed counts are the largest of all. Of no verdicts it is Unknown: no
// packet was seen.
func Worst(all []trail.Verdict) trail.Verdict {
	if len(all) == 0 {
		return Judge(nil, Context{Over: true})
	}
	worst := all[0]
	var missed map[string]uint64
	for i := range all {
		v := &all[i]
		switch order := slices.Index(severity[:], v.Outcome) - slices.Index(severity[:], worst.Outcome); {
		case order < 0, order == 0 && samePlace(v, &worst) && knows(v) > knows(&worst):
			worst = *v
		}
		for k, n := range v.Missed {
			if missed == nil {
				missed = map[string]uint64{}
			}
			missed[k] = max(missed[k], n)
		}
	}
	worst.Missed = missed
	return worst
}

// samePlace says whether two packets ended in one namespace for one reason.
func samePlace(a, b *trail.Verdict) bool {
	return a.Node == b.Node && a.Namespace == b.Namespace && a.Reason == b.Reason
}

// knows is how much a verdict says: of packets with one end the rule is not
// always heard of, nor every lookup seen.
func knows(v *trail.Verdict) int {
	n := 0
	if v.Rule != "" {
		n += 8
	}
	if len(v.Findings) > 0 {
		n += 4
	}
	if v.Basis == trail.Observed {
		n += 2
	}
	if v.Route != "" {
		n++
	}
	return n
}

// Fold gathers trails of equal shape and outcome.
type Fold struct {
	// First is the index of the first of them in what was folded, Count how
	// many there are.
	First, Count int
	// Members are the indices of all, in order.
	Members []int
}

// Folds groups trails by Shape and outcome, in the order of their first; the
// verdict of trails[i] is verdicts[i].
func Folds(trails []trail.Trail, verdicts []trail.Verdict) []Fold {
	var out []Fold
	at := map[string]int{}
	for i := range trails {
		key := Shape(&trails[i])
		if i < len(verdicts) {
			key += "\n" + string(verdicts[i].Outcome) + " " + verdicts[i].Reason
		}
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, Fold{First: i})
		}
		out[n].Count++
		out[n].Members = append(out[n].Members, i)
	}
	return out
}
