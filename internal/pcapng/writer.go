package pcapng

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Writer gathers blocks and writes them to an io.Writer. Each Write holds a
// whole number of blocks. It is not safe for concurrent use. After an error
// of the io.Writer every call returns that error.
type Writer struct {
	dst io.Writer
	buf []byte
	err error
}

// WriteBuffer is how many bytes a Writer gathers before it writes; a larger
// block is written alone.
const WriteBuffer = 256 << 10

// NewWriter starts a stream with a section header, which stays in the buffer.
// Without one (nil) the first raw block has to be it.
func NewWriter(dst io.Writer, s *Section) (*Writer, error) {
	w := &Writer{dst: dst, buf: make([]byte, 0, WriteBuffer)}
	if s != nil {
		if err := w.Write(s); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Appender is a block that can be written: *Section, *Interface, *Names,
// *Statistics, *Secrets, *CustomBlock, *Packet.
type Appender interface {
	Append(dst []byte) ([]byte, error)
}

// Write writes a block. For packets WritePacket is faster.
func (w *Writer) Write(a Appender) error {
	if w.err != nil {
		return w.err
	}
	start := len(w.buf)
	buf, err := a.Append(w.buf)
	if err != nil {
		return fmt.Errorf("write pcapng: %w", err)
	}
	w.buf = buf
	return w.settle(start)
}

// WritePacket writes an Enhanced Packet Block and allocates nothing.
func (w *Writer) WritePacket(p *Packet) error {
	if w.err != nil {
		return w.err
	}
	if p.size() > cap(w.buf)-len(w.buf) {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	start := len(w.buf)
	buf, err := p.Append(w.buf)
	if err != nil {
		return fmt.Errorf("write pcapng: %w", err)
	}
	w.buf = buf
	if len(buf) <= WriteBuffer {
		return nil
	}
	return w.settle(start)
}

// WriteRaw writes one block as it stands, e.g. Block.Raw. Its byte order must
// be that of the section that was written last.
func (w *Writer) WriteRaw(block []byte) error {
	if len(block) < MinBlock || len(block)%4 != 0 || len(block) > MaxBlock ||
		order(false).u32(block[4:]) != uint32(len(block)) && order(true).u32(block[4:]) != uint32(len(block)) {
		return fmt.Errorf("write pcapng: %d bytes that are no block", len(block))
	}
	if w.err != nil {
		return w.err
	}
	start := len(w.buf)
	w.buf = append(w.buf, block...)
	return w.settle(start)
}

// settle keeps the buffer within its size after a block was appended at start.
func (w *Writer) settle(start int) error {
	if len(w.buf) <= WriteBuffer {
		return nil
	}
	// The blocks before the new one first, so that large ones go alone and
	// the others in writes of at most WriteBuffer.
	if start > 0 {
		if err := w.write(w.buf[:start]); err != nil {
			return err
		}
		w.buf = w.buf[:copy(w.buf, w.buf[start:])]
	}
	if len(w.buf) <= WriteBuffer {
		return w.shrink()
	}
	return w.Flush()
}

// Flush writes what has been gathered.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	if len(w.buf) > 0 {
		if err := w.write(w.buf); err != nil {
			return err
		}
		w.buf = w.buf[:0]
	}
	return w.shrink()
}

// Buffered is how many bytes wait for Flush.
func (w *Writer) Buffered() int { return len(w.buf) }

// shrink gives up a buffer that a large block has made.
func (w *Writer) shrink() error {
	if cap(w.buf) > 2*WriteBuffer {
		w.buf = append(make([]byte, 0, WriteBuffer), w.buf...)
	}
	return nil
}

func (w *Writer) write(b []byte) error {
	n, err := w.dst.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.err = fmt.Errorf("write pcapng: %w", err)
	}
	return w.err
}

// ForgetLength sets the section's length in a Section Header Block to -1, in
// place, for copies of a section that leave blocks out or add some.
func (b *Block) ForgetLength() {
	if b.Type == TypeSection && len(b.Raw) >= 28 {
		copy(b.Raw[16:24], "\xff\xff\xff\xff\xff\xff\xff\xff")
	}
}

// WriteFrame is WritePacket for what a capture writes millions of: no options
// but direction and drops. flags and drops are left out where they are 0;
// ifc and length must fit into 32 bits.
func (w *Writer) WriteFrame(ifc int, ticks uint64, data []byte, length int, flags uint32, drops uint64) error {
	n, start := len(data), len(w.buf)
	padded := (n + 3) &^ 3
	end := epbHead + padded + frameTail
	if w.err != nil || drops != 0 || flags == 0 || end > cap(w.buf)-start {
		return w.WritePacket(&Packet{Interface: ifc, Ticks: ticks, Data: data, Len: length, Flags: flags, Drops: drops})
	}
	le := binary.LittleEndian
	b := w.buf[start : start+end]
	h := b[:epbHead]
	le.PutUint64(h, uint64(TypePacket)|uint64(end)<<32)
	le.PutUint64(h[8:], uint64(uint32(ifc))|ticks&^(1<<32-1))
	le.PutUint64(h[16:], ticks&(1<<32-1)|uint64(n)<<32)
	le.PutUint32(h[24:], uint32(length))
	t := b[epbHead+padded:]
	t = t[:frameTail]
	le.PutUint32(b[epbHead+padded-4:], 0) // the padding; an empty frame has its length there
	if n == 0 {
		le.PutUint32(h[24:], uint32(length))
	}
	copy(b[epbHead:], data)
	le.PutUint64(t, OptFlags|4<<16|uint64(flags)<<32)
	le.PutUint64(t[8:], uint64(OptEnd)|uint64(end)<<32)
	w.buf = w.buf[:start+end]
	return nil
}

// frameTail is what stands behind the data: epb_flags, the end of the options
// and the block's length.
const frameTail = 8 + 4 + 4
