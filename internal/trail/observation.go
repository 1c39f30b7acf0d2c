package trail

import "github.com/pktrail/pktrail/internal/packet"

// Observation is one sighting of one packet at one point, with what was
// decided there.
//
// In a record stream it stands beside the frame it was made from, and leaves
// out what the frame says: time, point, direction, length and headers.
type Observation struct {
	// Time is nanoseconds since 1970-01-01 UTC.
	Time int64 `json:"time,omitempty"`
	// Late is true where Time is when pktrail heard of it, and not when it
	// was: it is later than it says by some microseconds to milliseconds.
	Late  bool      `json:"late,omitempty"`
	Point Point     `json:"point,omitzero"`
	Stage Stage     `json:"stage,omitempty"`
	Dir   Direction `json:"direction,omitempty"`
	// Len is the packet's length on the wire there, in bytes, all headers
	// included.
	Len int `json:"length,omitempty"`
	// Seen is what the headers said there; zero for a routing lookup that
	// comes before there is a packet.
	Seen Headers `json:"seen,omitzero"`

	// Flight is the number that the kernel probe gave to this sk_buff: on one
	// machine (Boot of the stream's header) equal numbers are one packet. The
	// number stays over namespaces, NAT and encapsulation. Valid iff not 0.
	Flight uint64 `json:"flight,omitempty"`
	// CPU it was seen on, counted from 1; 0 is not known.
	CPU int `json:"cpu,omitempty"`
	// Mark is the packet's fwmark there.
	Mark uint32 `json:"mark,omitempty"`
	// Merged is how many packets of the wire this one was made of (GRO) or
	// stands for (GSO): skb_shinfo.gso_segs. 0 and 1 are a packet as it is.
	Merged int `json:"merged,omitempty"`

	// What was decided. Each is valid iff not nil, and goes with its Stage;
	// Conntrack may go with any.
	Hook      *Hook      `json:"hook,omitempty"`
	Rules     []Rule     `json:"rules,omitempty"`
	Route     *Route     `json:"route,omitempty"`
	Neighbour *Neighbour `json:"neighbour,omitempty"`
	Transmit  *Transmit  `json:"transmit,omitempty"`
	Refusal   *Refusal   `json:"refusal,omitempty"`
	Drop      *Drop      `json:"drop,omitempty"`
	Socket    *Socket    `json:"socket,omitempty"`
	Conntrack *Conntrack `json:"conntrack,omitempty"`
	// Datapath may go with a drop and with a policy's decision, too.
	Datapath *Datapath `json:"datapath,omitempty"`
	Policy   *Policy   `json:"policy,omitempty"`

	// Answers are what the kernel said when pktrail asked about this packet
	// at this point; Settings the sysctls that decided.
	Answers  []Answer  `json:"answers,omitempty"`
	Settings []Setting `json:"settings,omitempty"`

	// Changes since the observation before, in words; filled in by correlate.
	Changes []string `json:"changes,omitempty"`
	// Copy numbers the copies of one packet from 1, where it was cloned
	// (broadcast, bridge flood) or cut up (fragments, segmentation); 0 is the
	// packet itself. Filled in by correlate.
	Copy int `json:"copy,omitempty"`
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
	Flow packet.Flow `json:"flow,omitzero"`
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
	HasID bool   `json:"hasID,omitempty"`
	// Flow is that of the outer packet.
	Flow packet.Flow `json:"flow,omitzero"`
}
