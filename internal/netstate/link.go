package netstate

import "net/netip"

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

	Stats LinkStats `json:"stats,omitzero"`
	// Conf4 and Conf6 are the interface's settings (net.ipv4.conf.NAME.*,
	// net.ipv6.conf.NAME.*) by number: IPV4_DEVCONF_* of linux/ip.h and
	// DEVCONF_* of linux/ipv6.h, as IFLA_AF_SPEC lists them.
	Conf4 []int32 `json:"conf4,omitempty"`
	Conf6 []int32 `json:"conf6,omitempty"`

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
	RxNoHandler     uint64 `json:"rxNoHandler,omitempty"`
}

// Bridge is a bridge's own settings (IFLA_BR_*).
type Bridge struct {
	STP           uint32 `json:"stp,omitempty"`
	VLANFiltering bool   `json:"vlanFiltering,omitempty"`
	// AgeingTime in hundredths of a second.
	AgeingTime uint32 `json:"ageingTime,omitempty"`
	// NFCallIPTables and the others say whether its frames pass iptables too.
	NFCallIPTables  bool `json:"nfCallIptables,omitempty"`
	NFCallIP6Tables bool `json:"nfCallIp6tables,omitempty"`
	NFCallARPTables bool `json:"nfCallArptables,omitempty"`
}

// Port is a bridge port (IFLA_BRPORT_*).
type Port struct {
	Number uint16 `json:"number"`
	// State is BR_STATE_* of linux/if_bridge.h; 3 forwards.
	State         uint8 `json:"state"`
	Hairpin       bool  `json:"hairpin,omitempty"`
	Isolated      bool  `json:"isolated,omitempty"`
	Learning      bool  `json:"learning,omitempty"`
	UnicastFlood  bool  `json:"unicastFlood,omitempty"`
	NeighSuppress bool  `json:"neighSuppress,omitempty"`
}

// VXLAN is a VXLAN device (IFLA_VXLAN_*, RFC 7348).
type VXLAN struct {
	VNI uint32 `json:"vni"`
	// Port is the UDP port of the other ends.
	Port uint16 `json:"port"`
	// Local is the address packets are sent from, Group the multicast group or
	// the default other end; not valid where there is none.
	Local netip.Addr `json:"local,omitzero"`
	Group netip.Addr `json:"group,omitzero"`
	// Underlay is the index of the device below; 0 for none.
	Underlay int `json:"underlay,omitempty"`
	// External is true if the program or route says where to (collect metadata).
	External bool  `json:"external,omitempty"`
	Learning bool  `json:"learning,omitempty"`
	Proxy    bool  `json:"proxy,omitempty"`
	L2Miss   bool  `json:"l2miss,omitempty"`
	L3Miss   bool  `json:"l3miss,omitempty"`
	UDPCsum  bool  `json:"udpCsum,omitempty"`
	TTL      uint8 `json:"ttl,omitempty"`
}

// Geneve is a Geneve device (IFLA_GENEVE_*, RFC 8926).
type Geneve struct {
	VNI      uint32     `json:"vni"`
	Port     uint16     `json:"port"`
	Remote   netip.Addr `json:"remote,omitzero"`
	External bool       `json:"external,omitempty"`
	TTL      uint8      `json:"ttl,omitempty"`
}

// Tunnel is an IP-in-IP, SIT or GRE device (IFLA_IPTUN_*, IFLA_GRE_*).
type Tunnel struct {
	Local  netip.Addr `json:"local,omitzero"`
	Remote netip.Addr `json:"remote,omitzero"`
	// Underlay is the index of the device below; 0 for none.
	Underlay int   `json:"underlay,omitempty"`
	TTL      uint8 `json:"ttl,omitempty"`
	PMTUDisc bool  `json:"pmtudisc,omitempty"`
	External bool  `json:"external,omitempty"`
	// Key in and out of GRE; valid iff not 0.
	IKey uint32 `json:"ikey,omitempty"`
	OKey uint32 `json:"okey,omitempty"`
}

// VLAN is an 802.1Q device (IFLA_VLAN_*).
type VLAN struct {
	ID uint16 `json:"id"`
	// Protocol is the ethertype, 0x8100 or 0x88a8.
	Protocol uint16 `json:"protocol"`
}

// MACVLAN is a macvlan or macvtap device (IFLA_MACVLAN_*).
type MACVLAN struct {
	// Mode is "private", "vepa", "bridge", "passthru" or "source".
	Mode string `json:"mode"`
}

// IPVLAN is an ipvlan or ipvtap device (IFLA_IPVLAN_*).
type IPVLAN struct {
	// Mode is "l2", "l3" or "l3s"; Flag "bridge", "private" or "vepa".
	Mode string `json:"mode"`
	Flag string `json:"flag,omitempty"`
}

// Bond is a bond (IFLA_BOND_*).
type Bond struct {
	// Mode is "balance-rr", "active-backup", ...; Active the index of the port
	// in use, 0 where there is no single one.
	Mode   string `json:"mode"`
	Active int    `json:"active,omitempty"`
}

// Tun is a tun or tap device (IFLA_TUN_*).
type Tun struct {
	// Mode is "tun" or "tap".
	Mode    string `json:"mode"`
	Owner   uint32 `json:"owner,omitempty"`
	Persist bool   `json:"persist,omitempty"`
}

// VRF is a VRF device (IFLA_VRF_*).
type VRF struct {
	Table uint32 `json:"table"`
}

// Netkit is one end of a netkit pair (IFLA_NETKIT_*).
type Netkit struct {
	Primary bool `json:"primary,omitempty"`
	// Mode is "l2" or "l3".
	Mode string `json:"mode"`
}

// WireGuard is a WireGuard device's public side (linux/wireguard.h). Keys are
// never read.
type WireGuard struct {
	Port  uint16          `json:"port,omitempty"`
	Mark  uint32          `json:"mark,omitempty"`
	Peers []WireGuardPeer `json:"peers,omitempty"`
}

// WireGuardPeer is another end of a WireGuard device.
type WireGuardPeer struct {
	Endpoint   netip.AddrPort `json:"endpoint,omitzero"`
	AllowedIPs []netip.Prefix `json:"allowedIps,omitempty"`
}
