package trail

import "github.com/pktrail/pktrail/internal/packet"

// Observation is one sighting of one packet at one point.
type Observation struct {
	// Time is nanoseconds since 1970-01-01 UTC.
	Time  int64     `json:"time"`
	Point Point     `json:"point"`
	Dir   Direction `json:"direction"`
	// Len is the packet's length on the wire there, in bytes, all headers
	// included.
	Len int `json:"length"`
	// Seen is what the headers said there.
	Seen Headers `json:"seen"`
	// Changes since the observation before, in words.
	Changes []string `json:"changes,omitempty"`
}

// Headers are the fields of a packet that its way can change.
type Headers struct {
	// SrcMAC and DstMAC are those of the outermost Ethernet header; empty
	// without one.
	SrcMAC string `json:"srcMAC,omitempty"`
	DstMAC string `json:"dstMAC,omitempty"`
	// VLANs are the tags' ids from the outside in.
	VLANs []uint16 `json:"vlans,omitempty"`
	// Flow is that of the innermost packet.
	Flow packet.Flow `json:"-"`
	// TTL or hop limit of the innermost packet.
	TTL uint8 `json:"ttl,omitempty"`
	// Tunnels are the encapsulations from the outside in; none for a plain
	// packet.
	Tunnels []Tunnel `json:"tunnels,omitempty"`
}

// Tunnel is one encapsulation.
type Tunnel struct {
	// Kind is "VXLAN", "Geneve", "GRE" or "IPIP".
	Kind string `json:"kind"`
	// ID is the VNI or the GRE key; valid iff HasID.
	ID    uint32 `json:"id,omitempty"`
	HasID bool   `json:"-"`
	// Flow is that of the outer packet.
	Flow packet.Flow `json:"-"`
}

// Trail is one packet's way: its observations in the order of the way.
type Trail struct {
	// Packet is what it is, in words: "ICMP echo request, id 7, seq 1".
	Packet string `json:"packet"`
	// Flow at the first observation.
	Flow         packet.Flow   `json:"-"`
	Observations []Observation `json:"observations"`
}
