package pcapng

import "slices"

// Secrets is a Decryption Secrets Block. Its data is passed through and never
// looked into.
type Secrets struct {
	// Kind as in the draft: 0x544c534b is a TLS key log.
	Kind uint32
	Data []byte
	Extra
}

// SecretsTLS is the kind of a TLS key log (NSS key log format).
const SecretsTLS = 0x544c534b

// Secrets reads a Decryption Secrets Block.
func (b *Block) Secrets() (Secrets, error) {
	body, o := b.Body(), b.order()
	if b.Type != TypeSecrets || len(body) < 8 {
		return Secrets{}, b.bad("%d bytes are too few for secrets", len(body))
	}
	n := o.u32(body[4:])
	if uint64(n) > uint64(len(body)-8) {
		return Secrets{}, b.bad("secrets of %d bytes in a block of %d", n, len(b.Raw))
	}
	s := Secrets{Kind: o.u32(body), Data: slices.Clone(body[8 : 8+n])}
	l := Options{body[min(8+pad4(int(n)), len(body)):], o}
	if err := l.check(b); err != nil {
		return s, err
	}
	for opt := range l.All() {
		s.take(l, opt)
	}
	return s, nil
}

// Append appends the secrets to dst as a block.
func (s *Secrets) Append(dst []byte) ([]byte, error) {
	b := build(dst, TypeSecrets)
	b.u32(s.Kind)
	b.u32(uint32(len(s.Data)))
	b.padded(s.Data)
	b.extra(&s.Extra)
	return b.end()
}

// CustomBlock is a custom block. Where its data ends and options begin only
// the owner of the number knows.
type CustomBlock struct {
	// PEN is the Private Enterprise Number of who defines the data.
	PEN uint32
	// NoCopy says that the block is to be dropped when the file is changed.
	NoCopy bool
	// Data is all that follows the number, padding included.
	Data []byte
}

// Custom reads a custom block.
func (b *Block) Custom() (CustomBlock, error) {
	body := b.Body()
	if b.Type != TypeCustom && b.Type != TypeCustomNoCopy || len(body) < 4 {
		return CustomBlock{}, b.bad("%d bytes are too few for a custom block", len(body))
	}
	return CustomBlock{
		PEN:    b.order().u32(body),
		NoCopy: b.Type == TypeCustomNoCopy,
		Data:   slices.Clone(body[4:]),
	}, nil
}

// Append appends the custom block to dst, its data padded to 32 bits.
func (c *CustomBlock) Append(dst []byte) ([]byte, error) {
	t := TypeCustom
	if c.NoCopy {
		t = TypeCustomNoCopy
	}
	b := build(dst, t)
	b.u32(c.PEN)
	b.padded(c.Data)
	return b.end()
}
