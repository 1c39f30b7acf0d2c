package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// oneShown ends what is said of copies.
const oneShown = "; one is shown"

// copied is what is shown of a packet that was cloned or cut up.
type copied struct {
	main int    // the copy whose way is shown
	cut  int    // where the packet itself became the first fragment, -1 for nowhere
	text string // what is said of the others, empty for none
}

// shows says whether an observation is on the way that is shown: of the packet
// before it was copied, or of that copy. The kernel frees what it cut up: that
// the whole is gone while a piece goes on is nothing to say.
func (c *copied) shows(t *trail.Trail, i int) bool {
	o := &t.Observations[i]
	if o.Copy == 0 && c.main != 0 && o.Stage == trail.StageConsume && slices.ContainsFunc(t.Observations[i+1:], func(o trail.Observation) bool { return o.Copy == c.main }) {
		return false
	}
	return o.Copy == c.main || o.Copy == 0 && (c.cut < 0 || i < c.cut)
}

// copies chooses which copy of a packet to show, and says how many there are.
// It is the one that decided the outcome, or the one that was seen most.
func copies(t *trail.Trail, end int) copied {
	if c, ok := fragmented(t, end); ok {
		return c
	}
	c, seen, devices := copied{cut: -1}, map[int]int{}, map[string]bool{}
	for i := range t.Observations {
		o := &t.Observations[i]
		if o.Copy == 0 {
			continue
		}
		if seen[o.Copy]++; seen[o.Copy] == 1 {
			devices[o.Point.Path()] = true
		}
	}
	for k, n := range seen {
		if c.main == 0 || n > seen[c.main] || n == seen[c.main] && k < c.main {
			c.main = k
		}
	}
	if end >= 0 && t.Observations[end].Copy != 0 {
		c.main = t.Observations[end].Copy
	}
	switch {
	case len(seen) < 2:
	case len(devices) > 1:
		c.text = "copied to " + Count(len(seen), "port") + oneShown
	default:
		c.text = "cut into " + Count(len(seen), "piece") + oneShown
	}
	return c
}

// fragment is one piece of a packet that IP cut up.
type fragment struct {
	copy, last int // last is the index of its last observation
	hops       int // stays in namespaces
}

// fragmented is copies for a packet that was cut up by IP, and false for any
// other. The first fragment may go on as the packet itself.
func fragmented(t *trail.Trail, end int) (copied, bool) {
	c := copied{cut: -1}
	var all []fragment
	for i := range t.Observations {
		o := &t.Observations[i]
		at := slices.IndexFunc(all, func(f fragment) bool { return f.copy == o.Copy })
		if at < 0 {
			if !slices.ContainsFunc(o.Changes, func(s string) bool { return strings.HasPrefix(s, "fragment ") }) {
				continue
			}
			if o.Copy == 0 {
				c.cut = i
			}
			all = append(all, fragment{copy: o.Copy, last: i, hops: 1})
			continue
		}
		if !sameStay(&t.Observations[all[at].last].Point, &o.Point) {
			all[at].hops++
		}
		all[at].last = i
	}
	if len(all) < 2 {
		return c, false
	}
	c.main = all[0].copy
	if end >= 0 && slices.ContainsFunc(all, func(f fragment) bool { return f.copy == t.Observations[end].Copy }) {
		c.main = t.Observations[end].Copy
	}
	c.text = Count(len(all), "piece") + fates(t, all) + oneShown
	return c, true
}

func sameStay(a, b *trail.Point) bool { return a.Node == b.Node && a.Target == b.Target }

// fates says what became of fragments where that is not the same of all:
// ": 1 arrived, 2 dropped at fr pre 1".
func fates(t *trail.Trail, all []fragment) string {
	furthest := 0
	for _, f := range all {
		if t.Observations[f.last].Drop == nil {
			furthest = max(furthest, f.hops)
		}
	}
	counts := map[string]int{}
	var order []string
	for _, f := range all {
		o := &t.Observations[f.last]
		fate := "last seen at " + strings.TrimSpace(place(o)+where("", o.Point.Owner()))
		switch {
		case o.Drop != nil:
			fate = "dropped at " + droppedAt(t, f.last)
		case f.hops == furthest, joinedAt(t, &o.Point):
			fate = "arrived"
		}
		if counts[fate]++; counts[fate] == 1 {
			order = append(order, fate)
		}
	}
	if len(order) == 1 && order[0] == "arrived" {
		return ""
	}
	slices.SortStableFunc(order, func(a, b string) int {
		switch "arrived" {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	for i, fate := range order {
		order[i] = fmt.Sprintf("%d %s", counts[fate], fate)
	}
	return ": " + strings.Join(order, ", ")
}

// joinedAt says whether fragments were put together in a namespace.
func joinedAt(t *trail.Trail, p *trail.Point) bool {
	return slices.ContainsFunc(t.Observations, func(o trail.Observation) bool {
		return sameStay(&o.Point, p) && slices.ContainsFunc(o.Changes, func(s string) bool { return strings.HasPrefix(s, "reassembled") })
	})
}

// droppedAt names the rule that dropped a copy, "fr pre 1", or else the part of
// the stack.
func droppedAt(t *trail.Trail, end int) string {
	last := &t.Observations[end]
	for i := end; i >= 0; i-- {
		o := &t.Observations[i]
		if o.Copy != last.Copy || !sameStay(&o.Point, &last.Point) {
			continue
		}
		for _, w := range slices.Backward(compare.Walks(o.Rules)) {
			if r, ok := compare.Decision(w); ok && (effect(&r) == "drop" || effect(&r) == "reject") {
				r.Chain = short(r.Chain)
				return r.Table + " " + compare.Label(&r)
			}
		}
	}
	text := compare.DropPlace(last.Drop)
	if owner := last.Point.Owner(); owner != "" {
		text += " on " + owner
	}
	return text
}
