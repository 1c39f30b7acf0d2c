package nft

import (
	"bytes"
	"encoding/binary"
)

// each calls fn for every attribute in a run of netlink attributes
// (linux/netlink.h, struct nlattr). It stops at the first that does not fit.
func each(b []byte, fn func(kind uint16, v []byte)) {
	const header, typeMask = 4, 0x3fff // NLA_HDRLEN, NLA_TYPE_MASK
	for len(b) >= header {
		n := int(binary.NativeEndian.Uint16(b))
		if n < header || n > len(b) {
			return
		}
		fn(binary.NativeEndian.Uint16(b[2:])&typeMask, b[header:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// attr returns the first attribute of that type, nil if there is none.
func attr(b []byte, kind uint16) []byte {
	var found []byte
	each(b, func(k uint16, v []byte) {
		if k == kind && found == nil {
			found = v
		}
	})
	return found
}

// number reads an attribute of up to 8 bytes in network byte order, which
// nf_tables uses throughout.
func number(v []byte) uint64 {
	var n uint64
	for _, c := range v[:min(len(v), 8)] {
		n = n<<8 | uint64(c)
	}
	return n
}

// num32 is number, of 32 bits.
func num32(v []byte) uint32 { return uint32(number(v)) }

// text reads a NUL-terminated string.
func text(v []byte) string {
	if i := bytes.IndexByte(v, 0); i >= 0 {
		v = v[:i]
	}
	return string(v)
}

// list returns the payloads of all attributes in b, of any type (NFTA_LIST_ELEM).
func list(b []byte) [][]byte {
	var all [][]byte
	each(b, func(_ uint16, v []byte) { all = append(all, v) })
	return all
}
