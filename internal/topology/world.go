package topology

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// world is a State with what it takes to find things in it.
type world struct {
	state    *netstate.State
	machines []*machine
	// spaces are all namespaces, in the order of the State.
	spaces []*space
	// back gives the link that names another one as its other end.
	back map[end]end
	// hostRealm is that of the machines themselves; nil if none was read.
	hostRealm *space
}

// machine is one kernel. Snapshots of several nodes may be of one, where
// containers or namespaces are nodes.
type machine struct {
	snaps  []*netstate.Snapshot
	spaces map[uint64]*space // by inode
}

// end is a link in a namespace.
type end struct {
	space *space
	index int
}

func newWorld(s *netstate.State) *world {
	w := &world{state: s, back: map[end]end{}}
	byBoot := map[string]*machine{}
	for _, snap := range s.Nodes {
		if snap == nil {
			continue
		}
		m := byBoot[snap.Boot]
		if m == nil || snap.Boot == "" {
			m = &machine{spaces: map[uint64]*space{}}
			w.machines = append(w.machines, m)
			byBoot[snap.Boot] = m
		}
		m.snaps = append(m.snaps, snap)
		for _, ns := range snap.Namespaces {
			if ns != nil {
				w.addSpace(m, snap, ns)
			}
		}
	}
	w.addUnread()
	for _, sp := range w.spaces {
		for i := range sp.ns.Links {
			l := &sp.ns.Links[i]
			if !isPair(l) {
				continue
			}
			if other, _, _ := sp.far(l); other != nil {
				w.back[end{other, l.Parent}] = end{sp, l.Index}
			}
		}
	}
	return w
}

// addSpace takes a namespace in. One that two nodes of one kernel both see is
// that node's whose own it is.
func (w *world) addSpace(m *machine, snap *netstate.Snapshot, ns *netstate.Namespace) {
	if known := m.spaces[ns.Inode]; known != nil && ns.Inode != 0 {
		if !ns.Host || known.ns.Host {
			return
		}
		i := slices.Index(w.spaces, known)
		w.spaces[i] = newSpace(m, snap, ns)
		m.spaces[ns.Inode] = w.spaces[i]
		return
	}
	sp := newSpace(m, snap, ns)
	w.spaces = append(w.spaces, sp)
	if ns.Inode != 0 {
		m.spaces[ns.Inode] = sp
	}
}

// addUnread takes in the namespaces of workloads that were not read: others may
// still say what hangs there.
func (w *world) addUnread() {
	for _, m := range w.machines {
		for _, snap := range m.snaps {
			for _, load := range snap.Workloads {
				if load.Netns != 0 && m.spaces[load.Netns] == nil && !load.HostNetwork {
					w.addSpace(m, snap, &netstate.Namespace{Inode: load.Netns, Unreadable: []netstate.Unreadable{
						{Part: netstate.PartLinks, Why: "its network namespace was not read"},
					}})
				}
			}
		}
	}
}

// space is one namespace with its tables by what they are looked up for.
type space struct {
	machine *machine
	snap    *netstate.Snapshot
	ns      *netstate.Namespace

	links map[int]*netstate.Link
	addrs map[int][]netip.Prefix
	neigh map[netip.Addr][]*netstate.Neighbour
	// fdb are the entries of bridges by MAC, dsts those of devices with another
	// end of a tunnel by the device.
	fdb   map[string][]*netstate.FDBEntry
	dsts  map[int][]*netstate.FDBEntry
	table *routing
	// node is the one that this space plays or belongs to.
	node *node
	// guessed are links that other namespaces name, of one whose own could not be
	// read.
	guessed []netstate.Link
	// realm stands for all namespaces that this one can meet.
	realm *space
}

func newSpace(m *machine, snap *netstate.Snapshot, ns *netstate.Namespace) *space {
	sp := &space{
		machine: m, snap: snap, ns: ns,
		links: map[int]*netstate.Link{}, addrs: map[int][]netip.Prefix{},
		neigh: map[netip.Addr][]*netstate.Neighbour{},
		fdb:   map[string][]*netstate.FDBEntry{}, dsts: map[int][]*netstate.FDBEntry{},
	}
	for i := range ns.Links {
		sp.links[ns.Links[i].Index] = &ns.Links[i]
	}
	for _, a := range ns.Addresses {
		if ip := a.Prefix.Addr(); ip.IsValid() && !ip.IsLinkLocalUnicast() {
			sp.addrs[a.Link] = append(sp.addrs[a.Link], a.Prefix)
		}
	}
	for i := range ns.Neighbours {
		n := &ns.Neighbours[i]
		sp.neigh[n.IP.Unmap()] = append(sp.neigh[n.IP.Unmap()], n)
	}
	for i := range ns.FDB {
		e := &ns.FDB[i]
		switch {
		case e.Dst.IsValid():
			sp.dsts[e.Link] = append(sp.dsts[e.Link], e)
		case e.Master != 0 && e.Link != e.Master:
			sp.fdb[macKey(e.MAC)] = append(sp.fdb[macKey(e.MAC)], e)
		}
	}
	sp.table = newRouting(ns)
	return sp
}

// far says where the other end of a pair is, or the parent of a macvlan: the
// namespace in which Link.Parent counts. nil where it is not known, and why;
// known is false where that is for want of data.
func (sp *space) far(l *netstate.Link) (other *space, why string, known bool) {
	if l.Parent <= 0 {
		return nil, "the kernel names no other end", true
	}
	if l.ParentNSID == nil {
		return sp, "", true
	}
	id := *l.ParentNSID
	if id < 0 {
		return nil, "the kernel does not say in which namespace", false
	}
	inode, ok := sp.ns.Peers[id]
	if !ok {
		return nil, sp.unfound(id), false
	}
	if other = sp.machine.spaces[inode]; other == nil {
		return nil, fmt.Sprintf("namespace %d is not in the snapshot", inode), false
	}
	return other, "", true
}

// unfound says why it is not known which namespace an id means.
func (sp *space) unfound(id int32) string {
	for _, u := range sp.ns.Unreadable {
		if u.Part == netstate.PartNamespaces && u.What == fmt.Sprintf("id %d", id) {
			return u.Why
		}
	}
	return fmt.Sprintf("the namespace with id %d was not found", id)
}

// all yields the links of a namespace, read or guessed.
func (sp *space) all() iter.Seq[*netstate.Link] {
	return func(yield func(*netstate.Link) bool) {
		for _, list := range [][]netstate.Link{sp.ns.Links, sp.guessed} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// unreadable gives the reason why a part of the namespace is not known.
func (sp *space) unreadable(p netstate.Part) (string, bool) { return sp.ns.WhyUnreadable(p) }

// ports are the links that have this one as their master.
func (sp *space) ports(index int) []*netstate.Link {
	var out []*netstate.Link
	for i := range sp.ns.Links {
		if l := &sp.ns.Links[i]; l.Master == index && index != 0 {
			out = append(out, l)
		}
	}
	return out
}

// master is the link that this one is a port of; nil for none.
func (sp *space) master(l *netstate.Link) *netstate.Link {
	if l.Master == 0 || l.Master == l.Index {
		return nil
	}
	return sp.links[l.Master]
}

// has reports whether an address is one of the namespace's.
func (sp *space) has(ip netip.Addr) bool {
	for _, list := range sp.addrs {
		for _, p := range list {
			if p.Addr() == ip {
				return true
			}
		}
	}
	return false
}
