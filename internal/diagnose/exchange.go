package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// Exchange judges a packet together with its answer, c.Answer: the verdict of
// a conversation. v is Judge's of the packet, and while that did not arrive, or
// no answer was seen, it stands. Else, if the answer ended badly, it is the verdict of
// the answer, with a finding that says so; Observation is then an index in
// the answer's trail, and the second result is true.
func Exchange(t *trail.Trail, c Context, v trail.Verdict) (trail.Verdict, bool) {
	if c.Answer == nil || len(c.Answer.Observations) == 0 || v.Outcome != trail.Delivered && v.Outcome != trail.Rejected {
		return v, false
	}
	back := c
	back.Source, back.Destination = c.Destination, c.Source
	back.Destination.Service = false
	back.Answer, back.Request = nil, t
	back.Conversation = nil
	a := Judge(c.Answer, back)
	if a.Outcome == trail.Delivered || got(c.Conversation) {
		return v, false // the sender has an answer, whatever was not seen
	}
	a.Findings = append(a.Findings, replyLost(t, c.Answer, &v, &a))
	if f := asymmetricRoute(t, c.Answer); f != nil {
		a.Findings = append(a.Findings, *f)
	}
	a.Text = "answer " + a.Text
	return a, true
}

// got says whether the probe's sender had an answer.
func got(v *trail.Conversation) bool {
	return v != nil && (v.Result == trail.ResultAnswered || v.Result == trail.ResultRefused || v.Result == trail.ResultICMP)
}
