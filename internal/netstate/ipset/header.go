package ipset

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of a set's own data (enum of IPSET_ATTR_* at CADT level, and those
// of the creation only).
const (
	attrIP         = 1
	attrIPTo       = 2
	attrCIDR       = 3
	attrPort       = 4
	attrPortTo     = 5
	attrTimeout    = 6
	attrProto      = 7
	attrFlags      = 8
	attrMark       = 10
	attrMarkMask   = 11
	attrBitMask    = 12
	attrInitval    = 17
	attrHashSize   = 18
	attrMaxElem    = 19
	attrNetMask    = 20
	attrBucketSize = 21
	attrResize     = 22
	attrSize       = 23
	attrElements   = 24
	attrReferences = 25
	attrMemSize    = 26
)

// Flags of a set and of a member (IPSET_FLAG_*).
const (
	flagBefore   = 1 << 0
	flagPhysDev  = 1 << 1
	flagNoMatch  = 1 << 2
	flagCounters = 1 << 3
	flagComment  = 1 << 4
	flagForceAdd = 1 << 5
	flagSKBInfo  = 1 << 6
	flagWildcard = 1 << 7
)

// setHeader fills in what a set's data say: the words of `ipset save` behind the
// type, which have one order that is not that of the attributes.
func setHeader(s *netstate.IPSet, data []byte) {
	a := map[uint16][]byte{}
	nlattr.Each(data, func(k uint16, v []byte) {
		switch {
		case k == attrReferences:
			s.Refs = nlattr.BE32(v)
		case k == attrResize || k == attrElements || k == attrMemSize:
		case k <= attrSize && known[k]:
			a[k] = v
		default:
			s.Raw = append(s.Raw, rawAttr(k, v))
		}
	})
	var w []string
	say := func(k uint16, word string, write func([]byte) string) {
		if v, ok := a[k]; ok {
			w = append(w, word+" "+write(v))
		}
	}
	if s.Family != "" && strings.HasPrefix(s.Type, "hash:") && s.Type != "hash:mac" {
		w = append(w, "family "+s.Family)
	}
	if from, ok := a[attrIP]; ok {
		w = append(w, "range "+address(from)+"-"+address(a[attrIPTo]))
	}
	if from, ok := a[attrPort]; ok {
		w = append(w, fmt.Sprintf("range %d-%d", nlattr.BE16(from), nlattr.BE16(a[attrPortTo])))
	}
	say(attrMarkMask, "markmask", func(v []byte) string { return fmt.Sprintf("0x%08x", nlattr.BE32(v)) })
	say(attrHashSize, "hashsize", decimal)
	say(attrMaxElem, "maxelem", decimal)
	say(attrNetMask, "netmask", func(v []byte) string { return fmt.Sprint(first(v)) })
	say(attrBitMask, "bitmask", address)
	say(attrSize, "size", decimal)
	say(attrTimeout, "timeout", decimal)
	flags := nlattr.BE32(a[attrFlags])
	for _, f := range [...]struct {
		bit  uint32
		word string
	}{{flagCounters, "counters"}, {flagComment, "comment"}, {flagForceAdd, "forceadd"}, {flagSKBInfo, "skbinfo"}} {
		if flags&f.bit != 0 {
			w = append(w, f.word)
		}
	}
	say(attrBucketSize, "bucketsize", func(v []byte) string { return fmt.Sprint(first(v)) })
	say(attrInitval, "initval", func(v []byte) string { return fmt.Sprintf("0x%08x", nlattr.BE32(v)) })
	s.Header = strings.Join(w, " ")
}

// known are the attributes that setHeader writes.
var known = [attrSize + 1]bool{
	attrIP: true, attrIPTo: true, attrPort: true, attrPortTo: true, attrTimeout: true, attrFlags: true, attrMarkMask: true,
	attrBitMask: true, attrInitval: true, attrHashSize: true, attrMaxElem: true, attrNetMask: true, attrBucketSize: true,
	attrSize: true,
}

func decimal(v []byte) string { return fmt.Sprint(nlattr.BE32(v)) }
