package rtnl

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
)

// errCut: a message ends before what it says it has.
var errCut = errors.New("cut short")

// u8 reads a number, as u16, u32 and u64 do in this machine's byte order; 0 if
// the value is too short.
func u8(v []byte) uint8 {
	if len(v) < 1 {
		return 0
	}
	return v[0]
}

func u16(v []byte) uint16 {
	if len(v) < 2 {
		return 0
	}
	return binary.NativeEndian.Uint16(v)
}

func u32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(v)
}

func u64(v []byte) uint64 {
	if len(v) < 8 {
		return 0
	}
	return binary.NativeEndian.Uint64(v)
}

// ipOf reads an address of 4 or 16 bytes; not valid if it has neither.
func ipOf(v []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(v)
	return a
}

// keep puts an attribute aside as it came. The bytes are copied: the message
// is the socket's.
func keep(raw []netstate.Attr, typ uint16, v []byte) []netstate.Attr {
	return append(raw, netstate.Attr{Type: typ, Data: append([]byte(nil), v...)})
}
