package correlate

import (
	"net/netip"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
)

// datagram names a packet that may be in fragments: by its identification, or
// an IPv6 packet that has none by its length and ports.
type datagram struct {
	version  uint8
	proto    packet.Proto
	src, dst netip.Addr
	id       uint32
	ports    uint32
}

// minFragmented is the least length of a packet that is expected to be cut
// into fragments: the least MTU that there is in practice (RFC 791 asks for
// 576 bytes to be taken whole).
const minFragmented = 576 - 20

// datagramNames gives the names of the packet in t.v; one whose src is not valid
// is none.
func (t *Trails) datagramNames() (names [2]datagram) {
	k, f := &t.v.id.Key, &t.v.head.flow
	if !t.v.known || !f.Src.IsValid() || k.Version == 0 {
		return names
	}
	d := datagram{version: k.Version, proto: k.Proto, src: f.Src, dst: f.Dst, id: k.ID}
	if k.Fragment != 0 || k.Version == 4 && k.ID != 0 && k.Len >= minFragmented && !t.v.unbroken {
		names[0] = d
	}
	if k.Version == 6 && k.Proto == packet.ProtoUDP && t.v.udp >= minFragmented && k.Fragment&fragmentOffset == 0 {
		d.id, d.ports = uint32(t.v.udp), uint32(f.SrcPort)<<16|uint32(f.DstPort)
		names[1] = d
	}
	return names
}

// byDatagram finds the whole of a fragment, or the fragments of a whole.
func (t *Trails) byDatagram(s *sight) *way {
	for _, name := range t.datagramNames() {
		if !name.src.IsValid() {
			continue
		}
		w := t.datagrams[name]
		if w == nil || w.key.Fragment == 0 && t.v.id.Key.Fragment == 0 {
			continue
		}
		if t.apart(w, s) <= Window && !w.occupied(s, t.v.span, &t.v.head) {
			return w
		}
	}
	return nil
}

func (t *Trails) apart(w *way, s *sight) time.Duration {
	if s.untimed() || w.untimed() {
		return 0
	}
	return time.Duration(max(w.from-s.time, s.time-w.to, 0))
}

// stream holds the packets of a TCP flow that are open, in the order of their
// sequence numbers.
type stream struct{ pieces []piece }

type piece struct {
	span span
	w    *way
}

// at is where a sequence number belongs.
func (st *stream) at(from uint32) int {
	i := len(st.pieces)
	for i > 0 && i > len(st.pieces)-8 && int32(st.pieces[i-1].span.from-from) >= 0 {
		i--
	}
	if i == 0 || int32(st.pieces[i-1].span.from-from) < 0 {
		return i
	}
	n, _ := slices.BinarySearchFunc(st.pieces, from, func(p piece, from uint32) int { return int(int32(p.span.from - from)) })
	return n
}

// byStream finds the large packet that a segment was cut from, or the first of
// the packets that were merged into this one.
func (t *Trails) byStream(s *sight) *way {
	v := &t.v
	if v.span.kind != spanStream || v.id.Key.Len == 0 {
		return nil
	}
	st := t.streams[v.head.flow]
	if st == nil {
		return nil
	}
	n := st.at(v.span.from)
	for i := n; i < len(st.pieces) && v.span.contains(st.pieces[i].span); i++ {
		if p := &st.pieces[i]; p.span != v.span && t.fits(p.w, s) {
			return p.w
		}
	}
	for i := min(n, len(st.pieces)-1); i >= 0 && i > n-crowd; i-- {
		if p := &st.pieces[i]; p.span != v.span && p.span.contains(v.span) && t.fits(p.w, s) {
			return p.w
		}
	}
	return nil
}

// fits reports whether the piece in t.v can be of this way: what TCP sends
// again comes later, and by places that the first has passed.
func (t *Trails) fits(w *way, s *sight) bool {
	return t.apart(w, s) <= near && ackOf(&w.key) == ackOf(&t.v.id.Key) && !w.occupied(s, t.v.span, &t.v.head)
}

// ackOf is left out of the comparison where it moves: GRO merges packets of
// one acknowledgement number only, and segments inherit it.
func ackOf(k *packet.Key) uint32 { return k.B }

// registerFlow puts the way into the books that go by flow: each time that it
// has got another one.
func (t *Trails) registerFlow(w *way) {
	v := &t.v
	for _, name := range t.datagramNames() {
		if name.src.IsValid() && t.datagrams[name] != w {
			t.datagrams[name] = w
			w.rare().datagrams = append(w.rare().datagrams, name)
		}
	}
	if t.o.Closed != nil && v.head.flow.Src.IsValid() {
		t.begins(w)
		if len(w.keys) == 1 && len(w.heads) == 1 {
			t.links.resolve(w)
		}
		t.links.note(w, v.head.flow)
	}
	if v.span.kind != spanStream || v.id.Key.Len == 0 && packet.TCPFlags(v.id.Key.Type)&packet.SYN == 0 {
		return
	}
	st := t.streams[v.head.flow]
	if st == nil {
		st = &stream{}
		t.streams[v.head.flow] = st
	}
	n := st.at(v.span.from)
	for i := n; i >= 0 && i > n-crowd; i-- {
		if i < len(st.pieces) && st.pieces[i].w == w && st.pieces[i].span.contains(v.span) {
			return
		}
	}
	st.pieces = slices.Insert(st.pieces, n, piece{v.span, w})
}

// gather takes over the packets that were merged into the one in t.v.
func (t *Trails) gather(w *way, s *sight) {
	v := &t.v
	if v.span.kind != spanStream || v.id.Key.Len == 0 {
		return
	}
	st := t.streams[v.head.flow]
	if st == nil {
		return
	}
	for {
		other := t.mergedInto(w, st, s)
		if other == nil {
			return
		}
		t.take(w, other)
	}
}

func (t *Trails) mergedInto(w *way, st *stream, s *sight) *way {
	v := &t.v
	for i := st.at(v.span.from); i < len(st.pieces) && v.span.contains(st.pieces[i].span); i++ {
		o := st.pieces[i].w
		if o == w || st.pieces[i].span == v.span || t.apart(o, s) > near || ackOf(&o.key) != ackOf(&v.id.Key) {
			continue
		}
		if !o.occupied(s, v.span, &v.head) {
			return o
		}
	}
	return nil
}
