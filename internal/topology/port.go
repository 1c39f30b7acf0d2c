package topology

import "net/netip"

// PortKind says what kind of door leads to a pod.
type PortKind string

// The kinds of ports.
const (
	// PortService: a service's own address and port.
	PortService PortKind = "service"
	// PortNode: a service's port on every node.
	PortNode PortKind = "nodePort"
	// PortOutside: a service's external or load balancer address.
	PortOutside PortKind = "outside"
	// PortHost: a container's port on its own node.
	PortHost PortKind = "hostPort"
	// PortPublished: a rule of the node translates to the pod, and no object is
	// known that asks for it ("docker run -p").
	PortPublished PortKind = "published"
)

// Port is an address and port whose packets a rule sends to the pod.
type Port struct {
	Kind PortKind `json:"kind"`
	// Proto is "TCP", "UDP" or "SCTP".
	Proto string `json:"proto"`
	// Addrs are the addresses; none for those of every node.
	Addrs []netip.Addr `json:"addrs,omitempty"`
	// Port is what senders use, PodPort what the pod gets.
	Port    uint16 `json:"port"`
	PodPort uint16 `json:"podPort"`
	// Name is the service's, "namespace/name" or "namespace/name:port".
	Name string `json:"name,omitempty"`
	// Ready is true if packets are sent there now.
	Ready bool `json:"ready"`
	// Rules are the nodes' rules that do it, as "nat KUBE-SEP-OR6J.. 2"; none
	// where no ruleset was read.
	Rules []string `json:"rules,omitempty"`
}
