package text

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// tally counts packets by outcome: "1 of 1, missed 0", "4 SYNs in 3 s, all
// ended here.  missed 0", "40 of 120 ICMP echo requests dropped by f 1, 80
// delivered.  missed 0".
func tally(r *TraceResult, folds []Fold) string {
	total, names, outcomes := 0, map[string]bool{}, map[trail.Outcome]int{}
	var ways groups
	places := map[string]bool{}
	for i := range folds {
		f := &folds[i]
		total += f.count()
		name, _ := title(f.Trail)
		names[name] = true
		outcomes[f.Verdict.Outcome] += f.count()
		ways.add(f)
		places[f.Verdict.Node+"\x00"+f.Verdict.Namespace+"\x00"+f.Verdict.At] = true
	}
	missed := missedWords(r)
	if r.Verdict.Outcome == trail.Delivered && len(outcomes) <= 1 {
		return fmt.Sprintf("%d of %d, %s", outcomes[trail.Delivered], total, missed)
	}
	text := packets(total, names)
	if r.Span > 0 {
		text += " in " + since(r.Span)
	}
	switch {
	case len(ways) > 1:
		text = ways.words(text)
	case total > 1 && len(places) == 1 && outcomes[r.Verdict.Outcome] == total && r.Verdict.Outcome != trail.Unknown:
		text += ", all ended here"
	}
	return text + ".  " + missed
}

// packets counts them by their kind, if they have one name that takes a plural.
func packets(n int, names map[string]bool) string {
	for name := range names {
		if len(names) == 1 && name != strings.ToUpper(name) || len(names) == 1 && (name == "SYN" || name == "SYN-ACK" || name == "FIN" || name == "RST") {
			return Count(n, name)
		}
	}
	return Count(n, "packet")
}

func missedWords(r *TraceResult) string {
	missed := r.Verdict.Missed
	if len(missed) == 0 && r.Session != nil {
		missed = r.Session.Missed
	}
	var sum uint64
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(missed)) {
		if missed[k] > 0 {
			sum += missed[k]
			parts = append(parts, fmt.Sprintf("%s %d", k, missed[k]))
		}
	}
	text := fmt.Sprintf("missed %d", sum)
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}
