package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// mergeOutput numbers points anew, keeps the books and writes. It belongs to
// one goroutine at a time.
type mergeOutput struct {
	w      io.Writer
	buf    []byte // whole blocks that wait for flush
	copied []byte // blocks that are changed, of a stream that is passed on
	err    error  // of w; stays
	begun  bool   // the section header is written
	alone  bool   // there has been one stream only, so far
	points []mergedPoint

	limit   int64  // frames that may come yet; 0 is no limit
	reached func() // called once when the last of them has come
	full    bool   // no more frames are taken
}

// mergedPoint is what the output holds of one point.
type mergedPoint struct {
	from          *MergeInput
	frames, bytes uint64
	stats         pcapng.Statistics // the last ones, if counted
	counted       bool
	said          PointTotals // of the stream's end record, if closed
	closed        bool
}

var (
	errNotEnded = errors.New("it was not ended")
	errNoEnd    = errors.New("it ended without its end record")
)

func badBlock(format string, args ...any) error {
	return fmt.Errorf("read stream: "+format, args...)
}

func isFrame(b []byte) bool {
	return pcapng.BlockType(binary.LittleEndian.Uint32(b)) == pcapng.TypePacket && len(b) >= epbLeast
}

// epbLeast is the smallest Enhanced Packet Block.
const epbLeast = 32

// frame counts a frame, and gives it the new number of its point.
func (o *mergeOutput) frame(s *MergeInput, b []byte) error {
	le := binary.LittleEndian
	id := le.Uint32(b[8:])
	if uint(id) >= uint(len(s.ids)) {
		return badBlock("a frame of point %d, of which there are %d", id, len(s.ids))
	}
	to := s.ids[id]
	p := &o.points[to]
	p.frames++
	p.bytes += uint64(max(le.Uint32(b[24:]), le.Uint32(b[20:])))
	if !s.plain {
		le.PutUint32(b[8:], uint32(to))
	}
	if o.limit > 0 {
		if o.limit--; o.limit == 0 {
			o.full = true
			o.reached()
		}
	}
	return nil
}

// other learns from a block, gives it its new number and says whether it is to
// be written.
func (o *mergeOutput) other(s *MergeInput, b []byte) (keep bool, err error) {
	block := &pcapng.Block{Type: pcapng.BlockType(binary.LittleEndian.Uint32(b)), Raw: b}
	if !s.began != (block.Type == pcapng.TypeSection) {
		return false, badBlock("%v where a stream has none: it is one section", block.Type)
	}
	if s.untold && block.Type != pcapng.TypeInterface {
		if err := o.tell(s); err != nil {
			return false, err
		}
	}
	if isFrame(b) {
		if o.full {
			return false, nil
		}
		return true, o.frame(s, b)
	}
	switch block.Type {
	case pcapng.TypeSection:
		return o.section(s, block)
	case pcapng.TypeInterface:
		return true, o.point(s, block)
	case pcapng.TypeStatistics:
		return o.statistics(s, block)
	case pcapng.TypeNames:
		return o.names(s, block)
	case pcapng.TypePacket, pcapng.TypeSimplePacket, pcapng.TypeOldPacket:
		return false, badBlock("%v of %d bytes, which a stream has not", block.Type, len(b))
	}
	return true, nil
}

// section takes a stream's header. The first is that of the output, unless
// there are more streams: then each stands in a block of its own.
func (o *mergeOutput) section(s *MergeInput, b *pcapng.Block) (keep bool, err error) {
	sec, err := b.Section()
	if err != nil {
		return false, err
	}
	s.began, s.header = true, headerOf(&sec)
	if !o.begun && o.alone {
		o.begun = true
		return true, nil
	}
	s.untold = true
	return false, o.begin(s.header)
}

// tell writes who made a stream. It stands behind the stream's first points:
// editcap copies no file that has a Name Resolution Block before all of them.
func (o *mergeOutput) tell(s *MergeInput) error {
	s.untold = false
	opt, err := custom(kindStream, StreamInfo{Label: cutTo(s.label, maxLabel), Header: s.header})
	if err != nil {
		return err
	}
	return o.add(&pcapng.Names{Extra: pcapng.Extra{Custom: []pcapng.Custom{opt}}})
}

// begin writes the header of the output, if it has none: what is true of one
// machine only is left out.
func (o *mergeOutput) begin(h Header) error {
	if o.begun {
		return nil
	}
	o.begun = true
	sec, err := sectionOf(Header{Application: h.Application, Version: h.Version, Started: h.Started})
	if err != nil {
		return err
	}
	return o.add(&sec)
}

func (o *mergeOutput) point(s *MergeInput, b *pcapng.Block) error {
	i, err := b.Interface()
	switch {
	case err != nil:
		return err
	case i.Resolution != pcapng.Nanoseconds || i.Offset != 0:
		return badBlock("an interface whose times are not nanoseconds since 1970")
	case len(o.points) >= pcapng.MaxInterfaces:
		return badBlock("the merged stream has %d points already", len(o.points))
	}
	s.plain = s.plain && len(s.ids) == len(o.points)
	s.ids = append(s.ids, len(o.points))
	o.points = append(o.points, mergedPoint{from: s})
	return nil
}

// statistics keeps the last ones of each point; those of an end record wait
// for the end of all.
func (o *mergeOutput) statistics(s *MergeInput, b *pcapng.Block) (keep bool, err error) {
	st, err := b.Statistics()
	if err != nil {
		return false, err
	}
	if uint(st.Interface) >= uint(len(s.ids)) {
		return false, badBlock("statistics of point %d, of which there are %d", st.Interface, len(s.ids))
	}
	to := s.ids[st.Interface]
	if !s.plain {
		binary.LittleEndian.PutUint32(b.Raw[8:], uint32(to))
	}
	p := &o.points[to]
	p.stats, p.counted = st, true
	p.closed = find(st.Custom, kindTotals, &p.said)
	o.takeEnd(s, st.Custom)
	return !p.closed, nil
}

func (o *mergeOutput) names(s *MergeInput, b *pcapng.Block) (keep bool, err error) {
	if !bytes.Contains(b.Raw, []byte("pktrail/1 "+kindEnd+" ")) {
		return true, nil
	}
	n, err := b.Names()
	if err != nil {
		return false, err
	}
	return !o.takeEnd(s, n.Custom), nil
}

func (o *mergeOutput) takeEnd(s *MergeInput, list []pcapng.Custom) bool {
	var e endJSON
	if !find(list, kindEnd, &e) || e.Points != len(s.ids) {
		return false
	}
	s.end = &e.End
	return true
}

// counters are the last ones that are known of a point, and not less than what
// the output holds.
func (p *mergedPoint) counters() trail.Counters {
	c := trail.Counters{Received: p.stats.Received.N, Missed: p.stats.Dropped.N}
	c.Received = max(c.Received, p.frames+c.Missed)
	return c
}
