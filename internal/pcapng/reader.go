package pcapng

import (
	"errors"
	"fmt"
	"io"
)

// Reader reads the blocks of a pcapng stream in order. It is not safe for
// concurrent use.
type Reader struct {
	src    io.Reader
	buf    []byte
	pos    int   // of the next block in buf
	end    int   // of what was read into buf
	base   int64 // of buf[0] in the stream
	big    order
	err    error
	eof    bool
	sect   Section
	ifaces []Interface
	// described is how many bytes the blocks of ifaces had.
	described int
}

const readBuffer = 256 << 10

// NewReader reads the first section header. Errors: ErrEmpty, ErrNotPcapng,
// *TruncatedError, *FormatError, or the source's.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, buf: make([]byte, readBuffer)}
	switch err := r.fill(MinBlock); {
	case r.end == 0 && errors.Is(err, io.EOF):
		return nil, ErrEmpty
	case r.end >= 4 && BlockType(r.big.u32(r.buf)) != TypeSection:
		return nil, ErrNotPcapng
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read pcapng: %w", err)
	case r.end < 4:
		return nil, ErrNotPcapng
	}
	// Read the header, and deliver it again with the first Next.
	var b Block
	if err := r.Next(&b); err != nil {
		return nil, err
	}
	r.pos -= len(b.Raw)
	return r, nil
}

// Section is the header of the section that is being read.
func (r *Reader) Section() *Section { return &r.sect }

// Interfaces are those of the section so far. The list belongs to the Reader
// and grows with Next; it starts anew with a section.
func (r *Reader) Interfaces() []Interface { return r.ifaces }

// Next reads the next block of any type; what is in b is valid until the call
// after. Blocks above MaxBlock are passed over where their type is not known
// here, and a *FormatError otherwise. At the end it returns io.EOF, or
// *TruncatedError if the stream ends inside a block. Errors stay.
func (r *Reader) Next(b *Block) error {
	for {
		if r.err != nil {
			return r.err
		}
		known, err := r.next(b)
		if err != nil {
			r.err = err
			return err
		}
		if known {
			return nil
		}
	}
}

// ReadPacket reads up to the next packet, passing over all other blocks.
func (r *Reader) ReadPacket(p *Packet) error {
	var b Block
	for {
		if err := r.Next(&b); err != nil {
			return err
		}
		if b.Type.IsPacket() {
			return r.packet(&b, p)
		}
	}
}

// Packet reads the packet in a block that Next has just given. An error does
// not hinder the next Next.
func (r *Reader) Packet(b *Block, p *Packet) error { return r.packet(b, p) }

func (r *Reader) next(b *Block) (known bool, err error) {
	if r.end-r.pos < MinBlock {
		if err := r.fill(MinBlock); err != nil {
			return false, r.ended(err, MinBlock)
		}
	}
	head := r.buf[r.pos:r.end]
	b.Type, b.Offset = BlockType(r.big.u32(head)), r.base+int64(r.pos)
	if b.Type == TypeSection {
		if err := r.setOrder(head, b); err != nil {
			return false, err
		}
	}
	n := r.big.u32(head[4:])
	if n < MinBlock || n%4 != 0 {
		return false, b.bad("a length of %d bytes", n)
	}
	if n > MaxBlock {
		return false, r.tooLong(b, int64(n))
	}
	if r.end-r.pos < int(n) {
		if err := r.fill(int(n)); err != nil {
			return false, r.ended(err, int64(n))
		}
	}
	b.Raw = r.buf[r.pos : r.pos+int(n) : r.pos+int(n)]
	b.BigEndian = bool(r.big)
	if m := r.big.u32(b.Raw[n-4:]); m != n {
		return false, b.bad("%d bytes by the length before it, %d by the one behind it", n, m)
	}
	if b.Type == TypeSection || b.Type == TypeInterface {
		if err := r.describe(b); err != nil {
			return false, err
		}
	}
	r.pos += int(n)
	return true, nil
}

// setOrder learns the byte order from a section header's third word.
func (r *Reader) setOrder(head []byte, b *Block) error {
	switch {
	case order(false).u32(head[8:]) == byteOrderMagic:
		r.big = false
	case order(true).u32(head[8:]) == byteOrderMagic:
		r.big = true
	default:
		return b.bad("a byte-order magic of % x", head[8:12])
	}
	return nil
}

// describe keeps what a section or interface says about the blocks to come.
func (r *Reader) describe(b *Block) error {
	if b.Type == TypeSection {
		s, err := b.Section()
		if err != nil {
			return err
		}
		if s.Major != 1 {
			return b.bad("version %d.%d, of which only 1 is known", s.Major, s.Minor)
		}
		r.sect, r.ifaces, r.described = s, nil, 0
		return nil
	}
	r.described += len(b.Raw)
	if len(r.ifaces) >= MaxInterfaces || r.described > MaxDescriptions {
		return b.bad("more interfaces than %d, or than fit into %d bytes", MaxInterfaces, MaxDescriptions)
	}
	i, err := b.Interface()
	if err != nil {
		return err
	}
	r.ifaces = append(r.ifaces, i)
	return nil
}

// tooLong passes over a block of n bytes, without holding it, if it is of a
// type that nothing here depends on.
func (r *Reader) tooLong(b *Block, n int64) error {
	switch b.Type {
	case TypeSection, TypeInterface, TypePacket, TypeOldPacket, TypeSimplePacket:
		return b.bad("%d bytes, more than %d", n, MaxBlock)
	}
	have := int64(r.end - r.pos)
	skipped, err := io.CopyN(io.Discard, r.src, n-have)
	r.base += int64(r.end) + skipped
	r.pos, r.end = 0, 0
	if errors.Is(err, io.EOF) {
		return &TruncatedError{Offset: b.Offset, Missing: n - have - skipped}
	}
	if err != nil {
		return fmt.Errorf("read pcapng: %w", err)
	}
	return nil
}

// ended turns the source's error into the one to report: want bytes were
// needed at r.pos.
func (r *Reader) ended(err error, want int64) error {
	have := int64(r.end - r.pos)
	switch {
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read pcapng: %w", err)
	case have == 0:
		return io.EOF
	}
	return &TruncatedError{Offset: r.base + int64(r.pos), Missing: want - have}
}

// fill reads until want bytes stand at r.pos. The buffer at most doubles
// before it has been filled, so that a length field alone allocates nothing.
func (r *Reader) fill(want int) error {
	if r.pos > 0 {
		r.end = copy(r.buf, r.buf[r.pos:r.end])
		r.base += int64(r.pos)
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
