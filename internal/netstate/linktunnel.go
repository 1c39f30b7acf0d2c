package netstate

import "net/netip"

// VXLAN is a VXLAN device (IFLA_VXLAN_*, RFC 7348).
type VXLAN struct {
	VNI uint32 `json:"vni"`
	// Port is the UDP port of the other ends, PortLow to PortHigh that of this
	// one.
	Port     uint16 `json:"port"`
	PortLow  uint16 `json:"portLow,omitempty"`
	PortHigh uint16 `json:"portHigh,omitempty"`
	// Local is the address packets are sent from, Group the multicast group or
	// the default other end; not valid where there is none.
	Local netip.Addr `json:"local,omitzero"`
	Group netip.Addr `json:"group,omitzero"`
	// Underlay is the index of the device below; 0 for none.
	Underlay int `json:"underlay,omitempty"`
	// External is true if the program or route says where to (collect metadata);
	// VNIFilter narrows that down to a list of VNIs.
	External  bool `json:"external,omitempty"`
	VNIFilter bool `json:"vniFilter,omitempty"`
	Learning  bool `json:"learning,omitempty"`
	Proxy     bool `json:"proxy,omitempty"`
	RSC       bool `json:"rsc,omitempty"`
	L2Miss    bool `json:"l2miss,omitempty"`
	L3Miss    bool `json:"l3miss,omitempty"`
	UDPCsum   bool `json:"udpCsum,omitempty"`
	// ZeroCsum6Tx and ZeroCsum6Rx allow IPv6 without a checksum.
	ZeroCsum6Tx bool `json:"zeroCsum6Tx,omitempty"`
	ZeroCsum6Rx bool `json:"zeroCsum6Rx,omitempty"`
	RemCsumTx   bool `json:"remCsumTx,omitempty"`
	RemCsumRx   bool `json:"remCsumRx,omitempty"`
	NoPartial   bool `json:"noPartial,omitempty"`
	// GBP and GPE are the extensions of the header.
	GBP         bool `json:"gbp,omitempty"`
	GPE         bool `json:"gpe,omitempty"`
	LocalBypass bool `json:"localBypass,omitempty"`
	MCRoute     bool `json:"mcRoute,omitempty"`
	// TTL is 0 for the system's, unless TTLInherit; TOS is 1 to inherit it.
	TTL        uint8 `json:"ttl,omitempty"`
	TTLInherit bool  `json:"ttlInherit,omitempty"`
	TOS        uint8 `json:"tos,omitempty"`
	// DF is 0 unset, 1 set, 2 inherited.
	DF uint8 `json:"df,omitempty"`
	// Label is the flow label of IPv6, LabelPolicy VXLAN_LABEL_*.
	Label       uint32 `json:"label,omitempty"`
	LabelPolicy uint32 `json:"labelPolicy,omitempty"`
	// Ageing of learnt entries in seconds, Limit is how many there may be; 0 for
	// none.
	Ageing uint32 `json:"ageing,omitempty"`
	Limit  uint32 `json:"limit,omitempty"`
	Sent   Sent   `json:"sent,omitempty"`
}

// Geneve is a Geneve device (IFLA_GENEVE_*, RFC 8926).
type Geneve struct {
	VNI    uint32     `json:"vni"`
	Port   uint16     `json:"port"`
	Remote netip.Addr `json:"remote,omitzero"`
	Local  netip.Addr `json:"local,omitzero"`
	// PortLow to PortHigh are the UDP ports of this end; 0 for the system's.
	PortLow  uint16 `json:"portLow,omitempty"`
	PortHigh uint16 `json:"portHigh,omitempty"`
	External bool   `json:"external,omitempty"`
	// TTL, TOS, DF and Label are as of VXLAN.
	TTL         uint8  `json:"ttl,omitempty"`
	TTLInherit  bool   `json:"ttlInherit,omitempty"`
	TOS         uint8  `json:"tos,omitempty"`
	DF          uint8  `json:"df,omitempty"`
	Label       uint32 `json:"label,omitempty"`
	UDPCsum     bool   `json:"udpCsum,omitempty"`
	ZeroCsum6Tx bool   `json:"zeroCsum6Tx,omitempty"`
	ZeroCsum6Rx bool   `json:"zeroCsum6Rx,omitempty"`
	// InnerProto is true if the inner protocol may be other than Ethernet.
	InnerProto bool `json:"innerProto,omitempty"`
	Sent       Sent `json:"sent,omitempty"`
}

