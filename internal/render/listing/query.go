package listing

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Query says what is wanted of a state.
type Query struct {
	// Parts are names of netstate.Parts; empty is a summary.
	Parts []string
	// Node narrows down to one node; empty is all.
	Node string
	// In is whose namespace: "" a node's own, "all" every one, "pod/NAME",
	// "NAMESPACE/NAME", "netns:NAME", a namespace's path or inode.
	In string
	// JSON prints as the tools' own JSON; several parts or namespaces are a line
	// each, an object with the part in it.
	JSON bool
	// Details is ip's -d, Stats its -s, Family "inet" or "inet6" for one alone.
	Details, Stats bool
	Family         string
}

// Error says what is not there, and what is.
type Error struct{ What, Tip string }

// Error implements error.
func (e *Error) Error() string { return e.What }

// Hint says what there is.
func (e *Error) Hint() string { return e.Tip }

// Usage is true: the command asks for what is not there.
func (e *Error) Usage() bool { return true }

// synonyms are other words for parts, of ip's and people's.
func synonyms() map[string]netstate.Part {
	return map[string]netstate.Part{
		"link": netstate.PartLinks, "address": netstate.PartAddresses, "addr": netstate.PartAddresses, "addrs": netstate.PartAddresses,
		"route": netstate.PartRoutes, "rule": netstate.PartRules, "nexthop": netstate.PartNexthops,
		"neighbours": netstate.PartNeighbours, "neighbors": netstate.PartNeighbours, "neighbour": netstate.PartNeighbours, "arp": netstate.PartNeighbours,
		"program": netstate.PartPrograms, "bpf": netstate.PartPrograms, "chain": netstate.PartChains, "ruleset": netstate.PartChains,
		"iptables-save": partIptables, "set": netstate.PartSets, "ipset": netstate.PartSets, "ipsets": netstate.PartSets,
		"sysctl": netstate.PartSysctls, "sockets": netstate.PartListeners, "listener": netstate.PartListeners, "ss": netstate.PartListeners,
		"netns": netstate.PartNamespaces, "pods": netstate.PartWorkloads, "containers": netstate.PartWorkloads, "connections": netstate.PartConntrack,
	}
}

func (q *Query) parts() ([]netstate.Part, error) {
	var out []netstate.Part
	for _, text := range q.Parts {
		for word := range strings.SplitSeq(text, ",") {
			p := netstate.Part(word)
			if s, ok := synonyms()[word]; ok {
				p = s
			}
			if !slices.Contains(Parts(), string(p)) && p != partNft && p != partIptables {
				return nil, &Error{fmt.Sprintf("a snapshot has no part %q", word), "it has " + strings.Join(Parts(), ", ")}
			}
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// Chains as one tool prints them.
const (
	partNft      netstate.Part = "nft"
	partIptables netstate.Part = "iptables"
)

// Parts are the words that Query.Parts takes.
func Parts() []string {
	var out []string
	for _, p := range netstate.Parts() {
		out = append(out, string(p))
	}
	return append(out, string(netstate.PartCluster))
}

// place is one namespace of one node.
type place struct {
	node *netstate.Snapshot
	ns   *netstate.Namespace
	name string // for people; empty for the node's own
}

// nodes are those that are wanted.
func (q *Query) nodes(s *netstate.State) ([]*netstate.Snapshot, error) {
	if q.Node == "" {
		return s.Nodes, nil
	}
	if n := s.Node(q.Node); n != nil {
		return []*netstate.Snapshot{n}, nil
	}
	var names []string
	for _, n := range s.Nodes {
		names = append(names, n.Node)
	}
	return nil, &Error{fmt.Sprintf("there is no node %s in it", q.Node), "its nodes: " + strings.Join(names, ", ")}
}

// places are the namespaces that are wanted.
func (q *Query) places(s *netstate.State) ([]place, error) {
	nodes, err := q.nodes(s)
	if err != nil {
		return nil, err
	}
	var out []place
	for _, n := range nodes {
		names := namesOf(n)
		for _, ns := range n.Namespaces {
			p := place{n, ns, names[ns.Inode]}
			if ns.Host {
				p.name = ""
			}
			if q.means(p) {
				out = append(out, p)
			}
		}
	}
	if len(out) == 0 {
		return nil, &Error{fmt.Sprintf("there is no namespace %s in it", q.what()), "show FILE namespaces lists them"}
	}
	return out, nil
}

func (q *Query) what() string {
	if q.In == "" {
		return "of a node itself"
	}
	return q.In
}

// means reports whether a namespace is meant by In.
func (q *Query) means(p place) bool {
	switch q.In {
	case "":
		return p.ns.Host
	case "all":
		return true
	}
	if inode, err := strconv.ParseUint(q.In, 10, 64); err == nil && inode == p.ns.Inode {
		return true
	}
	want := strings.TrimPrefix(strings.TrimPrefix(q.In, "netns:"), "pod/")
	if slices.ContainsFunc(p.ns.Names, func(n string) bool { return n == want || path.Base(n) == want }) {
		return true
	}
	return slices.ContainsFunc(p.node.Workloads, func(w netstate.Workload) bool {
		if w.Netns != p.ns.Inode {
			return false
		}
		return w.Pod != "" && (w.Pod == want || w.Namespace+"/"+w.Pod == want) ||
			slices.ContainsFunc(w.Containers, func(c netstate.Container) bool { return len(want) >= 6 && strings.HasPrefix(c.ID, want) })
	})
}

// namesOf gives each namespace of a node a name: its pod's, its own, its inode.
func namesOf(n *netstate.Snapshot) map[uint64]string {
	out := map[uint64]string{}
	for _, ns := range n.Namespaces {
		out[ns.Inode] = "netns " + strconv.FormatUint(ns.Inode, 10)
		if len(ns.Names) > 0 {
			out[ns.Inode] = "netns:" + path.Base(ns.Names[0])
		}
	}
	for i := range n.Workloads {
		if w := &n.Workloads[i]; w.Pod != "" && !w.HostNetwork && w.Netns != 0 {
			out[w.Netns] = w.Namespace + "/" + w.Pod
		}
	}
	return out
}
