package correlate

import (
	"cmp"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
)

const (
	// near is how far apart two sightings of one packet at two points are
	// taken to be at most, where a sender repeats itself to the byte: the
	// oldest packet that near comes first, else the nearest one. Repetitions
	// are slower than that, as a rule, and ways are shorter.
	near = 10 * time.Millisecond
	// cloned is how long after the last sighting of a packet another sk_buff of
	// the same kernel is taken for a clone of it.
	cloned = 2 * time.Millisecond
	// crowd bounds how many packets of one identity are looked at before and
	// after a sighting, so that a flood of equal packets costs no more each.
	crowd = 64
	// maxDelays bounds how many pairs of points have a usual time between them.
	maxDelays = 1 << 16
)

// kin is a way, or a piece of one, among those of one key.
type kin struct {
	w       *way
	at      int64 // the list is in the order of it
	payload packet.Digest
}

// join finds the way that a sighting is of, or begins one.
func (t *Trails) join(s *sight, number uint64) *way {
	v := &t.v
	if number != 0 {
		id := flight{t.points[s.point].clock, number}
		if w := t.flights[id]; w != nil {
			if !v.known || related(&w.key, &v.id.Key, s.merged > 1) && !w.reverses(&v.head.flow) {
				return w
			}
			delete(t.flights, id) // the number was given to another packet
		}
	}
	var w *way
	switch {
	case v.known:
		if w = t.byIdentity(s, number); w == nil {
			w = t.byDatagram(s)
		}
		if w == nil {
			w = t.byStream(s)
		}
	case v.outer != 0:
		w = t.byOuter(s)
	}
	if w == nil {
		w = t.start()
	}
	return w
}

// related reports whether the key of one sk_buff may have become the other:
// a packet keeps its key, but for fragments, segments and their reverse.
func related(a, b *packet.Key, merged bool) bool {
	if *a == *b || a.Proto == 0 && a.Version == 0 {
		return true
	}
	if a.Version != b.Version || a.Proto != b.Proto {
		return false
	}
	if a.Fragment != 0 || b.Fragment != 0 {
		return a.ID == b.ID || a.Version == 6 && (a.ID == 0 || b.ID == 0)
	}
	if a.Proto == packet.ProtoTCP && a.Len > 0 && b.Len > 0 {
		x, y := span{kind: spanStream, from: a.A, to: a.A + a.Len}, span{kind: spanStream, from: b.A, to: b.A + b.Len}
		return x.contains(y) || y.contains(x)
	}
	return merged && a.Proto == packet.ProtoUDP && a.ID == b.ID
}

// byIdentity chooses among the packets of one key.
func (t *Trails) byIdentity(s *sight, number uint64) *way {
	list := t.kin[t.v.sum]
	if len(list) == 0 {
		return nil
	}
	next, _ := slices.BinarySearchFunc(list, s.time, func(k kin, at int64) int { return cmp.Compare(k.at, at) })
	if s.untimed() {
		next = len(list)
	}
	list = list[max(0, next-crowd):min(len(list), next+crowd)]
	if s.late {
		return t.latest(list, s)
	}
	var best *way
	var least time.Duration
	some, same := 0, false
	for i := range list {
		k := &list[i]
		if !t.takes(k, s, number) {
			continue
		}
		flow := k.w.has(&t.v.head.flow)
		if same && !flow {
			continue // of another conversation that says the same, or translated
		}
		if flow && !same {
			best, some, same = nil, 0, true
		}
		some++
		far, sure := t.distance(k.w, s)
		if best == nil || far < least {
			best, least = k.w, far
		}
		if !sure && far <= near && some == 1 {
			least = -1 // the oldest one comes first, but for one at the usual distance
		}
	}
	switch {
	case some == 1:
		t.learn(best, s)
	case some > 1:
		best.flags |= doubtful
	}
	return best
}

