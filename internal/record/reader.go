package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

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

	asides     []trail.Observation
	session    trail.Session
	hasSession bool
	streams    []StreamInfo

	ended  bool // the section's end record was read
	broken bool // a section before had none
	end    End
	begun  bool   // a section was read
	kept   int    // bytes of the blocks that points and names were made of
	raw    []byte // a block made for ReadRaw out of classic pcap
	rawAt  int    // how many were made
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

// Limits of what is kept, of all sections together.
const (
	maxPoints = 1 << 17
	maxNames  = 1 << 18
	maxKept   = 64 << 20 // bytes of the blocks that it came from
)

// NewReader reads the stream's head, of pcapng or of classic pcap. What is
// neither is ErrFormat, with the reason; other errors are those of
// pcapng.NewReader and pcap.NewReader.
func NewReader(src io.Reader) (*Reader, error) {
	var head [4]byte
	n, err := io.ReadFull(src, head[:])
	if n == 0 {
		if errors.Is(err, io.EOF) {
			return nil, pcapng.ErrEmpty
		}
		return nil, fmt.Errorf("read stream: %w", err)
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), src)
	r := &Reader{}
	switch {
	case bytes.HasPrefix(head[:n], []byte{0x1f, 0x8b}):
		return nil, fmt.Errorf("read stream: %w: gzip, decompress it first", ErrFormat)
	case bytes.Equal(head[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, fmt.Errorf("read stream: %w: zstd, decompress it first", ErrFormat)
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
	if errors.Is(err, pcap.ErrNotPcap) {
		err = fmt.Errorf("%w: neither pcapng nor pcap", ErrFormat)
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
	r.kept += len(r.block.Raw)
	if len(r.points) >= maxPoints || r.kept > maxKept {
		return fmt.Errorf("read stream: more interfaces than %d, or than fit into %d bytes", maxPoints, maxKept)
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
	if len(n.Records) > 0 {
		r.kept += len(r.block.Raw)
	}
	for _, rec := range n.Records {
		if rec.Addr.IsValid() && len(r.names) < maxNames && r.kept <= maxKept {
			slices.Reverse(rec.Names)
			r.names = append(r.names, Name{Addr: rec.Addr, Names: rec.Names})
		}
	}
	r.takeCustom(n.Custom)
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
