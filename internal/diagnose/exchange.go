package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// Exchange judges a packet together with its answer, c.Answer: the verdict of
// a conversation. While the packet itself did not arrive, or no answer was
// seen, it is Judge's. Else, if the answer ended badly, it is the verdict of
// the answer, with a finding that says so; Observation is then an index in
// the answer's trail, and the second result is true.
func Exchange(t *trail.Trail, c Context) (trail.Verdict, bool) {
	v := Judge(t, c)
	if c.Answer == nil || len(c.Answer.Observations) == 0 || v.Outcome != trail.Delivered && v.Outcome != trail.Rejected {
		return v, false
	}
	back := c
	back.Source, back.Destination = c.Destination, c.Source
	back.Destination.Service = false
	back.Answer = nil
	back.Conversation = nil
	a := Judge(c.Answer, back)
	switch a.Outcome {
	case trail.Delivered:
		return v, false
	case trail.Unknown, trail.Parked:
		if got(c.Conversation) {
			return v, false // the sender has it, whatever was not seen
		}
	}
	a.Findings = append(a.Findings, replyLost(t, &v, &a))
	a.Text = "the packet arrived, its answer did not: " + a.Text
	return a, true
}

// got says whether the probe's sender had an answer.
func got(v *trail.Conversation) bool {
	return v != nil && (v.Result == trail.ResultAnswered || v.Result == trail.ResultRefused || v.Result == trail.ResultICMP)
}

// replyLost is the finding that the way there is well and the way back is not.
func replyLost(t *trail.Trail, there, back *trail.Verdict) trail.Finding {
	return trail.Finding{
		ID:    "reply-lost",
		Cause: fmt.Sprintf("%s got there; only the answer did not come back", t.Flow),
		Why: "The sender cannot tell the two apart: it waits and gives up. Whatever is changed has to be changed on the" +
			" way back, which is a way of its own.",
		Basis: back.Basis,
		Evidence: []trail.Evidence{
			{Text: there.Text, Basis: there.Basis},
			{Text: "the answer: " + back.Text, Basis: back.Basis},
		},
		Check: []string{fmt.Sprintf("ip route get %s from %s", t.Flow.Src, t.Flow.Dst)},
		Fix:   []string{"mend the way back: the other findings say where it ends"},
	}
}
