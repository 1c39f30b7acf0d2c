package nft

import (
	"slices"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Flags of a set (enum nft_set_flags of linux/netfilter/nf_tables.h).
const (
	SetAnonymous = 0x1
	SetInterval  = 0x4
	SetMap       = 0x8
	SetObject    = 0x40
	SetConcat    = 0x80
)

// Set is one set or map. Elements are those that were asked for.
type Set struct {
	Family Family
	Table  string
	Name   string
	Flags  uint32
	// KeyType and DataType are nft's own numbers of data types, six bits for
	// each part of a concatenation; the kernel only keeps them.
	KeyType, DataType uint32
	// KeyLen and DataLen are in bytes.
	KeyLen, DataLen uint32
	// ObjType is the type of the objects in a map of objects (NFT_OBJECT_*).
	ObjType  uint32
	Elements []Element
}

// Element is one element of a set.
type Element struct {
	// Key is the value, or the first of a range; KeyEnd the last of a range in
	// a set of concatenated ranges, else nil.
	Key, KeyEnd []byte
	// End is true for the first value behind an interval
	// (NFT_SET_ELEM_INTERVAL_END).
	End bool
	// CatchAll is true for the element `*`.
	CatchAll bool
	// Data, Verdict or Object is what a map gives for the key.
	Data    []byte
	Verdict *Verdict
	Object  string
	Comment string
}

// Verdict is what happens to the packet.
type Verdict struct {
	// Code is 0 drop, 1 accept, 3 queue, or of enum nft_verdicts: -1 continue,
	// -2 break, -3 jump, -4 goto, -5 return.
	Code int32
	// Chain that a jump or goto leads to.
	Chain string
}

// DecodeSet reads the body of an NFT_MSG_NEWSET message; false if it names no
// set.
func DecodeSet(msg []byte) (Set, bool) {
	fam, b, ok := split(msg)
	s := Set{Family: fam}
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_SET_TABLE
			s.Table = nlattr.Text(v)
		case 2: // NFTA_SET_NAME
			s.Name = nlattr.Text(v)
		case 3: // NFTA_SET_FLAGS
			s.Flags = num32(v)
		case 4: // NFTA_SET_KEY_TYPE
			s.KeyType = num32(v)
		case 5: // NFTA_SET_KEY_LEN
			s.KeyLen = num32(v)
		case 6: // NFTA_SET_DATA_TYPE
			s.DataType = num32(v)
		case 7: // NFTA_SET_DATA_LEN
			s.DataLen = num32(v)
		case 15: // NFTA_SET_OBJ_TYPE
			s.ObjType = num32(v)
		}
	})
	return s, ok && s.Name != ""
}

// DecodeElements reads the elements in the body of an NFT_MSG_NEWSETELEM
// message. It keeps no part of msg.
func DecodeElements(msg []byte) []Element {
	_, b, ok := split(msg)
	if !ok {
		return nil
	}
	var all []Element
	// NFTA_SET_ELEM_LIST_ELEMENTS
	for _, e := range list(slices.Clone(attr(b, 3))) {
		all = append(all, decodeElement(e))
	}
	return all
}

func decodeElement(b []byte) Element {
	var e Element
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_SET_ELEM_KEY
			e.Key, _ = decodeData(v)
		case 2: // NFTA_SET_ELEM_DATA
			e.Data, e.Verdict = decodeData(v)
		case 3: // NFTA_SET_ELEM_FLAGS
			e.End, e.CatchAll = num32(v)&1 != 0, num32(v)&2 != 0
		case 6: // NFTA_SET_ELEM_USERDATA
			e.Comment = comment(v)
		case 9: // NFTA_SET_ELEM_OBJREF
			e.Object = nlattr.Text(v)
		case 10: // NFTA_SET_ELEM_KEY_END
			e.KeyEnd, _ = decodeData(v)
		}
	})
	return e
}

// decodeData reads enum nft_data_attributes: a value or a verdict.
func decodeData(b []byte) ([]byte, *Verdict) {
	var value []byte
	var verdict *Verdict
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_DATA_VALUE
			value = v
		case 2: // NFTA_DATA_VERDICT: NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN
			verdict = &Verdict{Code: int32(num32(attr(v, 1))), Chain: nlattr.Text(attr(v, 2))}
		}
	})
	return value, verdict
}
