package ask

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// errCut is a message of the kernel that ends too early.
var errCut = errors.New("message is cut off")

func append32(dst []byte, typ uint16, v uint32) []byte {
	return nlattr.Append(dst, typ, binary.NativeEndian.AppendUint32(nil, v)...)
}

// appendBE16 appends a port: always in network byte order.
func appendBE16(dst []byte, typ, v uint16) []byte {
	return nlattr.Append(dst, typ, binary.BigEndian.AppendUint16(nil, v)...)
}

// u8, u16 and u32 read a number of this machine's byte order; 0 if the
// value is too short.
func u8(b []byte) uint8 {
	if len(b) < 1 {
		return 0
	}
	return b[0]
}

func u16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.NativeEndian.Uint16(b)
}

func u32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}

// addrOf reads an address of 4 or 16 bytes; invalid for anything else. An
// IPv4 address that is mapped into IPv6 stays so.
func addrOf(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a
}

func putNative32(b []byte, v uint32) { binary.NativeEndian.PutUint32(b, v) }

func familyOf(is6 bool) uint8 {
	if is6 {
		return familyIPv6
	}
	return familyIPv4
}
