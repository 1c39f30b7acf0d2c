package record

import (
	"errors"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// ReadRaw reads the next block of any type as it stands in the stream, so
// that a copy keeps what this package does not know: decryption secrets,
// custom blocks, options of others. f is filled as by Read iff isFrame. The
// block is valid until the call after, and in the byte order of its section;
// the length in section headers is set to -1 so that blocks may be left out.
// Classic pcap comes as pcapng.
func (r *Reader) ReadRaw(f *trail.Frame) (block []byte, isFrame bool, err error) {
	if r.old != nil {
		return r.rawOld(f)
	}
	if err := r.ng.Next(&r.block); err != nil {
		return nil, false, err
	}
	r.block.ForgetLength()
	isFrame, err = r.take(f)
	return r.block.Raw, isFrame, err
}

// rawOld makes the blocks that a classic pcap file would have.
func (r *Reader) rawOld(f *trail.Frame) (block []byte, isFrame bool, err error) {
	h := r.old.Header()
	switch r.rawAt {
	case 0:
		s := pcapng.Section{}
		block, err = s.Append(r.raw[:0])
	case 1:
		i := pcapng.Interface{
			LinkType: h.LinkType, SnapLen: h.SnapLen, Resolution: pcapng.Microseconds,
			HasFCSLen: h.HasFCSLen, FCSLen: uint8(h.FCSLen * 8),
		}
		if h.Nano {
			i.Resolution = pcapng.Nanoseconds
		}
		block, err = i.Append(r.raw[:0])
	default:
		if err := r.readOld(f); err != nil {
			return nil, false, err
		}
		p := pcapng.Packet{Ticks: uint64(f.Time), Len: f.Len, Data: f.Data}
		if !h.Nano {
			p.Ticks /= 1000
		}
		block, err = p.Append(r.raw[:0])
		isFrame = true
	}
	r.rawAt++
	r.raw = block
	return block, isFrame, err
}

// Copy copies what r still has to dst, in writes of whole blocks: all blocks
// but the frames that keep (if not nil) refuses. The end record stays as it
// was, so that a copy that lacks frames is not Whole. A stream that ends
// inside a block is copied up to there, and its error returned.
func Copy(dst io.Writer, r *Reader, keep func(*trail.Frame) bool) error {
	w, err := pcapng.NewWriter(dst, nil)
	if err != nil {
		return err
	}
	var f trail.Frame
	for {
		block, isFrame, err := r.ReadRaw(&f)
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("copy stream: %w", err), w.Flush())
		}
		if isFrame && keep != nil && !keep(&f) {
			continue
		}
		if err := w.WriteRaw(block); err != nil {
			return err
		}
	}
}
