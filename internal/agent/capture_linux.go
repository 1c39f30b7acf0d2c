package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/afpacket"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// statsEvery is how often the counters are written into the stream, and the
// stream is looked after where no packets come.
const statsEvery = time.Second

// session is one running capture. All of it belongs to the goroutine that
// runs it, but for the reader's Stop.
type session struct {
	req    *Capture
	talk   func(Message)
	out    *record.Writer
	reader *afpacket.Reader
	plan   *plan
	cutter cutter

	// from and until are the moments, ns, between which every socket listens.
	// What one of them saw outside of that would look like a loss at the
	// others, so it is left out.
	from  int64
	until atomic.Int64

	points  []known
	packets int64
	bytes   []int64 // of each target
	stats   time.Time
	reason  string // why it ended
}

// known is what the session knows of one of the reader's points.
type known struct {
	id    int // in the stream
	owner int // index of its target
	ring  int
	// Counters of the frames that were read and of what these told of missed.
	trail.Counters
	untold uint64 // missed since the last frame
}

// capturePackets runs one capture until the context ends, a limit is reached
// or nothing is left to read.
func capturePackets(ctx context.Context, rq Request, w io.Writer, talk func(Message)) (err error) {
	q := rq.Capture
	p, err := planCapture(ctx, q, rq.Node)
	if err != nil {
		return err
	}
	s := &session{req: q, talk: talk, plan: p, bytes: make([]int64, p.owners), cutter: cutter{keep: q.Keep}}
	defer func() { err = errors.Join(err, p.Close()) }()
	rings, err := openRings(p, q)
	if err != nil {
		return err
	}
	if s.reader, err = afpacket.NewReader(rings, s.event); err != nil {
		return errors.Join(err, closeRings(rings))
	}
	defer func() { err = errors.Join(err, s.reader.Close()) }()
	if s.out, err = record.NewWriter(w, header(rq.Node)); err != nil {
		return err
	}
	if s.out.Lend() {
		s.reader.OnReuse(func() { _ = s.out.Flush() }) // its error is that of the next write
	}
	if err := s.arm(); err != nil {
		return err
	}
	return s.run(ctx)
}

// openRings opens a socket for each place.
func openRings(p *plan, q *Capture) (rings []*afpacket.Ring, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeRings(rings))
			rings = nil
		}
	}()
	for i := range p.places {
		pl := &p.places[i]
		prog, err := compile(pl, q)
		if err != nil {
			return rings, err
		}
		r, err := afpacket.Open(afpacket.Options{
			Netns: int(pl.in.File().Fd()), Interface: pl.point.Index,
			Filter: prog, SnapLen: q.SnapLen, Buffer: ringSize(q.Buffer, len(p.places)),
			Timeout: q.Latency, Promiscuous: q.Promiscuous, Point: base(pl.point), Alive: pl.in.Alive,
		})
		if err != nil {
			return rings, fmt.Errorf("capture at %s: %w", pl.point.Path(), err)
		}
		rings = append(rings, r)
	}
	return rings, nil
}

func closeRings(rings []*afpacket.Ring) error {
	var errs []error
	for _, r := range rings {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// expression is the filter for a place.
func (q *Capture) expression(pl *place) string {
	switch {
	case q.Exclude == "" || !pl.shared():
		return q.Filter
	case q.Filter == "":
		return "not (" + q.Exclude + ")"
	}
	return "(" + q.Filter + ") and not (" + q.Exclude + ")"
}

// compile makes the program for a place; nil takes every packet.
func compile(pl *place, q *Capture) (filter.Program, error) {
	text := q.expression(pl)
	if text == "" {
		return nil, nil
	}
	expr, err := filter.Parse(text)
	if err != nil {
		return nil, err
	}
	o := filter.Options{Live: true, Inner: pl.inner, Link: filter.AnyDevice, SnapLen: uint32(q.SnapLen)}
	if pl.point.Index > 0 {
		o.Link = filter.Ethernet
		if pl.point.Link == packet.LinkRaw {
			o.Link = filter.Raw
		}
	}
	return expr.Compile(o)
}

// base is what a ring copies into each of its points.
func base(p trail.Point) trail.Point {
	return trail.Point{Node: p.Node, Target: p.Target, Netns: p.Netns, Role: p.Role}
}

// The rings share out 128 MiB, 32 MiB for one at most.
const (
	ringMost  = 32 << 20
	ringsAll  = 128 << 20
	ringLeast = 2 << 20
)

func ringSize(asked int64, rings int) int {
	if asked > 0 {
		return int(asked)
	}
	return max(ringLeast, min(ringMost, ringsAll/max(rings, 1)))
}

// arm writes the points that are there from the start, and says so.
func (s *session) arm() error {
	if err := s.learn(); err != nil {
		return err
	}
	for _, n := range s.plan.notes {
		s.talk(Message{Kind: KindNote, Text: n})
	}
	armed := make([]trail.Point, len(s.plan.places))
	for i, pl := range s.plan.places {
		armed[i] = pl.point
	}
	// An output that cannot be written to, or not yet (a pipe that nobody has
	// opened), shows here.
	if err := s.out.Flush(); err != nil {
		return err
	}
	s.stats = time.Now()
	s.from = s.stats.UnixNano()
	s.until.Store(math.MaxInt64)
	s.talk(Message{Kind: KindArmed, Points: armed})
	return nil
}

// learn adds the reader's new points to the stream.
func (s *session) learn() error {
	for _, p := range s.reader.Points()[len(s.points):] {
		ring := s.ringOf(p)
		id, err := s.out.AddPoint(p, record.PointOptions{Filter: s.req.expression(&s.plan.places[ring]), SnapLen: s.req.SnapLen, Description: describe(p)})
		if err != nil {
			return err
		}
		s.points = append(s.points, known{id: id, owner: s.plan.places[ring].owner, ring: ring})
	}
	return nil
}

// ringOf finds the place whose socket saw the point: its own interface, or
// else the socket on all interfaces of its namespace.
func (s *session) ringOf(p trail.Point) int {
	all := 0
	for i, pl := range s.plan.places {
		if pl.point.Netns != p.Netns {
			continue
		}
		if pl.point.Index == p.Index {
			return i
		}
		if pl.point.Index == 0 {
			all = i
		}
	}
	return all
}

// describe is the interface's description in the file, for people.
func describe(p trail.Point) string {
	text := string(p.Role) + " " + p.Kind
	if p.MTU > 0 {
		text += fmt.Sprintf(" mtu %d", p.MTU)
	}
	return strings.Join(strings.Fields(text), " ")
}

// event hears of interfaces that come and go.
func (s *session) event(e afpacket.Event) {
	where := e.Point.Owner()
	if e.Kind == afpacket.RingEnded {
		where = e.Point.Path()
	}
	s.talk(Message{Kind: KindNote, Text: where + ": " + e.String()})
}