// latest is the packet that a late message is about: the last one that was
// there by then.
func (t *Trails) latest(list []kin, s *sight) *way {
	var other *way
	for i := len(list) - 1; i >= 0; i-- {
		switch k := &list[i]; {
		case !t.takes(k, s, 0):
		case k.w.from <= s.time:
			return k.w
		default:
			other = k.w // its clock may be another
		}
	}
	return other
}

// distance says how far a sighting is from a way in time, or, where the time
// from its first point to this one is known, how far from that.
func (t *Trails) distance(w *way, s *sight) (far time.Duration, known bool) {
	usual, ok := t.delays[[2]int32{w.sights[0].point, s.point}]
	if ok {
		d := s.time - w.sights[0].time - usual
		return time.Duration(max(d, -d)), true
	}
	return time.Duration(max(w.from-s.time, s.time-w.to, 0)), false
}

// learn notes how long a packet took from its first point to this one, clocks
// included.
func (t *Trails) learn(w *way, s *sight) {
	if w.flags&doubtful != 0 || s.late || w.sights[0].late || w.sights[0].point == s.point {
		return
	}
	k := [2]int32{w.sights[0].point, s.point}
	d := s.time - w.sights[0].time
	if usual, ok := t.delays[k]; ok {
		d = usual + (d-usual)/8
	}
	if len(t.delays) >= maxDelays {
		clear(t.delays)
	}
	t.delays[k] = d
}

// start begins a way.
func (t *Trails) start() *way {
	v := &t.v
	w := &way{id: t.begun, key: v.id.Key, text: v.text(), dns: v.dns}
	t.begun++
	if !v.known {
		w.flags |= weak
	}
	if t.o.Closed == nil {
		t.kept = append(t.kept, w)
	}
	return w
}

// enter puts a sighting into its way and into the books.
func (t *Trails) enter(w *way, s sight, number uint64) {
	if len(w.sights) >= maxSights {
		t.forgotten++
		return
	}
	v := &t.v
	clock := t.points[s.point].clock
	s.part = w.partOf(part{flight: number, clock: clock, span: w.spanOf(v)})
	if number != 0 {
		t.flights[flight{clock, number}] = w
	}
	fresh := w.add(s, &v.head)
	if v.refused.Src.IsValid() && fresh {
		w.rare().refused, w.rare().quoted = v.refused, v.quoted
	}
	if v.known {
		if w.tellsMore(&v.id.Key) {
			t.promote(w)
			w.name(v)
		}
		another := t.register(w, s.time)
		if fresh || another {
			t.registerFlow(w)
		}
		if another {
			t.gather(w, &s)
		}
	}
	if v.outer != 0 {
		t.registerOuter(w, &s)
	}
}

// tellsMore reports whether a key says more of what the packet is than is
// known of the way: nothing tells less than an outer header, then a fragment
// behind the first, then the first.
func (w *way) tellsMore(k *packet.Key) bool {
	return w.flags&weak != 0 || w.key.Fragment != 0 && k.Fragment == 0 ||
		w.key.Fragment&fragmentOffset != 0 && k.Fragment&fragmentOffset == 0
}

// register puts the way among those of the key in t.v. It returns whether that
// is new.
func (t *Trails) register(w *way, at int64) bool {
	v := &t.v
	if slices.Contains(w.keys, v.sum) {
		t.lengthen(w)
		return false
	}
	w.keys = append(w.keys, v.sum)
	list := t.kin[v.sum]
	next := len(list)
	for next > 0 && list[next-1].at > at {
		next--
	}
	t.kin[v.sum] = slices.Insert(list, next, kin{w, at, v.id.Payload})
	return true
}

// lengthen notes more of a payload than was known: the other sightings were cut
// shorter.
func (t *Trails) lengthen(w *way) {
	list := t.kin[t.v.sum]
	for i := len(list) - 1; i >= max(0, len(list)-crowd); i-- {
		if k := &list[i]; k.w == w {
			if t.v.id.Payload.N > k.payload.N {
				k.payload = t.v.id.Payload
			}
			return
		}
	}
}
