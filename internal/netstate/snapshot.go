package netstate

import (
	"encoding/binary"
	"time"
)

// Version of Snapshot. A reader refuses what is newer than itself: what it
// would not understand might be what decides.
const Version = 1

// State is what a snapshot file holds: nodes, and the cluster that they are of.
type State struct {
	// Nodes in the order of their names.
	Nodes []*Snapshot `json:"nodes"`
	// Cluster is what the API server said; nil outside of one.
	Cluster *Cluster `json:"cluster,omitempty"`
}

// Node finds a node by its name; nil if there is none.
func (s *State) Node(name string) *Snapshot {
	for _, n := range s.Nodes {
		if n.Node == name {
			return n
		}
	}
	return nil
}

// Snapshot is one machine's network configuration at one moment.
type Snapshot struct {
	Version int `json:"version"`
	// Tool is program and version that took it, e.g. "pktrail 0.1.0".
	Tool string `json:"tool,omitempty"`
	// Node is the machine's name, Boot its kernel's boot id
	// (/proc/sys/kernel/random/boot_id).
	Node string `json:"node"`
	Boot string `json:"boot,omitempty"`
	// Kernel and Machine are release and machine of uname(2), e.g. "6.18.5" and
	// "x86_64".
	Kernel  string `json:"kernel,omitempty"`
	Machine string `json:"machine,omitempty"`
	// ByteOrder is that of what is kept in the kernel's form ("little", "big").
	ByteOrder string `json:"byteOrder"`
	// Taken is when the reading began, Took how long it lasted.
	Taken time.Time     `json:"taken"`
	Took  time.Duration `json:"tookNs"`
	// Namespaces are those of the node: its own one first, then by their inode.
	Namespaces []*Namespace `json:"namespaces,omitempty"`
	// Workloads are the pods and containers that run there, as the container
	// runtime or the process table knows them.
	Workloads []Workload `json:"workloads,omitempty"`
	// Unreadable are parts that could not be read.
	Unreadable []Unreadable `json:"unreadable,omitempty"`
}

// Host is the machine's own namespace; nil if it could not be read.
func (s *Snapshot) Host() *Namespace {
	for _, n := range s.Namespaces {
		if n.Host {
			return n
		}
	}
	return nil
}

// Namespace finds one by its inode; nil if there is none.
func (s *Snapshot) Namespace(inode uint64) *Namespace {
	for _, n := range s.Namespaces {
		if n.Inode == inode {
			return n
		}
	}
	return nil
}

// Readable reports whether what is kept in the kernel's form can be decoded on
// this machine.
func (s *Snapshot) Readable() bool { return s.ByteOrder == NativeOrder() }

// NativeOrder is this machine's ByteOrder.
func NativeOrder() string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return "little"
	}
	return "big"
}

// Unreadable is a part that could not be read: what it would hold is not known,
// which is not the same as that there is none.
type Unreadable struct {
	Part Part `json:"part"`
	// What narrows it down: a table, a file, an interface.
	What string `json:"what,omitempty"`
	// Why is the kernel's or our own reason, e.g. "operation not permitted".
	Why string `json:"why"`
}

// Part names what a snapshot holds, as `pktrail snapshot show` takes it.
type Part string

// The parts.
const (
	PartNamespaces Part = "namespaces"
	PartWorkloads  Part = "workloads"
	PartLinks      Part = "links"
	PartAddresses  Part = "addresses"
	PartRoutes     Part = "routes"
	PartRules      Part = "rules"
	PartNexthops   Part = "nexthops"
	PartNeighbours Part = "neigh"
	PartFDB        Part = "fdb"
	PartPrograms   Part = "programs"
	PartChains     Part = "chains"
	PartSets       Part = "sets"
	PartConntrack  Part = "conntrack"
	PartIPVS       Part = "ipvs"
	PartSysctls    Part = "sysctls"
	PartListeners  Part = "listeners"
	PartCluster    Part = "cluster" // objects of the API server; no part of a node
)

// Parts are all of them, in the order in which they are shown.
func Parts() []Part {
	return []Part{
		PartNamespaces, PartWorkloads, PartLinks, PartAddresses, PartRoutes, PartRules, PartNexthops, PartNeighbours, PartFDB,
		PartPrograms, PartChains, PartSets, PartConntrack, PartIPVS, PartSysctls, PartListeners,
	}
}
