package rtnl

import (
	"encoding/binary"
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes that the Sent of Neighbour and FDBEntry may have (NDA_* of
// linux/neighbour.h).
const (
	NeighDst      = 1
	NeighMAC      = 2
	NeighCache    = 3
	NeighProbes   = 4
	NeighVLAN     = 5
	NeighPort     = 6
	NeighVNI      = 7
	NeighVia      = 8
	NeighMaster   = 9
	NeighNSID     = 10
	NeighSrcVNI   = 11
	NeighProtocol = 12
	NeighNexthop  = 13
	NeighFlagsExt = 15
)

// neighHeader is the size of struct ndmsg.
const neighHeader = 12

// Neighbour decodes the body of RTM_NEWNEIGH of IPv4 or IPv6: struct ndmsg and
// attributes. Hardware is the type of the link with an index (Link.Type),
// which decides how its addresses are written.
func Neighbour(body []byte, hardwareOf func(index int) uint16) (netstate.Neighbour, error) {
	if len(body) < neighHeader {
		return netstate.Neighbour{}, fmt.Errorf("decode neighbour: %w", errCut)
	}
	n := netstate.Neighbour{
		Link:  int(int32(binary.NativeEndian.Uint32(body[4:]))),
		State: binary.NativeEndian.Uint16(body[8:]),
		Flags: body[10],
		Type:  body[11],
	}
	for typ, v := range nlattr.All(body[neighHeader:]) {
		known := false
		switch typ {
		case NeighDst:
			known = getExact(v, &n.IP)
		case NeighMAC:
			n.MAC, known = hardware(v, hardwareOf(n.Link)), true
		case NeighCache: // struct nda_cacheinfo
			known = len(v) >= 16 && get32(v, &n.Confirmed) && get32(v[4:], &n.Used) && get32(v[8:], &n.Updated) && get32(v[12:], &n.Refs)
		case NeighProbes:
			known = get32(v, &n.Probes)
		case NeighProtocol:
			known = get8(v, &n.Protocol)
		case NeighFlagsExt:
			known = get32(v, &n.ExtFlags)
		}
		if known {
			n.Sent.Add(typ)
		} else {
			n.Raw = keep(n.Raw, typ, v)
		}
	}
	return n, nil
}

// FDBEntry decodes the body of RTM_NEWNEIGH of AF_BRIDGE.
func FDBEntry(body []byte) (netstate.FDBEntry, error) {
	if len(body) < neighHeader {
		return netstate.FDBEntry{}, fmt.Errorf("decode entry of a forwarding database: %w", errCut)
	}
	e := netstate.FDBEntry{
		Link:  int(int32(binary.NativeEndian.Uint32(body[4:]))),
		State: binary.NativeEndian.Uint16(body[8:]),
		Flags: body[10],
	}
	for typ, v := range nlattr.All(body[neighHeader:]) {
		if fdb(&e, typ, v) {
			e.Sent.Add(typ)
		} else {
			e.Raw = keep(e.Raw, typ, v)
		}
	}
	return e, nil
}

func fdb(e *netstate.FDBEntry, typ uint16, v []byte) bool {
	switch typ {
	case NeighMAC:
		return getMAC(v, &e.MAC)
	case NeighDst:
		return getExact(v, &e.Dst)
	case NeighCache:
		var confirmed, refs uint32 // the same as used, and always 0
		return len(v) >= 16 && get32(v, &confirmed) && get32(v[4:], &e.Used) && get32(v[8:], &e.Updated) && get32(v[12:], &refs)
	case NeighVLAN:
		return get16(v, &e.VLAN)
	case NeighPort:
		return getBE16(v, &e.Port)
	case NeighVNI:
		return get32(v, &e.VNI)
	case NeighSrcVNI:
		return get32(v, &e.SrcVNI)
	case NeighVia:
		return getIndex(v, &e.Via)
	case NeighMaster:
		return getIndex(v, &e.Master)
	case NeighNSID:
		id := new(int32)
		if !getSigned(v, id) {
			return false
		}
		e.ViaNSID = id
		return true
	case NeighProtocol:
		return get8(v, &e.Protocol)
	case NeighNexthop:
		return get32(v, &e.NexthopID)
	case NeighFlagsExt:
		return get32(v, &e.ExtFlags)
	}
	return false
}
