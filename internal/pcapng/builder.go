package pcapng

import (
	"encoding/binary"
	"fmt"
)

// builder appends one block in little-endian order. The first error stays.
type builder struct {
	b     []byte
	start int
	opts  bool
	err   error
}

func build(dst []byte, t BlockType) *builder {
	b := &builder{b: dst, start: len(dst)}
	b.u32(uint32(t))
	b.u32(0)
	return b
}

func (b *builder) u16(v uint16) { b.b = binary.LittleEndian.AppendUint16(b.b, v) }
func (b *builder) u32(v uint32) { b.b = binary.LittleEndian.AppendUint32(b.b, v) }
func (b *builder) u64(v uint64) { b.b = binary.LittleEndian.AppendUint64(b.b, v) }

// padded appends bytes and fills up to 32 bits.
func (b *builder) padded(v []byte) {
	b.b = append(b.b, v...)
	b.b = append(b.b, zeros[:pad4(len(v))-len(v)]...)
}

func (b *builder) option(code uint16, v []byte) {
	if len(v) > MaxOption {
		b.err = fmt.Errorf("option %d of %d bytes: %w", code, len(v), ErrTooLong)
		return
	}
	b.b = AppendOption(b.b, code, v)
	b.opts = true
}

// text writes an option unless it is empty.
func (b *builder) text(code uint16, v string) {
	if v != "" {
		b.option(code, []byte(v))
	}
}

// number writes a 64-bit option unless it is 0.
func (b *builder) number(code uint16, v uint64) {
	if v != 0 {
		b.option(code, binary.LittleEndian.AppendUint64(nil, v))
	}
}

func (b *builder) extra(e *Extra) {
	for _, c := range e.Comments {
		b.option(OptComment, []byte(c))
	}
	for _, c := range e.Custom {
		b.option(c.code(), append(binary.LittleEndian.AppendUint32(nil, c.PEN), c.Data...))
	}
	for _, o := range e.Other {
		b.option(o.Code, o.Value)
	}
}

// end closes the option list and the block. On an error it returns dst as it
// was given.
func (b *builder) end() ([]byte, error) {
	if b.opts {
		b.u32(OptEnd)
	}
	n := len(b.b) - b.start + 4
	if b.err == nil && n > MaxBlock {
		b.err = fmt.Errorf("block of %d bytes: %w", n, ErrTooLong)
	}
	if b.err != nil {
		return b.b[:b.start], b.err
	}
	binary.LittleEndian.PutUint32(b.b[b.start+4:], uint32(n))
	b.u32(uint32(n))
	return b.b, nil
}
