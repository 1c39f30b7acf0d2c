package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// replyLost: the way there is well and the way back is not.
func replyLost(t, answer *trail.Trail, there, back *trail.Verdict) trail.Finding {
	return trail.Finding{
		ID:    "reply-lost",
		Cause: fmt.Sprintf("%s arrived; its answer did not come back", t.Flow),
		Why: "The sender cannot tell the two apart: it waits and gives up. What has to be changed lies on the way back," +
			" which is a way of its own.",
		Basis: back.Basis,
		Evidence: []trail.Evidence{
			{Text: there.Text, Basis: there.Basis},
			{Text: "the answer: " + back.Text, Basis: back.Basis},
		},
		Check: []string{fmt.Sprintf("ip route get %s from %s", t.Flow.Src, answer.Flow.Src)},
		Fix:   []string{"mend the way back: the other findings say where it ends"},
	}
}
