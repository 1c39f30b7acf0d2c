package netstate

// Attr is a netlink attribute that is not understood, kept as it came.
type Attr struct {
	Type uint16 `json:"type"`
	Data []byte `json:"data"`
}

// Link is a network interface (linux/if_link.h).
type Link struct {
	Index int    `json:"index"`
	Name  string `json:"name"`
	// Kind is IFLA_INFO_KIND ("veth", "bridge", "vxlan"); empty for physical
	// devices and loopback. PortKind is that of its master's hold on it
	// (IFLA_INFO_SLAVE_KIND: "bridge", "bond").
	Kind     string `json:"kind,omitempty"`
	PortKind string `json:"portKind,omitempty"`
	// Type is the hardware's (ARPHRD_* of linux/if_arp.h), Flags are IFF_* of
	// linux/if.h.
	Type  uint16 `json:"type"`
	Flags uint32 `json:"flags"`
	// State is IF_OPER_* (RFC 2863), Mode IF_LINK_MODE_*.
	State uint8 `json:"state"`
	Mode  uint8 `json:"mode,omitempty"`
	// MTU in bytes.
	MTU int `json:"mtu"`
	// TxQueueLen in packets, Qdisc the queueing discipline's kind, Group that of
	// `ip link set group`.
	TxQueueLen uint32 `json:"txQueueLen,omitempty"`
	Qdisc      string `json:"qdisc,omitempty"`
	Group      uint32 `json:"group,omitempty"`
	// Address and Broadcast are hardware addresses as ip shows them; those of
	// tunnels are IP addresses. Empty for none.
	Address   string `json:"address,omitempty"`
	Broadcast string `json:"broadcast,omitempty"`
	Permanent string `json:"permanentAddress,omitempty"`
	// Master is the index of the bridge, bond or VRF that it is a port of; 0
	// for none.
	Master int `json:"master,omitempty"`
	// Parent is IFLA_LINK: the veth's other end, or the device below; 0 for
	// none. It is in the namespace that ParentNSID means there, or in this one
	// if ParentNSID is nil.
	Parent     int    `json:"parent,omitempty"`
	ParentNSID *int32 `json:"parentNsid,omitempty"`
	// Alias is a text for people, AltNames are further names.
	Alias    string   `json:"alias,omitempty"`
	AltNames []string `json:"altNames,omitempty"`

	// Promiscuity and AllMulti count who wants all frames, or all multicast
	// ones.
	Promiscuity uint32 `json:"promiscuity,omitempty"`
	AllMulti    uint32 `json:"allMulti,omitempty"`
	// MinMTU and MaxMTU are the device's limits; 0 for none.
	MinMTU   uint32 `json:"minMtu,omitempty"`
	MaxMTU   uint32 `json:"maxMtu,omitempty"`
	TxQueues uint32 `json:"txQueues,omitempty"`
	RxQueues uint32 `json:"rxQueues,omitempty"`
	// GSOMaxSize and its like are how long, in bytes and in segments, a packet
	// may be before it is cut to the MTU, or after it was put together.
	GSOMaxSize     uint32 `json:"gsoMaxSize,omitempty"`
	GSOMaxSegs     uint32 `json:"gsoMaxSegs,omitempty"`
	TSOMaxSize     uint32 `json:"tsoMaxSize,omitempty"`
	TSOMaxSegs     uint32 `json:"tsoMaxSegs,omitempty"`
	GROMaxSize     uint32 `json:"groMaxSize,omitempty"`
	GSOIPv4MaxSize uint32 `json:"gsoIpv4MaxSize,omitempty"`
	GROIPv4MaxSize uint32 `json:"groIpv4MaxSize,omitempty"`
	// MaxPacing is how far ahead the device can time packets, in nanoseconds.
	MaxPacing uint64 `json:"maxPacingNs,omitempty"`
	// Headroom and Tailroom are bytes that the device needs around a packet.
	Headroom uint16 `json:"headroom,omitempty"`
	Tailroom uint16 `json:"tailroom,omitempty"`
	// Carrier is true if there is a link at the physical layer; it changed
	// CarrierChanges times, up CarrierUps and down CarrierDowns of them.
	Carrier        bool   `json:"carrier,omitempty"`
	CarrierChanges uint32 `json:"carrierChanges,omitempty"`
	CarrierUps     uint32 `json:"carrierUps,omitempty"`
	CarrierDowns   uint32 `json:"carrierDowns,omitempty"`
	// ProtoDown is true if a program has said that the link must stay down; the
	// bits of ProtoDownReason are why.
	ProtoDown       bool   `json:"protoDown,omitempty"`
	ProtoDownReason uint32 `json:"protoDownReason,omitempty"`
	// PortName, PortID and SwitchID are those of a switch's port; the ids are in
	// hexadecimal.
	PortName string `json:"portName,omitempty"`
	PortID   string `json:"portId,omitempty"`
	SwitchID string `json:"switchId,omitempty"`
	// Bus and Device are where the hardware is, e.g. "pci" and "0000:00:03.0".
	Bus    string `json:"bus,omitempty"`
	Device string `json:"device,omitempty"`
	// Immutable is true if it cannot be moved to another namespace.
	Immutable bool `json:"immutable,omitempty"`

	Stats LinkStats `json:"stats,omitzero"`
	// Conf4 and Conf6 are the interface's settings (net.ipv4.conf.NAME.*,
	// net.ipv6.conf.NAME.*) by number: IPV4_DEVCONF_* of linux/ip.h, which begin
	// at 1, and DEVCONF_* of linux/ipv6.h. Empty where the protocol is not there.
	Conf4 []int32 `json:"conf4,omitempty"`
	Conf6 []int32 `json:"conf6,omitempty"`

	// Inet6 is what IPv6 has of the interface; nil where it has none.
	Inet6 *Inet6 `json:"inet6,omitempty"`
	// XDP is nil if no program is attached there.
	XDP *XDP `json:"xdp,omitempty"`
	// NumVFs is how many virtual functions a card has; VFs are those.
	NumVFs uint32 `json:"numVfs,omitempty"`
	VFs    []VF   `json:"vfs,omitempty"`

	// What a kind has beyond that: not nil for that kind alone.
	Bridge    *Bridge    `json:"bridge,omitempty"`
	Port      *Port      `json:"port,omitempty"`
	VXLAN     *VXLAN     `json:"vxlan,omitempty"`
	Geneve    *Geneve    `json:"geneve,omitempty"`
	Tunnel    *Tunnel    `json:"tunnel,omitempty"`
	VLAN      *VLAN      `json:"vlan,omitempty"`
	MACVLAN   *MACVLAN   `json:"macvlan,omitempty"`
	IPVLAN    *IPVLAN    `json:"ipvlan,omitempty"`
	Bond      *Bond      `json:"bond,omitempty"`
	Tun       *Tun       `json:"tun,omitempty"`
	VRF       *VRF       `json:"vrf,omitempty"`
	Netkit    *Netkit    `json:"netkit,omitempty"`
	WireGuard *WireGuard `json:"wireguard,omitempty"`
	XFRM      *XFRM      `json:"xfrm,omitempty"`
	// VLANs are those that a port of a bridge lets pass, or the bridge itself;
	// empty where the bridge does not filter by them.
	VLANs []PortVLAN `json:"vlans,omitempty"`
	// What a port of a master has: see PortKind.
	BondPort *BondPort `json:"bondPort,omitempty"`
	VRFPort  *VRF      `json:"vrfPort,omitempty"`

	// Sent is which IFLA_* numbers the kernel sent, of those below 64.
	Sent Sent `json:"sent,omitempty"`
	// Raw are attributes of the link that are not understood; RawData those of
	// its kind, RawPort those of its port (IFLA_INFO_DATA, _SLAVE_DATA).
	Raw     []Attr `json:"raw,omitempty"`
	RawData []Attr `json:"rawData,omitempty"`
	RawPort []Attr `json:"rawPort,omitempty"`
}

