package correlate

import (
	"slices"

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

// byOuter finds the packet in a tunnel of which only the outer header was
// shown.
func (t *Trails) byOuter(s *sight) *way {
	list := t.outer[t.outerAt(t.v.outer, s.point)]
	for _, w := range slices.Backward(list) {
		if (w.from <= s.time || !s.late) && t.apart(w, s) <= Window && !w.occupied(s, t.v.span, &t.v.head) {
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
	if w.flags&weak == 0 {
		for _, o := range slices.Clone(t.outer[at]) {
			if o.flags&weak != 0 && t.apart(w, &o.sights[0]) <= Window && !w.meets(o) {
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
		r.outers = append(r.outers, o.more.outers...)
	}
	*o = way{id: o.id, flags: gone}
}

// leave takes a way out of the books, or puts another one in its place.
func (t *Trails) leave(w, instead *way) {
	if w.list != nil {
		w.list.remove(w)
	}
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
		list := t.outer[at]
		if i := slices.Index(list, w); i >= 0 && instead != nil {
			list[i] = instead
		} else if i >= 0 {
			list = slices.Delete(list, i, i+1)
			t.outer[at] = list
		}
		if len(list) == 0 {
			delete(t.outer, at)
		}
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
