package rtnl

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of virtual functions that netstate.VF.Sent may have (IFLA_VF_*),
// and of their counters (IFLA_VF_STATS_*).
const (
	VFMAC        = 1
	VFVLAN       = 2
	VFTxRate     = 3
	VFSpoofCheck = 4
	VFState      = 5
	VFRate       = 6
	VFRSSQuery   = 7
	VFStats      = 8
	VFTrust      = 9
	VFNodeGUID   = 10
	VFPortGUID   = 11
	VFVLANs      = 12
	VFBroadcast  = 13

	VFStatsRxDropped = 7
	VFStatsTxDropped = 8
)

// virtualFunctions reads IFLA_VFINFO_LIST. Without the first of its members
// there is nothing to be told of one.
func virtualFunctions(l *netstate.Link, v []byte) bool {
	const info = 1 // IFLA_VF_INFO
	for typ, v := range nlattr.All(v) {
		if typ != info {
			return false
		}
		const unknown = 1<<32 - 1
		f := netstate.VF{SpoofCheck: unknown, RSSQuery: unknown, Trust: unknown}
		for typ, v := range nlattr.All(v) {
			if virtualFunction(&f, l.Type, typ, v) {
				f.Sent.Add(typ)
			} else {
				f.Raw = keep(f.Raw, typ, v)
			}
		}
		l.VFs = append(l.VFs, f)
	}
	return true
}

// virtualFunction reads a member. Most have the function's number before what
// they say.
func virtualFunction(f *netstate.VF, hardware, typ uint16, v []byte) bool {
	switch typ {
	case VFMAC:
		return len(v) >= 36 && get32(v, &f.VF) && getMAC(v[4:4+addressSize(hardware)], &f.MAC)
	case VFBroadcast:
		return len(v) >= 32 && getMAC(v[:addressSize(hardware)], &f.Broadcast)
	case VFVLAN:
		return len(v) >= 12 && get32(v[4:], &f.VLAN) && get32(v[8:], &f.QoS)
	case VFTxRate:
		return len(v) >= 8 && get32(v[4:], &f.TxRate)
	case VFSpoofCheck:
		return len(v) >= 8 && get32(v[4:], &f.SpoofCheck)
	case VFState:
		return len(v) >= 8 && get32(v[4:], &f.State)
	case VFRate:
		return len(v) >= 12 && get32(v[4:], &f.MinTxRate) && get32(v[8:], &f.MaxTxRate)
	case VFRSSQuery:
		return len(v) >= 8 && get32(v[4:], &f.RSSQuery)
	case VFTrust:
		return len(v) >= 8 && get32(v[4:], &f.Trust)
	case VFNodeGUID: // struct ifla_vf_guid, padded
		return len(v) >= 16 && get64(v[8:], &f.NodeGUID)
	case VFPortGUID:
		return len(v) >= 16 && get64(v[8:], &f.PortGUID)
	case VFVLANs:
		return vfVLANs(f, v)
	case VFStats:
		return vfStats(&f.Stats, v)
	}
	return false
}

// addressSize is how many bytes of an address count (MAX_ADDR_LEN are sent).
func addressSize(hardware uint16) int {
	const ether = 1 // ARPHRD_ETHER
	if hardware == ether {
		return 6
	}
	return 20 // InfiniBand
}

func vfVLANs(f *netstate.VF, v []byte) bool {
	f.VLANs = []netstate.VFVLAN{}
	for _, v := range nlattr.All(v) { // struct ifla_vf_vlan_info
		if len(v) < 14 {
			return false
		}
		f.VLANs = append(f.VLANs, netstate.VFVLAN{
			VLAN:     binary.NativeEndian.Uint32(v[4:]),
			QoS:      binary.NativeEndian.Uint32(v[8:]),
			Protocol: binary.BigEndian.Uint16(v[12:]),
		})
	}
	return true
}

func vfStats(s *netstate.VFStats, v []byte) bool {
	n := [...]*uint64{
		&s.RxPackets, &s.TxPackets, &s.RxBytes, &s.TxBytes, &s.Broadcast, &s.Multicast, nil, &s.RxDropped, &s.TxDropped,
	}
	for typ, v := range nlattr.All(v) {
		if int(typ) < len(n) && n[typ] != nil && get64(v, n[typ]) {
			s.Sent.Add(typ)
		}
	}
	return true
}
