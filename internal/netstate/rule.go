package netstate

import "net/netip"

// Rule is a routing policy rule (linux/fib_rules.h).
type Rule struct {
	Family   string `json:"family"`
	Priority uint32 `json:"priority"`
	// Action is FR_ACT_*: 1 to table, 2 goto, 3 nop, 6 blackhole,
	// 7 unreachable, 8 prohibit.
	Action uint8 `json:"action"`
	// Flags are FIB_RULE_*: 1 permanent, 2 not, 4 unresolved, 8 and 16 no such
	// interface.
	Flags uint32 `json:"flags,omitempty"`
	Table uint32 `json:"table,omitempty"`
	// Goto is the priority of the rule to go to; valid iff Action says so.
	Goto uint32       `json:"goto,omitempty"`
	From netip.Prefix `json:"from,omitzero"`
	To   netip.Prefix `json:"to,omitzero"`
	TOS  uint8        `json:"tos,omitempty"`
	// Input and Output are names of interfaces; empty for all.
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
	// Mark is what the packet's mark has to be under Mask; valid iff HasMark.
	HasMark bool   `json:"hasMark,omitempty"`
	Mark    uint32 `json:"mark,omitempty"`
	Mask    uint32 `json:"mask,omitempty"`
	// IPProto is a protocol's number; 0 for all. Ports are ranges; nil for all.
	IPProto uint8 `json:"ipProto,omitempty"`
	// SrcPortMask and DstPortMask are of ranges of one port: which of its bits
	// are compared; 0 for all.
	SrcPort     *PortRange `json:"srcPort,omitempty"`
	DstPort     *PortRange `json:"dstPort,omitempty"`
	SrcPortMask uint16     `json:"srcPortMask,omitempty"`
	DstPortMask uint16     `json:"dstPortMask,omitempty"`
	// Users are the ids of the sockets' owners; nil for all.
	Users *UserRange `json:"users,omitempty"`
	// SuppressPrefix drops results whose prefix is this long or shorter,
	// SuppressGroup those that leave by an interface of that group; nil for
	// neither.
	SuppressPrefix *int32 `json:"suppressPrefix,omitempty"`
	SuppressGroup  *int32 `json:"suppressGroup,omitempty"`
	// L3MDev is true for a lookup in the VRF's table.
	L3MDev bool `json:"l3mdev,omitempty"`
	// TunID is the tunnel's id that a packet came by; 0 for all.
	TunID uint64 `json:"tunId,omitempty"`
	// DSCP is compared under DSCPMask; valid iff that is not 0 (Linux 6.13).
	DSCP     uint8 `json:"dscp,omitempty"`
	DSCPMask uint8 `json:"dscpMask,omitempty"`
	// FlowLabel is IPv6's; valid iff FlowLabelMask is not 0 (Linux 6.13).
	FlowLabel     uint32 `json:"flowLabel,omitempty"`
	FlowLabelMask uint32 `json:"flowLabelMask,omitempty"`
	// Realm is given to what the rule leads to, as Hop.Realm.
	Realm uint32 `json:"realm,omitempty"`
	// Protocol is RTPROT_*: who made it.
	Protocol uint8 `json:"protocol,omitempty"`
	// Raw are attributes that are not understood: whether the rule matches is
	// then not certain.
	Raw []Attr `json:"raw,omitempty"`
}

// PortRange is ports from first to last.
type PortRange struct {
	First uint16 `json:"first"`
	Last  uint16 `json:"last"`
}

// UserRange is user ids from first to last.
type UserRange struct {
	First uint32 `json:"first"`
	Last  uint32 `json:"last"`
}
