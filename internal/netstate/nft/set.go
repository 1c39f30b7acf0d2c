package nft

import (
	"slices"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Flags of a set (enum nft_set_flags of linux/netfilter/nf_tables.h).
const (
	SetAnonymous = 0x1
	SetConstant  = 0x2
	SetInterval  = 0x4
	SetMap       = 0x8
	SetTimeout   = 0x10
	SetEval      = 0x20
	SetObject    = 0x40
	SetConcat    = 0x80
)

// Set is one set or map. Elements are those that were asked for.
type Set struct {
	Family Family
	Table  string
	Name   string
	Handle uint64
	Flags  uint32
	// KeyType and DataType are nft's own numbers of data types, six bits for
	// each part of a concatenation; the kernel only keeps them.
	KeyType, DataType uint32
	// KeyLen and DataLen are in bytes, PartLens those of the parts of a
	// concatenation of ranges.
	KeyLen, DataLen uint32
	PartLens        []uint32
	// ObjType is the type of the objects in a map of objects (NFT_OBJECT_*).
	ObjType uint32
	// Timeout and GC are milliseconds; 0 is none.
	Timeout uint64
	GC      uint32
	// Policy is of enum nft_set_policies; Size the most elements, 0 for no
	// limit that somebody gave.
	Policy, Size uint32
	// Exprs are what each element has of its own, e.g. a counter.
	Exprs []Expr
	// User is what nft keeps of the set for itself.
	User     SetUserData
	Elements []Element
}

// SetUserData is what nft writes into NFTA_SET_USERDATA (libnftnl's udata.h).
type SetUserData struct {
	Comment string
	// KeyOrder and DataOrder are 1 for this machine's byte order and 2 for big
	// endian; 0 is not known.
	KeyOrder, DataOrder uint32
	AutoMerge           bool
	DataInterval        bool
	// KeyTypeof and DataTypeof are the expressions that stood behind typeof, in
	// nft's own form; nil where a type did.
	KeyTypeof, DataTypeof []byte
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
	// Timeout and Expires (what is left of it) are milliseconds; 0 is none of
	// its own.
	Timeout, Expires uint64
	// Exprs are its counter, limit or quota.
	Exprs []Expr
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
		case 8: // NFTA_SET_POLICY
			s.Policy = num32(v)
		case 15: // NFTA_SET_OBJ_TYPE
			s.ObjType = num32(v)
		default:
			s.more(k, v)
		}
	})
	return s, ok && s.Name != ""
}

// more reads the attributes that are not needed to look something up.
func (s *Set) more(k uint16, v []byte) {
	switch k {
	case 9: // NFTA_SET_DESC
		s.describe(v)
	case 11: // NFTA_SET_TIMEOUT
		s.Timeout = number(v)
	case 12: // NFTA_SET_GC_INTERVAL
		s.GC = num32(v)
	case 13: // NFTA_SET_USERDATA
		s.User = decodeSetUserData(v)
	case 16: // NFTA_SET_HANDLE
		s.Handle = number(v)
	case 17: // NFTA_SET_EXPR
		s.Exprs = append(s.Exprs, decodeShallow(slices.Clone(v)))
	case 18: // NFTA_SET_EXPRESSIONS
		for _, e := range list(slices.Clone(v)) {
			s.Exprs = append(s.Exprs, decodeShallow(e))
		}
	}
}

// describe reads enum nft_set_desc_attributes.
func (s *Set) describe(b []byte) {
	s.Size = num32(attr(b, 1))           // NFTA_SET_DESC_SIZE
	for _, f := range list(attr(b, 2)) { // NFTA_SET_DESC_CONCAT
		s.PartLens = append(s.PartLens, num32(attr(f, 1))) // NFTA_SET_FIELD_LEN
	}
}

func decodeSetUserData(b []byte) SetUserData {
	var u SetUserData
	b = slices.Clone(b)
	for kind, v := range userData(b) {
		switch kind {
		case 0: // NFTNL_UDATA_SET_KEYBYTEORDER
			u.KeyOrder = native32(v)
		case 1: // NFTNL_UDATA_SET_DATABYTEORDER
			u.DataOrder = native32(v)
		case 2: // NFTNL_UDATA_SET_MERGE_ELEMENTS
			u.AutoMerge = native32(v) != 0
		case 3: // NFTNL_UDATA_SET_KEY_TYPEOF
			u.KeyTypeof = v
		case 4: // NFTNL_UDATA_SET_DATA_TYPEOF
			u.DataTypeof = v
		case 6: // NFTNL_UDATA_SET_DATA_INTERVAL
			u.DataInterval = native32(v) != 0
		case 7: // NFTNL_UDATA_SET_COMMENT
			u.Comment = nlattr.Text(v)
		}
	}
	return u
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
		case 4: // NFTA_SET_ELEM_TIMEOUT
			e.Timeout = number(v)
		case 5: // NFTA_SET_ELEM_EXPIRATION
			e.Expires = number(v)
		case 6: // NFTA_SET_ELEM_USERDATA
			e.Comment = comment(v)
		case 7: // NFTA_SET_ELEM_EXPR
			e.Exprs = append(e.Exprs, decodeShallow(v))
		case 9: // NFTA_SET_ELEM_OBJREF
			e.Object = nlattr.Text(v)
		case 10: // NFTA_SET_ELEM_KEY_END
			e.KeyEnd, _ = decodeData(v)
		case 11: // NFTA_SET_ELEM_EXPRESSIONS
			for _, x := range list(v) {
				e.Exprs = append(e.Exprs, decodeShallow(x))
			}
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
