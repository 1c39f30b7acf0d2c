package topology

import "net/netip"

// WayKind is a way to find the host end of a pod's interface.
type WayKind string

// The ways.
const (
	// WayPeer: the index and the namespace that the pod's interface names as
	// its other end (IFLA_LINK, IFLA_LINK_NETNSID).
	WayPeer WayKind = "iflink"
	// WayBack: the interface of the node that names the pod's as its other end.
	WayBack WayKind = "iflink back"
	// WayFDB: the pod's address, its neighbour entry on the node, and the port
	// that the bridge has learnt for that MAC.
	WayFDB WayKind = "neighbour and fdb"
	// WayRoute: the device that the node's routes give for the pod's address.
	WayRoute WayKind = "route"
)

// WayState says what came of a way.
type WayState string

// The states of a way.
const (
	// WayFound: it gives a device.
	WayFound WayState = "found"
	// WayNone: it was gone to its end, and gives none.
	WayNone WayState = "none"
	// WayUnknown: what it needs could not be read.
	WayUnknown WayState = "unknown"
)

// Way is one attempt to find a host end, and its answer.
type Way struct {
	Kind  WayKind  `json:"kind"`
	State WayState `json:"state"`
	// Addr is the pod's address that was looked for; not valid for ways that
	// need none.
	Addr netip.Addr `json:"addr,omitzero"`
	// Device is the answer's name, Index its ifindex, Netns the inode of its
	// namespace; valid iff State is WayFound.
	Device string `json:"device,omitempty"`
	Index  int    `json:"index,omitempty"`
	Netns  uint64 `json:"netns,omitempty"`
	// MAC is the neighbour entry's, Bridge the one whose forwarding database
	// answered; empty where there is none.
	MAC    string `json:"mac,omitempty"`
	Bridge string `json:"bridge,omitempty"`
	// Agrees is true if the answer fits the host end that was taken. A bridge
	// fits all of its ports.
	Agrees bool `json:"agrees"`
	// Detail is what was read, or why there is no answer: "10.244.2.3 lladdr
	// 02:42:ac:1e:01:00, fdb port 7 of cni0", "no neighbour entry".
	Detail string `json:"detail,omitempty"`
}
