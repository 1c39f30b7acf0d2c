package action

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// Packets of one node are wanted, and its agent was not armed: whatever others
// have seen, that is an error, and says why.
func TestFromNodeNotWatched(t *testing.T) {
	for _, c := range []struct {
		from, want string
		usage      bool
	}{
		{"node2", "node node2 is not watched: place agent on node2: no room", false},
		{"node3", `no node "node3" on the way`, true}, // nobody knows why
		{"node1", "", false},
	} {
		k, notes := aCluster(t, 3)
		k.options.FromNode = c.from
		k.ctx, k.cancel = context.WithCancelCause(t.Context())
		told := 0
		k.events.Armed = func(trail.Session) { told++ }
		k.blind("node2", "place agent on node2: no room")
		k.sessions = []trail.Session{{Nodes: []string{"node1"}}}
		k.announce()
		r, err := k.outcome(nil, nil)
		if c.want == "" {
			if err != nil || told != 1 || k.ctx.Err() != nil {
				t.Errorf("%s: told %d times, %v", c.from, told, err)
			}
			continue
		}
		known, ok := errors.AsType[*Error](err)
		if !ok || !strings.HasPrefix(known.Error(), c.want) || known.Hint == "" || known.Usage != c.usage || told != 0 || r.EndedBy != "" {
			t.Errorf("%s: %+v, %v, told %d times; notes %q", c.from, r, err, told, *notes)
		}
	}
}

// What ends a run in the middle is no error: what was seen counts.
func TestOutcomeInterrupted(t *testing.T) {
	k, _ := aCluster(t, 1)
	k.options.Request.Count = 3
	k.ctx, k.cancel = context.WithCancelCause(t.Context())
	k.sessions = []trail.Session{{Nodes: []string{"node1"}}}
	k.announce()
	k.cancel(errEnough)
	if r, err := k.outcome(nil, nil); err != nil || r.EndedBy != "--count 3" {
		t.Errorf("%+v, %v", r, err)
	}
}
