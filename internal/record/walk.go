package record

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/pcapng"
)

// Walk goes through the whole blocks in b, as a Writer writes them, without
// decoding, until fn returns false. It allocates nothing. The error says that
// b is not a whole number of little-endian blocks.
func Walk(b []byte, fn func(kind pcapng.BlockType, block []byte) bool) error {
	for at := 0; at < len(b); {
		n := blockLen(b[at:])
		if n == 0 || n > len(b)-at {
			return fmt.Errorf("walk blocks: no whole block at byte %d of %d", at, len(b))
		}
		block := b[at : at+n : at+n]
		if !fn(pcapng.BlockType(binary.LittleEndian.Uint32(block)), block) {
			return nil
		}
		at += n
	}
	return nil
}

// blockLen is the length of the block that b starts with, 0 if none does.
func blockLen(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n < pcapng.MinBlock || n%4 != 0 || n > pcapng.MaxBlock {
		return 0
	}
	return int(n)
}

// IsHead reports whether blocks of a kind have to stand again at the head of
// each file when a stream is cut into several: section, interfaces, names.
func IsHead(kind pcapng.BlockType) bool {
	return kind == pcapng.TypeSection || kind == pcapng.TypeInterface || kind == pcapng.TypeNames || kind == pcapng.TypeSecrets
}

// BlockInfo is what stands at the head of a packet's block.
type BlockInfo struct {
	// Point is the frame's point.
	Point int
	// Time is nanoseconds since 1970-01-01 UTC.
	Time int64
	// Captured is the length of the data in the block, Len the packet's on
	// the wire, in bytes.
	Captured, Len int
}

// Info reads the head of a block that Walk gave; false if it holds no packet.
func Info(block []byte) (BlockInfo, bool) {
	le := binary.LittleEndian
	if len(block) < 32 || pcapng.BlockType(le.Uint32(block)) != pcapng.TypePacket {
		return BlockInfo{}, false
	}
	return BlockInfo{
		Point:    int(le.Uint32(block[8:])),
		Time:     int64(uint64(le.Uint32(block[12:]))<<32 | uint64(le.Uint32(block[16:]))),
		Captured: int(le.Uint32(block[20:])),
		Len:      int(le.Uint32(block[24:])),
	}, true
}

// Aligner takes a stream in pieces of any size, as a transport delivers it,
// and writes whole blocks. It is not safe for concurrent use.
type Aligner struct {
	dst  io.Writer
	hold []byte // the start of a block
	at   int64  // of hold in the stream
	err  error
}

// NewAligner returns an Aligner that writes to dst.
func NewAligner(dst io.Writer) *Aligner { return &Aligner{dst: dst} }

// Write passes on all blocks that are whole with b.
func (a *Aligner) Write(b []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	all := len(b)
	if len(a.hold) > 0 {
		if b = a.complete(b); a.err != nil || len(a.hold) > 0 {
			return all, a.err
		}
	}
	n := 0
	for {
		size := blockLen(b[n:])
		if size == 0 && len(b)-n >= 8 {
			a.err = &pcapng.FormatError{Offset: a.at + int64(n), What: "no little-endian block"}
			break
		}
		if size == 0 || size > len(b)-n {
			break
		}
		n += size
	}
	a.pass(b[:n])
	a.hold = append(a.hold, b[n:]...)
	return all, a.err
}

// complete adds to the block in hold, passes it on when it is whole and
// returns the rest.
func (a *Aligner) complete(b []byte) []byte {
	if n := 8 - len(a.hold); n > 0 {
		n = min(n, len(b))
		a.hold, b = append(a.hold, b[:n]...), b[n:]
		if len(a.hold) < 8 {
			return nil
		}
	}
	size := blockLen(a.hold)
	if size == 0 {
		a.err = &pcapng.FormatError{Offset: a.at, What: "no little-endian block"}
		return nil
	}
	n := min(size-len(a.hold), len(b))
	a.hold, b = append(a.hold, b[:n]...), b[n:]
	if len(a.hold) == size {
		a.pass(a.hold)
		a.hold = a.hold[:0]
	}
	return b
}

func (a *Aligner) pass(b []byte) {
	if len(b) == 0 {
		return
	}
	a.at += int64(len(b))
	if _, err := a.dst.Write(b); err != nil {
		a.err = err
	}
}

// Close reports a stream that ended inside a block: *pcapng.TruncatedError.
func (a *Aligner) Close() error {
	if a.err != nil || len(a.hold) == 0 {
		return a.err
	}
	want := max(blockLen(a.hold), pcapng.MinBlock)
	return &pcapng.TruncatedError{Offset: a.at, Missing: int64(want - len(a.hold))}
}
