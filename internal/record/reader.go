package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/pcap"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// Reader reads a stream, or a capture file of another program. It is not safe
// for concurrent use.
type Reader struct {
	ng     *pcapng.Reader
	old    *pcap.Reader // instead of ng, for classic pcap
	block  pcapng.Block
	pkt    pcapng.Packet
	oldPkt pcap.Packet

	header Header
	points []point
	base   int // id of the section's first point
	names  []Name
	ended  bool // the section's end record was read
	broken bool // a section before had none
	end    End
	raw    []byte // blocks made for Raw out of classic pcap
	begun  bool
}

// point is what the stream has said of a point so far.
type point struct {
	point    trail.Point
	counters trail.Counters
	counted  bool
	seen     PointTotals // frames that Read has delivered
	totals   PointTotals // what the end record says
	closed   bool        // totals were read
}

// maxPoints is how many points of all sections together are kept.
const maxPoints = 1 << 20

// NewReader reads the stream's head, of pcapng or of classic pcap. Errors are
// those of pcapng.NewReader and pcap.NewReader; a compressed file is named as
// such.
func NewReader(src io.Reader) (*Reader, error) {
	var head [4]byte
	n, err := io.ReadFull(src, head[:])
	if n == 0 {
		if err == io.EOF {
			return nil, pcapng.ErrEmpty
		}
		return nil, fmt.Errorf("read stream: %w", err)
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), src)
	r := &Reader{}
	switch {
	case bytes.HasPrefix(head[:n], []byte{0x1f, 0x8b}):
		return nil, fmt.Errorf("%w: gzip, decompress it first", ErrFormat)
	case bytes.Equal(head[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, fmt.Errorf("%w: zstd, decompress it first", ErrFormat)
	case bytes.Equal(head[:n], []byte{0x0a, 0x0d, 0x0d, 0x0a}):
		r.ng, err = pcapng.NewReader(whole)
		if err == nil {
			r.header = headerOf(r.ng.Section())
		}
	default:
		if r.old, err = pcap.NewReader(whole); err == nil {
			r.points = []point{{point: trail.Point{Interface: "interface 0", Link: packet.LinkType(r.old.Header().LinkType)}}}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read stream: %w", err)
	}
	return r, nil
}

// Read reads the next frame; f.Data is valid until the call after. At the end
// it returns io.EOF; see Whole. An error of one block (*pcapng.FormatError)
// may be followed by further frames if the block's frame is sound; others
// stay. A stream that ends inside a block gives an error that IsTruncated
// knows, after all frames before.
func (r *Reader) Read(f *trail.Frame) error {
	if r.old != nil {
		return r.readOld(f)
	}
	for {
		if err := r.ng.Next(&r.block); err != nil {
			return err
		}
		isFrame, err := r.take(f)
		if err != nil {
			return err
		}
		if isFrame {
			return nil
		}
	}
}

// take learns what the block in r.block says, and fills f if it is a packet.
func (r *Reader) take(f *trail.Frame) (isFrame bool, err error) {
	b := &r.block
	switch b.Type {
	case pcapng.TypePacket, pcapng.TypeSimplePacket, pcapng.TypeOldPacket:
		if err := r.ng.Packet(b, &r.pkt); err != nil {
			return false, err
		}
		return true, r.takePacket(f)
	case pcapng.TypeSection:
		r.takeSection()
	case pcapng.TypeInterface:
		return false, r.takeInterface()
	case pcapng.TypeNames:
		return false, r.takeNames()
	case pcapng.TypeStatistics:
		return false, r.takeStatistics()
	}
	return false, nil
}

func (r *Reader) takePacket(f *trail.Frame) error {
	p := &r.pkt
	f.Time = p.Time
	f.Point = r.base + p.Interface
	f.Dir = trail.DirUnknown
	if d := p.Flags & pcapng.DirectionMask; d == pcapng.FlagInbound || d == pcapng.FlagOutbound {
		f.Dir = trail.Direction(d)
	}
	f.Len = max(p.Len, len(p.Data))
	f.Missed = p.Drops
	f.Data = p.Data
	seen := &r.points[f.Point].seen
	seen.Frames++
	seen.Bytes += uint64(f.Len)
	return nil
}

func (r *Reader) takeSection() {
	if r.begun && !r.ended {
		r.broken = true
	}
	r.begun, r.ended = true, false
	r.base = len(r.points)
}

func (r *Reader) takeInterface() error {
	if len(r.points) >= maxPoints {
		return fmt.Errorf("read stream: more than %d interfaces", maxPoints)
	}
	list := r.ng.Interfaces()
	r.points = append(r.points, point{point: pointOf(&list[len(list)-1], len(r.points))})
	return nil
}

// pointOf makes a point of an interface block: ours has it whole, others name
// an interface.
func pointOf(i *pcapng.Interface, id int) trail.Point {
	var p trail.Point
	if !find(i.Custom, kindPoint, &p) {
		p = trail.Point{}
		switch {
		case i.Name != "":
			p.Interface = i.Name
		case i.Description != "":
			p.Interface = i.Description
		default:
			p.Interface = fmt.Sprintf("interface %d", id)
		}
		if len(i.MAC) == 6 {
			p.MAC = net.HardwareAddr(i.MAC).String()
		}
	}
	p.Link = packet.LinkType(i.LinkType)
	return p
}

func (r *Reader) takeNames() error {
	n, err := r.block.Names()
	if err != nil {
		return err
	}
	for _, rec := range n.Records {
		if rec.Addr.IsValid() {
			r.names = append(r.names, Name{Addr: rec.Addr, Names: rec.Names})
		}
	}
	r.takeEnd(n.Custom)
	return nil
}

func (r *Reader) takeStatistics() error {
	s, err := r.block.Statistics()
	if err != nil {
		return err
	}
	id := r.base + s.Interface
	if id < r.base || id >= len(r.points) {
		return nil // nothing that it could count
	}
	p := &r.points[id]
	if s.Received.Known || s.Dropped.Known {
		p.counters, p.counted = trail.Counters{Received: s.Received.N, Missed: s.Dropped.N}, true
	}
	if find(s.Custom, kindTotals, &p.totals) {
		p.closed = true
	}
	r.takeEnd(s.Custom)
	return nil
}

func (r *Reader) takeEnd(list []pcapng.Custom) {
	var e endJSON
	if !find(list, kindEnd, &e) || e.Points != len(r.points)-r.base {
		return
	}
	for _, p := range r.points[r.base:] {
		if !p.closed {
			return
		}
	}
	r.end, r.ended = e.End, true
}

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

// Names are those that have come so far.
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

// Whole reports, after Read has returned io.EOF, whether the stream is known
// to be whole: each of its sections has its end record, and as many frames
// and bytes have been read as it tells.
func (r *Reader) Whole() bool {
	if !r.ended || r.broken {
		return false
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
