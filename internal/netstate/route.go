package netstate

import "net/netip"

// Route is an entry of a routing table (linux/rtnetlink.h, struct rtmsg).
type Route struct {
	// Family is "inet", "inet6" or "mpls", as ip names it; "ipmr" and "ip6mr"
	// are the multicast router's. Another one is its number, and then all that
	// the kernel said is in Raw.
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
	// Dst is where to; 0.0.0.0/0 or ::/0 is the default route. It is not valid
	// for MPLS, which has Labels. Src narrows where from; not valid for
	// everywhere.
	Dst    netip.Prefix `json:"dst"`
	Src    netip.Prefix `json:"src,omitzero"`
	Labels []uint32     `json:"labels,omitempty"`
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
	// Realm is that of a route without Hops; the others' is there.
	Realm uint32 `json:"realm,omitempty"`
	// Metrics are RTAX_* by number (2 MTU, 8 advmss, ...), of which 1 is the
	// mask of those that are locked; Congestion is the congestion control's
	// name (RTAX_CC_ALGO).
	Metrics    map[uint16]uint32 `json:"metrics,omitempty"`
	Congestion string            `json:"congestion,omitempty"`
	// Pref is that of RFC 4191 for IPv6 (0 medium, 1 high, 3 low); nil if the
	// kernel did not say.
	Pref *uint8 `json:"pref,omitempty"`
	Mark uint32 `json:"mark,omitempty"`
	// Expires is what is left of its life in seconds, at least 1; negative if it
	// is over, 0 for ever.
	Expires int32 `json:"expires,omitempty"`
	// Error is what a packet for it is answered with, as a negative errno: of
	// IPv6 routes that refuse (linux/rtnetlink.h, struct rta_cacheinfo).
	Error int32 `json:"error,omitempty"`
	// TTLPropagate says whether MPLS copies the TTL into the packet that leaves
	// the tunnel; nil if that is not set for this route.
	TTLPropagate *bool  `json:"ttlPropagate,omitempty"`
	Raw          []Attr `json:"raw,omitempty"`
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
	// Realm is the route's realm: that of where to in the low half, that of
	// where from in the high one.
	Realm uint32 `json:"realm,omitempty"`
	// Labels are what an MPLS router puts in place of the packet's label; none
	// takes it off.
	Labels []uint32 `json:"labels,omitempty"`
	// Encap is the lightweight tunnel; nil for none.
	Encap *Encap `json:"encap,omitempty"`
	// Raw are attributes of one of several ways that are not understood.
	Raw []Attr `json:"raw,omitempty"`
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
	// GroupType is NEXTHOP_GRP_TYPE_*: 0 by hash over all, 1 resilient.
	GroupType uint16 `json:"groupType,omitempty"`
	// Resilient are the settings of a resilient group; nil for others.
	Resilient *Resilient `json:"resilient,omitempty"`
	// FDB is true for those of bridges and VXLAN.
	FDB bool   `json:"fdb,omitempty"`
	Raw []Attr `json:"raw,omitempty"`
}

// Resilient are a resilient group's settings (NHA_RES_GROUP_*); times are in
// hundredths of a second.
type Resilient struct {
	Buckets uint16 `json:"buckets"`
	// IdleTimer is how long a bucket must have had no packet to be moved,
	// UnbalancedTimer how long the group may stay out of balance, 0 for ever;
	// Unbalanced is for how long it has.
	IdleTimer       uint32 `json:"idleTimer"`
	UnbalancedTimer uint32 `json:"unbalancedTimer"`
	Unbalanced      uint64 `json:"unbalanced"`
}

// NexthopShare is a member of a group.
type NexthopShare struct {
	ID uint32 `json:"id"`
	// Weight is 1 to 65536.
	Weight uint32 `json:"weight"`
}
