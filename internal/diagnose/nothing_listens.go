package diagnose

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// nothingListens: the packet came to its address, and no socket takes it.
func nothingListens(q *inquiry) *trail.Finding {
	r := q.told
	if q.stray || q.hook() != "" || q.tunnelled() || q.has("answer-bypasses-nat") {
		return nil
	}
	refused := r != nil && portClosed(r) && q.v.Outcome == trail.Rejected
	silent := q.v.Outcome == trail.Dropped && q.v.Reason == "NO_SOCKET"
	reset := q.resetAnswers()
	if !refused && !silent && !reset {
		return nil
	}
	f := q.flow()
	where := q.refuser()
	name := strings.ToUpper(f.Proto.String())
	found := &trail.Finding{
		ID:    "nothing-listens",
		Cause: fmt.Sprintf("nothing in %s listens on %s %s", where, name, end(f.Dst, f.DstPort)),
		Why:   "The packet arrived. No process has that port open, or only on another address such as 127.0.0.1.",
		Basis: trail.Observed,
	}
	if reset {
		found.Basis = trail.Inferred
		found.Why += " A rule that rejects with a reset looks the same from outside."
		found.Evidence = append(found.Evidence, trail.Evidence{Text: f.Dst.String() + " answered the SYN with a reset", Basis: trail.Observed})
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

// resetAnswers says whether a SYN was answered with a reset that has the
// address of the destination itself, and nobody was seen to send it.
func (q *inquiry) resetAnswers() bool {
	words := strings.ToUpper(q.t.Packet)
	if q.v.Outcome != trail.Rejected || q.v.Observation < 0 || q.told != nil || q.rule != nil || q.dropping() != nil ||
		q.t.Flow.Proto != packet.ProtoTCP || !strings.Contains(words, "SYN") || strings.Contains(words, "ACK") {
		return false
	}
	if v := q.c.Conversation; v != nil {
		return v.Result == trail.ResultRefused && (!v.From.IsValid() || v.From == q.t.Flow.Dst)
	}
	a := q.c.Answer
	if a == nil || a.Flow.Proto != packet.ProtoTCP || !strings.Contains(strings.ToUpper(a.Packet), "RST") {
		return false
	}
	return a.Flow.Src == q.t.Flow.Dst || a.Flow.Src == q.flow().Dst
}

// refuser names who has no socket: the namespace where the packet ended, or
// where only the answer tells the one that has the address.
func (q *inquiry) refuser() string {
	if !q.resetAnswers() {
		return placeName(q.end.Point.Node, q.end.Point.Target)
	}
	if p, ok := q.c.owner(q.flow().Dst); ok {
		return placeName(p.Node, p.Target)
	}
	return q.flow().Dst.String()
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
