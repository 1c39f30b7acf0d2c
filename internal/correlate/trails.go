package correlate

import (
	"hash/maphash"
	"iter"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Window is how long one packet may be under way between the first point and
// the last. A sighting after that is another packet.
const Window = 5 * time.Second

// Options say when a trail is over.
type Options struct {
	// Closed takes each trail when it is over, and Flush gives it the rest. If
	// nil all are kept for All.
	Closed func(trail.Trail)
	// Idle is how long nothing may be heard of a packet until it is over; 0 is
	// Window. Time is that of the sightings.
	Idle time.Duration
	// Linger is how long late messages about a packet are waited for after its
	// end; 0 is 100 ms, and one second where sightings come from several
	// kernels, whose streams are not in step.
	Linger time.Duration
	// MaxOpen is how many packets are followed at once, with 40 sightings each
	// on average and 4096 at most; 0 is 32,768 (270 MB), negative no limit.
	// Beyond it those that nothing was heard of for longest are over: see
	// Forgotten. It holds only with Closed.
	MaxOpen int
	// Reference is the node whose clock the times are told by; empty is the
	// first one that is heard of.
	Reference string
}

const (
	linger      = 100 * time.Millisecond
	lingerApart = time.Second
	maxOpen     = 1 << 15
	maxSights   = 4096
	usualSights = 40
	// maxPoints bounds how many points are known at once: interfaces come and
	// go.
	maxPoints = 1 << 16
)

// Trails gathers sightings into trails, roughly in the order of time for each
// source; without Options.Closed in any order. Its zero value is ready and
// keeps everything until All. It keeps headers, not frames: 120 to 180 bytes
// for each sighting, and 400 more for each packet (bench_test.go measures it).
type Trails struct {
	o     Options
	p, q  packet.Packet
	v     view
	fill  trail.Observation
	deep  deep
	vlans []uint16
	// tunnels of the packet in p.
	tunnels []trail.Tunnel
	seed    maphash.Seed

	points []place
	number map[where]int32
	clocks clocks
	hooks  intern[trail.Hook]
	tuples intern[trail.Conntrack]
	routes intern[trail.Route]
	hops   intern[trail.Neighbour]
	// datapaths are those of `cilium monitor`
	datapaths intern[trail.Datapath]

	flights   map[flight]*way
	kin       map[uint64][]kin
	outer     map[uint64][]*way // by outer header
	strangers map[uint64][]*way // of which nothing else is known
	datagrams map[datagram]*way
	streams   map[packet.Flow]*stream
	delays    map[[2]int32]int64
	links     linker

	open, ending list
	held         int // sightings of those
	kept         []*way
	waiting      []repetition
	begun        int
	now          int64
	others       int
	forgotten    int
}

// place is a trail.Point of one kernel.
type place struct {
	trail.Point
	clock uint16
}

type where struct {
	boot  string
	point trail.Point
}

type flight struct {
	clock  uint16
	number uint64
}

// New returns Trails with options.
func New(o Options) *Trails { return &Trails{o: o} }

// Add takes one captured frame, of a kernel that stands for the point's node
// alone. f.Data is not kept.
func (t *Trails) Add(at trail.Point, f *trail.Frame) { t.See(&Sighting{At: at, Frame: f}) }

// See takes one sighting. Nothing of it is kept but what its pointers and
// slices show, which must stay as they are.
func (t *Trails) See(s *Sighting) {
	if t.number == nil {
		t.begin()
	}
	if len(t.points) >= maxPoints && t.o.Closed != nil {
		t.forgetPoints()
	}
	o := &s.Seen
	at := t.point(s.Boot, s.At)
	if f := s.Frame; f != nil {
		o = &t.fill
		*o = s.Seen
		if o.Time == 0 {
			o.Time = f.Time
		}
		if o.Dir == trail.DirUnknown {
			o.Dir = f.Dir
		}
		if o.Len == 0 {
			o.Len = f.Len
		}
	}
	t.now = max(t.now, o.Time)
	if !t.read(s) {
		t.others++
		return
	}
	sg := t.compact(o, at)
	sg.cut = t.v.cut
	switch {
	case sg.stage == stageRetransmit:
		t.repeats(&sg)
		return
	case t.v.isOwnReset(o):
		t.others++
		return
	}
	w := t.join(&sg, o.Flight)
	t.enter(w, sg, o.Flight)
	t.enterAlso(w, s, at)
	t.settle(w, &sg)
	t.expire()
}

func (t *Trails) begin() {
	t.seed = maphash.MakeSeed()
	t.number = map[where]int32{}
	t.flights = map[flight]*way{}
	t.kin = map[uint64][]kin{}
	t.outer = map[uint64][]*way{}
	t.strangers = map[uint64][]*way{}
	t.datagrams = map[datagram]*way{}
	t.streams = map[packet.Flow]*stream{}
	t.delays = map[[2]int32]int64{}
	t.clocks.reference = t.o.Reference
}

// point numbers the points.
func (t *Trails) point(boot string, p trail.Point) int32 {
	k := where{boot, p}
	n, ok := t.number[k]
	if !ok {
		n = int32(len(t.points))
		t.number[k] = n
		t.points = append(t.points, place{p, t.clocks.of(boot, p.Node)})
	}
	return n
}

// forgetPoints begins anew with the numbers of points. Open packets have them,
// so they are over.
func (t *Trails) forgetPoints() {
	t.forgotten += t.open.n
	t.Flush()
	t.points = nil
	clear(t.number)
	clear(t.delays)
}

// Others is how many sightings tell nothing of which packet they are: no IP
// and no ARP, or cut within their headers; what TCP sends once more, where
// neither that nor the original was seen; and resets that TCP says it sends on
// its own.
func (t *Trails) Others() int { return t.others + len(t.waiting) }

// Refer makes a node's clock the one that times are told by, as
// Options.Reference does: for what is told from now on.
func (t *Trails) Refer(node string) {
	t.o.Reference = node
	t.clocks.reference, t.clocks.solved = node, false
}

// Forgotten is how many trails were over before their time, and sightings left
// out, because there were too many: see Options.MaxOpen.
func (t *Trails) Forgotten() int { return t.forgotten }

// Offsets says by how much the nodes' clocks are ahead of the reference, as far
// as packets between them told. Nodes on the reference's own kernel are left
// out.
func (t *Trails) Offsets() map[string]Offset { return t.clocks.offsets() }

// All returns the trails, in the order of their starts, without those that
// Options.Closed was given. It makes all of them at once, at about 700 bytes for
// each observation: Each does not.
func (t *Trails) All() []trail.Trail {
	out := make([]trail.Trail, 0, len(t.kept))
	for tr := range t.Each() {
		out = append(out, tr)
	}
	return out
}

// Each yields what All returns, one by one.
func (t *Trails) Each() iter.Seq[trail.Trail] {
	return func(yield func(trail.Trail) bool) {
		for _, w := range t.finished() {
			if !yield(t.assemble(w)) {
				return
			}
		}
	}
}
