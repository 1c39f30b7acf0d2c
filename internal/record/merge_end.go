package record

import (
	"fmt"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
)

// StreamInfo says who made one stream of a merged one.
type StreamInfo struct {
	// Label is what Merge.Add was given.
	Label string `json:"label,omitempty"`
	Header
}

// StreamEnd says how one stream of a merged one ended.
type StreamEnd struct {
	// Label is what Merge.Add was given, Node the machine by the stream's own
	// header.
	Label string `json:"label,omitempty"`
	Node  string `json:"node,omitempty"`
	// Reason and At are those of the stream's own end record; empty if it has
	// none.
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
	// Broken says why what came of the stream is not all of it; empty if it is.
	Broken string `json:"broken,omitempty"`
}

const (
	maxLabel   = 253     // bytes of a label, or of a reason in a list
	maxReasons = 1000    // bytes of reasons in the reason of all
	maxStreams = 1 << 14 // bytes of the list of streams in the end record, about
)

// finish writes the totals of all points and the end record.
func (o *mergeOutput) finish(all []*MergeInput, names []Name) error {
	if o.err != nil {
		return o.err
	}
	if err := o.begin(Header{}); err != nil {
		return err
	}
	e := endJSON{End: End{At: lastEnd(all)}, Points: len(o.points)}
	ends := make([]StreamEnd, len(all))
	broken := false
	for i, s := range all {
		if s.untold {
			if err := o.tell(s); err != nil {
				return err
			}
		}
		ends[i] = o.endOf(s)
		broken = broken || ends[i].Broken != ""
	}
	e.Reason = commonReason(ends)
	if len(all) > 1 || broken {
		e.Streams = fewStreams(ends)
	}
	blocks := nameBlocks(names)
	for i := range blocks {
		if err := o.add(&blocks[i]); err != nil {
			return err
		}
		o.flush()
	}
	end, err := custom(kindEnd, e)
	if err != nil {
		return err
	}
	for id := range o.points {
		if err := o.total(id, e.At, end); err != nil {
			return err
		}
	}
	if len(o.points) == 0 {
		if err := o.add(&pcapng.Names{Extra: pcapng.Extra{Custom: []pcapng.Custom{end}}}); err != nil {
			return err
		}
	}
	o.flush()
	return o.err
}

// total writes the last statistics of a point, with the end record if it is
// the last point.
func (o *mergeOutput) total(id int, at time.Time, end pcapng.Custom) error {
	p := &o.points[id]
	t := PointTotals{Frames: p.frames, Bytes: p.bytes, Counters: p.counters()}
	if p.closed {
		t.Counters = p.said.Counters
	}
	totals, err := custom(kindTotals, t)
	if err != nil {
		return err
	}
	st := p.stats
	if !p.closed {
		st = statistics(id, p.from.header.Started, at, t.Counters)
	}
	st.Interface = id
	st.Custom = []pcapng.Custom{totals}
	if id == len(o.points)-1 {
		st.Custom = append(st.Custom, end)
	}
	if len(o.buf) > cap(o.buf)/2 {
		o.flush()
	}
	return o.add(&st)
}

// endOf says how a stream ended.
func (o *mergeOutput) endOf(s *MergeInput) StreamEnd {
	e := StreamEnd{Label: cutTo(s.label, maxLabel), Node: cutTo(s.header.Node, maxLabel)}
	if s.end != nil {
		e.Reason, e.At = cutTo(s.end.Reason, maxLabel), s.end.At
	}
	switch {
	case s.fault != nil && (s.end == nil || s.fault != errNotEnded): //nolint:errorlint // it is set bare
		e.Broken = cutTo(s.fault.Error(), maxLabel)
	case s.end == nil:
		e.Broken = errNoEnd.Error()
	case o.full: // it had more, which nobody wanted
	default:
		e.Broken = o.lack(s)
	}
	return e
}

// lack compares what came of a stream with what its end record says.
func (o *mergeOutput) lack(s *MergeInput) string {
	var came, said uint64
	same := true
	for _, id := range s.ids {
		p := &o.points[id]
		same = same && p.closed && p.frames == p.said.Frames && p.bytes == p.said.Bytes
		came += p.frames
		said += p.said.Frames
	}
	if same {
		return ""
	}
	return fmt.Sprintf("%d of its %d frames came", came, said)
}

// lastEnd is when the last stream ended, or now if none has said so.
func lastEnd(all []*MergeInput) time.Time {
	var at time.Time
	ended := false
	for _, s := range all {
		if s.end != nil && (!ended || s.end.At.After(at)) {
			at, ended = s.end.At, true
		}
	}
	if !ended {
		return time.Now().UTC()
	}
	return at
}

// commonReason is the reason that all streams have, or those of each.
func commonReason(ends []StreamEnd) string {
	var parts []string
	said := map[string]bool{}
	same := true
	for _, e := range ends {
		reason := e.Reason
		if e.Broken != "" {
			reason = e.Broken
		}
		same = same && e.Broken == "" && reason == ends[0].Reason
		part := reason
		if e.Label != "" {
			part = e.Label + ": " + reason
		}
		if !said[part] {
			said[part] = true
			parts = append(parts, part)
		}
	}
	if same && len(ends) > 0 {
		return ends[0].Reason
	}
	return cutTo(strings.Join(parts, "; "), maxReasons)
}

// fewStreams keeps the list short enough for its option: those that broke
// count most.
func fewStreams(ends []StreamEnd) []StreamEnd {
	var out []StreamEnd
	size := 0
	for _, wantBroken := range []bool{true, false} {
		for _, e := range ends {
			n := 64 + len(e.Label) + len(e.Node) + len(e.Reason) + len(e.Broken)
			if (e.Broken != "") == wantBroken && size+n <= maxStreams {
				out, size = append(out, e), size+n
			}
		}
	}
	return out
}
