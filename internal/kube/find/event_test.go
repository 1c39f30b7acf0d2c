package find

import "testing"

func TestEventString(t *testing.T) {
	web := Pod{Name: "web-1", Node: "node-a"}
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Kind: Added, Pod: web}, "web-1 has come, on node-a"},
		{Event{Kind: Gone, Pod: web, Text: "was deleted"}, "web-1 is gone: it was deleted"},
		{Event{Kind: Gone, Pod: web, Text: "has failed: Evicted: the node was low on memory."}, "web-1 is gone: it has failed: Evicted: the node was low on memory"},
		{Event{Kind: Gone, Pod: web}, "web-1 is gone"},
		{Event{Kind: Skipped, Pod: web, Text: "more than 20 pods"}, "web-1 is left out: more than 20 pods"},
		{Event{Kind: Cut, Text: "refused"}, "the API server does not answer (refused): pods that come now are seen later"},
		{Event{Kind: Resumed}, "the API server answers again"},
	} {
		if got := c.e.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
