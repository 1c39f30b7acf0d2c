package correlate

import (
	"cmp"
	"math"
	"slices"
)

// list is ways in the order in which they were last heard of.
type list struct {
	first, last *way
	n           int
}

func (l *list) push(w *way) {
	w.list, w.prev, w.next = l, l.last, nil
	if l.last != nil {
		l.last.next = w
	} else {
		l.first = w
	}
	l.last = w
	l.n++
}

func (l *list) remove(w *way) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		l.last = w.prev
	}
	w.list, w.prev, w.next = nil, nil, nil
	l.n--
}

// settle notes that a way was heard of, and whether it is at its end. A clone
// for a packet socket is freed before the packet goes on, so an end counts
// until something else is seen.
func (t *Trails) settle(w *way, s *sight) {
	switch {
	case s.late || s.stage == stageCapture || s.stage == stageRetransmit:
	case s.stage.final() && !t.goesOn(w, s):
		w.flags |= ended
		w.ended, w.endedBy = s.time, t.clockOf(s)
	case !s.stage.final() && s.time >= w.ended && t.clockOf(s) == w.endedBy:
		w.flags &^= ended
	}
	w.seen = t.now
	if t.o.Closed == nil {
		return
	}
	if w.list != nil {
		w.list.remove(w)
	}
	t.held += len(w.sights) - w.counted
	w.counted = len(w.sights)
	if w.flags&ended != 0 {
		t.ending.push(w)
	} else {
		t.open.push(w)
	}
}

// goesOn reports whether a packet that is done with was cut into fragments that
// went on: they left as packets of their own after it was last seen. Those that
// it was put together of left before that, far away as they may be.
func (t *Trails) goesOn(w *way, s *sight) bool {
	own := w.parts[s.part]
	if s.stage != stageConsume || own.span.kind == spanFragment || own.flight == 0 ||
		!slices.ContainsFunc(w.parts, func(p part) bool { return p.span.kind == spanFragment }) {
		return false
	}
	const never = math.MinInt64
	last := int64(never)
	left := map[uint64]int64{} // when each flight of fragments began, by leaving
	for i := range w.sights {
		o := &w.sights[i]
		p := w.parts[o.part]
		if o.late || t.clockOf(o) != t.clockOf(s) || p.flight == 0 {
			continue
		}
		if p.flight == own.flight {
			if !o.stage.final() {
				last = max(last, o.time)
			}
			continue
		}
		if at, seen := left[p.flight]; p.span.kind == spanFragment && (!seen || o.time < at) {
			left[p.flight] = never
			if o.stage == stageQueue {
				left[p.flight] = o.time
			}
		}
	}
	for _, at := range left {
		if last != never && at >= last {
			return true
		}
	}
	return false
}

// expire closes what is over.
func (t *Trails) expire() {
	if t.o.Closed == nil {
		return
	}
	wait := int64(cmp.Or(t.o.Linger, linger))
	if t.o.Linger == 0 && t.clocks.count() > 1 {
		wait = int64(lingerApart)
	}
	for w := t.ending.first; w != nil && w.seen+wait < t.now; w = t.ending.first {
		t.close(w)
	}
	rest := int64(cmp.Or(t.o.Idle, Window))
	for w := t.open.first; w != nil && w.seen+rest < t.now; w = t.open.first {
		w.flags |= idle
		t.close(w)
	}
	limit := cmp.Or(t.o.MaxOpen, maxOpen)
	for limit > 0 && (t.open.n+t.ending.n > limit || t.held/usualSights > limit) {
		w := t.ending.first
		if w == nil {
			w = t.open.first
			t.forgotten++
		}
		t.close(w)
	}
}

// close hands a way out.
func (t *Trails) close(w *way) {
	t.leave(w, nil)
	t.clocks.learn(t, w)
	t.begins(w)
	t.links.resolve(w)
	t.o.Closed(t.assemble(w))
}

// Advance lets time pass where no sightings come: to now, in nanoseconds since
// 1970-01-01 UTC by a clock like theirs.
func (t *Trails) Advance(now int64) {
	t.now = max(t.now, now)
	t.expire()
}

// Flush hands out what is still open, where there will be no more sightings.
// It does nothing without Options.Closed.
func (t *Trails) Flush() {
	if t.o.Closed == nil {
		return
	}
	var all []*way
	for _, l := range []*list{&t.open, &t.ending} {
		for w := l.first; w != nil; w = w.next {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b *way) int { return cmp.Compare(a.id, b.id) })
	for _, w := range all {
		t.close(w)
	}
}

// finished numbers the ways in the order of their starts, and links them.
func (t *Trails) finished() []*way {
	if t.o.Closed == nil {
		t.clocks.forget()
	}
	t.placeRepetitions()
	t.kept = slices.DeleteFunc(t.kept, func(w *way) bool { return w.flags&gone != 0 })
	for _, w := range t.kept {
		t.clocks.learn(t, w)
		if w.seen+int64(cmp.Or(t.o.Idle, Window)) < t.now {
			w.flags |= idle
		}
	}
	if t.o.Closed != nil {
		return t.kept
	}
	for _, w := range t.kept {
		t.begins(w)
	}
	slices.SortStableFunc(t.kept, func(a, b *way) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.from, b.from)) })
	t.links = linker{}
	for i, w := range t.kept {
		w.id, w.answer, w.repeat = i, 0, 0
		t.links.resolve(w)
		for j := range w.heads {
			t.links.note(w, w.heads[j].flow)
		}
	}
	return t.kept
}

// begins notes when a way began, by the reference's clock, and with which
// flow. Late sightings do not tell that unless there are no others.
func (t *Trails) begins(w *way) {
	w.first = -1
	found, some := false, false
	for i := range w.sights {
		s := &w.sights[i]
		at := t.told(s)
		switch {
		case s.late && found:
			continue
		case !s.late && !found, !some || at < w.start:
			w.start, found, some = at, !s.late, true
		}
	}
	var least int64
	for i := range w.sights {
		s := &w.sights[i]
		if s.head < 0 || !w.heads[s.head].flow.Src.IsValid() {
			continue
		}
		at := s.time - t.clocks.offset(t.clockOf(s))
		if s.late {
			at += int64(Window)
		}
		if w.first < 0 || at < least {
			w.first, least = s.head, at
		}
	}
}
