package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// quoted is how much of what is no frame an error quotes, in bytes.
const quoted = 256

// Receiver is the client's side. It is not safe for concurrent use.
type Receiver struct {
	r   io.Reader
	seq uint64
	err error
	// buf holds what was read; off is where the next frame begins.
	buf []byte
	off int
	end error // of r, behind what is in buf
	dec *zstd.Decoder
	raw []byte
}

// NewReceiver reads frames from r, the first one with the number from+1. What
// follows an Exit frame is not read.
func NewReceiver(r io.Reader, from uint64) *Receiver {
	return &Receiver{r: r, seq: from, buf: make([]byte, 0, 64<<10)}
}

// Seq is the number of the last frame that Next has given: what to acknowledge
// when its payload is safe, and what to ask for more after.
func (r *Receiver) Seq() uint64 { return r.seq }

// Next gives the next frame; its payload is valid until the call after. After
// the Exit frame it returns io.EOF. Other errors are a *TruncatedError, a
// *GarbageError, a *GapError, or what the reader returned; they stay.
func (r *Receiver) Next() (Frame, error) {
	if r.err != nil {
		return Frame{}, r.err
	}
	f, err := r.next()
	switch {
	case err != nil:
		r.err = err
	case f.Kind == Exit:
		r.err = io.EOF
	}
	if r.err != nil && r.dec != nil {
		r.dec.Close()
		r.dec = nil
	}
	return f, err
}

func (r *Receiver) next() (Frame, error) {
	// Words are told as soon as they are there, however short.
	have, err := r.fill(2)
	if len(have) > 0 && !maybeHead(have) {
		return Frame{}, r.garbage(errHead)
	}
	if err == nil {
		have, err = r.fill(headLen)
	}
	if err != nil {
		return Frame{}, r.ended(err)
	}
	h, err := parseHead(have)
	if err != nil {
		return Frame{}, r.garbage(err)
	}
	want := r.seq + 1
	if h.kind == Beat {
		want--
	}
	if h.seq != want {
		return Frame{}, &GapError{Want: want, Have: h.seq}
	}
	have, err = r.fill(headLen + h.n)
	if err != nil {
		return Frame{}, r.ended(err)
	}
	f := Frame{Kind: h.kind, Seq: h.seq, Payload: have[headLen : headLen+h.n : headLen+h.n]}
	if h.flags&flagPack != 0 {
		if f.Payload, err = r.unpack(f.Payload); err != nil {
			return Frame{}, r.garbage(fmt.Errorf("frame %d: %w", h.seq, err))
		}
	}
	if h.kind == Exit {
		f.Code, f.Payload = int(int32(binary.LittleEndian.Uint32(f.Payload))), nil
	}
	r.off += headLen + h.n
	r.seq = h.seq
	return f, nil
}

// fill reads until n bytes stand behind off, or gives those that there are
// with the reader's error.
func (r *Receiver) fill(n int) ([]byte, error) {
	if len(r.buf)-r.off >= n {
		return r.buf[r.off:], nil
	}
	if r.off > 0 { // frames that have been given
		r.buf = r.buf[:copy(r.buf, r.buf[r.off:])]
		r.off = 0
	}
	if n > cap(r.buf) {
		// Twice, so that the next frame's beginning comes along.
		r.buf = append(make([]byte, 0, min(2*n, headLen+MaxPayload+cap(r.buf))), r.buf...)
	}
	empty := 0
	for len(r.buf) < n && r.end == nil {
		m, err := r.r.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+m]
		r.end = err
		if empty++; m > 0 {
			empty = 0
		} else if empty > 100 && err == nil {
			r.end = io.ErrNoProgress
		}
	}
	if len(r.buf) < n {
		return r.buf, r.end
	}
	return r.buf, nil
}

// maybeHead reports whether bytes can begin a frame.
func maybeHead(b []byte) bool {
	return bytes.HasPrefix([]byte{magic0, magic1}, b[:min(len(b), 2)])
}

// ended is the connection's end before that of the frames.
func (r *Receiver) ended(err error) error {
	if errors.Is(err, io.EOF) {
		return &TruncatedError{Seq: r.seq, Inside: len(r.buf) > r.off}
	}
	return fmt.Errorf("read after frame %d: %w", r.seq, err)
}

// garbage is what is no frame, with the words that come along with it.
func (r *Receiver) garbage(why error) error {
	e := &GarbageError{Seq: r.seq}
	if !errors.Is(why, errHead) {
		e.Why = why
		return e
	}
	have := r.buf[r.off:]
	e.Text = strings.ToValidUTF8(string(have[:min(len(have), quoted)]), "?")
	return e
}

// unpack unpacks a payload, which MaxPayload bounds.
func (r *Receiver) unpack(b []byte) ([]byte, error) {
	if r.dec == nil {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(MaxPayload), zstd.WithDecoderMaxWindow(MaxPayload))
		if err != nil {
			return nil, err
		}
		r.dec = dec
	}
	var err error
	if r.raw, err = r.dec.DecodeAll(b, r.raw[:0]); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return r.raw, nil
}
