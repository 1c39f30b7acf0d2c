//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// One capture directly after the other: the agent of the one before ends in this
// very moment. The next one does not wait for it, and says that it makes another.
func TestCaptureAgain(t *testing.T) {
	c := newCast(t)
	c.s.AgentImage(t)
	c.s.Traffic(t, c.shell, c.web.Web())
	before := c.s.Left(t)
	one := func() stage.Result {
		r := c.s.Pktrail(t, "capture", "shell", "-n", c.ns, "-f", "udp", "--count", "1", "-o", file(t))
		ended(t, r, "shell  1 packet")
		// One that was listed as running may end before it is asked.
		if !strings.Contains(r.Stderr, "creating an agent") && !strings.Contains(r.Stderr, "using the agent") {
			t.Errorf("it says nothing of its agent:\n%s", r.Stderr)
		}
		return r
	}
	const more, usual = 500 * time.Millisecond, 2 * time.Second // a busy kubelet takes that for a pod now and then; the wait was 3 s
	cold := max(one().Took, usual)
	c.s.Gone(t, before)
	var took []time.Duration
	for range 10 {
		took = append(took, one().Took.Round(time.Millisecond))
	}
	t.Logf("cold %v, then %v", cold, took)
	for i, d := range took {
		if d > cold+more {
			t.Errorf("capture %d took %v, a cold one %v", i+1, d, cold)
		}
	}
}
