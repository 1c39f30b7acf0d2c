package topology

import (
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// place decides which namespaces are nodes and which are pods, and puts every
// pod on its node.
func (f *finder) place() {
	named := map[*space]bool{}
	for sp := range f.bySpace {
		named[sp] = true
	}
	h := f.hang(named)
	f.realms(h)
	for _, sp := range f.spaces {
		if h.nodes[sp] {
			f.nodes = append(f.nodes, f.newNode(sp))
		}
	}
	for _, sp := range f.spaces {
		if !h.pods[sp] || f.bySpace[sp] != nil {
			continue
		}
		p := &pod{Pod: Pod{Name: spaceName(sp), From: "netns", PID: sp.ns.PID}, space: sp, snap: sp.snap}
		f.bySpace[sp] = p
		f.pods = append(f.pods, p)
	}
	for _, p := range f.pods {
		if p.space != nil {
			p.Netns = netnsOf(p.space)
			if p.PID <= 0 {
				p.PID = p.space.ns.PID
			}
		}
		f.settle(p, f.nodeOf(h, p))
	}
	f.leaveOut()
}

func (f *finder) settle(p *pod, n *node) {
	p.node = n
	p.Node = n.Name
	if p.space != nil && p.space.node == nil {
		p.space.node = n
	}
	if p.HostNetwork {
		p.Netns = n.Netns
	}
}

func (f *finder) newNode(sp *space) *node {
	n := &node{space: sp, snap: sp.snap}
	n.Name, n.Netns, n.Taken = spaceName(sp), netnsOf(sp), sp.snap.Taken
	if p := f.bySpace[sp]; p != nil && !sp.ns.Host {
		n.Name = p.Name
	}
	if sp.snap.Node != n.Name {
		n.Machine = sp.snap.Node
	}
	sp.node = n
	return n
}

// nodeOf finds the node that a pod is on: where the host end of its way out is,
// or else whose snapshot it is in.
func (f *finder) nodeOf(h *hanging, p *pod) *node {
	if p.space != nil && !p.HostNetwork {
		if up := h.up[p.space]; up != nil && h.nodes[up] && !h.fabric[up] {
			return up.node
		}
		for _, list := range [][]*space{h.above[p.space], h.joined[p.space]} {
			for _, o := range list {
				if h.nodes[o] && h.up[o] != p.space {
					return o.node
				}
			}
		}
	}
	return f.hostOf(p.snap)
}

// hostOf is the node that a snapshot is of, made up where its own namespace
// could not be read.
func (f *finder) hostOf(snap *netstate.Snapshot) *node {
	for _, n := range f.nodes {
		if n.snap == snap && (n.space == nil || n.space.ns.Host) {
			return n
		}
	}
	n := &node{snap: snap}
	n.Name, n.Taken = snap.Node, snap.Taken
	f.nodes = append(f.nodes, n)
	return n
}

// leaveOut drops the machine's own namespace where nothing hangs off it and
// others play the nodes, as in a lab.
func (f *finder) leaveOut() {
	busy := map[*node]bool{}
	for _, p := range f.pods {
		busy[p.node] = true
	}
	others := map[*netstate.Snapshot]bool{}
	for _, n := range f.nodes {
		if n.space != nil && !n.space.ns.Host {
			others[n.snap] = true
		}
	}
	f.nodes = slices.DeleteFunc(f.nodes, func(n *node) bool {
		return n.space != nil && n.space.ns.Host && !busy[n] && others[n.snap] && f.clusterNode(n.Name) == nil
	})
	for _, n := range f.nodes {
		if c := f.clusterNode(n.Name); c != nil && (n.space == nil || n.space.ns.Host) {
			n.known = c
			n.PodCIDRs = c.PodCIDRs
		}
	}
}

// clusterNode is what the API server says of a node; nil if nothing.
func (f *finder) clusterNode(name string) *netstate.ClusterNode {
	if f.state.Cluster == nil {
		return nil
	}
	for i := range f.state.Cluster.Nodes {
		if f.state.Cluster.Nodes[i].Name == name {
			return &f.state.Cluster.Nodes[i]
		}
	}
	return nil
}
