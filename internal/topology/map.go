package topology

import (
	"net/netip"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Map is where the pods of a State hang. Nodes are in the order of their names,
// pods in that of node, namespace and name. In JSON its lists are never null.
type Map struct {
	Nodes []Node `json:"nodes"`
	Pods  []Pod  `json:"pods"`
	// Tunnels are the ways between nodes that overlay devices make, each once.
	Tunnels []Tunnel `json:"tunnels"`
	// Networks are those that uplinks of two nodes or more have addresses in.
	Networks []Network `json:"networks"`
	// Warnings are those of no single node or pod.
	Warnings []Warning `json:"warnings"`
}

// All are the warnings of the map, its nodes and its pods.
func (m *Map) All() []Warning {
	out := slices.Clone(m.Warnings)
	for i := range m.Nodes {
		out = append(out, m.Nodes[i].Warnings...)
	}
	for i := range m.Pods {
		out = append(out, m.Pods[i].Warnings...)
	}
	return out
}

// Node is a machine, or a namespace that plays one: in a lab, or where
// containers are nodes.
type Node struct {
	Name string `json:"name"`
	// Machine is the snapshot's name, where that is another than the node's.
	Machine string `json:"machine,omitempty"`
	Netns   Netns  `json:"netns"`
	// Taken is when its state was read.
	Taken time.Time `json:"taken,omitzero"`
	// Addresses are those of its uplinks, then those that the cluster knows.
	Addresses []netip.Addr   `json:"addresses"`
	PodCIDRs  []netip.Prefix `json:"podCidrs,omitempty"`
	// CNI is what most of its pods hang by.
	CNI CNI `json:"cni"`
	// Devices are its bridges, overlays and uplinks, in this order.
	Devices  []Device  `json:"devices"`
	Warnings []Warning `json:"warnings"`
}

// Netns is a network namespace.
type Netns struct {
	// Inode identifies it on its machine; 0 if it is not known.
	Inode uint64 `json:"inode,omitempty"`
	// Path is the first of its names, e.g. "/run/netns/cni-5f0e1c".
	Path string `json:"path,omitempty"`
	// Host is true for a machine's own.
	Host bool `json:"host,omitempty"`
}

// Pod is a pod, a container that is of none, or a namespace that hangs off a
// node.
type Pod struct {
	// Namespace and UID are Kubernetes'; empty outside of it. Name is the pod's,
	// the container's or the network namespace's own.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	UID       string `json:"uid,omitempty"`
	Node      string `json:"node"`
	// From says where the name is from: "cri", "docker", "cgroup", "cluster",
	// "netns".
	From string `json:"from"`
	// HostNetwork is true where it has no namespace of its own.
	HostNetwork bool              `json:"hostNetwork,omitempty"`
	Addresses   []netip.Addr      `json:"addresses"`
	Containers  []string          `json:"containers"`
	Runtime     string            `json:"runtime,omitempty"`
	PID         int               `json:"pid,omitempty"`
	Netns       Netns             `json:"netns,omitzero"`
	CNI         CNI               `json:"cni"`
	Interfaces  []Interface       `json:"interfaces"`
	Ports       []Port            `json:"ports"`
	Warnings    []Warning         `json:"warnings"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// ID is how the pod is called where it has to be told from all others:
// "namespace/name", or the name alone.
func (p *Pod) ID() string {
	if p.Namespace == "" {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

// CNI is by what pods are connected, and from what that is concluded.
type CNI struct {
	// Name is "flannel", "calico", "cilium", "kindnet", "aws-vpc", ..., the
	// plugin's kind ("bridge", "ptp", "macvlan", "ipvlan") where no product is
	// recognised, or "unknown".
	Name string `json:"name"`
	// Mode is the way between nodes: "vxlan", "host-gw", "ipip", "bgp",
	// "native", ...; empty where there is one alone or it is not known.
	Mode string `json:"mode,omitempty"`
	// Evidence are the facts that say so, e.g. "flannel.1 vxlan 1 udp 8472".
	Evidence []string `json:"evidence"`
}

// String is "flannel vxlan".
func (c CNI) String() string {
	if c.Mode == "" {
		return c.Name
	}
	return c.Name + " " + c.Mode
}

// Interface is one interface of a pod, with the way from it to the uplink.
type Interface struct {
	// Path begins with the interface itself (trail.RolePod).
	Path []Step `json:"path"`
	// Host is the place in Path of its host end; 0 if it was not found or has
	// none.
	Host int `json:"host,omitempty"`
	// By is the way by which the host end was found; empty if it was not.
	By WayKind `json:"by,omitempty"`
	// Ways are all that were tried.
	Ways []Way `json:"ways"`
	// MTU is the largest packet that fits all the way to other nodes; valid iff
	// positive.
	MTU int `json:"mtu,omitempty"`
	// Notes say what has no host end and why, or could not be followed.
	Notes []string `json:"notes"`
}

// Device is the pod's own device.
func (i *Interface) Device() *Device { return &i.Path[0].Device }

// HostEnd is the device at the other end, on the node; nil if there is none or
// it was not found.
func (i *Interface) HostEnd() *Device {
	if i.Host <= 0 || i.Host >= len(i.Path) {
		return nil
	}
	return &i.Path[i.Host].Device
}

// Step is one device on the way of packets that leave a pod.
type Step struct {
	Device
	// After is the place in the path of the step that leads here; -1 for the
	// first.
	After int `json:"after"`
	// Why says by what that leads here: "peer", "port 7", "route default via
	// 10.99.0.1".
	Why string `json:"why,omitempty"`
}

// Warning is something that is not as it should be.
type Warning struct {
	Kind WarningKind `json:"kind"`
	// Node and Pod (its ID) say whose it is; empty where it is nobody's alone.
	Node string `json:"node,omitempty"`
	Pod  string `json:"pod,omitempty"`
	// Text is what was read, with both answers where two differ. Why is what
	// probably causes it; empty where nothing more can be said.
	Text string `json:"text"`
	Why  string `json:"why,omitempty"`
}

// WarningKind groups warnings for programs.
type WarningKind string

// The kinds of warnings.
const (
	// WarnNeighbour: a neighbour entry has another MAC than the pod.
	WarnNeighbour WarningKind = "neighbour"
	// WarnFDB: a forwarding database leads to another port.
	WarnFDB WarningKind = "fdb"
	// WarnRoute: the node's routes lead elsewhere.
	WarnRoute WarningKind = "route"
	// WarnPeer: the two ends of a pair do not name each other.
	WarnPeer WarningKind = "peer"
	// WarnAddress: two have one address, or the API server knows another.
	WarnAddress WarningKind = "address"
	// WarnMTU: packets that fit a step do not fit the next.
	WarnMTU WarningKind = "mtu"
	// WarnTunnel: the two ends of a tunnel do not fit together.
	WarnTunnel WarningKind = "tunnel"
	// WarnLink: a device on the way is down.
	WarnLink WarningKind = "link"
	// WarnMissing: what should be there was not found.
	WarnMissing WarningKind = "missing"
	// WarnUnreadable: a part could not be read, so that answers are unknown.
	WarnUnreadable WarningKind = "unreadable"
	// WarnChanged: a part changed while it was read.
	WarnChanged WarningKind = "changed"
)

// Role says which part a device plays on a path.
type Role = trail.Role
