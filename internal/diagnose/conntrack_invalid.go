package diagnose

import (
	"regexp"

	"github.com/pktrail/pktrail/internal/trail"
)

var invalidWord = regexp.MustCompile(`(?i)(--ctstate|--state|ct state)\s+[^\s]*invalid`)

// conntrackInvalid: a rule dropped it because connection tracking calls it
// invalid.
func conntrackInvalid(q *inquiry) *trail.Finding {
	if q.v.Outcome != trail.Dropped && q.v.Outcome != trail.Rejected || q.hook() == "" {
		return nil
	}
	byRule := q.rule != nil && invalidWord.MatchString(q.rule.Text)
	state := q.back(func(o *trail.Observation) bool { return q.here(o) && o.Conntrack != nil && o.Conntrack.State != "" })
	if !byRule && (state == nil || state.Conntrack.State != "invalid") {
		return nil
	}
	f := &trail.Finding{
		ID:    "conntrack-invalid",
		Cause: "connection tracking " + on(q.end.Point) + " calls it invalid",
		Why:   "It fits no connection that this node knows: it saw only one direction (asymmetric routes), forgot it (timeout, restart), or TCP's numbers lie outside of the window.",
		Basis: trail.Observed,
		Check: []string{"conntrack -L -s " + q.flow().Src.String() + "   # does the connection stand here?", "sysctl net.netfilter.nf_conntrack_log_invalid   # at 255, dmesg says why"},
		Fix:   []string{"let both directions of a connection pass the same nodes", "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1   # if only the window is at odds"},
	}
	if byRule {
		f.Cause += ", and a rule drops that: " + shortRule(q.rule)
		q.ruleEvidence(f)
		if state == nil {
			f.Basis = q.ruleBasis()
		}
	}
	if state != nil {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: "its conntrack state is " + state.Conntrack.State, Basis: trail.Observed})
	}
	return f
}
