package nft

import "github.com/pktrail/pktrail/internal/netstate/nlattr"

// attr returns the first attribute of that type, nil if there is none.
func attr(b []byte, kind uint16) []byte {
	var found []byte
	nlattr.Each(b, func(k uint16, v []byte) {
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

// list returns the payloads of all attributes in b, of any type (NFTA_LIST_ELEM).
func list(b []byte) [][]byte {
	var all [][]byte
	nlattr.Each(b, func(_ uint16, v []byte) { all = append(all, v) })
	return all
}
