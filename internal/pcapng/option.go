package pcapng

import (
	"encoding/binary"
	"iter"
	"slices"
)

// Option codes that every block may have (draft, section 3.5).
const (
	OptEnd     = 0
	OptComment = 1
	// Custom options start with a Private Enterprise Number.
	OptCustomText         = 2988  // UTF-8, copied when the file is changed
	OptCustomBinary       = 2989  // copied when the file is changed
	OptCustomTextNoCopy   = 19372 // UTF-8, not copied
	OptCustomBinaryNoCopy = 19373 // not copied
)

// Option is one option as it stands in the file: numbers in its value are in
// the section's byte order.
type Option struct {
	Code  uint16
	Value []byte
}

// Options is a block's option list, in place.
type Options struct {
	b []byte
	o order
}

// Next takes the first option off the list; false at the end of the list and
// at an option that is longer than its block.
func (l *Options) Next() (Option, bool) {
	if len(l.b) < 4 {
		return Option{}, false
	}
	code, n := l.o.u16(l.b), int(l.o.u16(l.b[2:]))
	if code == OptEnd || n > len(l.b)-4 {
		return Option{}, false
	}
	v := l.b[4 : 4+n : 4+n]
	l.b = l.b[min(4+pad4(n), len(l.b)):]
	return Option{Code: code, Value: v}, true
}

// All goes through the options.
func (l Options) All() iter.Seq[Option] {
	return func(yield func(Option) bool) {
		for o, ok := l.Next(); ok; o, ok = l.Next() {
			if !yield(o) {
				return
			}
		}
	}
}

// Get returns the first option of the code.
func (l Options) Get(code uint16) ([]byte, bool) {
	for o, ok := l.Next(); ok; o, ok = l.Next() {
		if o.Code == code {
			return o.Value, true
		}
	}
	return nil, false
}

// Uint returns the first option of the code as a number of 4 or 8 bytes, e.g.
// OptPacketID or OptQueue.
func (l Options) Uint(code uint16) (uint64, bool) {
	switch v, _ := l.Get(code); len(v) {
	case 4:
		return uint64(l.o.u32(v)), true
	case 8:
		return l.o.u64(v), true
	}
	return 0, false
}

// Len is the length in bytes that the list takes in its block.
func (l Options) Len() int { return len(l.b) }

// BigEndian is the byte order of the section that the list stands in.
func (l Options) BigEndian() bool { return bool(l.o) }

// check refuses a list that does not end as it should, or that is longer than
// anybody makes one: each option kept costs more memory than it has bytes.
func (l Options) check(b *Block) error {
	n := 0
	for _, ok := l.Next(); ok; _, ok = l.Next() {
		n++
	}
	switch {
	case n > MaxOptions:
		return b.bad("more than %d options", MaxOptions)
	case len(l.b) == 0 || len(l.b) >= 4 && l.o.u16(l.b) == OptEnd:
		return nil
	}
	return b.bad("an option is longer than the block")
}

// Custom is a custom option.
type Custom struct {
	// PEN is the Private Enterprise Number of who defines the value.
	PEN uint32
	// Text says that Data is UTF-8.
	Text bool
	// NoCopy says that the option is to be dropped when the file is changed.
	NoCopy bool
	// Data is the value after the number.
	Data []byte
}

// Custom reads a custom option; false if o is none. Data is in place.
func (l Options) Custom(o Option) (Custom, bool) {
	switch o.Code {
	case OptCustomText, OptCustomBinary, OptCustomTextNoCopy, OptCustomBinaryNoCopy:
	default:
		return Custom{}, false
	}
	if len(o.Value) < 4 {
		return Custom{}, false
	}
	return Custom{
		PEN:    l.o.u32(o.Value),
		Text:   o.Code == OptCustomText || o.Code == OptCustomTextNoCopy,
		NoCopy: o.Code == OptCustomTextNoCopy || o.Code == OptCustomBinaryNoCopy,
		Data:   o.Value[4:],
	}, true
}

func (c Custom) code() uint16 {
	switch {
	case c.Text && c.NoCopy:
		return OptCustomTextNoCopy
	case c.Text:
		return OptCustomText
	case c.NoCopy:
		return OptCustomBinaryNoCopy
	}
	return OptCustomBinary
}

// Extra is what every block may carry beside the options of its type.
type Extra struct {
	// Comments are UTF-8, at most MaxOption bytes each.
	Comments []string
	// Custom options, at most MaxOption-4 bytes of data each.
	Custom []Custom
	// Other options: of a code that this package does not know, or of a
	// length that the code does not allow. Values as they stand in the file.
	Other []Option
}

// take keeps a copy of an option that no field of the block's type holds.
func (e *Extra) take(l Options, o Option) {
	if o.Code == OptComment {
		e.Comments = append(e.Comments, string(o.Value))
		return
	}
	if c, ok := l.Custom(o); ok {
		c.Data = slices.Clone(c.Data)
		e.Custom = append(e.Custom, c)
		return
	}
	e.Other = append(e.Other, Option{Code: o.Code, Value: slices.Clone(o.Value)})
}

// AppendOption appends an option in little-endian order, padded. A value above
// MaxOption is cut.
func AppendOption[V ~string | ~[]byte](dst []byte, code uint16, value V) []byte {
	n := min(len(value), MaxOption)
	dst = binary.LittleEndian.AppendUint16(dst, code)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
	dst = append(dst, value[:n]...)
	return append(dst, zeros[:pad4(n)-n]...)
}

// AppendCustom appends a custom option in little-endian order, padded. Data
// above MaxOption-4 is cut.
func AppendCustom(dst []byte, c Custom) []byte {
	n := min(len(c.Data), MaxOption-4)
	dst = binary.LittleEndian.AppendUint16(dst, c.code())
	dst = binary.LittleEndian.AppendUint16(dst, uint16(n+4))
	dst = binary.LittleEndian.AppendUint32(dst, c.PEN)
	dst = append(dst, c.Data[:n]...)
	return append(dst, zeros[:pad4(n)-n]...)
}

// LittleEndianOptions is a list made by AppendOption and AppendCustom, for
// Packet.Options.
func LittleEndianOptions(b []byte) Options { return Options{b: b} }

const zeros = "\x00\x00\x00"
