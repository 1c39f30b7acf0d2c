package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Writer gathers records and writes them to an io.Writer. Each Write holds a
// whole number of records, the first one the file header too. It is not safe
// for concurrent use. After an error of the io.Writer every call returns that
// error.
type Writer struct {
	dst  io.Writer
	buf  []byte
	unit int64
	err  error
}

// WriteBuffer is how many bytes a Writer gathers before it writes; a larger
// record is written alone.
const WriteBuffer = 256 << 10

// NewWriter starts a little-endian file. Its header stays in the buffer until
// that is full or flushed.
func NewWriter(dst io.Writer, h Header) *Writer {
	w := &Writer{dst: dst, buf: make([]byte, 0, WriteBuffer), unit: 1000}
	if h.Nano {
		w.unit = 1
	}
	w.buf = append(w.buf, h.encode()...)
	return w
}

// Write writes a packet and allocates nothing. The format has no times before
// 1970 or after February 2106.
func (w *Writer) Write(p *Packet) error {
	sec := p.Time / 1e9
	switch {
	case w.err != nil:
		return w.err
	case p.Time < 0 || sec > math.MaxUint32:
		return fmt.Errorf("write pcap: a time of %d s does not fit", sec)
	case len(p.Data) > MaxRecord || int64(p.Len) != int64(uint32(p.Len)):
		return fmt.Errorf("write pcap: a packet of %d bytes, %d on the wire, does not fit", len(p.Data), p.Len)
	}
	need := recordHeader + len(p.Data)
	if need > WriteBuffer-len(w.buf) {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	le := binary.LittleEndian
	n := len(w.buf)
	var h []byte
	if cap(w.buf)-n >= recordHeader {
		h = w.buf[n : n+recordHeader]
		w.buf = w.buf[:n+recordHeader]
	} else {
		w.buf = append(w.buf, make([]byte, recordHeader)...)
		h = w.buf[n:]
	}
	le.PutUint32(h, uint32(sec))
	le.PutUint32(h[4:], uint32((p.Time-sec*1e9)/w.unit))
	le.PutUint32(h[8:], uint32(len(p.Data)))
	le.PutUint32(h[12:], uint32(max(p.Len, len(p.Data))))
	w.buf = append(w.buf, p.Data...)
	if len(w.buf) > WriteBuffer {
		err := w.Flush()
		w.buf = make([]byte, 0, WriteBuffer)
		return err
	}
	return nil
}

// Flush writes what has been gathered.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	n, err := w.dst.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.err = fmt.Errorf("write pcap: %w", err)
	}
	w.buf = w.buf[:0]
	return w.err
}
