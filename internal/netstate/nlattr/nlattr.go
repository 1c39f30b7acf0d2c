// Package nlattr walks and writes netlink attributes (linux/netlink.h, struct
// nlattr): length and type in this machine's byte order, padded to 4 bytes.
// Bytes come in, attributes go out; what they mean is their reader's affair.
package nlattr

import (
	"bytes"
	"encoding/binary"
	"iter"
)

const (
	header = 4 // NLA_HDRLEN
	// typeMask takes NLA_F_NESTED and NLA_F_NET_BYTEORDER off a type
	// (NLA_TYPE_MASK).
	typeMask = 0x3fff
)

// All yields the attributes in b, by type and value. It stops at the first
// that is not whole.
func All(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for {
			typ, v, rest, ok := next(b)
			if !ok || !yield(typ, v) {
				return
			}
			b = rest
		}
	}
}

// Each calls fn for the attributes in b, and is false where they are cut
// short.
func Each(b []byte, fn func(typ uint16, v []byte)) (whole bool) {
	for {
		typ, v, rest, ok := next(b)
		if !ok {
			return len(b) == 0
		}
		fn(typ, v)
		b = rest
	}
}

// next cuts the first attribute off.
func next(b []byte) (typ uint16, v, rest []byte, ok bool) {
	if len(b) < header {
		return 0, nil, nil, false
	}
	n := int(binary.NativeEndian.Uint16(b))
	if n < header || n > len(b) {
		return 0, nil, nil, false
	}
	return binary.NativeEndian.Uint16(b[2:]) & typeMask, b[header:n:n], b[min(Align(n), len(b)):], true
}

// Align rounds a length up to where the next attribute begins.
func Align(n int) int { return (n + 3) &^ 3 }

// Append appends one attribute with its padding.
func Append(dst []byte, typ uint16, value ...byte) []byte {
	dst = binary.NativeEndian.AppendUint16(dst, uint16(header+len(value)))
	dst = binary.NativeEndian.AppendUint16(dst, typ)
	dst = append(dst, value...)
	return append(dst, make([]byte, Align(len(value))-len(value))...)
}

// Text reads a string with or without its end.
func Text(v []byte) string {
	v, _, _ = bytes.Cut(v, []byte{0})
	return string(v)
}

// BE16 reads a number of network byte order, as BE32 and BE64 do; 0 if the
// value is too short.
func BE16(v []byte) uint16 {
	if len(v) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(v)
}

// BE32 reads 4 bytes: see BE16.
func BE32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

// BE64 reads 8 bytes: see BE16.
func BE64(v []byte) uint64 {
	if len(v) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}
