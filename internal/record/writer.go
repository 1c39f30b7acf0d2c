package record

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// Writer writes a stream. It gathers 256 KiB, and each Write to its io.Writer
// holds a whole number of blocks. It is not safe for concurrent use. After an
// error of the io.Writer every call returns that error.
type Writer struct {
	out     *pcapng.Writer
	started time.Time
	points  []PointTotals
	pkt     pcapng.Packet // here so that WriteFrame allocates nothing
	opts    []byte
	ended   bool
}

// PointOptions is what an interface block says beside its point.
type PointOptions struct {
	// Filter is the capture filter's expression.
	Filter string
	// SnapLen is the most bytes kept of a frame; 0 is no limit.
	SnapLen int
	// Description is for people.
	Description string
}

// NewWriter starts a stream. Nothing is written before the buffer is full or
// flushed.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	opt, err := custom(kindHeader, h)
	if err != nil {
		return nil, err
	}
	s := pcapng.Section{
		Hardware:    cut(h.Hardware),
		OS:          cut(h.OS),
		Application: cut(strings.TrimSpace(h.Application + " " + h.Version)),
		Extra:       pcapng.Extra{Custom: []pcapng.Custom{opt}},
	}
	if h.Comment != "" {
		s.Comments = []string{cut(h.Comment)}
	}
	out, err := pcapng.NewWriter(w, &s)
	if err != nil {
		return nil, fmt.Errorf("write stream: %w", err)
	}
	return &Writer{out: out, started: h.Started}, nil
}

// AddPoint writes an interface block for a point, and gives the id that its
// frames carry in Frame.Point. Points may come at any time before the end.
func (w *Writer) AddPoint(p trail.Point, o PointOptions) (id int, err error) {
	if w.ended {
		return 0, ErrEnded
	}
	opt, err := custom(kindPoint, p)
	if err != nil {
		return 0, err
	}
	i := pcapng.Interface{
		LinkType:    uint16(p.Link),
		SnapLen:     uint32(max(o.SnapLen, 0)),
		Name:        cut(p.Path()),
		Description: cut(o.Description),
		Filter:      cut(o.Filter),
		Resolution:  pcapng.Nanoseconds,
		Extra:       pcapng.Extra{Custom: []pcapng.Custom{opt}},
	}
	if mac, err := net.ParseMAC(p.MAC); err == nil && len(mac) == 6 {
		i.MAC = mac
	}
	if err := w.out.Write(&i); err != nil {
		return 0, err
	}
	w.points = append(w.points, PointTotals{})
	return len(w.points) - 1, nil
}

// WriteFrame writes a frame and allocates nothing. More than MaxFrame bytes
// of data are cut. f is not kept.
func (w *Writer) WriteFrame(f *trail.Frame) error {
	if err := w.frame(f); err != nil {
		return err
	}
	w.pkt.Options = pcapng.Options{}
	return w.write(f)
}

// Annotation is what stands beside a frame.
type Annotation struct {
	// Comments are for people; each is cut at MaxText bytes.
	Comments []string
	// Observation is the JSON of what was decided there, at most MaxText
	// bytes; none if empty.
	Observation []byte
}

// WriteAnnotated writes a frame with comments and an observation. An
// observation that is too long is ErrTooLong, and the frame is not written.
func (w *Writer) WriteAnnotated(f *trail.Frame, a Annotation) error {
	if err := w.frame(f); err != nil {
		return err
	}
	w.opts = w.opts[:0]
	for _, c := range a.Comments {
		w.opts = pcapng.AppendOption(w.opts, pcapng.OptComment, cut(c))
	}
	if len(a.Observation) > 0 {
		c, err := customJSON(kindObservation, a.Observation)
		if err != nil {
			return err
		}
		w.opts = pcapng.AppendCustom(w.opts, c)
	}
	w.pkt.Options = pcapng.LittleEndianOptions(w.opts)
	return w.write(f)
}

// frame puts f into w.pkt.
func (w *Writer) frame(f *trail.Frame) error {
	if w.ended {
		return ErrEnded
	}
	if uint(f.Point) >= uint(len(w.points)) || f.Time < 0 {
		return fmt.Errorf("write frame: point %d of %d, time %d: not to be written", f.Point, len(w.points), f.Time)
	}
	p := &w.pkt
	p.Interface = f.Point
	p.Ticks = uint64(f.Time)
	p.Data = f.Data
	if len(p.Data) > MaxFrame {
		p.Data = p.Data[:MaxFrame]
	}
	p.Len = max(f.Len, len(f.Data))
	p.Flags = uint32(f.Dir) & pcapng.DirectionMask // In and Out are numbered as in epb_flags
	p.Drops = f.Missed
	return nil
}

