package diagnose

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/trail"
)

// conntrackTableFull: there was no room for one more connection.
func conntrackTableFull(q *inquiry) *trail.Finding {
	hook := q.hook()
	if q.v.Outcome != trail.Dropped || q.rule != nil || hook != "PREROUTING" && hook != "OUTPUT" {
		return nil
	}
	const countName, maxName = "net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max"
	count, limit := q.setting(countName), q.setting(maxName)
	used, _ := strconv.Atoi(count)
	most, err := strconv.Atoi(limit)
	full := err == nil && most > 0 && used >= most-most/100
	lines := q.logLines("table full")
	if !full && len(lines) == 0 {
		return nil
	}
	f := &trail.Finding{
		ID:    "conntrack-table-full",
		Cause: "the connection tracking table " + on(q.end.Point) + " is full",
		Why:   "Each connection needs an entry. Without room for one, the first packet of every new connection is dropped in " + hook + ", by no rule.",
		Basis: trail.Inferred,
		Check: []string{"sysctl " + countName + " " + maxName, "dmesg | grep 'table full, dropping packet'", "conntrack -S   # insert_failed and early_drop grow"},
		Fix:   []string{"sysctl -w " + maxName + "=524288   # in a cluster: kube-proxy's conntrack.maxPerCore", "find who opens so many: conntrack -L | awk '{print $5}' | sort | uniq -c | sort -n | tail"},
	}
	if full {
		f.Cause += " (" + count + " of " + limit + ")"
		f.Evidence = append(f.Evidence, trail.Evidence{Text: countName + " = " + count + ", " + maxName + " = " + limit, Basis: trail.Observed})
	}
	for _, a := range lines {
		f.Basis = trail.Observed
		f.Evidence = append(f.Evidence, answerEvidence(&a))
	}
	f.Evidence = append(f.Evidence, dropEvidence(q.dropping()))
	return f
}
