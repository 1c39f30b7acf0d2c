package correlate

import (
	"cmp"
	"math"
	"slices"
)

// life of a part: its first and last sights with a time of their own.
type life struct {
	part        int
	first, last int64
	end         stage // of the last sight
	ends        bool  // nothing but its end was seen
	any         bool
}

// copies numbers the parts of a way: 0 is the packet itself, as it was first
// seen and as what it was merged into; pieces and clones count from 1. A
// fragment is a piece also where the whole was not seen.
func (t *Trails) copies(w *way) []int {
	numbers := make([]int, len(w.parts))
	if len(w.parts) < 2 && !w.inFragments() {
		return numbers
	}
	lives := t.lives(w)
	first := 0
	for i := range lives {
		if l, f := &lives[i], &lives[first]; l.any && (!f.any || l.first < f.first) {
			first = i
		}
	}
	whole := w.parts[first].span
	if whole.kind == spanFragment {
		whole = span{to: math.MaxInt32}
	}
	var others []int
	for i := range w.parts {
		if !w.parts[i].span.contains(whole) || t.isClone(w, lives, whole, i) {
			others = append(others, i)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int {
		x, y := w.parts[a].span, w.parts[b].span
		if m, n := w.joined(x), w.joined(y); m != n { // put together again
			return pickBool(m, 1, -1)
		}
		if x.kind == y.kind && x.from != y.from {
			return cmp.Compare(int32(x.from-whole.from), int32(y.from-whole.from))
		}
		return cmp.Or(cmp.Compare(lives[a].first, lives[b].first), cmp.Compare(a, b))
	})
	n := 0
	for k, i := range others {
		numbers[i] = 0
		for _, j := range others[:k] { // the same piece in another place
			if w.parts[i].span == w.parts[j].span && (!w.parts[i].span.contains(whole)) {
				numbers[i] = numbers[j]
			}
		}
		if numbers[i] == 0 {
			n++
			numbers[i] = n
		}
	}
	return numbers
}

func (t *Trails) lives(w *way) []life {
	lives := make([]life, len(w.parts))
	for i := range lives {
		lives[i] = life{part: i, ends: true}
	}
	for i := range w.sights {
		s := &w.sights[i]
		l := &lives[s.part]
		at := s.time - t.clocks.offset(t.clockOf(s))
		if !s.stage.final() {
			l.ends = false
		}
		if s.late {
			continue
		}
		if !l.any || at < l.first {
			l.first = at
		}
		if !l.any || at >= l.last {
			l.last, l.end = at, s.stage
		}
		l.any = true
	}
	return lives
}

// isClone reports whether part i is another sk_buff that shows the whole
// packet, beside the packet itself: the one that was there first on this
// kernel, and what took its place when the stack made a copy to go on with.
func (t *Trails) isClone(w *way, lives []life, whole span, i int) bool {
	p := &w.parts[i]
	if p.flight == 0 {
		return false
	}
	var same []life
	for j := range w.parts {
		q := &w.parts[j]
		if q.flight != 0 && q.clock == p.clock && q.span.contains(whole) {
			at := slices.IndexFunc(same, func(l life) bool { return w.parts[l.part].flight == q.flight })
			if at < 0 {
				same = append(same, lives[j])
				continue
			}
			l := &same[at] // one flight as more than one part: merged, cut
			if lives[j].last > l.last {
				l.last, l.end = lives[j].last, lives[j].end
			}
			l.first, l.ends = min(l.first, lives[j].first), l.ends && lives[j].ends
		}
	}
	if len(same) < 2 {
		return false
	}
	slices.SortStableFunc(same, func(a, b life) int {
		if a.ends != b.ends { // freed for a packet socket
			return pickBool(a.ends, 1, -1)
		}
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.part, b.part))
	})
	main := same[0]
	for _, l := range same {
		if l.part != main.part && !l.ends && l.first >= main.last && (main.end == stageConsume || !main.end.final()) {
			main = life{part: l.part, first: l.first, last: l.last, end: l.end}
		}
		if w.parts[l.part].flight == p.flight {
			return l.part != main.part && l.part != same[0].part
		}
	}
	return false
}

func pickBool(b bool, yes, no int) int {
	if b {
		return yes
	}
	return no
}

// inFragments reports whether fragments of the packet were seen.
func (w *way) inFragments() bool {
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.span.kind == spanFragment })
}

// joined reports whether a piece was made of smaller ones.
func (w *way) joined(sp span) bool {
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.span != sp && p.span.kind == sp.kind && sp.contains(p.span) })
}
