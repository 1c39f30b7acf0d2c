package correlate

import (
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// rare is what few ways have.
type rare struct {
	datagrams []datagram
	// outers are its entries in Trails.outer.
	outers []uint64
	// refused is the packet that an ICMP error is about, as it was quoted.
	refused packet.Flow
	quoted  uint32
}

func (w *way) rare() *rare {
	if w.more == nil {
		w.more = &rare{}
	}
	return w.more
}

// outerAt is where a packet in a tunnel stands in the book of outer headers:
// they tell nothing outside of their namespace.
func (t *Trails) outerAt(sum uint64, point int32) uint64 {
	p := &t.points[point]
	return (sum ^ p.Netns ^ uint64(p.clock)<<48) * 0x9e3779b97f4a7c15
}

// hearsay is how late a message may be that shows no more than an outer header.
const hearsay = time.Second

// byOuter finds the packet in a tunnel of which only the outer header was
// shown: of several with equal ones the last that was there by then.
func (t *Trails) byOuter(s *sight) *way {
	at := t.outerAt(t.v.outer, s.point)
	list := t.outer[at]
	for i := len(list) - 1; i >= max(0, len(list)-crowd); i-- {
		w := list[i]
		if (w.from <= s.time || !s.late) && t.apart(w, s) <= hearsay && !w.occupied(s, t.v.span, &t.v.head) {
			return w
		}
	}
	for _, w := range t.strangers[at] {
		if t.apart(w, s) <= hearsay && !w.occupied(s, t.v.span, &t.v.head) {
			return w
		}
	}
	return nil
}

// registerOuter puts the way among those with the outer header in t.v, and
// takes over what was known by that header alone.
func (t *Trails) registerOuter(w *way, s *sight) {
	at := t.outerAt(t.v.outer, s.point)
	r := w.rare()
	if slices.Contains(r.outers, at) {
		return
	}
	r.outers = append(r.outers, at)
	if w.flags&weak != 0 {
		t.strangers[at] = append(t.strangers[at], w)
		return
	}
	if strangers := t.strangers[at]; len(strangers) > 0 {
		for _, o := range slices.Clone(strangers) {
			if t.apart(w, &o.sights[0]) <= hearsay && !w.meets(o) {
				t.take(w, o)
			}
		}
	}
	t.outer[at] = append(t.outer[at], w)
}

// meets reports whether both were seen at one place.
func (w *way) meets(o *way) bool {
	return slices.ContainsFunc(o.sights, func(s sight) bool {
		var h head
		if s.head >= 0 {
			h = o.heads[s.head]
		}
		return w.occupied(&s, o.parts[s.part].span, &h)
	})
}

// take makes w of both.
func (t *Trails) take(w, o *way) {
	t.leave(o, w)
	w.absorb(o)
	w.keys = append(w.keys, o.keys...)
	if o.more != nil {
		r := w.rare()
		r.datagrams = append(r.datagrams, o.more.datagrams...)
		if o.flags&weak == 0 {
			r.outers = append(r.outers, o.more.outers...)
		}
	}
	*o = way{id: o.id, flags: gone}
}

// leave takes a way out of the books, or puts another one in its place.
func (t *Trails) leave(w, instead *way) {
	if w.list != nil {
		w.list.remove(w)
	}
	t.held -= w.counted
	w.counted = 0
	for _, p := range w.parts {
		replace(t.flights, flight{p.clock, p.flight}, w, instead)
	}
	for _, sum := range w.keys {
		list := t.kin[sum]
		i := slices.IndexFunc(list, func(k kin) bool { return k.w == w })
		switch {
		case i < 0:
		case instead != nil:
			list[i].w = instead
		case len(list) == 1:
			delete(t.kin, sum)
		case i == 0:
			list[0] = kin{} // lets go of the way
			t.kin[sum] = list[1:]
		default:
			t.kin[sum] = slices.Delete(list, i, i+1)
		}
	}
	for i := range w.heads {
		t.leaveStream(w, instead, w.heads[i].flow)
	}
	if w.more == nil {
		return
	}
	for _, name := range w.more.datagrams {
		replace(t.datagrams, name, w, instead)
	}
	for _, at := range w.more.outers {
		replaceIn(t.outer, at, w, instead)
		replaceIn(t.strangers, at, w, nil)
	}
}

// promote puts a way of which more than an outer header is known now among
// the others.
func (t *Trails) promote(w *way) {
	if w.flags&weak == 0 || w.more == nil {
		return
	}
	for _, at := range w.more.outers {
		replaceIn(t.strangers, at, w, nil)
		t.outer[at] = append(t.outer[at], w)
	}
}

func replaceIn(book map[uint64][]*way, at uint64, w, instead *way) {
	list := book[at]
	i := slices.Index(list, w)
	switch {
	case i < 0:
	case instead != nil && w.flags&weak == 0:
		list[i] = instead
	case len(list) == 1:
		delete(book, at)
	case i == 0:
		list[0] = nil
		book[at] = list[1:]
	default:
		book[at] = slices.Delete(list, i, i+1)
	}
}

func replace[K comparable](book map[K]*way, k K, w, instead *way) {
	switch {
	case book[k] != w:
	case instead != nil:
		book[k] = instead
	default:
		delete(book, k)
	}
}

func (t *Trails) leaveStream(w, instead *way, f packet.Flow) {
	st := t.streams[f]
	if st == nil || w.key.Proto != packet.ProtoTCP {
		return
	}
	if instead != nil {
		for i := range st.pieces {
			if st.pieces[i].w == w {
				st.pieces[i].w = instead
			}
		}
		return
	}
	first := slices.IndexFunc(st.pieces, func(p piece) bool { return p.w == w })
	if first < 0 {
		return
	}
	if first == 0 && (len(st.pieces) == 1 || st.pieces[1].w != w) {
		st.pieces[0] = piece{}
		st.pieces = st.pieces[1:]
	} else {
		st.pieces = slices.DeleteFunc(st.pieces, func(p piece) bool { return p.w == w })
	}
	if len(st.pieces) == 0 {
		delete(t.streams, f)
	}
}

// enterAlso adds the observations without bytes.
func (t *Trails) enterAlso(w *way, s *Sighting, at int32) {
	for i := range s.Also {
		o := &s.Also[i]
		point := at
		if o.Point.Interface != "" || o.Point.Node != "" {
			point = t.point(s.Boot, o.Point)
		}
		if len(w.sights) >= maxSights {
			t.forgotten++
			continue
		}
		c := t.compact(o, point)
		number := o.Flight
		if number == 0 {
			number = s.Seen.Flight
		}
		c.part = w.partOf(part{flight: number, clock: t.points[point].clock, span: w.spanOf(&t.v)})
		if isZero(&o.Seen) {
			w.add(c, nil)
		} else {
			var h head
			t.headOf(&h, &o.Seen)
			w.add(c, &h)
		}
	}
}

func isZero(h *trail.Headers) bool {
	return h.Flow == packet.Flow{} && h.TTL == 0 && h.SrcMAC == "" && h.DstMAC == "" && len(h.VLANs)+len(h.Tunnels) == 0
}
