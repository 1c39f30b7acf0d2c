package record

import (
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/pcap"
	"github.com/pktrail/pktrail/internal/pcapng"
)

// ClassicWriter takes the whole blocks that a Writer writes and writes the
// frames as classic pcap with nanoseconds. All that classic pcap cannot hold
// is lost: points, directions, comments, counters, the end record. It is not
// safe for concurrent use.
type ClassicWriter struct {
	dst   io.Writer
	out   *pcap.Writer // from the first frame on
	ifs   []classicPoint
	first classicPoint // gave the file its link type
	err   error
}

type classicPoint struct {
	link uint16
	snap uint32
	name string
}

// LinkTypesError says that frames have several link types, of which a classic
// pcap file holds one.
type LinkTypesError struct {
	// First and Other are the points, FirstType and OtherType their link
	// types.
	First, Other         string
	FirstType, OtherType uint16
}

func (e *LinkTypesError) Error() string {
	return fmt.Sprintf("classic pcap holds one link type: %s has %d and %s has %d", e.First, e.FirstType, e.Other, e.OtherType)
}

// NewClassicWriter returns a converter that writes to dst. The file header is
// written with the first frame, whose point gives the link type; a frame of
// another type is *LinkTypesError. Points without frames do no harm.
func NewClassicWriter(dst io.Writer) *ClassicWriter { return &ClassicWriter{dst: dst} }

// Write converts whole blocks, and writes whole records at once.
func (c *ClassicWriter) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	err := Walk(b, func(kind pcapng.BlockType, block []byte) bool {
		c.err = c.take(kind, block)
		return c.err == nil
	})
	if c.err == nil {
		c.err = err
	}
	if c.out != nil { // what came before an error too
		if err := c.out.Flush(); c.err == nil {
			c.err = err
		}
	}
	if c.err != nil {
		return 0, c.err
	}
	return len(b), nil
}

// Close writes the header of a file without frames. It does not close dst.
func (c *ClassicWriter) Close() error {
	if c.err != nil || c.out != nil {
		return c.err
	}
	p := classicPoint{link: 1}
	if len(c.ifs) > 0 {
		p = c.ifs[0]
	}
	c.err = pcap.NewWriter(c.dst, pcap.Header{LinkType: p.link, SnapLen: p.snap, Nano: true}).Flush()
	return c.err
}

func (c *ClassicWriter) take(kind pcapng.BlockType, block []byte) error {
	switch kind {
	case pcapng.TypeSection:
		c.ifs = nil
	case pcapng.TypeInterface:
		i, err := (&pcapng.Block{Type: kind, Raw: block}).Interface()
		if err != nil {
			return fmt.Errorf("convert to pcap: %w", err)
		}
		c.ifs = append(c.ifs, classicPoint{link: i.LinkType, snap: i.SnapLen, name: i.Name})
	case pcapng.TypePacket:
		return c.packet(block)
	}
	return nil
}

func (c *ClassicWriter) packet(block []byte) error {
	info, ok := Info(block)
	if !ok || uint(info.Point) >= uint(len(c.ifs)) || uint(info.Captured) > uint(len(block)-32) {
		return fmt.Errorf("convert to pcap: a malformed packet block")
	}
	p := &c.ifs[info.Point]
	if c.out == nil {
		c.first = *p
		c.out = pcap.NewWriter(c.dst, pcap.Header{LinkType: p.link, SnapLen: p.snap, Nano: true})
	}
	if f := &c.first; f.link != p.link {
		return &LinkTypesError{First: f.name, Other: p.name, FirstType: f.link, OtherType: p.link}
	}
	return c.out.Write(&pcap.Packet{Time: info.Time, Len: info.Len, Data: block[28 : 28+info.Captured]})
}
