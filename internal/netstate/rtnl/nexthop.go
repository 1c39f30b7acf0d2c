package rtnl

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// nhmsgLen is the length of struct nhmsg (linux/nexthop.h), shareLen that of
// struct nexthop_grp.
const (
	nhmsgLen = 8
	shareLen = 8
)

// Nexthop decodes the body of an RTM_NEWNEXTHOP. An error means that the
// message is not whole.
func Nexthop(b []byte) (netstate.Nexthop, error) {
	if len(b) < nhmsgLen {
		return netstate.Nexthop{}, fmt.Errorf("decode nexthop: %w", errCut)
	}
	n := netstate.Nexthop{Scope: b[1], Protocol: b[2], Flags: u32(b[4:])}
	if b[0] != 0 {
		n.Family = routeFamily(b[0])
	}
	var h hopParts
	whole := nlattr.Each(b[nhmsgLen:], func(typ uint16, v []byte) {
		if len(v) < nexthopAttrLen(typ) || !nexthopAttr(&n, typ, v) && !nexthopWay(&h, typ, v) {
			n.Raw = keep(n.Raw, typ, v)
		}
	})
	if !whole {
		return netstate.Nexthop{}, fmt.Errorf("decode nexthop: %w", errCut)
	}
	if !n.Blackhole && n.Group == nil {
		hop := h.hop()
		hop.Flags = uint8(n.Flags)
		n.Hop = &hop
	}
	return n, nil
}

// nexthopAttrLen is how long an attribute of a nexthop has to be at least.
func nexthopAttrLen(typ uint16) int {
	switch typ {
	case 3, 7:
		return 2
	case 1, 5:
		return 4
	}
	return 0
}

// nexthopWay reads the attributes of a single way: NHA_* of linux/nexthop.h.
func nexthopWay(h *hopParts, typ uint16, v []byte) bool {
	switch typ {
	case 5: // NHA_OIF
		h.Link = int(u32(v))
	case 6: // NHA_GATEWAY
		h.Gateway = ipOf(v)
		return h.Gateway.IsValid()
	case 7: // NHA_ENCAP_TYPE
		h.encapType = u16(v)
	case 8: // NHA_ENCAP
		h.encap = v
	default:
		return false
	}
	return true
}

// nexthopAttr reads the attributes of a nexthop as a whole.
func nexthopAttr(n *netstate.Nexthop, typ uint16, v []byte) bool {
	switch typ {
	case 1: // NHA_ID
		n.ID = u32(v)
	case 2: // NHA_GROUP
		n.Group = shares(v)
	case 3: // NHA_GROUP_TYPE
		n.GroupType = u16(v)
	case 4: // NHA_BLACKHOLE
		n.Blackhole = true
	case 11: // NHA_FDB
		n.FDB = true
	case 12: // NHA_RES_GROUP
		n.Resilient = resilient(v)
	case 14: // NHA_OP_FLAGS: what the kernel can tell if it is asked
	default:
		return false
	}
	return true
}

// shares reads a row of struct nexthop_grp: an id, and the weight less one in
// two halves, of which Linux before 6.12 has the low one alone.
func shares(b []byte) []netstate.NexthopShare {
	all := make([]netstate.NexthopShare, 0, len(b)/shareLen)
	for ; len(b) >= shareLen; b = b[shareLen:] {
		all = append(all, netstate.NexthopShare{ID: u32(b), Weight: (uint32(b[5])<<8 | uint32(b[4])) + 1})
	}
	return all
}

// resilient reads NHA_RES_GROUP_*.
func resilient(b []byte) *netstate.Resilient {
	var r netstate.Resilient
	for typ, v := range nlattr.All(b) {
		switch typ {
		case 1:
			r.Buckets = u16(v)
		case 2:
			r.IdleTimer = u32(v)
		case 3:
			r.UnbalancedTimer = u32(v)
		case 4:
			r.Unbalanced = u64(v)
		}
	}
	return &r
}
