package xt

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// info reads the fields of a match's or target's structure. Reading behind its
// end gives zero and marks it short.
type info struct {
	b     []byte
	ip6   bool
	rev   uint8
	names Names
	short bool
}

// at returns n bytes at an offset.
func (i *info) at(off, n int) []byte {
	if off < 0 || n < 0 || off+n > len(i.b) {
		i.short = true
		return make([]byte, max(n, 0))
	}
	return i.b[off : off+n]
}

func (i *info) u8(off int) uint8   { return i.at(off, 1)[0] }
func (i *info) u16(off int) uint16 { return binary.NativeEndian.Uint16(i.at(off, 2)) }
func (i *info) u32(off int) uint32 { return binary.NativeEndian.Uint32(i.at(off, 4)) }
func (i *info) u64(off int) uint64 { return binary.NativeEndian.Uint64(i.at(off, 8)) }

// port reads a number of 16 bits in network byte order.
func (i *info) port(off int) uint16 { return binary.BigEndian.Uint16(i.at(off, 2)) }

// str reads a NUL-terminated string in a field of n bytes.
func (i *info) str(off, n int) string {
	b := i.at(off, n)
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// addr reads a union nf_inet_addr (16 bytes, linux/netfilter.h).
func (i *info) addr(off int) netip.Addr {
	if i.ip6 {
		return netip.AddrFrom16([16]byte(i.at(off, 16)))
	}
	return i.addr4(off)
}

// addr4 reads a struct in_addr.
func (i *info) addr4(off int) netip.Addr { return netip.AddrFrom4([4]byte(i.at(off, 4))) }
