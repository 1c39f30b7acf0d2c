package netstate

import "net/netip"

// VLAN is an 802.1Q device (IFLA_VLAN_*).
type VLAN struct {
	ID uint16 `json:"id"`
	// Protocol is the ethertype, 0x8100 or 0x88a8.
	Protocol uint16 `json:"protocol"`
	// Flags are VLAN_FLAG_* of linux/if_vlan.h.
	Flags uint32 `json:"flags,omitempty"`
	// Ingress and Egress are which priorities of frames and of the socket
	// buffer go with each other.
	Ingress []QoS `json:"ingress,omitempty"`
	Egress  []QoS `json:"egress,omitempty"`
	Sent    Sent  `json:"sent,omitempty"`
}

// QoS is what a priority becomes (struct ifla_vlan_qos_mapping).
type QoS struct {
	From uint32 `json:"from"`
	To   uint32 `json:"to"`
}

// MACVLAN is a macvlan or macvtap device (IFLA_MACVLAN_*).
type MACVLAN struct {
	// Mode is "private", "vepa", "bridge", "passthru" or "source"; another's is
	// "unknown".
	Mode string `json:"mode"`
	// Flags are MACVLAN_FLAG_*: 1 nopromisc, 2 nodst.
	Flags uint16 `json:"flags,omitempty"`
	// Queue is how many broadcast frames may wait that this device asked for,
	// QueueUsed what holds for all devices of its parent.
	Queue     uint32 `json:"queue,omitempty"`
	QueueUsed uint32 `json:"queueUsed,omitempty"`
	// Cutoff is how many receivers a broadcast must have to be queued.
	Cutoff int32 `json:"cutoff,omitempty"`
	// Count is how many addresses there are in mode source, MACs are these.
	Count uint32   `json:"count,omitempty"`
	MACs  []string `json:"macs,omitempty"`
	Sent  Sent     `json:"sent,omitempty"`
}

// IPVLAN is an ipvlan or ipvtap device (IFLA_IPVLAN_*).
type IPVLAN struct {
	// Mode is "l2", "l3" or "l3s", another's is "unknown"; Flag "bridge",
	// "private" or "vepa", empty if the kernel did not say.
	Mode string `json:"mode"`
	Flag string `json:"flag,omitempty"`
}

// Bond is a bond (IFLA_BOND_*). Words are as ip writes them; what it has no
// word for is "UNKNOWN". Times are in milliseconds.
type Bond struct {
	// Mode is "balance-rr", "active-backup", ...; Active the index of the port
	// in use, 0 where there is no single one.
	Mode       string       `json:"mode"`
	Active     int          `json:"active,omitempty"`
	MIIMon     uint32       `json:"miimon,omitempty"`
	UpDelay    uint32       `json:"upDelay,omitempty"`
	DownDelay  uint32       `json:"downDelay,omitempty"`
	PeerDelay  uint32       `json:"peerDelay,omitempty"`
	UseCarrier uint8        `json:"useCarrier,omitempty"`
	ARPEvery   uint32       `json:"arpInterval,omitempty"`
	MissedMax  uint8        `json:"missedMax,omitempty"`
	ARPTargets []netip.Addr `json:"arpTargets,omitempty"`
	NSTargets  []netip.Addr `json:"nsTargets,omitempty"`
	// Validate is which ARP answers are checked, AllTargets whether all have to
	// answer.
	Validate   string `json:"validate,omitempty"`
	AllTargets string `json:"allTargets,omitempty"`
	// Primary is the index of the port that is preferred; 0 for none.
	Primary     int    `json:"primary,omitempty"`
	Reselect    string `json:"reselect,omitempty"`
	FailOverMAC string `json:"failOverMac,omitempty"`
	HashPolicy  string `json:"hashPolicy,omitempty"`
	ResendIGMP  uint32 `json:"resendIgmp,omitempty"`
	PeerNotifs  uint8  `json:"peerNotifs,omitempty"`
	AllActive   uint8  `json:"allActive,omitempty"`
	MinLinks    uint32 `json:"minLinks,omitempty"`
	// LPInterval in seconds.
	LPInterval     uint32 `json:"lpInterval,omitempty"`
	PacketsPerPort uint32 `json:"packetsPerPort,omitempty"`
	// The rest is LACP's, and balance-tlb's.
	LACPActive     string    `json:"lacpActive,omitempty"`
	LACPRate       string    `json:"lacpRate,omitempty"`
	Select         string    `json:"select,omitempty"`
	Aggregate      *BondLACP `json:"aggregate,omitempty"`
	ActorPriority  uint16    `json:"actorPriority,omitempty"`
	UserPortKey    uint16    `json:"userPortKey,omitempty"`
	ActorSystem    string    `json:"actorSystem,omitempty"`
	TLBDynamic     uint8     `json:"tlbDynamic,omitempty"`
	CoupledControl uint8     `json:"coupledControl,omitempty"`
	BroadcastNeigh uint8     `json:"broadcastNeigh,omitempty"`
	LACPStrict     uint8     `json:"lacpStrict,omitempty"`
	Sent           Sent      `json:"sent,omitempty"`
}

