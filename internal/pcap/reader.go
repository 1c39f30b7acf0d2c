package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Reader reads the packets of a file in order. It is not safe for concurrent
// use.
type Reader struct {
	src  io.Reader
	buf  []byte
	pos  int   // of the next record in buf
	end  int   // of what was read into buf
	base int64 // of buf[0] in the file
	unit int64 // nanoseconds per unit of the fraction
	head Header
	eof  bool
	err  error
}

const readBuffer = 256 << 10

// NewReader reads the file header. Errors: ErrEmpty, ErrNotPcap,
// *UnsupportedError, *TruncatedError, *FormatError, or the source's.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, buf: make([]byte, readBuffer), unit: 1000}
	if err := r.fill(fileHeader); err != nil {
		switch {
		case !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read pcap: %w", err)
		case r.end == 0:
			return nil, ErrEmpty
		}
		if _, _, err := readMagic(r.buf[:r.end]); err != nil {
			return nil, err
		}
		return nil, &TruncatedError{Missing: int64(fileHeader - r.end)}
	}
	var err error
	if r.head.BigEndian, r.head.Nano, err = readMagic(r.buf); err != nil {
		return nil, err
	}
	if err := r.head.decode(r.buf); err != nil {
		return nil, err
	}
	if r.head.Nano {
		r.unit = 1
	}
	r.pos = fileHeader
	return r, nil
}

// Header is the file's header.
func (r *Reader) Header() Header { return r.head }

// Read reads the next packet; its data is valid until the call after. At the
// end it returns io.EOF, or *TruncatedError if the file ends inside a record.
// Errors stay.
func (r *Reader) Read(p *Packet) error {
	if r.err == nil {
		r.err = r.read(p)
	}
	return r.err
}

func (r *Reader) read(p *Packet) error {
	if r.end-r.pos < recordHeader {
		if err := r.fill(recordHeader); err != nil {
			return r.ended(err, recordHeader)
		}
	}
	h := r.buf[r.pos : r.pos+recordHeader]
	var sec, frac, n, length uint32
	if r.head.BigEndian {
		be := binary.BigEndian
		sec, frac, n, length = be.Uint32(h), be.Uint32(h[4:]), be.Uint32(h[8:]), be.Uint32(h[12:])
	} else {
		le := binary.LittleEndian
		sec, frac, n, length = le.Uint32(h), le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:])
	}
	if n > MaxRecord {
		return &FormatError{Offset: r.base + int64(r.pos), What: fmt.Sprintf("a packet of %d bytes, more than %d", n, MaxRecord)}
	}
	whole := recordHeader + int(n)
	if r.end-r.pos < whole {
		if err := r.fill(whole); err != nil {
			return r.ended(err, whole)
		}
	}
	p.Time = int64(sec)*1e9 + int64(frac)*r.unit
	p.Len = int(length)
	p.Data = r.buf[r.pos+recordHeader : r.pos+whole : r.pos+whole]
	r.pos += whole
	return nil
}

// ended turns the source's error into the one to report: want bytes were
// needed at r.pos.
func (r *Reader) ended(err error, want int) error {
	have := r.end - r.pos
	switch {
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read pcap: %w", err)
	case have == 0:
		return io.EOF
	}
	return &TruncatedError{Offset: r.base + int64(r.pos), Missing: int64(want - have)}
}

// fill reads until want bytes stand at r.pos. The buffer at most doubles
// before it has been filled, so that a length field alone allocates nothing.
func (r *Reader) fill(want int) error {
	if r.pos > 0 {
		r.base += int64(r.pos)
		r.end = copy(r.buf, r.buf[r.pos:r.end])
		r.pos = 0
	}
	for idle := 0; r.end < want; {
		if r.eof {
			return io.EOF
		}
		if r.end == len(r.buf) {
			grown := make([]byte, 2*len(r.buf))
			copy(grown, r.buf)
			r.buf = grown
		}
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		switch {
		case errors.Is(err, io.EOF):
			r.eof = true
		case err != nil:
			return err
		case n > 0:
			idle = 0
		default:
			if idle++; idle == 100 {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}
