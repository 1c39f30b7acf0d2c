package ask

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"net/netip"
)

// errCut is a message of the kernel that ends too early.
var errCut = errors.New("message is cut off")

// attrHeader is the length of struct nlattr (linux/netlink.h).
const attrHeader = 4

// attrTypeMask takes NLA_F_NESTED and NLA_F_NET_BYTEORDER off a type.
const attrTypeMask = 0x3fff

// attrs walks netlink attributes. It stops at the first one that is not
// whole.
func attrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= attrHeader {
			n := int(binary.NativeEndian.Uint16(b))
			if n < attrHeader || n > len(b) {
				return
			}
			if !yield(binary.NativeEndian.Uint16(b[2:])&attrTypeMask, b[attrHeader:n:n]) {
				return
			}
			b = b[min(align4(n), len(b)):]
		}
	}
}

func align4(n int) int { return (n + 3) &^ 3 }

// appendAttr appends one attribute with its padding.
func appendAttr(dst []byte, typ uint16, value ...byte) []byte {
	dst = binary.NativeEndian.AppendUint16(dst, uint16(attrHeader+len(value)))
	dst = binary.NativeEndian.AppendUint16(dst, typ)
	dst = append(dst, value...)
	return append(dst, make([]byte, align4(len(value))-len(value))...)
}

func append32(dst []byte, typ uint16, v uint32) []byte {
	return appendAttr(dst, typ, binary.NativeEndian.AppendUint32(nil, v)...)
}

// appendBE16 appends a port: always in network byte order.
func appendBE16(dst []byte, typ, v uint16) []byte {
	return appendAttr(dst, typ, binary.BigEndian.AppendUint16(nil, v)...)
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

// be16, be32 and be64 read a number of network byte order.
func be16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

func be32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// addrOf reads an address of 4 or 16 bytes; invalid for anything else. An
// IPv4 address that is mapped into IPv6 stays so.
func addrOf(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a
}

// textOf reads a string with or without its end.
func textOf(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

func putNative32(b []byte, v uint32) { binary.NativeEndian.PutUint32(b, v) }

func familyOf(is6 bool) uint8 {
	if is6 {
		return familyIPv6
	}
	return familyIPv4
}
