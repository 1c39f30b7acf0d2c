package correlate

import (
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
)

// takes says whether a sighting can be of this packet. A packet passes a place
// once: a second sighting there is a repetition.
func (t *Trails) takes(k *kin, s *sight, number uint64) bool {
	w := k.w
	if !k.payload.Agrees(t.v.id.Payload) || w.length(s) > Window || !t.bareFits(w, s) {
		return false
	}
	if number != 0 && t.cloneTooLate(w, s, number) {
		return false
	}
	if w.reverses(&t.v.head.flow) || isCommon(&t.v.id.Key) && !w.meetsFlow(&t.v.head.flow) {
		return false
	}
	return !w.occupied(s, t.v.span, &t.v.head)
}

// isCommon reports whether nothing in a key is counted by the sender, so that
// packets of other conversations may well have the same.
func isCommon(k *packet.Key) bool {
	return k.ID == 0 && k.Version != 0 && k.Proto != packet.ProtoTCP && k.Proto != packet.ProtoSCTP
}

// has reports whether the way was seen with this flow.
func (w *way) has(f *packet.Flow) bool {
	return slices.ContainsFunc(w.heads, func(h head) bool { return h.flow == *f })
}

// meetsFlow reports whether the way was seen with one of the flow's addresses
// where the flow has it: a translation changes one of them at a time, as a
// rule. It is true where no flow of the way is known.
func (w *way) meetsFlow(f *packet.Flow) bool {
	known := false
	for i := range w.heads {
		h := &w.heads[i].flow
		if h.Src.IsValid() && (h.Src == f.Src || h.Dst == f.Dst) {
			return true
		}
		known = known || h.Src.IsValid()
	}
	return !known
}

// reverses reports whether the way was seen with the reverse of a flow: one of
// the two is the answer then, be it the same to the byte.
func (w *way) reverses(f *packet.Flow) bool {
	back := f.Reverse()
	return f.Src.IsValid() && back != *f && w.has(&back)
}

// cloneTooLate reports whether the way has been seen in another sk_buff on this
// kernel, and too far from now for the two to be one packet.
func (t *Trails) cloneTooLate(w *way, s *sight, number uint64) bool {
	clock := t.points[s.point].clock
	for _, p := range w.parts {
		if p.flight != 0 && p.flight != number && p.clock == clock && p.span.overlaps(t.v.span) {
			return time.Duration(max(w.from-s.time, s.time-w.to)) > cloned
		}
	}
	return false
}
