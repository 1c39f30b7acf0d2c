//go:build !pktrail_lite

package follow

import (
	"context"
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// emitter writes one source's observations. It belongs to one goroutine.
type emitter struct {
	*session
	ctx    context.Context // of the run
	packet packet.Packet
	frame  trail.Frame
	outer  packet.Flow // of the packet at hand; that of the tunnel around it
}

// emit writes one observation; data is the packet from its link header on,
// none for a routing lookup.
func (e *emitter) emit(o *trail.Observation, link packet.LinkType, data []byte) error {
	at := e.places.at(e.ctx, o.Point.Netns)
	if answersQuestion(o.Drop) || !e.scope.has(e.ctx, at, e.places.open) {
		return nil
	}
	o.Point = e.places.point(at, o.Point, link)
	if o.Flight != 0 {
		o.Flight += e.flights
	}
	var flow packet.Flow
	e.outer = packet.Flow{}
	if len(data) > 0 {
		e.packet.DecodeLen(link, data, o.Len)
		flow, _ = e.packet.Flow()
		o.Seen.Flow = flow
		e.outer, _ = e.packet.OuterFlow()
	}
	var also []trail.Observation
	if len(data) > 0 {
		e.mu.Lock()
		also = e.pending.take(o, flow) // before asking, which takes its time
		e.mu.Unlock()
	}
	for i := range also {
		if also[i].Flight == 0 {
			e.inquire(&also[i], flow)
		}
	}
	// A lookup that is not known to be of a packet of ours is not asked about
	// before it is, or has failed.
	if o.Route == nil || o.Flight != 0 || o.Route.Err != 0 && o.Route.Err != tryNext {
		e.inquire(o, e.asking(o, flow))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(data) == 0 {
		e.pending.add(*o)
		return nil
	}
	if len(also) > mostBeside {
		if err := e.setAside(also[mostBeside:]); err != nil {
			return err
		}
		also = also[:mostBeside]
	}
	id, err := e.pointID(o.Point)
	if err != nil {
		return err
	}
	e.frame = trail.Frame{Time: o.Time, Point: id, Dir: o.Dir, Len: o.Len, Data: data}
	var words []string
	if e.req.Comments {
		words = comments(o, also)
	}
	return e.out.WriteObserved(&e.frame, words, o, also)
}

// asking is the flow that routing looks at where an observation was made: of a
// packet in a tunnel that of the tunnel, but not where the tunnel's own end
// looks inside.
func (e *emitter) asking(o *trail.Observation, flow packet.Flow) packet.Flow {
	if e.outer.Dst.IsValid() && (o.Drop != nil || o.Refusal != nil || o.Neighbour != nil) {
		return e.outer
	}
	return flow
}

// pointID gives the stream's number of a point.
func (s *session) pointID(p trail.Point) (int, error) {
	id, ok := s.ids[p]
	if ok {
		return id, nil
	}
	id, err := s.out.AddPoint(p, record.PointOptions{Filter: s.about.Filter, SnapLen: s.req.SnapLen, Description: string(p.Role)})
	if err == nil {
		s.ids[p] = id
	}
	return id, err
}

// setAside writes observations that no frame came for.
func (s *session) setAside(list []trail.Observation) error {
	for part := range slices.Chunk(list, mostBeside) {
		if err := s.out.WriteAside(part); err != nil {
			return err
		}
	}
	return nil
}

// mostBeside is how many observations without bytes stand in one place of the
// stream, where 65,000 bytes have room.
const mostBeside = 32

// comments are what Wireshark shows beside the packet.
func comments(o *trail.Observation, also []trail.Observation) []string {
	var out []string
	for i := range also {
		if text := also[i].Words(); text != "" {
			out = append(out, text)
		}
	}
	if text := o.Words(); text != "" {
		out = append(out, text)
	}
	return out
}
