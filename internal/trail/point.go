package trail

import (
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
)

// Role says which part an interface plays on the way from a pod to the wire.
type Role string

// The roles, in the order in which a packet that leaves a pod meets them.
const (
	RoleNone    Role = ""        // any other interface
	RolePod     Role = "pod"     // inside the target's network namespace
	RoleHost    Role = "host"    // the other end of the pod's veth
	RoleBridge  Role = "bridge"  // the bridge that the host end is a port of
	RoleOverlay Role = "overlay" // vxlan, geneve, ipip, gre, wireguard
	RoleUplink  Role = "uplink"  // the node's way to other nodes
)

// Point is a place where packets can be seen: one interface in one network
// namespace of one node.
type Point struct {
	// Node is the machine's name. In a lab, where the nodes are namespaces
	// of one machine, it is the name of the node's namespace.
	Node string `json:"node,omitempty"`
	// Target is what the user asked for, as shown on screen ("web-x2k8l",
	// "pkl-node1-pod1"). Empty for a point in the node's own namespace.
	Target string `json:"target,omitempty"`
	// Interface is the device's name in its namespace, e.g. "eth0".
	Interface string `json:"interface"`
	// Index is the device's ifindex; valid iff positive.
	Index int `json:"index,omitempty"`
	// Netns is the inode of the network namespace; valid iff not 0.
	Netns uint64 `json:"netns,omitempty"`
	// Role is empty where nobody asked for the pod's path.
	Role Role `json:"role,omitempty"`
	// Kind is the link's kind as rtnetlink names it (IFLA_INFO_KIND), e.g.
	// "veth", "bridge", "vxlan"; empty for physical devices.
	Kind string `json:"kind,omitempty"`
	// Link is the type of the frames' first header.
	Link packet.LinkType `json:"link"`
	// MTU in bytes; valid iff positive.
	MTU int `json:"mtu,omitempty"`
	// MAC is the hardware address as "02:42:ac:1e:01:00"; empty for devices
	// without one.
	MAC string `json:"mac,omitempty"`
}

// Path is the point's name in files: "node/target/interface", without the
// parts that are empty.
func (p Point) Path() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.Node, p.Target, p.Interface} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "/")
}

// Owner is what a person calls the place: the target, or the node where the
// point belongs to the node itself.
func (p Point) Owner() string {
	if p.Target != "" {
		return p.Target
	}
	return p.Node
}
