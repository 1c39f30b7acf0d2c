package correlate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// pieces tells of a packet that was cut up or put together.
func (t *teller) pieces(o *trail.Observation, c *chain, s *sight) {
	is, was := t.w.parts[s.part].span, c.span
	merged := c.merged
	c.span = is
	if s.merged > 0 {
		c.merged = int(s.merged)
	}
	switch {
	case is == was:
		return
	case is.kind == spanFragment:
		o.Changes = append(o.Changes, t.fragment(is))
	case was.kind == spanFragment: // fragments says so
	case is.contains(was):
		o.Changes = append(o.Changes, fmt.Sprintf("merged from %d", t.count(is, int(s.merged))))
	case was.contains(is):
		if o.Copy <= 1 {
			o.Changes = append(o.Changes, fmt.Sprintf("cut into %d packets", t.count(was, merged)))
		}
		o.Changes = append(o.Changes, fmt.Sprintf("segment %d+%d", is.from-was.from, is.to-is.from))
	}
}

// count is of how many packets one is made: as the kernel says, or as many as
// were seen.
func (t *teller) count(whole span, said int) int {
	if said > 1 {
		return said
	}
	var seen []span
	for _, p := range t.w.parts {
		if p.span == whole || !whole.contains(p.span) || slices.Contains(seen, p.span) {
			continue
		}
		// A piece of a piece does not count.
		if !slices.ContainsFunc(t.w.parts, func(q part) bool {
			return q.span != p.span && q.span != whole && whole.contains(q.span) && q.span.contains(p.span)
		}) {
			seen = append(seen, p.span)
		}
	}
	return len(seen)
}

// fragments tells where a packet that was seen in fragments is whole again: in
// another namespace, or in what was a fragment.
func (t *teller) fragments(o *trail.Observation, c *chain, s *sight) {
	switch is := t.w.parts[s.part].span; {
	case is.kind == spanFragment:
		if t.cut == nil {
			t.cut = map[uint64]bool{}
		}
		t.cut[o.Flight] = true
	case is.kind == spanAll && o.Copy == 0 && len(t.cut) > 0 && (c.netns != o.Point.Netns || t.cut[o.Flight] && o.Flight != 0):
		text := "reassembled"
		if all, whole := t.allFragments(); whole {
			text += fmt.Sprintf(" from %d", len(all))
		}
		o.Changes = append(o.Changes, text)
		t.cut = nil
		for n, piece := range t.chains { // they say so once more where it is cut again
			if n > 0 && piece.span.kind == spanFragment {
				piece.span = is
			}
		}
	}
}

// fragment says which fragment of how many one is, as far as the others that
// were seen tell: "fragment 2 of 3: bytes 1424 to 2848", counted behind the IP
// header.
func (t *teller) fragment(is span) string {
	all, whole := t.allFragments()
	text := "fragment"
	n := slices.Index(all, is)
	for i := range all[:max(n, 0)+1] {
		if i == 0 && all[0].from != 0 || i > 0 && all[i].from != all[i-1].to {
			n = -1 // one before it was not seen, or they were cut twice
		}
	}
	if n >= 0 {
		text += fmt.Sprintf(" %d", n+1)
	}
	if whole {
		text += fmt.Sprintf(" of %d", len(all))
	}
	text += fmt.Sprintf(": bytes %d to %d", is.from, is.to)
	if !whole && !is.more {
		text += ", the last"
	}
	return text
}

// allFragments are those that were seen anywhere, by their offsets, and
// whether they are the whole packet.
func (t *teller) allFragments() (all []span, whole bool) {
	for _, p := range t.w.parts {
		if p.span.kind == spanFragment && !slices.Contains(all, p.span) {
			all = append(all, p.span)
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	at := uint32(0)
	for _, s := range all {
		if s.from != at {
			return all, false
		}
		at = s.to
	}
	return all, len(all) > 0 && !all[len(all)-1].more
}
