package correlate

import (
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// way is a trail in the making.
type way struct {
	id     int   // counts the ways in the order in which they were begun
	from   int64 // times of the earliest and the latest sighting, as told
	to     int64
	seen   int64 // what time the stream had when the last one came
	ended  int64 // time of what may be its end; valid iff flags has ended
	start  int64 // time of the first one by the reference's clock
	first  int16 // head of the first one that has a flow; -1 is none
	key    packet.Key
	dns    uint32 // identifier of a DNS message; 0 for others
	answer int32  // id+1 of the way that it answers, 0 for none
	repeat int32  // id+1 of the way that carried the same before
	flags  wayFlags
	// endedBy is the clock of ended.
	endedBy uint16
	text    string
	sights  []sight
	heads   []head
	parts   []part
	keys    []uint64 // its entries in Trails.kin
	more    *rare

	list       *list
	counted    int // of sights, in Trails.held
	prev, next *way
}

type wayFlags uint8

const (
	// weak: only an outer header is known of it.
	weak wayFlags = 1 << iota
	// doubtful: it was one of several that a sighting could have been of.
	doubtful
	// ended: its main part came to an end.
	ended
	// gone: another way took it over.
	gone
	// idle: nothing was heard of it for as long as a packet lives.
	idle
	// points: a datapath saw it at points of its own.
	points
)

// part is one of the pieces that a packet was in: a clone, a fragment, a
// segment, or all of it.
type part struct {
	flight uint64 // 0 for sightings without one
	clock  uint16
	span   span
}

// sight is an Observation in 80 bytes: a flood has millions.
type sight struct {
	time  int64
	hook  *trail.Hook
	ct    *trail.Conntrack
	more  *more
	mark  uint32
	len   int32
	point int32
	// place tells hooks and rules of one point apart.
	place  uint32
	head   int16 // index in heads; -1 is none
	part   uint16
	cpu    uint16
	merged uint16
	stage  stage
	dir    trail.Direction
	late   bool
	cut    bool
}

// more is what few observations have.
type more struct {
	rules     []trail.Rule
	route     *trail.Route
	neighbour *trail.Neighbour
	transmit  *trail.Transmit
	refusal   *trail.Refusal
	drop      *trail.Drop
	socket    *trail.Socket
	datapath  *trail.Datapath
	policy    *trail.Policy
	answers   []trail.Answer
	settings  []trail.Setting
	// stage is one that this package does not know.
	stage trail.Stage
}

// compact makes a sight of an observation.
func (t *Trails) compact(o *trail.Observation, point int32) sight {
	s := sight{
		time: o.Time, point: point, stage: stageOf(o.Stage), dir: o.Dir, len: int32(o.Len),
		late: o.Late || o.Time == 0 && o.Datapath != nil, // `cilium monitor` has no clock
		mark: o.Mark, cpu: uint16(o.CPU), merged: uint16(min(o.Merged, 0xffff)), head: -1,
	}
	if o.Hook != nil {
		s.hook = t.hooks.get(*o.Hook)
	}
	if o.Conntrack != nil {
		s.ct = t.tuples.get(*o.Conntrack)
	}
	m := more{
		rules: o.Rules, transmit: o.Transmit, refusal: o.Refusal, drop: o.Drop, socket: o.Socket,
		answers: o.Answers, settings: o.Settings, policy: o.Policy,
	}
	if o.Datapath != nil {
		m.datapath = t.datapaths.get(*o.Datapath)
	}
	if s.stage == stageOther {
		m.stage = o.Stage
	}
	if o.Route != nil {
		m.route = t.routes.get(*o.Route)
	}
	if o.Neighbour != nil {
		m.neighbour = t.hops.get(*o.Neighbour)
	}
	if m.route != nil || m.neighbour != nil || m.transmit != nil || m.refusal != nil || m.drop != nil ||
		m.socket != nil || m.datapath != nil || m.policy != nil || m.stage != "" || len(m.rules)+len(m.answers)+len(m.settings) > 0 {
		s.more = &m
	}
	s.place = placeOf(&s)
	return s
}

// expand makes the observation again.
func (t *Trails) expand(w *way, s *sight) trail.Observation {
	at := &t.points[s.point]
	o := trail.Observation{
		Time: t.told(s), Late: s.late && s.time != 0, Point: at.Point, Stage: s.stage.name(), Dir: s.dir,
		Len: int(s.len), Flight: w.parts[s.part].flight, CPU: int(s.cpu), Mark: s.mark, Merged: int(s.merged),
		Hook: s.hook, Conntrack: s.ct,
	}
	if s.head >= 0 {
		o.Seen = w.heads[s.head].headers()
	}
	if m := s.more; m != nil {
		o.Rules, o.Route, o.Neighbour, o.Transmit = m.rules, m.route, m.neighbour, m.transmit
		if s.stage == stageOther {
			o.Stage = m.stage
		}
		o.Datapath, o.Policy = m.datapath, m.policy
		o.Refusal, o.Drop, o.Socket, o.Answers, o.Settings = m.refusal, m.drop, m.socket, m.answers, m.settings
	}
	return o
}

// add puts a sight in. It returns the index of its head, and whether that is
// new.
func (w *way) add(s sight, h *head) (fresh bool) {
	if h != nil {
		at := -1
		for i := len(w.heads) - 1; i >= 0; i-- {
			if w.heads[i].same(h) {
				at = i
				break
			}
		}
		if at < 0 && len(w.heads) < maxSights {
			at, fresh = len(w.heads), true
			w.heads = append(w.heads, h.keep())
		}
		s.head = int16(at)
	}
	switch {
	case len(w.sights) == 0 || w.untimed():
		w.from, w.to = s.time, s.time
	case s.stage != stageRetransmit && !s.untimed(): // it can be of one that went long ago
		w.from, w.to = min(w.from, s.time), max(w.to, s.time)
	}
	w.sights = append(w.sights, s)
	if s.more != nil && s.more.datapath != nil {
		w.flags |= points
	}
	return fresh
}

// partOf gives the number of a part, a new one if need be.
func (w *way) partOf(p part) uint16 {
	for i, v := range slices.Backward(w.parts) {
		if v == p {
			return uint16(i)
		}
	}
	w.parts = append(w.parts, p)
	return uint16(len(w.parts) - 1)
}

// occupied reports whether a packet, or an overlapping piece of it, has been
// seen at this place before. The way passes a place once; it may come again
// with a lower TTL, where routes lead in a circle.
func (w *way) occupied(s *sight, sp span, h *head) bool {
	return slices.ContainsFunc(w.sights, func(o sight) bool {
		return o.point == s.point && o.stage == s.stage && o.dir == s.dir && o.place == s.place && o.cut == s.cut &&
			w.parts[o.part].span.overlaps(sp) && (o.head < 0 || w.heads[o.head].ttl == h.ttl)
	})
}

// spanOf is the piece that a sighting shows: where its bytes do not tell, the
// one that was seen first.
func (w *way) spanOf(v *view) span {
	if v.known || len(w.parts) == 0 {
		return v.span
	}
	return w.parts[0].span
}

// name takes from a view what the packet is, where no more than an outer
// header or a fragment was known.
func (w *way) name(v *view) {
	if w.flags&weak != 0 {
		for i := range w.parts {
			w.parts[i].span = v.span
		}
	}
	w.flags &^= weak
	w.key, w.text, w.dns = v.id.Key, v.text(), v.dns
}

// absorb takes over all that another way has.
func (w *way) absorb(o *way) {
	for i := range o.sights {
		s := o.sights[i]
		p := o.parts[s.part]
		if o.flags&weak != 0 {
			p.span = w.parts[0].span
		}
		s.part = w.partOf(p)
		var h *head
		if s.head >= 0 {
			h = &o.heads[s.head]
		}
		w.add(s, h)
	}
	w.seen = max(w.seen, o.seen)
	w.flags |= o.flags & doubtful
}
