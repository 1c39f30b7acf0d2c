package netstate

import "net/netip"

// Route is an entry of a routing table (linux/rtnetlink.h, struct rtmsg).
type Route struct {
	// Family is "inet", "inet6" or "mpls", as ip names it.
	Family string `json:"family"`
	// Table is RT_TABLE_*: 254 main, 255 local, 253 default.
	Table uint32 `json:"table"`
	// Type is RTN_*: 1 unicast, 2 local, 3 broadcast, 6 blackhole,
	// 7 unreachable, 8 prohibit, 9 throw. Protocol is RTPROT_*, Scope
	// RT_SCOPE_*.
	Type     uint8 `json:"type"`
	Protocol uint8 `json:"protocol"`
	Scope    uint8 `json:"scope"`
	TOS      uint8 `json:"tos,omitempty"`
	// Flags are RTM_F_* and, of its one nexthop, RTNH_F_*.
	Flags uint32 `json:"flags,omitempty"`
	// Dst is where to; 0.0.0.0/0 or ::/0 is the default route. Src narrows
	// where from; not valid for everywhere.
	Dst netip.Prefix `json:"dst"`
	Src netip.Prefix `json:"src,omitzero"`
	// PrefSrc is the address that packets of the machine itself get.
	PrefSrc netip.Addr `json:"prefSrc,omitzero"`
	Metric  uint32     `json:"metric,omitempty"`
	// Input is the index of the interface packets come in by; 0 for all.
	Input int `json:"input,omitempty"`
	// Hops are where to go: one, several of equal cost, or none (blackhole). A
	// route by nexthop object has what the kernel resolved of it as well.
	Hops []Hop `json:"hops,omitempty"`
	// NexthopID is the nexthop object's; 0 for none.
	NexthopID uint32 `json:"nexthopId,omitempty"`
	// Metrics are RTAX_* by number (2 MTU, 8 advmss, ...); Congestion is the
	// congestion control's name (RTAX_CC_ALGO).
	Metrics    map[uint16]uint32 `json:"metrics,omitempty"`
	Congestion string            `json:"congestion,omitempty"`
	// Pref is that of RFC 4191 for IPv6 (0 medium, 1 high, 3 low); nil if the
	// kernel did not say.
	Pref *uint8 `json:"pref,omitempty"`
	Mark uint32 `json:"mark,omitempty"`
	// Expires is what is left of its life in seconds; 0 for ever.
	Expires int32  `json:"expires,omitempty"`
	Raw     []Attr `json:"raw,omitempty"`
}

// Hop is one way of a route, or of a nexthop object.
type Hop struct {
	// Link is the index of the interface; 0 for none.
	Link int `json:"link,omitempty"`
	// Gateway is the next router, perhaps of the other family; not valid where
	// the destination itself is on the link.
	Gateway netip.Addr `json:"gateway,omitzero"`
	// Weight is of equal-cost routes, 1 to 256; 0 where there is one way alone.
	Weight int `json:"weight,omitempty"`
	// Flags are RTNH_F_*: 1 dead, 4 onlink, 16 linkdown.
	Flags uint8 `json:"flags,omitempty"`
	// Realm is the route's realm.
	Realm uint32 `json:"realm,omitempty"`
	// Encap is the lightweight tunnel; nil for none.
	Encap *Encap `json:"encap,omitempty"`
}

// Encap is a lightweight tunnel of a route (linux/lwtunnel.h).
type Encap struct {
	// Type is LWTUNNEL_ENCAP_*: 1 mpls, 2 ip, 4 ip6, 5 seg6, 6 bpf, ...
	Type uint16 `json:"type"`
	// ID, Src and Dst are of the types ip and ip6.
	ID  uint64     `json:"id,omitempty"`
	Src netip.Addr `json:"src,omitzero"`
	Dst netip.Addr `json:"dst,omitzero"`
	Raw []Attr     `json:"raw,omitempty"`
}

// Nexthop is a nexthop object (linux/nexthop.h).
type Nexthop struct {
	ID       uint32 `json:"id"`
	Family   string `json:"family,omitempty"`
	Protocol uint8  `json:"protocol,omitempty"`
	Scope    uint8  `json:"scope,omitempty"`
	Flags    uint32 `json:"flags,omitempty"`
	// Blackhole, Hop or Group: which of the three it is.
	Blackhole bool           `json:"blackhole,omitempty"`
	Hop       *Hop           `json:"hop,omitempty"`
	Group     []NexthopShare `json:"group,omitempty"`
	// FDB is true for those of bridges and VXLAN.
	FDB bool   `json:"fdb,omitempty"`
	Raw []Attr `json:"raw,omitempty"`
}

// NexthopShare is a member of a group.
type NexthopShare struct {
	ID uint32 `json:"id"`
	// Weight is 1 to 65536.
	Weight uint32 `json:"weight"`
}

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
	IPProto uint8      `json:"ipProto,omitempty"`
	SrcPort *PortRange `json:"srcPort,omitempty"`
	DstPort *PortRange `json:"dstPort,omitempty"`
	// Users are the ids of the sockets' owners; nil for all.
	Users *UserRange `json:"users,omitempty"`
	// SuppressPrefix drops results whose prefix is this long or shorter,
	// SuppressGroup those that leave by an interface of that group; nil for
	// neither.
	SuppressPrefix *int32 `json:"suppressPrefix,omitempty"`
	SuppressGroup  *int32 `json:"suppressGroup,omitempty"`
	// L3MDev is true for a lookup in the VRF's table.
	L3MDev   bool   `json:"l3mdev,omitempty"`
	TunID    uint64 `json:"tunId,omitempty"`
	Realm    uint32 `json:"realm,omitempty"`
	Protocol uint8  `json:"protocol,omitempty"`
	Raw      []Attr `json:"raw,omitempty"`
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
