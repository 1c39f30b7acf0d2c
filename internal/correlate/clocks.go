package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Offset is by how much a clock is ahead of the reference's.
type Offset struct {
	// Nanoseconds to subtract from the node's times.
	Nanoseconds int64
	// Error is how far from it the truth may be, in nanoseconds: half of the
	// least time that a packet and another one back took together. Valid iff
	// not Bound.
	Error int64
	// Samples is how many packets were seen on both sides.
	Samples int
	// Bound is true where packets went one way only: no more is known than that
	// none arrived before it left.
	Bound bool
}

// clocks knows the kernels and estimates how far their clocks are apart, as
// NTP does (RFC 5905 section 8): from the least times that packets took in
// both directions.
type clocks struct {
	reference string
	all       []clock
	number    map[string]uint16
	pairs     map[[2]uint16]*pair
	solved    bool
}

type clock struct {
	nodes  []string
	boot   bool // told apart from others by boot id
	offset Offset
	known  bool
}

// pair is two clocks a and b. there is the least of b's time minus a's for
// packets from a to b, back that of a's minus b's for the others.
type pair struct {
	there, back least
}

// least is a minimum over the last one to two spells: clocks drift.
type least struct {
	n         int
	now, last int64
	began     int64
}

const (
	// noise is what packets' times differ by from one to the next: where nothing
	// arrived before it left, less than that is no difference of clocks.
	noise = int64(50 * time.Microsecond)
	spell = int64(60 * time.Second)
	none  = math.MaxInt64
)

func (l *least) add(v, at int64) {
	switch {
	case l.n == 0:
		l.now, l.last, l.began = v, none, at
	case at-l.began > spell:
		l.now, l.last, l.began = v, l.now, at
	}
	l.n++
	l.now = min(l.now, v)
}

func (l *least) value() int64 {
	if l.n == 0 {
		return none
	}
	return min(l.now, l.last)
}

// of gives the number of the clock of a boot id, or of a node.
func (c *clocks) of(boot, node string) uint16 {
	name := boot
	if boot == "" {
		name = "node " + node
	}
	n, ok := c.number[name]
	if !ok {
		if c.number == nil {
			c.number, c.pairs = map[string]uint16{}, map[[2]uint16]*pair{}
		}
		n = uint16(len(c.all))
		c.number[name] = n
		c.all = append(c.all, clock{boot: boot != ""})
		c.solved = false
	}
	if k := &c.all[n]; !slices.Contains(k.nodes, node) {
		k.nodes = append(k.nodes, node)
	}
	return n
}

func (c *clocks) count() int { return len(c.all) }

// offset is what to subtract from a clock's times.
func (c *clocks) offset(n uint16) int64 {
	if !c.solved {
		c.solve()
	}
	return c.all[n].offset.Nanoseconds
}

func (c *clocks) offsets() map[string]Offset {
	if !c.solved {
		c.solve()
	}
	root := c.root()
	out := map[string]Offset{}
	for i := range c.all {
		if i != root && c.all[i].known {
			for _, node := range c.all[i].nodes {
				out[node] = c.all[i].offset
			}
		}
	}
	return out
}

func (c *clocks) root() int {
	return max(0, slices.IndexFunc(c.all, func(k clock) bool { return slices.Contains(k.nodes, c.reference) }))
}

// forget takes back all samples.
func (c *clocks) forget() {
	clear(c.pairs)
	c.solved = false
}

// sample notes that a packet left at one clock and came at another.
func (c *clocks) sample(from, to uint16, left, came int64) {
	k := [2]uint16{min(from, to), max(from, to)}
	p := c.pairs[k]
	if p == nil {
		p = &pair{}
		c.pairs[k] = p
	}
	was := [2]int64{p.there.value(), p.back.value()}
	if from < to {
		p.there.add(came-left, came)
	} else {
		p.back.add(came-left, left)
	}
	if p.there.n > 0 && p.back.n > 0 && p.there.value()+p.back.value() < 0 { // one has drifted
		p.there.last, p.back.last = none, none
	}
	if was != [2]int64{p.there.value(), p.back.value()} || c.all[from].offset.Samples+c.all[to].offset.Samples == 0 {
		c.solved = false
	}
}

