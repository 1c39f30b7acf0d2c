package netstate

import "net/netip"

// Encap is a lightweight tunnel of a route (linux/lwtunnel.h). Fields are valid
// for the types that they name.
type Encap struct {
	// Type is LWTUNNEL_ENCAP_*: 1 mpls, 2 ip, 4 ip6, 5 seg6, 6 bpf,
	// 7 seg6local, 10 xfrm. All that others have is in Raw.
	Type uint16 `json:"type"`
	// ID, Src, Dst, TTL (the hop limit), TOS (the traffic class) and Flags
	// (1 checksum, 4 key, 8 sequence numbers) are of ip and ip6. TTL is of mpls
	// too, nil if the label's TTL is not set by this route.
	ID    uint64     `json:"id,omitempty"`
	Src   netip.Addr `json:"src,omitzero"`
	Dst   netip.Addr `json:"dst,omitzero"`
	TTL   *uint8     `json:"ttl,omitempty"`
	TOS   uint8      `json:"tos,omitempty"`
	Flags uint16     `json:"flags,omitempty"`
	// Labels are of mpls, the outermost first.
	Labels []uint32 `json:"labels,omitempty"`
	// Mode is SEG6_IPTUN_MODE_* of seg6. Segments are where a packet goes, in
	// that order, of seg6 and of seg6local's actions that have them; HMACKey is
	// the id of the key that they are signed with, 0 for none.
	Mode     int32        `json:"mode,omitempty"`
	Segments []netip.Addr `json:"segments,omitempty"`
	HMACKey  uint32       `json:"hmacKey,omitempty"`
	// Local is of seg6local; nil for others.
	Local *Seg6Local `json:"local,omitempty"`
	// In, Out and Xmit are the names of bpf's programs; nil where there is
	// none, empty where a program has no name. Headroom in bytes.
	In       *string `json:"in,omitempty"`
	Out      *string `json:"out,omitempty"`
	Xmit     *string `json:"xmit,omitempty"`
	Headroom uint32  `json:"headroom,omitempty"`
	// IfID is of xfrm, Underlay the index of its device below; 0 for none.
	IfID     uint32 `json:"ifId,omitempty"`
	Underlay int    `json:"underlay,omitempty"`
	Raw      []Attr `json:"raw,omitempty"`
}

// Seg6Local is what is done with a packet at its segment (linux/seg6_local.h,
// RFC 8986).
type Seg6Local struct {
	// Action is SEG6_LOCAL_ACTION_*.
	Action uint32 `json:"action"`
	// Table and VRFTable are looked in; 0 for none.
	Table    uint32 `json:"table,omitempty"`
	VRFTable uint32 `json:"vrfTable,omitempty"`
	// Next4 and Next6 are the next router; not valid for none.
	Next4 netip.Addr `json:"next4,omitzero"`
	Next6 netip.Addr `json:"next6,omitzero"`
	// Input and Output are indexes of interfaces; 0 for none.
	Input  int `json:"input,omitempty"`
	Output int `json:"output,omitempty"`
	// Program is the name of End.BPF's; nil where there is none.
	Program *string `json:"program,omitempty"`
	// Flavors are bits of SEG6_LOCAL_FLV_OP_*; nil if none are set. BlockBits
	// and NodeBits are of the flavor next-csid; 0 for its defaults.
	Flavors   *uint32 `json:"flavors,omitempty"`
	BlockBits uint8   `json:"blockBits,omitempty"`
	NodeBits  uint8   `json:"nodeBits,omitempty"`
	// Counters is true if packets are counted.
	Counters bool   `json:"counters,omitempty"`
	Raw      []Attr `json:"raw,omitempty"`
}
