package diagnose

import "github.com/pktrail/pktrail/internal/trail"

// fragmentLost: one piece of the packet did not arrive, and so none of it did.
func fragmentLost(q *inquiry) *trail.Finding {
	if q.piece == "" {
		return nil
	}
	f := &trail.Finding{
		ID:    "fragment-lost",
		Cause: q.piece + " was last seen at " + seenAt(q.end),
		Why:   "The receiver puts a packet together only when it has all of its fragments: one that is lost is the whole packet lost.",
		Basis: q.v.Basis,
		Check: []string{"nstat -az IpReasmFails IpReasmTimeout   # at the receiver", "tracepath " + q.t.Flow.Dst.String()},
		Fix:   []string{"let every rule on the way take fragments: those behind the first have no ports", "send no more than the path's MTU, so that nothing is cut up"},
	}
	if d := q.dropping(); d != nil {
		f.Cause = q.piece + " was dropped " + on(q.end.Point) + q.atText()
		f.Evidence = append(f.Evidence, dropEvidence(d))
	} else {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: "it was not seen after that, and no socket took the packet", Basis: q.v.Basis})
	}
	return f
}
