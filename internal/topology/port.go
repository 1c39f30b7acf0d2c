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
	// Proto is "TCP", "UDP" or "SCTP"; empty for any.
	Proto string `json:"proto"`
	// Addrs are the addresses; none for all that a node has.
	Addrs []netip.Addr `json:"addrs"`
	// Port is what senders use, PodPort what the pod gets; both 0 for any. Of a
	// range Port is the first, PortEnd the last; 0 where there is one alone.
	Port    uint16 `json:"port"`
	PortEnd uint16 `json:"portEnd,omitempty"`
	PodPort uint16 `json:"podPort"`
	// Name is the service's, "namespace/name" or "namespace/name:port".
	Name string `json:"name,omitempty"`
	// Ready is true if packets are sent there now.
	Ready bool `json:"ready"`
	// Rules are the rules of its node that do it: table, chain and number, as "nat
	// KUBE-SEP-OR6JABCDEF234567 2". Those of another node begin with its name. None
	// where no ruleset was read.
	Rules []string `json:"rules"`
}
