package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kind of a frame.
type Kind byte

// The kinds of frames.
const (
	Stream Kind = 1 // a piece of the record stream
	Talk   Kind = 2 // one message beside it
	Exit   Kind = 3 // the exit code; nothing follows
	Beat   Kind = 4 // nothing happens; has no number of its own and no payload
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Stream:
		return "stream"
	case Talk:
		return "talk"
	case Exit:
		return "exit"
	case Beat:
		return "beat"
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// Frame is what a Receiver gives.
type Frame struct {
	Kind Kind
	// Seq is the frame's number, from 1; that of the frame before for a Beat.
	Seq uint64
	// Payload is valid until the next call of Next; empty for Exit and Beat.
	Payload []byte
	// Code is the agent's exit code; valid iff Kind is Exit.
	Code int
}

// MaxPayload is the most bytes of payload in one frame, packed or not.
const MaxPayload = 1 << 20

const (
	headLen   = 16
	magic0    = 0xd7
	magic1    = 'P'
	flagPack  = 1
	exitBytes = 4 // of an Exit frame's payload: the code as a little-endian int32
)

// head is a frame's first 16 bytes.
type head struct {
	kind  Kind
	flags byte
	n     int
	seq   uint64
}

func (h head) put(b []byte) {
	_ = b[headLen-1]
	b[0], b[1], b[2], b[3] = magic0, magic1, byte(h.kind), h.flags
	binary.LittleEndian.PutUint32(b[4:], uint32(h.n))
	binary.LittleEndian.PutUint64(b[8:], h.seq)
}

var errHead = errors.New("no frame begins here")

// parseHead reads a head and checks what can be checked in it alone.
func parseHead(b []byte) (head, error) {
	if b[0] != magic0 || b[1] != magic1 {
		return head{}, errHead
	}
	h := head{Kind(b[2]), b[3], int(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint64(b[8:])}
	switch {
	case h.kind < Stream || h.kind > Beat, h.flags&^flagPack != 0:
		return h, fmt.Errorf("%v with flags %#x is not known here", h.kind, h.flags)
	case h.n > MaxPayload:
		return h, fmt.Errorf("%v frame of %d bytes, at most %d are allowed", h.kind, h.n, MaxPayload)
	case h.kind == Exit && (h.n != exitBytes || h.flags != 0), h.kind == Beat && (h.n != 0 || h.flags != 0):
		return h, fmt.Errorf("%v frame of %d bytes with flags %#x", h.kind, h.n, h.flags)
	}
	return h, nil
}
