package topology

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

// Start says where a Path begins.
type Start struct {
	// Netns is the inode of the namespace, Name what notes call it.
	Netns uint64
	Name  string
	// Node is true for a node: its path begins at the bridge's or the overlay's
	// place. Any other begins with its own interfaces.
	Node bool
	// Device narrows a node's path down to what lies behind one of its devices;
	// empty for all that it routes to.
	Device string
}

// Path is the way from one namespace to the uplinks.
type Path struct {
	// Devices are all on the way of any packet that leaves, in the order of
	// their roles, each once. Node is set for those of other namespaces.
	Devices []Device
	// Notes say in plain words what could not be found or followed, and why.
	Notes []string
}

// PathFrom finds the way of packets that leave a namespace. Unlike Find it needs
// no more of the machine than the namespaces that are on the way: which of them
// is whose is the caller's to know. A namespace is called by the first of its
// Names. An error means that the start itself was not read.
func PathFrom(s *netstate.State, from Start) (*Path, error) {
	if s == nil {
		s = &netstate.State{}
	}
	f := &finder{world: newWorld(s), m: &Map{}, bySpace: map[*space]*pod{}, overlays: map[end]*Overlay{}}
	i := slices.IndexFunc(f.spaces, func(sp *space) bool { return sp.ns.Inode == from.Netns })
	if i < 0 {
		return nil, fmt.Errorf("find path of %s: its namespace is not in the state", from.Name)
	}
	sp := f.spaces[i]
	if why, bad := sp.unreadable(netstate.PartLinks); bad {
		return nil, fmt.Errorf("find path of %s: list interfaces: %s", from.Name, why)
	}
	for _, other := range f.spaces {
		if other != sp || from.Node {
			f.nodes = append(f.nodes, f.newNode(other))
		}
	}
	if from.Node {
		return f.nodePath(sp, from)
	}
	return f.podPath(sp, from)
}

func (f *finder) podPath(sp *space, from Start) (*Path, error) {
	p := &pod{Pod: Pod{Name: from.Name}, space: sp, snap: sp.snap, alone: true}
	p.node = f.nodeAbove(sp)
	p.Node = p.node.Name
	sp.node = p.node
	f.interfaces(p)
	out := &Path{}
	if len(p.ifaces) == 0 {
		out.Notes = []string{from.Name + " has no interface but lo"}
	}
	for _, i := range p.ifaces {
		out.add(i)
	}
	out.sort()
	return out, nil
}

// nodeAbove is the node that a namespace's way out leads to, or else that any of
// its links does; one without a namespace where none is known.
func (f *finder) nodeAbove(sp *space) *node {
	h := &hanging{world: f.world}
	if up := h.wayUp(sp); up != nil {
		return up.node
	}
	for i := range sp.ns.Links {
		l := &sp.ns.Links[i]
		if !isPair(l) && !hasParent(l) {
			continue
		}
		if other, _, _ := sp.far(l); other != nil && other != sp {
			return other.node
		}
	}
	n := &node{snap: sp.snap}
	n.Name = sp.snap.Node
	return n
}

func (f *finder) nodePath(sp *space, from Start) (*Path, error) {
	t := &tracer{finder: f, node: sp.node, iface: &iface{}}
	if from.Device == "" {
		t.routed(sp, nil, -1)
	} else {
		i := slices.IndexFunc(sp.ns.Links, func(l netstate.Link) bool { return l.Name == from.Device })
		if i < 0 {
			return nil, errors.New("no interface " + from.Device + " in " + from.Name)
		}
		t.fromDevice(sp, &sp.ns.Links[i])
	}
	out := &Path{}
	out.add(t.iface)
	out.sort()
	return out, nil
}

// fromDevice begins at one device of a node, in the role that it would have on
// the path of a pod.
func (t *tracer) fromDevice(sp *space, l *netstate.Link) {
	switch {
	case l.Kind == "bridge":
		t.onBridge(sp, l, -1, "")
	case isOverlay(l):
		t.onOverlay(sp, l, -1, "")
	case isCard(l), slices.ContainsFunc(sp.table.onward(), func(w way) bool { return w.link == l.Index }):
		t.add(trail.RoleUplink, sp, l, -1, "")
	case isPair(l):
		t.onNode(sp, l, t.add(trail.RoleHost, sp, l, -1, ""))
	default:
		t.add(trail.RoleNone, sp, l, -1, "")
	}
}

// add takes in what one interface's path has, devices in the role in which they
// come first.
func (p *Path) add(i *iface) {
	for _, s := range i.Path {
		if !slices.ContainsFunc(p.Devices, func(d Device) bool { return d.Netns == s.Netns && d.Index == s.Index }) {
			s.lists()
			p.Devices = append(p.Devices, s.Device)
		}
	}
	for _, n := range slices.Concat(i.Notes, i.guesses) {
		if !slices.Contains(p.Notes, n) {
			p.Notes = append(p.Notes, n)
		}
	}
}

func (p *Path) sort() {
	slices.SortStableFunc(p.Devices, func(a, b Device) int { return cmp.Compare(rank(a.Role), rank(b.Role)) })
}
