package pcapng

import (
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

	lend   Gatherer // where borrowed frames go; nil copies them
	parts  [][]byte // what is to be written before buf[begin:]
	begin  int      // where the part of buf begins that is not in parts
	lent   int      // bytes in parts
	spared Packet   // for WriteFrame's way through WritePacket
}

// Gatherer is an io.Writer that takes a row of buffers as one, as writev(2)
// does. It must not change or keep them.
type Gatherer interface {
	io.Writer
	WriteBuffers(bufs [][]byte) error
}

// Frames of LendMin bytes and more are lent to a Gatherer; for smaller ones a
// copy is cheaper. At most lendMost bytes or lendParts buffers wait.
const (
	LendMin   = 1024
	lendMost  = 1 << 20
	lendParts = 1000 // IOV_MAX is 1024
)

// Lend makes WriteFrame keep the data of frames of LendMin bytes and more
// where it is, until the next Flush: who lends calls Flush before that memory
// changes. It has no effect, and returns false, where the io.Writer is no
// Gatherer.
func (w *Writer) Lend() bool {
	w.lend, _ = w.dst.(Gatherer)
	return w.lend != nil
}

// WriteBuffer is how many bytes a Writer gathers before it writes; a larger
// block is written alone.
const WriteBuffer = 64 << 10

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
	if len(w.parts) > 0 {
		return w.Flush()
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
	if len(w.parts) > 0 {
		return w.flushParts()
	}
	if len(w.buf) > 0 {
		if err := w.write(w.buf); err != nil {
			return err
		}
		w.buf = w.buf[:0]
	}
	return w.shrink()
}

func (w *Writer) flushParts() error {
	if w.begin < len(w.buf) {
		w.parts = append(w.parts, w.buf[w.begin:])
	}
	if err := w.lend.WriteBuffers(w.parts); err != nil {
		w.err = fmt.Errorf("write pcapng: %w", err)
	}
	clear(w.parts)
	w.parts, w.begin, w.lent, w.buf = w.parts[:0], 0, 0, w.buf[:0]
	return w.err
}

// Buffered is how many bytes wait for Flush.
func (w *Writer) Buffered() int { return w.lent + len(w.buf) - w.begin }

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
