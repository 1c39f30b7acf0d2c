package correlate

import (
	"cmp"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// order gives the numbers of a way's sights in the order of the way: those
// with a time of their own by that, and the others between them, by what they
// are.
func (t *Trails) order(w *way, copies []int) []int32 {
	o := ordering{t: t, w: w, copies: copies}
	for i := range w.sights {
		if s := &w.sights[i]; s.late || s.stage == stageCapture && o.shadow(s) {
			o.loose = append(o.loose, int32(i))
		} else {
			o.timed = append(o.timed, int32(i))
		}
	}
	slices.SortStableFunc(o.timed, o.byTime)
	if len(o.loose) == 0 {
		return o.timed
	}
	if len(o.timed) == 0 && o.fromDatapaths() {
		return o.byPoints()
	}
	o.divide()
	slices.SortStableFunc(o.loose, func(a, b int32) int { return cmp.Compare(o.time(a), o.time(b)) })
	return o.merge(o.place())
}

type ordering struct {
	t      *Trails
	w      *way
	copies []int // of each part
	timed  []int32
	loose  []int32
	phases []phase
}

// phase is one stay of one copy of a packet in a namespace, in one wrapping:
// from the first time it is seen there to a queue, or its end.
type phase struct {
	copy    int
	clock   uint16
	netns   uint64
	depth   int   // number of tunnels
	members []int // indices in timed
	highest int   // rank
	comes   bool  // it begins with a packet that came in
}

func (o *ordering) time(i int32) int64 {
	s := &o.w.sights[i]
	return s.time - o.t.clocks.offset(o.t.points[s.point].clock)
}

// byTime orders sightings. While any socket on the machine asks for timestamps
// one is taken for all stacked devices: then the place on the way decides.
func (o *ordering) byTime(a, b int32) int {
	return cmp.Or(cmp.Compare(o.time(a), o.time(b)), cmp.Compare(o.t.station(&o.w.sights[a]), o.t.station(&o.w.sights[b])))
}

// shadow reports whether a captured frame stands beside an observation of the
// kernel probe's at the same device: their clocks are not read at once, so the
// rank tells their order.
func (o *ordering) shadow(s *sight) bool {
	return slices.ContainsFunc(o.w.sights, func(k sight) bool {
		if o.w.parts[k.part].flight == 0 || k.late || o.t.clockOf(&k) != o.t.clockOf(s) {
			return false
		}
		a, b := &o.t.points[k.point], &o.t.points[s.point]
		if a.Netns != b.Netns || a.Interface != b.Interface || a.Node != b.Node {
			return false
		}
		d := time.Duration(k.time - s.time)
		return max(d, -d) < time.Millisecond &&
			(s.dir == trail.Out && (k.stage == stageQueue || k.stage == stageTransmit) || s.dir != trail.Out && k.stage == stageReceive)
	})
}

func (t *Trails) clockOf(s *sight) uint16 { return t.points[s.point].clock }

// divide makes phases of the timed sights.
func (o *ordering) divide() {
	current := map[int]int{} // of each copy
	for at, i := range o.timed {
		s := &o.w.sights[i]
		c := o.copies[s.part]
		p := &o.t.points[s.point]
		depth, rank := o.depth(s), s.rank()
		n, ok := current[c]
		if ok {
			ph := &o.phases[n]
			ok = ph.clock == p.clock && ph.netns == p.Netns && (depth < 0 || ph.depth < 0 || depth == ph.depth) &&
				(rank > rankCaptureIn || ph.highest <= rankCaptureIn) && (ph.highest < rankQueue || rank >= rankQueue)
		}
		if !ok {
			n = len(o.phases)
			o.phases = append(o.phases, phase{copy: c, clock: p.clock, netns: p.Netns, depth: depth, comes: s.comes()})
			current[c] = n
		}
		ph := &o.phases[n]
		ph.members = append(ph.members, at)
		ph.highest = max(ph.highest, rank)
		if ph.depth < 0 {
			ph.depth = depth
		}
	}
}

// depth is the number of tunnels around a packet; -1 where there are no
// headers to tell.
func (o *ordering) depth(s *sight) int {
	if s.head < 0 {
		return -1
	}
	return len(o.w.heads[s.head].tunnels())
}

// slot is where a loose sight goes: behind the timed one of number at, -1 is
// before all.
type slot struct {
	at   int
	rank int
	i    int32
}

// place finds slots for the loose sights.
func (o *ordering) place() []slot {
	slots := make([]slot, 0, len(o.loose))
	var lost []int32
	for _, i := range o.loose {
		s := &o.w.sights[i]
		best, most := -1, 0
		for n := range o.phases {
			if score, ok := o.score(&o.phases[n], s, i); ok && (best < 0 || score > most) {
				best, most = n, score
			}
		}
		if best < 0 {
			lost = append(lost, i)
			continue
		}
		slots = append(slots, slot{o.within(&o.phases[best], s), s.rank(), i})
	}
	slots = append(slots, o.placeLost(lost)...)
	slices.SortStableFunc(slots, func(a, b slot) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank)) })
	return slots
}

