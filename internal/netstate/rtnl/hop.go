package rtnl

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// rtnexthopLen is the length of struct rtnexthop (linux/rtnetlink.h).
const rtnexthopLen = 8

// hopParts are what becomes a way of several attributes.
type hopParts struct {
	netstate.Hop
	encap     []byte
	encapType uint16
}

// take reads one of a way's attributes; false for another.
func (h *hopParts) take(typ uint16, v []byte) bool {
	switch typ {
	case 5: // RTA_GATEWAY
		h.Gateway = ipOf(v)
		return h.Gateway.IsValid()
	case 18: // RTA_VIA: struct rtvia, a family and an address
		if len(v) < 2 || !ipOf(v[2:]).IsValid() {
			return false
		}
		h.Gateway = ipOf(v[2:])
	case 19: // RTA_NEWDST
		if h.Labels = labelsOf(v); h.Labels == nil {
			return false
		}
	case 21: // RTA_ENCAP_TYPE
		h.encapType = u16(v)
	case 22: // RTA_ENCAP
		h.encap = v
	default:
		return false
	}
	return true
}

func (h *hopParts) hop() netstate.Hop {
	if h.encapType != 0 {
		h.Encap = encap(h.encapType, h.encap)
	}
	return h.Hop
}

// decodeHops reads a row of struct rtnexthop, each with attributes behind it.
func decodeHops(b []byte) []netstate.Hop {
	var hops []netstate.Hop
	for len(b) >= rtnexthopLen {
		n := int(binary.NativeEndian.Uint16(b))
		if n < rtnexthopLen || n > len(b) {
			break
		}
		var h hopParts
		h.Flags, h.Weight, h.Link = b[2], int(b[3])+1, int(u32(b[4:]))
		for typ, v := range nlattr.All(b[rtnexthopLen:n]) {
			switch {
			case typ == 11 && len(v) >= 4: // RTA_FLOW
				h.Realm = u32(v)
			case len(v) < routeAttrLen(typ) || !h.take(typ, v):
				h.Raw = keep(h.Raw, typ, v)
			}
		}
		hops = append(hops, h.hop())
		b = b[min(nlattr.Align(n), len(b)):]
	}
	return hops
}

// labelsOf reads a stack of MPLS labels (RFC 3032, linux/mpls.h), the outermost
// first; nil if it has no bottom.
func labelsOf(v []byte) []uint32 {
	var labels []uint32
	for ; len(v) >= 4; v = v[4:] {
		entry := binary.BigEndian.Uint32(v)
		labels = append(labels, entry>>12)
		if entry&0x100 != 0 {
			return labels
		}
	}
	return nil
}
