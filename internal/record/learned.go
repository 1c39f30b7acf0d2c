package record

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// Header says who made the stream; of a file of another program what its
// first section says.
func (r *Reader) Header() Header { return r.header }

func headerOf(s *pcapng.Section) Header {
	var h Header
	if !find(s.Custom, kindHeader, &h) {
		h = Header{Application: s.Application}
	}
	h.OS, h.Hardware, h.Comment = s.OS, s.Hardware, strings.Join(s.Comments, "\n")
	return h
}

// Points are those that have come so far, by the id in Frame.Point.
func (r *Reader) Points() []trail.Point {
	list := make([]trail.Point, len(r.points))
	for i := range r.points {
		list[i] = r.points[i].point
	}
	return list
}

// Point is the point of an id that a Frame had.
func (r *Reader) Point(id int) trail.Point { return r.points[id].point }

// Counters are a point's last ones so far; false if the stream has said none.
func (r *Reader) Counters(id int) (trail.Counters, bool) {
	if id < 0 || id >= len(r.points) {
		return trail.Counters{}, false
	}
	return r.points[id].counters, r.points[id].counted
}

// Names are those that have come so far; not more than the first 262144.
func (r *Reader) Names() []Name { return slices.Clone(r.names) }

// End is the end record; false if it has not been read, as in a stream that
// was cut or that another program has saved again.
func (r *Reader) End() (End, bool) {
	if !r.ended {
		return End{}, false
	}
	e := r.end
	e.Points = make([]PointTotals, len(r.points))
	for i := range r.points {
		e.Points[i] = r.points[i].totals
	}
	return e, true
}

// Streams are those that the stream was merged of, as far as it says so: none
// in that of one agent.
func (r *Reader) Streams() []StreamInfo { return slices.Clone(r.streams) }

// Whole reports, after Read has returned io.EOF, whether the stream is known
// to be whole: each of its sections has its end record, as many frames and
// bytes have been read as it tells, and none of the streams that it was merged
// of was broken.
func (r *Reader) Whole() bool {
	if !r.ended || r.broken {
		return false
	}
	for _, s := range r.end.Streams {
		if s.Broken != "" {
			return false
		}
	}
	for i := range r.points {
		p := &r.points[i]
		if p.seen.Frames != p.totals.Frames || p.seen.Bytes != p.totals.Bytes {
			return false
		}
	}
	return true
}

// Annotation is what stands beside the frame that was read last.
func (r *Reader) Annotation() Annotation {
	var a Annotation
	if r.old != nil {
		return a
	}
	l := r.pkt.Options
	for o := range l.All() {
		if o.Code == pcapng.OptComment {
			a.Comments = append(a.Comments, string(o.Value))
		} else if c, ok := l.Custom(o); ok && a.Observation == nil {
			if b := ours(c, kindObservation); json.Valid(b) {
				a.Observation = slices.Clone(b)
			}
		}
	}
	return a
}
