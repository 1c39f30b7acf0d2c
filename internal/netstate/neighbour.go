package netstate

import "net/netip"

// Neighbour is an entry of the neighbour tables, ARP or NDP
// (linux/neighbour.h).
type Neighbour struct {
	Link int        `json:"link"`
	IP   netip.Addr `json:"ip"`
	// MAC is the hardware address as ip shows it; empty if it is not known.
	MAC string `json:"mac,omitempty"`
	// State is NUD_*: 2 reachable, 4 stale, 0x20 failed, 0x80 permanent. Flags
	// are NTF_*: 8 proxy, 0x80 router. ExtFlags are NTF_EXT_*.
	State    uint16 `json:"state"`
	Flags    uint8  `json:"flags,omitempty"`
	ExtFlags uint32 `json:"extFlags,omitempty"`
	Type     uint8  `json:"type,omitempty"`
	Protocol uint8  `json:"protocol,omitempty"`
	// Used, Confirmed and Updated are ages in clock ticks (struct
	// nda_cacheinfo); Refs is how many hold it.
	Used      uint32 `json:"used,omitempty"`
	Confirmed uint32 `json:"confirmed,omitempty"`
	Updated   uint32 `json:"updated,omitempty"`
	Refs      uint32 `json:"refs,omitempty"`
	Probes    uint32 `json:"probes,omitempty"`
	Sent      Sent   `json:"sent,omitempty"`
	Raw       []Attr `json:"raw,omitempty"`
}

// FDBEntry is an entry of the forwarding database of a bridge, a VXLAN or a
// device (linux/neighbour.h, AF_BRIDGE).
type FDBEntry struct {
	MAC string `json:"mac"`
	// Link is the port, or the VXLAN or other device itself.
	Link int `json:"link"`
	// Master is the bridge whose entry it is; 0 for a device's own one.
	Master int `json:"master,omitempty"`
	// VLAN is the VLAN id; 0 for none.
	VLAN uint16 `json:"vlan,omitempty"`
	// State is NUD_* (0x40 and 0x80: not learnt), Flags are NTF_* (2 self,
	// 4 master, 0x10 external, 0x20 offloaded, 0x40 sticky), ExtFlags NTF_EXT_*.
	State    uint16 `json:"state"`
	Flags    uint8  `json:"flags,omitempty"`
	ExtFlags uint32 `json:"extFlags,omitempty"`
	// Dst is the other end of a VXLAN tunnel; not valid for none. Port and VNI
	// differ from the device's if not 0, Via is the device below.
	Dst    netip.Addr `json:"dst,omitzero"`
	Port   uint16     `json:"port,omitempty"`
	VNI    uint32     `json:"vni,omitempty"`
	SrcVNI uint32     `json:"srcVni,omitempty"`
	Via    int        `json:"via,omitempty"`
	// ViaNSID is the namespace that Via is in; nil for this one.
	ViaNSID *int32 `json:"viaNsid,omitempty"`
	// Protocol is who made the entry (RTPROT_*).
	Protocol uint8 `json:"protocol,omitempty"`
	// NexthopID is that of a nexthop group of other ends; 0 for none.
	NexthopID uint32 `json:"nexthopId,omitempty"`
	// Used and Updated are ages in clock ticks.
	Used    uint32 `json:"used,omitempty"`
	Updated uint32 `json:"updated,omitempty"`
	Sent    Sent   `json:"sent,omitempty"`
	Raw     []Attr `json:"raw,omitempty"`
}
