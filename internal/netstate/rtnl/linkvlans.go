package rtnl

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// BridgeVLANs decodes the body of RTM_NEWLINK of AF_BRIDGE with
// IFLA_BRIDGE_VLAN_INFO: which link it is of, and the VLANs that it is in.
func BridgeVLANs(body []byte) (index int, vlans []netstate.PortVLAN) {
	const vlanInfo = 2                                       // IFLA_BRIDGE_VLAN_INFO
	const pvid, untagged, rangeBegin, rangeEnd = 2, 4, 8, 16 // BRIDGE_VLAN_INFO_*
	if len(body) < linkHeader {
		return 0, nil
	}
	index = int(int32(binary.NativeEndian.Uint32(body[4:])))
	first := uint16(0)
	for typ, v := range nlattr.All(body[linkHeader:]) {
		if typ != linkAFSpec {
			continue
		}
		for typ, v := range nlattr.All(v) {
			if typ != vlanInfo || len(v) < 4 { // struct bridge_vlan_info
				continue
			}
			flags, id := u16(v), u16(v[2:])
			if flags&rangeBegin != 0 {
				first = id
				continue
			}
			p := netstate.PortVLAN{First: id, Last: id, PVID: flags&pvid != 0, Untagged: flags&untagged != 0}
			if flags&rangeEnd != 0 {
				p.First = first
			}
			vlans = append(vlans, p)
		}
	}
	return index, vlans
}
