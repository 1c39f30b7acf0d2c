package pcapng

import "encoding/binary"

// order is a section's byte order; true is big-endian. A branch on a bool is
// cheaper than a call through binary.ByteOrder.
type order bool

func (o order) u16(b []byte) uint16 {
	if o {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (o order) u32(b []byte) uint32 {
	if o {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (o order) u64(b []byte) uint64 {
	if o {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// split64 reads a time stamp: the high word first, each in the section's order.
func (o order) split64(b []byte) uint64 {
	return uint64(o.u32(b))<<32 | uint64(o.u32(b[4:]))
}

// pad4 rounds up to the 32-bit boundary that fields and options end on.
func pad4(n int) int { return (n + 3) &^ 3 }