// Tunnel is an IP-in-IP, SIT, GRE, ERSPAN or VTI device (IFLA_IPTUN_*,
// IFLA_GRE_*, IFLA_VTI_*).
type Tunnel struct {
	Local  netip.Addr `json:"local,omitzero"`
	Remote netip.Addr `json:"remote,omitzero"`
	// Underlay is the index of the device below; 0 for none.
	Underlay int `json:"underlay,omitempty"`
	// Proto is the protocol inside of IPIP and SIT: 4, 41, 137, or 0 for all.
	Proto uint8 `json:"proto,omitempty"`
	// TTL is 0 and TOS 1 to inherit that of the inner header.
	TTL      uint8 `json:"ttl,omitempty"`
	TOS      uint8 `json:"tos,omitempty"`
	PMTUDisc bool  `json:"pmtudisc,omitempty"`
	External bool  `json:"external,omitempty"`
	IgnoreDF bool  `json:"ignoreDf,omitempty"`
	// Flags are SIT_* of linux/if_tunnel.h or IP6_TNL_F_* of linux/ip6_tunnel.h.
	Flags uint32 `json:"flags,omitempty"`
	// EncapLimit and FlowInfo are those of IPv6 tunnels.
	EncapLimit uint8  `json:"encapLimit,omitempty"`
	FlowInfo   uint32 `json:"flowInfo,omitempty"`
	// Key in and out of GRE; valid iff not 0. IFlags and OFlags are GRE_*, in
	// host byte order: 0x2000 key, 0x1000 sequence, 0x8000 checksum.
	IKey   uint32 `json:"ikey,omitempty"`
	OKey   uint32 `json:"okey,omitempty"`
	IFlags uint16 `json:"iflags,omitempty"`
	OFlags uint16 `json:"oflags,omitempty"`
	Mark   uint32 `json:"mark,omitempty"`
	// Prefix and RelayPrefix are of 6RD.
	Prefix      netip.Prefix `json:"prefix,omitzero"`
	RelayPrefix netip.Prefix `json:"relayPrefix,omitzero"`
	// ERSPAN's version, index, direction (0 in, 1 out) and hardware id.
	ERSPANVersion   uint8  `json:"erspanVersion,omitempty"`
	ERSPANIndex     uint32 `json:"erspanIndex,omitempty"`
	ERSPANDirection uint8  `json:"erspanDirection,omitempty"`
	ERSPANHardware  uint16 `json:"erspanHardware,omitempty"`
	// Encap is UDP around it: TUNNEL_ENCAP_*, 1 FOU, 2 GUE, 0 none. A source
	// port of 0 is chosen for each flow.
	Encap      uint16 `json:"encap,omitempty"`
	EncapFlags uint16 `json:"encapFlags,omitempty"`
	EncapSport uint16 `json:"encapSport,omitempty"`
	EncapDport uint16 `json:"encapDport,omitempty"`
	Sent       Sent   `json:"sent,omitempty"`
}

// WireGuard is a WireGuard device's public side (linux/wireguard.h). Keys are
// never kept.
type WireGuard struct {
	Port  uint16          `json:"port,omitempty"`
	Mark  uint32          `json:"mark,omitempty"`
	Peers []WireGuardPeer `json:"peers,omitempty"`
}

// WireGuardPeer is another end of a WireGuard device.
type WireGuardPeer struct {
	Endpoint   netip.AddrPort `json:"endpoint,omitzero"`
	AllowedIPs []netip.Prefix `json:"allowedIps,omitempty"`
	// Handshake is when the last one was, in seconds since 1970; 0 for never.
	Handshake int64  `json:"handshake,omitempty"`
	RxBytes   uint64 `json:"rxBytes,omitempty"`
	TxBytes   uint64 `json:"txBytes,omitempty"`
	// Keepalive in seconds; 0 for none.
	Keepalive uint16 `json:"keepalive,omitempty"`
}

// XFRM is an interface of IPsec (IFLA_XFRM_*).
type XFRM struct {
	ID uint32 `json:"id,omitempty"`
	// Underlay is the index of the device below; 0 for none.
	Underlay int  `json:"underlay,omitempty"`
	External bool `json:"external,omitempty"`
	Sent     Sent `json:"sent,omitempty"`
}