// score says how well a sight goes with a phase; false if not at all.
func (o *ordering) score(ph *phase, s *sight, i int32) (int, bool) {
	p := &o.t.points[s.point]
	if p.clock != ph.clock || p.Netns != ph.netns && p.Netns != 0 { // a log does not name the namespace
		return 0, false
	}
	if d := o.depth(s); d >= 0 && ph.depth >= 0 && d != ph.depth {
		return 0, false
	}
	score := 0
	if o.time(o.timed[ph.members[0]]) > o.time(i) {
		score -= 20 // a message can be late, but not early
	}
	if o.copies[s.part] != ph.copy {
		score -= 2
	}
	if s.hook != nil {
		switch name := s.hook.Name; {
		case name == "OUTPUT" && ph.comes:
			score -= 8
		case name == "OUTPUT":
			score += 4
		case name == "PREROUTING" || name == "INPUT" || name == "FORWARD":
			if ph.comes {
				score += 4
			} else {
				score -= 4
			}
		}
	}
	return score + o.alike(ph, s), true
}

// alike counts what a sight has in common with those of a phase.
func (o *ordering) alike(ph *phase, s *sight) int {
	var hook, device, flow, ttl int
	for _, at := range ph.members {
		m := &o.w.sights[o.timed[at]]
		if s.hook != nil && m.hook != nil && m.hook.Name == s.hook.Name {
			hook = 6
		}
		if o.t.points[m.point].Interface == o.t.points[s.point].Interface {
			device = 3
		}
		if s.head < 0 || m.head < 0 {
			continue
		}
		a, b := &o.w.heads[s.head], &o.w.heads[m.head]
		if a.flow == b.flow {
			flow = 5
		}
		if a.ttl == b.ttl {
			ttl = 1
		}
	}
	return hook + device + flow + ttl
}

// within finds the slot in a phase. What a hook's rules saw before they
// translated it comes before what the same hook saw afterwards.
func (o *ordering) within(ph *phase, s *sight) int {
	rank, reroute := s.rank(), o.reroute(ph)
	at := ph.members[0] - 1
	for _, m := range ph.members {
		k := &o.w.sights[o.timed[m]]
		r := k.rank()
		if m == reroute {
			r = rankReroute
		}
		if r > rank {
			continue
		}
		if k.hook != nil && s.hook != nil && k.hook.Name == s.hook.Name && at >= ph.members[0] && o.differs(k, s) && !o.differs(&o.w.sights[o.timed[at]], s) {
			break
		}
		at = m
	}
	return at
}

// differs reports whether two sights show different flows.
func (o *ordering) differs(a, b *sight) bool {
	if a.head < 0 || b.head < 0 || a.cut || b.cut {
		return false
	}
	x, y := o.w.heads[a.head].flow, o.w.heads[b.head].flow
	return x != packet.Flow{} && y != packet.Flow{} && x != y
}

// reroute is the member that asks for the route once more because a rule of
// OUTPUT changed address or mark; -1 if none does.
func (o *ordering) reroute(ph *phase) int {
	if ph.comes {
		return -1
	}
	var first *trail.Route
	for _, m := range ph.members {
		k := &o.w.sights[o.timed[m]]
		if k.stage != stageRoute || k.more == nil || k.more.route == nil || k.more.route.Err != 0 {
			continue
		}
		r := k.more.route
		if first == nil {
			first = r
		} else if r.Dst != first.Dst || r.Mark != first.Mark {
			return m
		}
	}
	return -1
}

// merge puts the loose sights into their slots.
func (o *ordering) merge(slots []slot) []int32 {
	out := make([]int32, 0, len(o.w.sights))
	n := 0
	for at := -1; at < len(o.timed); at++ {
		if at >= 0 {
			out = append(out, o.timed[at])
		}
		for ; n < len(slots) && slots[n].at == at; n++ {
			out = append(out, slots[n].i)
		}
	}
	return out
}
