package record

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"

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
	json    []byte // of an observation
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
	s, err := sectionOf(h)
	if err != nil {
		return nil, err
	}
	out, err := pcapng.NewWriter(w, &s)
	if err != nil {
		return nil, fmt.Errorf("write stream: %w", err)
	}
	return &Writer{out: out, started: h.Started}, nil
}

func sectionOf(h Header) (pcapng.Section, error) {
	opt, err := custom(kindHeader, h)
	if err != nil {
		return pcapng.Section{}, err
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
	return s, nil
}

// AddPoint writes an interface block for a point, and gives the id that its
// frames carry in Frame.Point. Points may come at any time before the end.
func (w *Writer) AddPoint(p trail.Point, o PointOptions) (id int, err error) {
	if w.ended {
		return 0, ErrEnded
	}
	if len(w.points) >= pcapng.MaxInterfaces {
		return 0, fmt.Errorf("write point: there are %d already", len(w.points))
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

// Lend makes WriteFrame keep large frames where they are until the next Flush,
// which the caller does before their memory changes: see pcapng.Writer.Lend.
func (w *Writer) Lend() bool { return w.out.Lend() }

// WriteFrame writes a frame and allocates nothing. More than MaxFrame bytes
// of data are cut. f is not kept.
func (w *Writer) WriteFrame(f *trail.Frame) error {
	if w.ended || uint(f.Point) >= uint(len(w.points)) || f.Time < 0 || len(f.Data) > MaxFrame {
		return w.WriteAnnotated(f, Annotation{}) // it knows what to say, and how to cut
	}
	length := max(f.Len, len(f.Data))
	// In and Out are numbered as in epb_flags.
	err := w.out.WriteFrame(f.Point, uint64(f.Time), f.Data, length, uint32(f.Dir)&pcapng.DirectionMask, f.Missed)
	if err != nil {
		return err
	}
	t := &w.points[f.Point]
	t.Frames++
	t.Bytes += uint64(length)
	return nil
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

// Flush writes what has been gathered.
func (w *Writer) Flush() error { return w.out.Flush() }
