package netstate

// Inet6 is what IPv6 has of an interface (IFLA_INET6_*).
type Inet6 struct {
	// Flags are IF_* of net/if_inet6.h (0x80000000 ready, 0x20 a router's
	// advertisement was received).
	Flags uint32 `json:"flags,omitempty"`
	// AddrGenMode is IN6_ADDR_GEN_MODE_*: 0 eui64, 1 none, 2 stable privacy,
	// 3 random.
	AddrGenMode uint8 `json:"addrGenMode,omitempty"`
	// MaxReassembly in bytes, Reachable and Retransmit in milliseconds, Stamp in
	// hundredths of a second since boot (struct ifla_cacheinfo).
	MaxReassembly uint32 `json:"maxReassembly,omitempty"`
	Stamp         uint32 `json:"stamp,omitempty"`
	Reachable     uint32 `json:"reachable,omitempty"`
	Retransmit    uint32 `json:"retransmit,omitempty"`
	// Token is `ip token`'s, as 16 bytes in hexadecimal; empty for none.
	Token string `json:"token,omitempty"`
	// RAMTU is the MTU of a router's advertisement; 0 for none.
	RAMTU uint32 `json:"raMtu,omitempty"`
	Raw   []Attr `json:"raw,omitempty"`
}

// XDP is what programs are attached to a device (IFLA_XDP_*).
type XDP struct {
	// Mode is XDP_ATTACHED_*: 1 in the driver, 2 generic, 3 in hardware,
	// 4 several of these.
	Mode uint8 `json:"mode"`
	// Program is the only program's id, Driver, Generic and Hardware those by
	// mode; 0 for none.
	Program  uint32 `json:"program,omitempty"`
	Driver   uint32 `json:"driver,omitempty"`
	Generic  uint32 `json:"generic,omitempty"`
	Hardware uint32 `json:"hardware,omitempty"`
	Sent     Sent   `json:"sent,omitempty"`
	Raw      []Attr `json:"raw,omitempty"`
}

// VF is a virtual function of a network card (IFLA_VF_*).
type VF struct {
	VF uint32 `json:"vf"`
	// MAC and Broadcast as ip shows them.
	MAC       string `json:"mac,omitempty"`
	Broadcast string `json:"broadcast,omitempty"`
	VLAN      uint32 `json:"vlan,omitempty"`
	QoS       uint32 `json:"qos,omitempty"`
	// VLANs are several; nil where the kernel says VLAN alone.
	VLANs []VFVLAN `json:"vlans,omitempty"`
	// TxRate, MinTxRate and MaxTxRate in Mbit/s; 0 for no limit.
	TxRate    uint32 `json:"txRate,omitempty"`
	MinTxRate uint32 `json:"minTxRate,omitempty"`
	MaxTxRate uint32 `json:"maxTxRate,omitempty"`
	// SpoofCheck, RSSQuery and Trust are 0 or 1; the largest number is unknown.
	SpoofCheck uint32 `json:"spoofCheck"`
	RSSQuery   uint32 `json:"rssQuery"`
	Trust      uint32 `json:"trust"`
	// State is IFLA_VF_LINK_STATE_*: 0 auto, 1 enable, 2 disable.
	State uint32 `json:"state,omitempty"`
	// NodeGUID and PortGUID are InfiniBand's.
	NodeGUID uint64  `json:"nodeGuid,omitempty"`
	PortGUID uint64  `json:"portGuid,omitempty"`
	Stats    VFStats `json:"stats,omitzero"`
	Sent     Sent    `json:"sent,omitempty"`
	Raw      []Attr  `json:"raw,omitempty"`
}

// VFVLAN is a VLAN of a virtual function.
type VFVLAN struct {
	VLAN uint32 `json:"vlan,omitempty"`
	QoS  uint32 `json:"qos,omitempty"`
	// Protocol is the ethertype.
	Protocol uint16 `json:"protocol,omitempty"`
}

// VFStats are a virtual function's counters (IFLA_VF_STATS_*).
type VFStats struct {
	RxPackets uint64 `json:"rxPackets,omitempty"`
	TxPackets uint64 `json:"txPackets,omitempty"`
	RxBytes   uint64 `json:"rxBytes,omitempty"`
	TxBytes   uint64 `json:"txBytes,omitempty"`
	Broadcast uint64 `json:"broadcast,omitempty"`
	Multicast uint64 `json:"multicast,omitempty"`
	RxDropped uint64 `json:"rxDropped,omitempty"`
	TxDropped uint64 `json:"txDropped,omitempty"`
	Sent      Sent   `json:"sent,omitempty"`
}
