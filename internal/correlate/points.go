package correlate

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
)

// A datapath that tells of packets by points of its own does so without a
// clock, or by the time at which somebody read what it had told: on one
// machine the order in which it told is the order of the way, and between two
// machines the points say who was first.

// untimed reports whether a sight was told without a time.
func (s *sight) untimed() bool { return s.time == 0 && s.late }

// untimed reports whether no sight of a way has a time.
func (w *way) untimed() bool {
	return w.to == 0 && w.from == 0 && len(w.sights) > 0 && w.sights[0].untimed()
}

// told is the time of a sight by the reference's clock; 0 without one.
func (t *Trails) told(s *sight) int64 {
	if s.untimed() {
		return 0
	}
	return s.time - t.clocks.offset(t.clockOf(s))
}

// length is how long a way is with one more sight; 0 where nobody knows.
func (w *way) length(s *sight) time.Duration {
	if s.untimed() || w.untimed() {
		return 0
	}
	return time.Duration(max(w.to, s.time) - min(w.from, s.time))
}

// bareFits reports whether a sighting that shows nothing the sender counts, no
// identification either, can be of this packet: it is of the same flow, and near; where there is no time,
// on the same machine.
func (t *Trails) bareFits(w *way, s *sight) bool {
	if k := &t.v.id.Key; k.Bare == 0 || k.ID != 0 {
		return true
	}
	if !w.has(&t.v.head.flow) && !w.before(&t.v) {
		return false
	}
	if s.untimed() || w.untimed() {
		clock := t.clockOf(s)
		return !slices.ContainsFunc(w.sights, func(o sight) bool { return t.clockOf(&o) != clock })
	}
	return w.length(s) <= near
}

// bareSum stands for a key of which many packets have the same: with what a
// datapath does not translate, or tells as it was.
func (t *Trails) bareSum(v *view) uint64 {
	f := v.head.flow
	f.SrcPort, f.ID = 0, 0
	if v.original.IsValid() {
		f.Src = v.original
	}
	return maphash.Comparable(t.seed, struct {
		k packet.Key
		f packet.Flow
	}{v.id.Key, f})
}

// before reports whether the way was seen with the flow that a datapath says a
// packet had before it translated the source.
func (w *way) before(v *view) bool {
	return v.original.IsValid() && slices.ContainsFunc(w.heads, func(h head) bool {
		f := v.head.flow
		f.Src, f.SrcPort = v.original, h.flow.SrcPort
		return f.HasPorts() == h.flow.HasPorts() && f == h.flow
	})
}

// fromDatapaths reports whether all sights are a datapath's.
func (o *ordering) fromDatapaths() bool {
	return !slices.ContainsFunc(o.w.sights, func(s sight) bool { return s.more == nil || s.more.datapath == nil })
}

// visit is one stay of a packet on a machine.
type visit struct {
	sights []int32
	clock  uint16
	comes  bool // it begins with a packet that came from another machine
	ttl    uint8
}

// byPoints orders sights by machine, each in the order in which they were
// told: first where the packet did not come from elsewhere, then as the TTL
// falls.
func (o *ordering) byPoints() []int32 {
	var all []*visit
	current := map[uint16]*visit{}
	for _, i := range o.told() {
		s := &o.w.sights[i]
		clock, arrives := o.t.clockOf(s), s.more.datapath.Point == "from-network"
		v := current[clock]
		if v == nil || arrives && len(v.sights) > 0 {
			v = &visit{clock: clock, comes: s.arrives()}
			if s.head >= 0 {
				v.ttl = o.w.heads[s.head].ttl
			}
			current[clock] = v
			all = append(all, v)
		}
		v.sights = append(v.sights, i)
	}
	slices.SortStableFunc(all, func(a, b *visit) int {
		if a.comes != b.comes {
			return pickBool(a.comes, 1, -1)
		}
		return cmp.Compare(b.ttl, a.ttl)
	})
	out := make([]int32, 0, len(o.w.sights))
	for _, v := range all {
		out = append(out, v.sights...)
	}
	return out
}

// told are the sights in the order in which each machine told them.
func (o *ordering) told() []int32 {
	out := make([]int32, len(o.w.sights))
	for i := range out {
		out[i] = int32(i)
	}
	slices.SortStableFunc(out, func(a, b int32) int {
		x, y := &o.w.sights[a], &o.w.sights[b]
		return cmp.Or(cmp.Compare(o.t.clockOf(x), o.t.clockOf(y)), cmp.Compare(x.time, y.time))
	})
	return out
}

// arrives reports whether a datapath saw a packet come from another machine.
func (s *sight) arrives() bool {
	p := s.more.datapath.Point
	return p == "from-network" || p == "from-overlay" || p == "from-crypto"
}

// datapathRank is where in a stay the points of Cilium are: its programs stand
// at the devices, before and behind the kernel's own stack.
func (s *sight) datapathRank() int {
	if s.more == nil || s.more.datapath == nil {
		return rankRoute
	}
	switch s.more.datapath.Point {
	case "from-network", "from-endpoint", "from-overlay", "from-crypto":
		return rankIngress
	case "to-stack", "to-proxy", "to-host":
		return rankIngress + 2
	case "from-host", "from-proxy", "from-stack":
		return rankEgress
	case "to-overlay", "to-network", "to-endpoint", "to-crypto":
		return rankEgress + 2
	}
	return rankIngress + 1
}