// ahead is by how much b is ahead of a.
func (c *clocks) ahead(k [2]uint16, p *pair) Offset {
	high, low := p.there.value(), p.back.value()
	o := Offset{Samples: p.there.n + p.back.n}
	switch {
	case p.back.n == 0:
		o.Bound, o.Nanoseconds = true, min(0, high-1)
	case p.there.n == 0:
		o.Bound, o.Nanoseconds = true, max(0, 1-low)
	default:
		o.Nanoseconds, o.Error = (high-low)/2, max(high+low, -high-low)/2
		if high >= 0 && low >= 0 && (!c.all[k[0]].boot || !c.all[k[1]].boot || max(o.Nanoseconds, -o.Nanoseconds) < noise) {
			o.Nanoseconds = 0 // as far as anybody knows they are one clock
		}
	}
	return o
}

// solve takes the best way from the reference to each clock.
func (c *clocks) solve() {
	c.solved = true
	if len(c.all) == 0 {
		return
	}
	for i := range c.all {
		c.all[i].offset, c.all[i].known = Offset{}, false
	}
	c.all[c.root()].known = true
	keys := make([][2]uint16, 0, len(c.pairs))
	for k := range c.pairs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]uint16) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for range c.all {
		at, best, found := 0, Offset{}, false
		for _, k := range keys {
			a, b := &c.all[k[0]], &c.all[k[1]]
			if a.known == b.known {
				continue
			}
			o := c.ahead(k, c.pairs[k])
			from, to := a, int(k[1])
			if b.known {
				o.Nanoseconds = -o.Nanoseconds
				from, to = b, int(k[0])
			}
			o.Nanoseconds += from.offset.Nanoseconds
			o.Error += from.offset.Error
			o.Bound = o.Bound || from.offset.Bound
			if !found || !o.Bound && best.Bound || o.Bound == best.Bound && o.Error < best.Error {
				at, best, found = to, o, true
			}
		}
		if !found {
			return
		}
		c.all[at].offset, c.all[at].known = best, true
	}
}

// learn takes from a way what it tells about clocks.
func (c *clocks) learn(t *Trails, w *way) {
	if len(c.all) < 2 || w.flags&(doubtful|weak|gone) != 0 || len(w.parts) < 2 {
		return
	}
	ends := t.ends(w)
	for i := range ends {
		for j := range ends {
			if i != j && ends[i].before(&ends[j]) {
				c.sample(ends[i].clock, ends[j].clock, ends[i].last.time, ends[j].first.time)
			}
		}
	}
}

// stay is the first and the last sighting by one clock.
type stay struct {
	clock             uint16
	first, last       *sight
	firstTTL, lastTTL uint8
}

// ends gives the stays of a packet on several kernels; none if it was on one
// only, or came back to one.
func (t *Trails) ends(w *way) []stay {
	var out []stay
	for i := range w.sights {
		s := &w.sights[i]
		if s.late || s.head < 0 || w.parts[s.part].span != w.parts[0].span {
			continue
		}
		clock, ttl := t.points[s.point].clock, w.heads[s.head].ttl
		n := slices.IndexFunc(out, func(st stay) bool { return st.clock == clock })
		if n < 0 {
			out = append(out, stay{clock, s, s, ttl, ttl})
			continue
		}
		if s.time < out[n].first.time {
			out[n].first, out[n].firstTTL = s, ttl
		}
		if s.time >= out[n].last.time {
			out[n].last, out[n].lastTTL = s, ttl
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// before reports whether the packet went from a to b. A packet that came to a
// from elsewhere and left again, as it did at b, tells by its TTL alone.
func (a *stay) before(b *stay) bool {
	if !a.last.leaves() || !b.first.comes() {
		return false
	}
	if b.last.leaves() && a.first.comes() {
		return a.lastTTL >= b.firstTTL && a.firstTTL > b.lastTTL
	}
	return true
}

// leaves reports whether the sight is on a packet's way out of a namespace.
func (s *sight) leaves() bool {
	if s.stage == stageHook && s.hook != nil {
		return s.hook.Name == "POSTROUTING" || s.hook.Name == "OUTPUT" || s.hook.Name == "EGRESS"
	}
	return s.stage == stageQueue || s.stage == stageTransmit || s.stage == stageCapture && s.dir == trail.Out
}

// comes reports whether it is on its way in.
func (s *sight) comes() bool {
	if s.stage == stageHook && s.hook != nil {
		return s.hook.Name == "PREROUTING" || s.hook.Name == "INGRESS"
	}
	return s.stage == stageReceive || s.stage == stageCapture && s.dir == trail.In
}
