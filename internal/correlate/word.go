package correlate

import (
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// repetition is a word of TCP's that it sends something once more, with what
// tells which packet that is of: headers that were made for the purpose.
type repetition struct {
	s    sight
	flow packet.Flow
	span span
}

// maxWaiting bounds the repetitions that are kept until their packets come.
const maxWaiting = 1 << 12

// repeats enters the word in t.v with the packet that it is of. It is no packet
// itself.
func (t *Trails) repeats(s *sight) {
	r := repetition{*s, t.v.head.flow, t.v.span}
	switch {
	case t.placeRepetition(&r):
	case t.o.Closed == nil && t.v.known && len(t.waiting) < maxWaiting:
		t.waiting = append(t.waiting, r)
	default:
		t.others++
	}
	t.expire()
}

// placeRepetitions enters those whose packets came later than they.
func (t *Trails) placeRepetitions() {
	t.waiting = slices.DeleteFunc(t.waiting, func(r repetition) bool { return t.placeRepetition(&r) })
}

func (t *Trails) placeRepetition(r *repetition) bool {
	w := t.byRetransmit(r)
	if w == nil {
		return false
	}
	if len(w.sights) >= maxSights {
		t.forgotten++
		return true
	}
	// The flight is that of the original, which stays with TCP.
	r.s.part = w.partOf(part{clock: t.points[r.s.point].clock, span: w.parts[0].span})
	w.add(r.s, nil)
	t.settle(w, &r.s)
	return true
}

// byRetransmit finds the packet that TCP said it sends once more: the one that
// goes out at that moment, for it says so behind the packet's back; or else,
// where that was not seen, the last one that it sent.
func (t *Trails) byRetransmit(r *repetition) *way {
	st := t.streams[r.flow]
	if st == nil || r.span.kind != spanStream {
		return nil
	}
	var best *way
	isNear := false
	at := st.at(r.span.from)
	for at < len(st.pieces) && st.pieces[at].span.from == r.span.from {
		at++
	}
	for i := at - 1; i >= max(0, at-crowd); i-- {
		p := &st.pieces[i]
		if p.span.from != r.span.from && int32(p.span.to-r.span.from) <= 0 { // ends before what is sent again
			continue
		}
		w := p.w
		apart := t.apart(w, &r.s)
		now := apart <= near
		if !now && (isNear || apart > Window || w.from > r.s.time) {
			continue
		}
		if best == nil || now && !isNear || w.from > best.from {
			best, isNear = w, now
		}
	}
	return best
}

// isOwnReset reports whether a sighting tells of a reset that a socket's own
// side sends, as it does for SO_LINGER 0: by headers that were made for the
// purpose. Nothing is refused, and the packet itself is seen besides; a reset
// is never answered with one (RFC 9293 section 3.5.2).
func (v *view) isOwnReset(o *trail.Observation) bool {
	k := &v.id.Key
	return v.known && o.Stage == trail.StageRefuse && o.Refusal != nil && o.Refusal.Kind == "reset" &&
		k.Proto == packet.ProtoTCP && packet.TCPFlags(k.Type)&packet.RST != 0
}
