package lab

import (
	"net/netip"
	"slices"
)

// State says whether a lab is whole.
type State string

// The states of a lab.
const (
	// Up is a lab that was built to its end and still has all its
	// namespaces and devices.
	StateUp State = "up"
	// Broken is a lab whose making or removal was interrupted, or that has
	// lost a part since. Down removes it like any other.
	StateBroken State = "broken"
)

// Lab is a small cluster made of network namespaces.
type Lab struct {
	// Name begins the name of each of its namespaces.
	Name string `json:"name"`
	// Flavour is empty if too little is left of the lab to tell.
	Flavour Flavour `json:"flavour,omitempty"`
	State   State   `json:"state"`
	// Problems says in words what is missing; empty iff State is up.
	Problems []string `json:"problems,omitempty"`
	// Outside is the host beside the cluster: the underlay's switch and
	// router, with routes to all pods.
	Outside Outside `json:"outside"`
	Nodes   []Node  `json:"nodes"`
	Pods    []Pod   `json:"pods"`
}

// Outside is the host outside of the cluster.
type Outside struct {
	// Name is the name of its network namespace below /run/netns too.
	Name string `json:"name"`
	// Netns is the namespace's inode; valid iff not 0.
	Netns uint64 `json:"netns,omitempty"`
	// IPv4 and IPv6 are its addresses on the underlay. IPv6 is not valid if
	// the kernel has no IPv6.
	IPv4    netip.Addr `json:"ipv4"`
	IPv6    netip.Addr `json:"ipv6,omitzero"`
	Devices []Device   `json:"devices"`
}

// Node is one node of the cluster.
type Node struct {
	// Name is the name of its network namespace too.
	Name string `json:"name"`
	// Netns is the namespace's inode; valid iff not 0.
	Netns uint64 `json:"netns,omitempty"`
	// IPv4 and IPv6 are its addresses on the underlay.
	IPv4 netip.Addr `json:"ipv4"`
	IPv6 netip.Addr `json:"ipv6,omitzero"`
	// PodNet4 and PodNet6 are the prefixes that its pods' addresses are from.
	PodNet4 netip.Prefix `json:"podNet4"`
	PodNet6 netip.Prefix `json:"podNet6,omitzero"`
	Devices []Device     `json:"devices"`
}

// Pod is one pod.
type Pod struct {
	// Name is the name of its network namespace too.
	Name string `json:"name"`
	// Netns is the namespace's inode; valid iff not 0.
	Netns uint64 `json:"netns,omitempty"`
	// Node is the name of the node that it runs on.
	Node string     `json:"node"`
	IPv4 netip.Addr `json:"ipv4"`
	IPv6 netip.Addr `json:"ipv6,omitzero"`
	// HostDevice is the other end of eth0 in the node's namespace; empty for
	// macvlan and ipvlan, which have none.
	HostDevice string   `json:"hostDevice,omitempty"`
	Devices    []Device `json:"devices"`
}

// MAC returns the hardware address of the pod's eth0 as "02:42:ac:1e:01:00".
func (p *Pod) MAC() string { return p.Devices[0].MAC }

// Role says what a device is for; the words are those of trail.Role.
type Role string

// The roles of devices.
const (
	RolePod     Role = "pod"     // eth0 of a pod
	RoleHost    Role = "host"    // a node's end of a pod's veth
	RoleBridge  Role = "bridge"  // the bridge of a node's pods, or the underlay
	RoleOverlay Role = "overlay" // the tunnel to the other nodes
	RoleUplink  Role = "uplink"  // eth0 of a node
	RolePort    Role = "port"    // the underlay's end of a node's eth0
)

// Device is one network device. Only the devices that the lab made are
// listed, without the loopback.
type Device struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	// Kind is rtnetlink's IFLA_INFO_KIND, e.g. "veth".
	Kind string `json:"kind"`
	// For is the pod or node that the other end of a veth is in.
	For string `json:"for,omitempty"`
	// MAC is the hardware address as "02:42:ac:1e:01:00".
	MAC string `json:"mac,omitempty"`
	// MTU in bytes.
	MTU int `json:"mtu"`
	// Index is the ifindex in its namespace; valid iff positive.
	Index int `json:"index,omitempty"`
}

// Node returns the node of that name, or nil.
func (l *Lab) Node(name string) *Node {
	i := slices.IndexFunc(l.Nodes, func(n Node) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Nodes[i]
}

// Pod returns the pod of that name, or nil.
func (l *Lab) Pod(name string) *Pod {
	i := slices.IndexFunc(l.Pods, func(p Pod) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Pods[i]
}

// Namespaces returns the names of all namespaces of the lab: the outside
// host, then each node, then the pods.
func (l *Lab) Namespaces() []string {
	names := []string{l.Outside.Name}
	for _, n := range l.Nodes {
		names = append(names, n.Name)
	}
	for _, p := range l.Pods {
		names = append(names, p.Name)
	}
	return names
}

// Resolve returns the name of the namespace that a person means: the full
// name of a pod, node or the outside host, or its part after the lab's name
// ("node1-pod1", "outside").
func (l *Lab) Resolve(name string) (string, error) {
	all := l.Namespaces()
	for _, full := range []string{name, l.Name + "-" + name} {
		if slices.Contains(all, full) {
			return full, nil
		}
	}
	slices.Sort(all)
	return "", &NotFoundError{What: "pod or node", Name: name, Have: all}
}
