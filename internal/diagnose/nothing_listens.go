package diagnose

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// nothingListens: the packet came to its address, and no socket takes it.
func nothingListens(q *inquiry) *trail.Finding {
	r := q.told
	if q.stray || q.hook() != "" || q.tunnelled() {
		return nil
	}
	refused := r != nil && portClosed(r) && q.v.Outcome == trail.Rejected
	silent := q.v.Outcome == trail.Dropped && q.v.Reason == "NO_SOCKET"
	if !refused && !silent {
		return nil
	}
	f := q.flow()
	where := placeName(q.end.Point.Node, q.end.Point.Target)
	name := strings.ToUpper(f.Proto.String())
	found := &trail.Finding{
		ID:    "nothing-listens",
		Cause: fmt.Sprintf("nothing in %s listens on %s %s", where, name, end(f.Dst, f.DstPort)),
		Why:   "The packet arrived. No process has that port open, or only on another address such as 127.0.0.1.",
		Basis: trail.Observed,
	}
	if refused {
		found.Evidence = append(found.Evidence, q.toldEvidence())
	}
	if d := q.dropping(); d != nil {
		found.Evidence = append(found.Evidence, trail.Evidence{Text: strings.TrimSpace(d.Reason + " at " + d.At), Basis: trail.Observed})
	}
	for _, a := range q.answers("ss ") {
		found.Evidence = append(found.Evidence, trail.Evidence{Text: "what does listen: " + orText(oneLine(a.Text), "nothing"), Basis: trail.Observed})
	}
	flag := "-ltnp"
	if name == "UDP" {
		flag = "-lunp"
	}
	found.Check = []string{"ss " + flag + "   # in the network namespace of " + where}
	found.Fix = []string{"start the process, let it listen on 0.0.0.0 or [::], or send to the port that it has"}
	if was := q.t.Flow; was.DstPort != f.DstPort || was.Dst != f.Dst {
		found.Fix = append(found.Fix, fmt.Sprintf("a Service led here: its targetPort (%d) must be the container's port", f.DstPort))
	}
	return found
}

// answers are those of the kernel whose question begins with a command, at the
// end of the packet's way.
func (q *inquiry) answers(command string) []trail.Answer {
	var out []trail.Answer
	for _, i := range q.near() {
		for _, a := range q.t.Observations[i].Answers {
			if strings.HasPrefix(a.Question, command) {
				out = append(out, a)
			}
		}
	}
	return out
}

// near are the observations in the namespace of the end, of the copy that
// decided: those up to the end, and what followed it there.
func (q *inquiry) near() []int {
	var out []int
	for _, i := range q.way {
		if q.here(&q.t.Observations[i]) {
			out = append(out, i)
		}
	}
	for i := q.v.Observation + 1; q.v.Observation >= 0 && i < len(q.t.Observations); i++ {
		if o := &q.t.Observations[i]; o.Copy == q.end.Copy && q.here(o) {
			out = append(out, i)
		}
	}
	return out
}
