package wire

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Compress says whether pieces of the stream are packed.
type Compress string

// The ways to pack.
const (
	CompressAuto Compress = "auto" // where it pays; the empty text too
	CompressOn   Compress = "on"   // whatever becomes smaller
	CompressOff  Compress = "off"
)

// ParseCompress reads a Compress; empty is CompressAuto.
func ParseCompress(s string) (Compress, error) {
	switch c := Compress(s); c {
	case CompressAuto, CompressOn, CompressOff:
		return c, nil
	case "":
		return CompressAuto, nil
	}
	return "", fmt.Errorf("compress %q is none of auto, on and off", s)
}

const (
	// packWindow is how far zstd looks back: more costs memory, and packs no
	// better what comes in pieces.
	packWindow = 256 << 10
	// packLeast is the shortest payload that is tried.
	packLeast = 256
	// trial is how much of the stream is packed before it is judged.
	trial = 128 << 10
	// again is how much goes by unpacked before the next trial.
	again = 16 << 20
)

// packer packs pieces of the stream and decides whether to.
type packer struct {
	mode Compress
	enc  *zstd.Encoder
	buf  []byte
	// off is how much more of the stream is left as it is.
	off int
	// in and out count what was packed since it was judged.
	in, out int
}

// frame gives the frame of a payload, head included, if it is to be sent
// packed, and nil if as it is. It is valid until the next call.
func (p *packer) frame(payload []byte, seq uint64) []byte {
	if p.mode == CompressOff || len(payload) < packLeast {
		return nil
	}
	if p.off > 0 {
		p.off -= len(payload)
		return nil
	}
	if p.enc == nil {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(packWindow),
			zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
		if err != nil {
			p.mode = CompressOff
			return nil
		}
		p.enc, p.buf = enc, make([]byte, headLen, headLen+gather)
	}
	p.buf = p.enc.EncodeAll(payload, p.buf[:headLen])
	n := len(p.buf) - headLen
	p.in += len(payload)
	p.out += min(n, len(payload))
	if p.in >= trial {
		// Packed by less than a quarter it costs more than it saves.
		if p.mode != CompressOn && 10*p.in <= 13*p.out {
			p.off = again
		}
		p.in, p.out = 0, 0
	}
	if n >= len(payload) {
		return nil
	}
	head{kind: Stream, flags: flagPack, n: n, seq: seq}.put(p.buf)
	return p.buf
}

func (p *packer) close() {
	if p.enc != nil {
		_ = p.enc.Close()
	}
}
