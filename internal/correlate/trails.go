package correlate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Window is how long one packet may be under way between the first point and
// the last. A sighting after that is another packet.
const Window = 5 * time.Second

const (
	// near is how far apart two sightings of one packet at two points are
	// taken to be at most, where a sender repeats itself to the byte: the
	// oldest packet that near comes first, else the nearest one. Repetitions
	// are slower than that, as a rule, and ways are shorter.
	near = 10 * time.Millisecond
	// crowd bounds how many packets of one identity are looked at before and
	// after a sighting, so that a flood of equal packets costs no more each.
	crowd = 64
)

// Trails gathers sightings of frames, in any order, into trails. Its zero
// value is ready. It keeps headers, not frames: 400 to 800 bytes for each
// more in a tunnel (bench_test.go measures it), for as long as it lives.
type Trails struct {
	p      packet.Packet
	points []trail.Point
	number map[trail.Point]int     // index in points
	kin    map[packet.Key][]*group // those of a key in the order of key
	order  []*group
	others int
}

// group is one packet's sightings so far.
type group struct {
	key      int64 // time of the sighting that was added first
	from, to int64 // times of the earliest and the latest
	payload  packet.Digest
	text     string
	seen     []sighting
}

// sighting is an Observation with its point as a number.
type sighting struct {
	time  int64
	point int
	dir   trail.Direction
	len   int
	seen  trail.Headers
}

// Add takes one sighting. f.Data is not kept.
func (t *Trails) Add(at trail.Point, f *trail.Frame) {
	t.p.DecodeLen(at.Link, f.Data, f.Len)
	id, ok := t.p.Identity()
	if !ok {
		t.others++
		return
	}
	s := sighting{time: f.Time, point: t.point(at), dir: f.Dir, len: f.Len, seen: headers(&t.p)}
	kin := t.kin[id.Key]
	next, _ := slices.BinarySearchFunc(kin, s.time, func(g *group, at int64) int { return cmp.Compare(g.key, at) })
	if g := choose(kin[max(0, next-crowd):min(len(kin), next+crowd)], &s, id.Payload); g != nil {
		g.add(s, id.Payload)
		return
	}
	g := &group{key: s.time, from: s.time, to: s.time, payload: id.Payload, text: describe(&t.p), seen: []sighting{s}}
	t.kin[id.Key] = slices.Insert(kin, next, g)
	t.order = append(t.order, g)
}

// point numbers the points.
func (t *Trails) point(p trail.Point) int {
	n, ok := t.number[p]
	if !ok {
		if t.number == nil {
			t.number, t.kin = map[trail.Point]int{}, map[packet.Key][]*group{}
		}
		n = len(t.points)
		t.number[p] = n
		t.points = append(t.points, p)
	}
	return n
}

// choose gives the packet that a sighting is of, nil if it is a new one.
func choose(kin []*group, s *sighting, payload packet.Digest) *group {
	var best *group
	var least time.Duration
	for _, g := range kin {
		if !g.takes(s, payload) {
			continue
		}
		far := time.Duration(max(g.from-s.time, s.time-g.to, 0))
		if far <= near {
			return g
		}
		if best == nil || far < least {
			best, least = g, far
		}
	}
	return best
}

// takes says whether a sighting can be of this packet. A packet passes a point
// once in each direction: a second sighting there is a repetition.
func (g *group) takes(s *sighting, payload packet.Digest) bool {
	if !g.payload.Agrees(payload) || time.Duration(max(g.to, s.time)-min(g.from, s.time)) > Window {
		return false
	}
	return !slices.ContainsFunc(g.seen, func(have sighting) bool { return have.point == s.point && have.dir == s.dir })
}

func (g *group) add(s sighting, payload packet.Digest) {
	g.seen = append(g.seen, s)
	g.from, g.to = min(g.from, s.time), max(g.to, s.time)
	if payload.N > g.payload.N { // the others were cut shorter
		g.payload = payload
	}
}

// Others is how many frames have no identity: not IP or ARP, or cut within
// their headers.
func (t *Trails) Others() int { return t.others }

// All returns the trails, in the order of their first sightings.
func (t *Trails) All() []trail.Trail {
	out := make([]trail.Trail, len(t.order))
	for i, g := range t.order {
		all := make([]trail.Observation, len(g.seen))
		for j, s := range g.seen {
			all[j] = trail.Observation{Time: s.time, Point: t.points[s.point], Dir: s.dir, Len: s.len, Seen: s.seen}
		}
		slices.SortStableFunc(all, before)
		for j := range all[1:] {
			all[j+1].Changes = changes(&all[j].Seen, &all[j+1].Seen)
		}
		out[i] = trail.Trail{Packet: g.text, Flow: all[0].Seen.Flow, Observations: all}
	}
	slices.SortStableFunc(out, func(a, b trail.Trail) int {
		return cmp.Compare(a.Observations[0].Time, b.Observations[0].Time)
	})
	return out
}

// before orders the sightings of one packet. Time comes first; but stacked
// devices can see a packet at the same nanosecond (while any socket on the
// machine asks for timestamps, one is taken for all of them), and then the
// place on the way decides.
func before(a, b trail.Observation) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(stage(&a), stage(&b)))
}

// stage numbers the places on the way out of a pod, and on into another.
func stage(o *trail.Observation) int {
	switch o.Point.Role {
	case trail.RolePod:
		return pick(o.Dir, 0, 9)
	case trail.RoleHost:
		return pick(o.Dir, 8, 1)
	case trail.RoleBridge:
		return pick(o.Dir, 7, 2)
	case trail.RoleOverlay:
		return pick(o.Dir, 3, 6)
	case trail.RoleUplink:
		return pick(o.Dir, 4, 5)
	}
	return 4
}

func pick(d trail.Direction, out, in int) int {
	if d == trail.Out {
		return out
	}
	return in
}

// describe says in words what a packet is.
func describe(p *packet.Packet) string {
	l, ok := p.Transport()
	if !ok {
		if n, ok := p.Network(); ok && n.Kind == packet.KindARP {
			return "ARP"
		}
		return p.Proto().String()
	}
	h := p.Header(l)
	switch l.Kind {
	case packet.KindICMPv4, packet.KindICMPv6:
		return icmp(l.Kind, packet.ICMP(h))
	case packet.KindTCP:
		t := packet.TCP(h)
		return fmt.Sprintf("TCP seq %d, %d bytes", t.Seq(), l.PayloadLen())
	case packet.KindUDP:
		return fmt.Sprintf("UDP, %d bytes", l.PayloadLen())
	}
	return p.Proto().String()
}

func icmp(k packet.Kind, h packet.ICMP) string {
	request, reply := uint8(packet.ICMPv4Echo), uint8(packet.ICMPv4EchoReply)
	if k == packet.KindICMPv6 {
		request, reply = packet.ICMPv6Echo, packet.ICMPv6EchoReply
	}
	switch h.Type() {
	case request:
		return fmt.Sprintf("ICMP echo request seq %d", h.Seq())
	case reply:
		return fmt.Sprintf("ICMP echo reply seq %d", h.Seq())
	}
	return fmt.Sprintf("ICMP type %d code %d", h.Type(), h.Code())
}