// BondLACP is the aggregate in use (IFLA_BOND_AD_INFO_*).
type BondLACP struct {
	Aggregator uint16 `json:"aggregator"`
	Ports      uint16 `json:"ports"`
	ActorKey   uint16 `json:"actorKey"`
	PartnerKey uint16 `json:"partnerKey"`
	PartnerMAC string `json:"partnerMac,omitempty"`
	Sent       Sent   `json:"sent,omitempty"`
}

// BondPort is a port of a bond (IFLA_BOND_SLAVE_*).
type BondPort struct {
	// State is 0 active, 1 backup; MII is BOND_LINK_*: 0 up, 1 going down,
	// 2 down, 3 going back.
	State     uint8  `json:"state"`
	MII       uint8  `json:"mii"`
	Failures  uint32 `json:"failures,omitempty"`
	Permanent string `json:"permanentAddress,omitempty"`
	Queue     uint16 `json:"queue,omitempty"`
	Priority  int32  `json:"priority,omitempty"`
	// The rest is LACP's: the states are LACP_STATE_* by bit.
	Aggregator    uint16 `json:"aggregator,omitempty"`
	ActorState    uint8  `json:"actorState,omitempty"`
	PartnerState  uint8  `json:"partnerState,omitempty"`
	ActorPriority uint16 `json:"actorPriority,omitempty"`
	Sent          Sent   `json:"sent,omitempty"`
}

// Tun is a tun or tap device (IFLA_TUN_*).
type Tun struct {
	// Mode is "tun" or "tap"; another's is "UNKNOWN:" and its number.
	Mode string `json:"mode"`
	// Owner and Group may open it; valid iff the kernel sent them.
	Owner      uint32 `json:"owner,omitempty"`
	Group      uint32 `json:"group,omitempty"`
	Persist    bool   `json:"persist,omitempty"`
	PacketInfo bool   `json:"packetInfo,omitempty"`
	VnetHeader bool   `json:"vnetHeader,omitempty"`
	MultiQueue bool   `json:"multiQueue,omitempty"`
	// Queues are how many are attached, Disabled how many are not in use.
	Queues   uint32 `json:"queues,omitempty"`
	Disabled uint32 `json:"disabledQueues,omitempty"`
	Sent     Sent   `json:"sent,omitempty"`
}

// VRF is a VRF device (IFLA_VRF_*), or what a port of one knows of it.
type VRF struct {
	Table uint32 `json:"table"`
}

// Netkit is one end of a netkit pair (IFLA_NETKIT_*).
type Netkit struct {
	Primary bool `json:"primary,omitempty"`
	// Mode is "l2" or "l3"; another's is "unknown".
	Mode string `json:"mode"`
	// Policy is what happens to packets without a program, of this end and of
	// the peer: 0 pass, 2 drop.
	Policy     int32 `json:"policy,omitempty"`
	PeerPolicy int32 `json:"peerPolicy,omitempty"`
	// Scrub and PeerScrub are NETKIT_SCRUB_*: 0 mark and priority stay.
	Scrub     uint32 `json:"scrub,omitempty"`
	PeerScrub uint32 `json:"peerScrub,omitempty"`
	Headroom  uint16 `json:"headroom,omitempty"`
	Tailroom  uint16 `json:"tailroom,omitempty"`
	// Pairing is NETKIT_DEVICE_*: 1 has no other end.
	Pairing uint32 `json:"pairing,omitempty"`
	Sent    Sent   `json:"sent,omitempty"`
}
