package cri

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Frame types, flags and settings of HTTP/2 (RFC 9113, sections 6 and 11).
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePushPromise  = 0x5
	framePing         = 0x6
	frameGoAway       = 0x7
	frameContinuation = 0x9

	flagEndStream  = 0x01
	flagAck        = 0x01
	flagEndHeaders = 0x04
	flagPadded     = 0x08
	flagPriority   = 0x20

	settingEnablePush    = 0x2
	settingInitialWindow = 0x4

	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

	// maxFrame is what both sides may send unless told otherwise.
	maxFrame = 16384
	// maxWindow is the largest flow-control window; initialWindow the one of
	// a connection at its start.
	maxWindow     = 1<<31 - 1
	initialWindow = 65535
)

var (
	errNoHTTP2 = errors.New("nobody there speaks HTTP/2")
	errFrame   = errors.New("malformed frame")
)

// frame is one frame; the payload is valid until the next is read.
type frame struct {
	kind, flags uint8
	stream      uint32
	payload     []byte
}

func (f *frame) has(flag uint8) bool { return f.flags&flag != 0 }

func appendFrame(b []byte, kind, flags uint8, stream uint32, payload []byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return append(b, payload...)
}

// readFrame reads the next frame into buf.
func readFrame(r io.Reader, buf *[maxFrame]byte) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, whole(err)
	}
	n := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	f := frame{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:]) & maxWindow}
	if n > maxFrame {
		return frame{}, fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	f.payload = buf[:n]
	_, err := io.ReadFull(r, f.payload)
	return f, whole(err)
}

// whole makes an end within an answer an error of its own.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// content is the payload without padding and priority.
func (f *frame) content() ([]byte, error) {
	b, pad := f.payload, 0
	if f.has(flagPadded) {
		if len(b) == 0 {
			return nil, errFrame
		}
		pad, b = int(b[0]), b[1:]
	}
	if f.kind == frameHeaders && f.has(flagPriority) {
		if len(b) < 5 {
			return nil, errFrame
		}
		b = b[5:]
	}
	if pad > len(b) {
		return nil, errFrame
	}
	return b[:len(b)-pad], nil
}