// Up reports whether the link is administratively up (IFF_UP).
func (l *Link) Up() bool { return l.Flags&1 != 0 }

// Loopback reports whether it is a loopback device (IFF_LOOPBACK).
func (l *Link) Loopback() bool { return l.Flags&8 != 0 }

// LinkStats are a link's counters since it was made (struct rtnl_link_stats64).
type LinkStats struct {
	RxPackets       uint64 `json:"rxPackets,omitempty"`
	TxPackets       uint64 `json:"txPackets,omitempty"`
	RxBytes         uint64 `json:"rxBytes,omitempty"`
	TxBytes         uint64 `json:"txBytes,omitempty"`
	RxErrors        uint64 `json:"rxErrors,omitempty"`
	TxErrors        uint64 `json:"txErrors,omitempty"`
	RxDropped       uint64 `json:"rxDropped,omitempty"`
	TxDropped       uint64 `json:"txDropped,omitempty"`
	Multicast       uint64 `json:"multicast,omitempty"`
	Collisions      uint64 `json:"collisions,omitempty"`
	RxLengthErrors  uint64 `json:"rxLengthErrors,omitempty"`
	RxOverErrors    uint64 `json:"rxOverErrors,omitempty"`
	RxCRCErrors     uint64 `json:"rxCrcErrors,omitempty"`
	RxFrameErrors   uint64 `json:"rxFrameErrors,omitempty"`
	RxFIFOErrors    uint64 `json:"rxFifoErrors,omitempty"`
	RxMissedErrors  uint64 `json:"rxMissedErrors,omitempty"`
	TxAbortedErrors uint64 `json:"txAbortedErrors,omitempty"`
	TxCarrierErrors uint64 `json:"txCarrierErrors,omitempty"`
	TxFIFOErrors    uint64 `json:"txFifoErrors,omitempty"`
	TxHeartbeat     uint64 `json:"txHeartbeatErrors,omitempty"`
	TxWindowErrors  uint64 `json:"txWindowErrors,omitempty"`
	RxCompressed    uint64 `json:"rxCompressed,omitempty"`
	TxCompressed    uint64 `json:"txCompressed,omitempty"`
	RxNoHandler     uint64 `json:"rxNoHandler,omitempty"`
	RxOtherHost     uint64 `json:"rxOtherHost,omitempty"`
}
