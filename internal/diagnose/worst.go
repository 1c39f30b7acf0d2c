package diagnose

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Summary is the verdict of a run.
type Summary struct {
	// Verdict is that of the packet with the worst outcome, the first one of
	// these; of those that ended at one place the one that knows most. Its
	// Missed counts are the largest of all.
	Verdict trail.Verdict
	// Counts has the outcomes that occurred, the worst first.
	Counts []Count
	// Total is how many packets were judged.
	Total int
	// Text is the counts in words: "dropped 2, delivered 3 of 5".
	Text string
}

// Count is how many packets had one outcome.
type Count struct {
	Outcome trail.Outcome
	N       int
}

// severity is the order from worst to best. What is known to have failed is
// worse than what is not known.
var severity = [...]trail.Outcome{trail.Lost, trail.Dropped, trail.Rejected, trail.Parked, trail.Unknown, trail.Delivered}

// Worst sums up the verdicts of a run. Of no verdicts it is Unknown: no packet
// was seen.
func Worst(all []trail.Verdict) Summary {
	if len(all) == 0 {
		v := Judge(nil, Context{Over: true})
		return Summary{Verdict: v, Text: "no packet was seen"}
	}
	s := Summary{Total: len(all)}
	var missed map[string]uint64
	for _, outcome := range severity {
		n := 0
		for i := range all {
			if all[i].Outcome != outcome {
				continue
			}
			if len(s.Counts) == 0 && (n == 0 || samePlace(&all[i], &s.Verdict) && knows(&all[i]) > knows(&s.Verdict)) {
				s.Verdict = all[i]
			}
			n++
		}
		if n > 0 {
			s.Counts = append(s.Counts, Count{outcome, n})
		}
	}
	for i := range all {
		for k, n := range all[i].Missed {
			if missed == nil {
				missed = map[string]uint64{}
			}
			missed[k] = max(missed[k], n)
		}
	}
	s.Verdict.Missed = missed
	parts := make([]string, len(s.Counts))
	for i, c := range s.Counts {
		parts[i] = fmt.Sprintf("%s %d", c.Outcome, c.N)
	}
	s.Text = fmt.Sprintf("%s of %d", strings.Join(parts, ", "), s.Total)
	return s
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
