package topology

import (
	"cmp"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Find says where the pods of a State hang. It takes every State, also one that
// contradicts itself; a nil State is an empty one.
func Find(s *netstate.State) *Map {
	if s == nil {
		s = &netstate.State{}
	}
	f := &finder{world: newWorld(s), m: &Map{Nodes: []Node{}, Pods: []Pod{}, Tunnels: []Tunnel{}, Networks: []Network{}, Warnings: []Warning{}}}
	f.bySpace, f.overlays = map[*space]*pod{}, map[end]*Overlay{}
	f.name()
	f.place()
	f.fromCluster()
	f.macs = macsOf(f.pods)
	for _, p := range f.pods {
		f.interfaces(p)
	}
	for _, p := range f.pods {
		f.judge(p)
	}
	f.devices()
	f.tunnels()
	f.networks()
	f.recognise()
	f.ports()
	f.addresses()
	f.unread()
	f.finish()
	return f.m
}

// finder makes a Map.
type finder struct {
	*world
	m     *Map
	nodes []*node
	pods  []*pod
	// bySpace is the pod that has a namespace for its own.
	bySpace map[*space]*pod
	// macs are the pods whose interfaces have a hardware address.
	macs map[string][]*pod
	// overlays are those that paths share.
	overlays map[end]*Overlay
	// known is filled when devices are.
	known *nodeIndex
}

// node is a Node in the making.
type node struct {
	Node
	space *space // nil where its namespace could not be read
	snap  *netstate.Snapshot
	known *netstate.ClusterNode // nil where the cluster says nothing of it
}

// pod is a Pod in the making.
type pod struct {
	Pod
	node   *node
	space  *space
	ifaces []*iface
	snap   *netstate.Snapshot
	// alone is true where notes stand without the pod.
	alone bool
	known *netstate.Pod // nil where the cluster says nothing of it
}

// iface is an Interface in the making.
type iface struct {
	Interface
	link *netstate.Link
	// host is the other end; its space is nil where it was not found.
	host end
	// onto is what a macvlan or ipvlan stands on, with the same exception.
	onto end
	// whole is its name where notes stand alone, "web-1/eth0"; empty where they
	// stand with the interface.
	whole string
	// guesses say which devices are on the path without a table that leads there.
	guesses []string
}

// name is how a note calls the interface, or what is the
// interface's.
func (i *iface) name() string { return cmp.Or(i.whole, i.link.Name) }

func (i *iface) of(what string) string {
	if i.whole == "" {
		return "its " + what
	}
	return "the " + what + " of " + i.whole
}

func (e end) link() *netstate.Link {
	if e.space == nil {
		return nil
	}
	return e.space.links[e.index]
}

// warn notes a warning once: a pod's addresses of both families meet the same
// stale entry.
func (p *pod) warn(kind WarningKind, text, why string) {
	w := Warning{Kind: kind, Node: p.Node, Pod: p.ID(), Text: text, Why: why}
	if !slices.Contains(p.Warnings, w) {
		p.Warnings = append(p.Warnings, w)
	}
}

func (n *node) warn(kind WarningKind, text, why string) {
	n.Warnings = append(n.Warnings, Warning{Kind: kind, Node: n.Name, Text: text, Why: why})
}

func (f *finder) warn(kind WarningKind, text, why string) {
	f.m.Warnings = append(f.m.Warnings, Warning{Kind: kind, Text: text, Why: why})
}

// finish puts everything in its order.
func (f *finder) finish() {
	slices.SortStableFunc(f.nodes, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	for _, n := range f.nodes {
		list(&n.Addresses)
		list(&n.Devices)
		list(&n.Warnings)
		list(&n.CNI.Evidence)
		for i := range n.Devices {
			n.Devices[i].lists()
		}
		f.m.Nodes = append(f.m.Nodes, n.Node)
	}
	slices.SortStableFunc(f.pods, func(a, b *pod) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, p := range f.pods {
		for _, i := range p.ifaces {
			for s := range i.Path {
				i.Path[s].lists()
			}
			list(&i.Ways)
			list(&i.Notes)
			p.Interfaces = append(p.Interfaces, i.Interface)
		}
		list(&p.Addresses)
		list(&p.Containers)
		list(&p.Interfaces)
		list(&p.Ports)
		for n := range p.Ports {
			list(&p.Ports[n].Addrs)
			list(&p.Ports[n].Rules)
		}
		list(&p.Warnings)
		list(&p.CNI.Evidence)
		f.m.Pods = append(f.m.Pods, p.Pod)
	}
}

// list makes an empty list of none: JSON would write null.
func list[T any](l *[]T) {
	if *l == nil {
		*l = []T{}
	}
}

func (d *Device) lists() {
	list(&d.Addresses)
	if d.Overlay != nil {
		list(&d.Overlay.Ends)
	}
}

func macsOf(pods []*pod) map[string][]*pod {
	macs := map[string][]*pod{}
	for _, p := range pods {
		if p.space == nil || p.HostNetwork {
			continue
		}
		for i := range p.space.ns.Links {
			if l := &p.space.ns.Links[i]; counts(l) && l.Address != "" {
				macs[macKey(l.Address)] = append(macs[macKey(l.Address)], p)
			}
		}
	}
	return macs
}
