package topology

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Device is a network device as far as the map needs it.
type Device struct {
	Role trail.Role `json:"role,omitempty"`
	// Node is the node in whose namespaces it is, Netns the inode of the one
	// that it is in.
	Node  string `json:"node,omitempty"`
	Netns uint64 `json:"netns,omitempty"`
	// Index is the ifindex there.
	Index int    `json:"index"`
	Name  string `json:"name"`
	// Kind is IFLA_INFO_KIND; empty for physical devices. Type is ARPHRD_* of
	// linux/if_arp.h.
	Kind string `json:"kind,omitempty"`
	Type uint16 `json:"type"`
	// MAC is the hardware address as "02:42:ac:1e:01:00"; empty for devices
	// without one.
	MAC string `json:"mac,omitempty"`
	// MTU in bytes. RouteMTU is that of the route by which packets leave
	// (RTAX_MTU); valid iff positive.
	MTU      int  `json:"mtu"`
	RouteMTU int  `json:"routeMtu,omitempty"`
	Up       bool `json:"up"`
	// Addresses are those that it has, without link-local IPv6.
	Addresses []netip.Prefix `json:"addresses"`
	// Master is the name of the bridge, bond or VRF that it is a port of;
	// Port is its number there, valid iff positive.
	Master string `json:"master,omitempty"`
	Port   int    `json:"port,omitempty"`
	// Parent is the name of the device below a macvlan, ipvlan or VLAN.
	Parent string `json:"parent,omitempty"`
	// Overlay is not nil iff Role is trail.RoleOverlay.
	Overlay *Overlay `json:"overlay,omitempty"`
}

// Overlay is what a device that wraps packets says about that.
type Overlay struct {
	// Kind is "vxlan", "geneve", "ipip", "sit", "gre", "wireguard", ....
	Kind string `json:"kind"`
	// VNI is valid for VXLAN and Geneve, where External is false: with it the
	// sender of each packet chooses.
	VNI      uint32 `json:"vni,omitempty"`
	External bool   `json:"external,omitempty"`
	// Port is the UDP port; 0 for kinds without.
	Port uint16 `json:"port,omitempty"`
	// Local is the address that outer packets are from, as the device says or,
	// where it does not, as its uplink has it.
	Local netip.Addr `json:"local,omitzero"`
	// Overhead is by how many bytes the outer packet is longer than the inner
	// one: IP and what follows up to the inner IP header.
	Overhead int `json:"overhead,omitempty"`
	// Ends are the other ends that tables name.
	Ends []End `json:"ends"`
}

// End is another end of an overlay.
type End struct {
	// Node is whose address it is; empty if it is nobody's who is known.
	Node string     `json:"node,omitempty"`
	Addr netip.Addr `json:"addr"`
	// Nets are what is routed to it.
	Nets []netip.Prefix `json:"nets,omitempty"`
	// From says which table names it: "fdb", "remote", "route", "peer".
	From string `json:"from"`
}

// Tunnel joins the overlay devices of two nodes.
type Tunnel struct {
	Kind string    `json:"kind"`
	VNI  uint32    `json:"vni,omitempty"`
	Port uint16    `json:"port,omitempty"`
	A    TunnelEnd `json:"a"`
	B    TunnelEnd `json:"b"`
}

// TunnelEnd is one side of a Tunnel.
type TunnelEnd struct {
	Node string `json:"node"`
	// Device is empty where the node's state is not there.
	Device string     `json:"device,omitempty"`
	Addr   netip.Addr `json:"addr"`
	// Sends is true if this side knows the other one's address.
	Sends bool `json:"sends"`
}

// Network is one that several nodes have addresses in, by which they can reach
// each other without a router.
type Network struct {
	Prefix netip.Prefix `json:"prefix"`
	// Members are in the order of the nodes.
	Members []Member `json:"members"`
}

// Member is a node's device in a Network.
type Member struct {
	Node   string     `json:"node"`
	Device string     `json:"device"`
	Addr   netip.Addr `json:"addr"`
}

// Point is the device as a place where packets can be seen. target is the pod's
// name for devices of a pod, empty for those of a node.
func (d *Device) Point(target string) trail.Point {
	link := packet.LinkRaw
	if d.Type == arphrdEther || d.Type == arphrdLoopback {
		link = packet.LinkEthernet
	}
	return trail.Point{
		Node: d.Node, Target: target, Interface: d.Name, Index: d.Index, Netns: d.Netns,
		Role: d.Role, Kind: d.Kind, Link: link, MTU: d.MTU, MAC: d.MAC,
	}
}

// ARPHRD_ETHER and ARPHRD_LOOPBACK of linux/if_arp.h.
const (
	arphrdEther    = 1
	arphrdLoopback = 772
)