func (w *Writer) write(f *trail.Frame) error {
	err := w.out.WritePacket(&w.pkt)
	w.pkt.Data = nil
	if err != nil {
		return err
	}
	t := &w.points[f.Point]
	t.Frames++
	t.Bytes += uint64(w.pkt.Len)
	return nil
}

// WriteNames writes the names of addresses. Names that are empty or hold a
// NUL byte are left out.
func (w *Writer) WriteNames(names []Name) error {
	if w.ended {
		return ErrEnded
	}
	var n pcapng.Names
	size := 0
	for _, name := range names {
		rec := pcapng.NameRecord{Addr: name.Addr.Unmap().WithZone("")}
		used := 16
		for _, s := range name.Names {
			if s == "" || strings.Contains(s, "\x00") || used+len(s)+1 > MaxText {
				continue
			}
			rec.Names = append(rec.Names, s)
			used += len(s) + 1
		}
		if len(rec.Names) == 0 || !rec.Addr.IsValid() {
			continue
		}
		n.Records = append(n.Records, rec)
		if size += used; size > maxNamesBlock {
			if err := w.out.Write(&n); err != nil {
				return err
			}
			n.Records, size = nil, 0
		}
	}
	if len(n.Records) == 0 {
		return nil
	}
	return w.out.Write(&n)
}

// maxNamesBlock is about how many bytes of names stand in one block.
const maxNamesBlock = 128 << 10

// WriteStats writes a point's counters since it was opened.
func (w *Writer) WriteStats(id int, at time.Time, c trail.Counters) error {
	if w.ended {
		return ErrEnded
	}
	if uint(id) >= uint(len(w.points)) {
		return fmt.Errorf("write counters: point %d of %d", id, len(w.points))
	}
	w.points[id].Counters = c
	s := w.stats(id, at, c)
	return w.out.Write(&s)
}

func (w *Writer) stats(id int, at time.Time, c trail.Counters) pcapng.Statistics {
	s := pcapng.Statistics{
		Interface: id, Ticks: ticks(at), End: pcapng.Known(ticks(at)),
		Received: pcapng.Known(c.Received), Dropped: pcapng.Known(c.Missed),
	}
	if !w.started.IsZero() {
		s.Start = pcapng.Known(ticks(w.started))
	}
	return s
}

// Flush writes what has been gathered.
func (w *Writer) Flush() error { return w.out.Flush() }

// End writes the last counters of each point and the end record, and flushes.
// Points that e does not have get the Writer's own totals with the counters
// of the last WriteStats. Nothing can be written after it.
func (w *Writer) End(e End) error {
	if w.ended {
		return ErrEnded
	}
	end, err := custom(kindEnd, endJSON{End: End{Reason: cut(e.Reason), At: e.At}, Points: len(w.points)})
	if err != nil {
		return err
	}
	for id, t := range w.points {
		if id < len(e.Points) {
			t = e.Points[id]
		}
		s := w.stats(id, e.At, t.Counters)
		totals, err := custom(kindTotals, t)
		if err != nil {
			return err
		}
		s.Custom = append(s.Custom, totals)
		if id == len(w.points)-1 {
			s.Custom = append(s.Custom, end)
		}
		if err := w.out.Write(&s); err != nil {
			return err
		}
	}
	if len(w.points) == 0 { // an interface's statistics need an interface
		if err := w.out.Write(&pcapng.Names{Extra: pcapng.Extra{Custom: []pcapng.Custom{end}}}); err != nil {
			return err
		}
	}
	w.ended = true
	return w.Flush()
}

// ticks are nanoseconds since 1970; 0 for times before or without value.
func ticks(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixNano(), 0))
}

// cut shortens a text to MaxText bytes, between two characters.
func cut(s string) string {
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// IsTruncated reports whether an error of Reader.Read says that the stream
// ends in the middle of a block.
func IsTruncated(err error) bool {
	_, ok := errors.AsType[*pcapng.TruncatedError](err)
	return ok
}
