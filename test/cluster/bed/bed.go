package bed

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/pktrail/pktrail/test/cluster/machine"
)

// KubernetesVersion is what is built and run.
const KubernetesVersion = "v1.34.2"

// CNI is how the pods' packets get from node to node.
type CNI string

// The layouts there are.
const (
	// Flannel is a bridge cni0 on each node and VXLAN between them, with static
	// entries in place of flanneld.
	Flannel CNI = "flannel"
	// PTP is a veth and a host route for each pod and plain routes between the
	// nodes, as Calico does without an overlay.
	PTP CNI = "ptp"
)

// ProxyMode is how kube-proxy programs services.
type ProxyMode string

// The modes that need no kernel module.
const (
	IPTables ProxyMode = "iptables"
	NFTables ProxyMode = "nftables"
)

// Addresses of the bed.
const (
	// HostIP is the machine's own address among the nodes; the API server
	// listens on it.
	HostIP = "10.89.0.1"
	// APIServer is the address that all kubeconfigs have.
	APIServer = "https://" + HostIP + ":6443"
	// gatewayIP is the nodes' default gateway. It says at once that it knows
	// no way, so that nothing waits for an answer from outside.
	gatewayIP   = "10.89.0.254"
	underlay    = "10.89.0.0/24"
	podNet      = "10.244.0.0/16"
	serviceNet  = "10.96.0.0/16"
	serviceIP   = "10.96.0.1" // of default/kubernetes
	etcdClient  = "http://127.0.0.1:12379"
	etcdPeer    = "http://127.0.0.1:12380"
	hostDevice  = "pke-host"
	hubSpace    = "pke-hub" // the network namespace with the switch
	spacePrefix = "pke-"
)

// Options choose the cluster.
type Options struct {
	// CNI is Flannel if empty.
	CNI CNI
	// ProxyMode is IPTables if empty.
	ProxyMode ProxyMode
	// Log gets a line for each step; nil: nobody is told.
	Log io.Writer
}

func (o Options) withDefaults() (Options, error) {
	if o.CNI == "" {
		o.CNI = Flannel
	}
	if o.ProxyMode == "" {
		o.ProxyMode = IPTables
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.CNI != Flannel && o.CNI != PTP {
		return o, errors.New("the CNI is flannel or ptp, not " + string(o.CNI))
	}
	if o.ProxyMode != IPTables && o.ProxyMode != NFTables {
		return o, errors.New("the proxy mode is iptables or nftables, not " + string(o.ProxyMode))
	}
	return o, nil
}

// Cluster is one that was started. It is kept in a file, so that any process
// can find it, and ends with Down only.
type Cluster struct {
	Version   int
	Boot      string // the machine's boot id; processes of another boot are gone
	CNI       CNI
	ProxyMode ProxyMode
	Since     time.Time
	Ready     bool // Up has ended well
	Processes []machine.Process
	Nodes     []Node

	dirs Dirs
}

// stateVersion counts up when Cluster's fields change their meaning.
const stateVersion = 1

// Node is one node of a cluster.
type Node struct {
	Name string
	// Space is the name of its network namespace below /run/netns.
	Space string
	IP    netip.Addr
	Pods  netip.Prefix
	// Index is 1 for the first one.
	Index int
}

// nodes are the same two in every cluster.
func nodes() []Node {
	var list []Node
	for i, name := range []string{"node1", "node2"} {
		n := byte(i + 1)
		list = append(list, Node{
			Name:  name,
			Space: spacePrefix + name,
			IP:    netip.AddrFrom4([4]byte{10, 89, 0, 10 + n}),
			Pods:  netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244, n, 0}), 24),
			Index: i + 1,
		})
	}
	return list
}

// Node returns the node of that name.
func (c *Cluster) Node(name string) (Node, bool) {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// Process returns the running process of that name: a node's first one,
// etcd, apiserver, controller-manager or scheduler.
func (c *Cluster) Process(name string) (machine.Process, bool) {
	for _, p := range c.Processes {
		if p.Name == name {
			return p, true
		}
	}
	return machine.Process{}, false
}
