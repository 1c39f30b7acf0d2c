package record

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// observed is the JSON of the option "observation": what was decided about the
// frame, and observations without bytes that belong to it.
type observed struct {
	trail.Observation
	Also []trail.Observation `json:"also,omitempty"`
}

// WriteObserved writes a frame with what a probe says of it. What the frame
// says already (time, point, direction, length, headers) is left out of o.
// also are observations without bytes, such as routing lookups.
func (w *Writer) WriteObserved(f *trail.Frame, comments []string, o *trail.Observation, also []trail.Observation) error {
	b, err := appendObserved(w.json[:0], o, also)
	if err != nil {
		return fmt.Errorf("encode observation: %w", err)
	}
	w.json = b
	return w.WriteAnnotated(f, Annotation{Comments: comments, Observation: b})
}

// WriteAside writes observations that belong to no frame: a routing lookup
// that failed before there was a packet.
func (w *Writer) WriteAside(list []trail.Observation) error { return w.block(kindAside, list) }

// WriteSession writes what is true of a run of trace as a whole. It may be
// written again: the last one counts.
func (w *Writer) WriteSession(s *trail.Session) error { return w.block(kindSession, s) }

// block writes a value in a Name Resolution Block without records: no other
// block with options stands on its own and is silent in Wireshark.
func (w *Writer) block(kind string, v any) error {
	if w.ended {
		return ErrEnded
	}
	c, err := custom(kind, v)
	if err != nil {
		return err
	}
	return w.out.Write(&pcapng.Names{Extra: pcapng.Extra{Custom: []pcapng.Custom{c}}})
}

// Observed is what a probe said of the frame that was read last, with the
// frame's own time, point, direction and length; false if it said nothing.
func (r *Reader) Observed(f *trail.Frame) (o trail.Observation, also []trail.Observation, ok bool) {
	if r.old == nil {
		l := r.pkt.Options
		for opt := range l.All() {
			c, isCustom := l.Custom(opt)
			if !isCustom {
				continue
			}
			if b := ours(c, kindObservation); b != nil && decodeObserved(b, &o, &also) {
				ok = true
				break
			}
		}
	}
	o.Time, o.Point, o.Dir, o.Len = f.Time, r.Point(f.Point), f.Dir, f.Len
	return o, also, ok
}

// Asides are the observations without a frame that were read since the call
// before.
func (r *Reader) Asides() []trail.Observation {
	list := r.asides
	r.asides = nil
	return list
}

// Session is what is true of the whole run; false if the stream is of no trace,
// or has not come so far.
func (r *Reader) Session() (trail.Session, bool) { return r.session, r.hasSession }

// maxAsides bounds what a reader keeps that nobody fetches.
const maxAsides = 1 << 16

// takeCustom learns what our options in a Name Resolution Block say.
func (r *Reader) takeCustom(list []pcapng.Custom) {
	var asides []trail.Observation
	if find(list, kindAside, &asides) && len(r.asides)+len(asides) <= maxAsides {
		r.asides = append(r.asides, asides...)
	}
	var s trail.Session
	if find(list, kindSession, &s) {
		r.session, r.hasSession = s, true
	}
	var info StreamInfo
	if len(r.streams) < maxAsides && find(list, kindStream, &info) {
		r.streams = append(r.streams, info)
	}
}
