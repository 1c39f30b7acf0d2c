package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

// tunnels gives the other ends of overlays their nodes, and joins the devices of
// two nodes.
func (f *finder) tunnels() {
	f.known = f.indexNodes()
	for _, n := range f.nodes {
		for i := range n.Devices {
			if o := n.Devices[i].Overlay; o != nil { // paths share it
				f.nameEnds(n, o)
				f.guessEnds(n, &n.Devices[i])
			}
		}
	}
	for _, n := range f.nodes {
		for i := range n.Devices {
			if n.Devices[i].Overlay != nil {
				f.join(n, &n.Devices[i])
			}
		}
	}
	slices.SortStableFunc(f.m.Tunnels, func(a, b Tunnel) int {
		return cmp.Or(cmp.Compare(a.A.Node, b.A.Node), cmp.Compare(a.B.Node, b.B.Node), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VNI, b.VNI))
	})
}

func (f *finder) nameEnds(n *node, o *Overlay) {
	for i := range o.Ends {
		if m := f.nodeAt(n, o.Ends[i].Addr); m != nil {
			o.Ends[i].Node = m.Name
		} else {
			o.Ends[i].Node = f.clusterNodeAt(o.Ends[i].Addr)
		}
	}
}

// nodeIndex finds nodes by what they are called and by their addresses, in each
// realm.
type nodeIndex struct {
	byAddr, byAny map[inRealm]*node
	byName        map[inRealm]*node
	// sends are the nodes that an overlay device of a node sends to.
	sends map[*Overlay]map[string]bool
	// tunnels are the places of those that were added.
	tunnels map[Tunnel]int
}

// inRealm is an address or a name as one realm means it.
type inRealm struct {
	realm *space
	addr  netip.Addr
	name  string
}

func (f *finder) indexNodes() *nodeIndex {
	x := &nodeIndex{byAddr: map[inRealm]*node{}, byAny: map[inRealm]*node{}, byName: map[inRealm]*node{}, sends: map[*Overlay]map[string]bool{}, tunnels: map[Tunnel]int{}}
	put := func(m map[inRealm]*node, k inRealm, n *node) {
		if m[k] == nil {
			m[k] = n
		}
	}
	for _, n := range f.nodes {
		realm := f.realmOf(n)
		put(x.byName, inRealm{realm: realm, name: n.Name}, n)
		for _, a := range n.Addresses {
			put(x.byAddr, inRealm{realm: realm, addr: a}, n)
		}
		if n.space == nil {
			continue
		}
		for _, a := range n.space.ns.Addresses {
			put(x.byAny, inRealm{realm: realm, addr: a.Prefix.Addr()}, n)
		}
	}
	return x
}

// nodeAt is the node that has an address, as another node means it: at an uplink
// rather than anywhere.
func (f *finder) nodeAt(from *node, ip netip.Addr) *node {
	k := inRealm{realm: f.realmOf(from), addr: ip}
	if n := f.known.byAddr[k]; n != nil {
		return n
	}
	return f.known.byAny[k]
}

func (f *finder) nodeNamed(from *node, name string) *node {
	return f.known.byName[inRealm{realm: f.realmOf(from), name: name}]
}

// sendsTo reports whether an overlay has a node among its other ends.
func (f *finder) sendsTo(o *Overlay, name string) bool {
	set := f.known.sends[o]
	if set == nil {
		set = map[string]bool{}
		for _, e := range o.Ends {
			set[e.Node] = true
		}
		f.known.sends[o] = set
	}
	return set[name]
}

// clusterNodeAt is the name of a node that no snapshot is of.
func (f *finder) clusterNodeAt(ip netip.Addr) string {
	if f.state.Cluster == nil {
		return ""
	}
	for _, c := range f.state.Cluster.Nodes {
		if slices.Contains(c.Addresses, ip) {
			return c.Name
		}
	}
	return ""
}

// guessEnds takes the same device of other nodes for the other ends where no
// table names any, since BPF programs or flows choose them.
func (f *finder) guessEnds(n *node, d *Device) {
	if len(d.Overlay.Ends) > 0 || !d.Overlay.External {
		return
	}
	for _, m := range f.nodes {
		if m == n || f.realmOf(m) != f.realmOf(n) {
			continue
		}
		for _, o := range m.Devices {
			if o.Overlay != nil && o.Name == d.Name && o.Kind == d.Kind && o.Overlay.Local.IsValid() {
				d.Overlay.Ends = append(d.Overlay.Ends, End{Node: m.Name, Addr: o.Overlay.Local, From: "same device"})
			}
		}
	}
}

// join makes tunnels of a device's other ends, and warns where the two sides do
// not fit.
func (f *finder) join(n *node, d *Device) {
	for _, e := range d.Overlay.Ends {
		if e.Node == "" {
			if f.allNodes(n) {
				n.warn(WarnTunnel, fmt.Sprintf("%s sends to %s (by its %s), which no node has", d.Name, e.Addr, e.From), "an entry of a node that has gone")
			}
			continue
		}
		if e.Node == n.Name {
			continue
		}
		here := TunnelEnd{Node: n.Name, Device: d.Name, Addr: d.Overlay.Local, Sends: true}
		there := TunnelEnd{Node: e.Node, Addr: e.Addr}
		m := f.nodeNamed(n, e.Node)
		if m != nil && m.space != nil {
			o := counterpart(m, d)
			if o == nil {
				f.noCounterpart(n, d, m)
			} else {
				there.Device = o.Name
				there.Sends = f.sendsTo(o.Overlay, n.Name)
				f.oneWay(n, d, m, o, there.Sends)
			}
		}
		f.tunnel(d.Overlay, here, there)
	}
}

// tunnel adds one unless the other side has added it.
func (f *finder) tunnel(o *Overlay, here, there TunnelEnd) {
	if there.Node < here.Node {
		here, there = there, here
	}
	t := Tunnel{Kind: o.Kind, VNI: o.VNI, Port: o.Port, A: here, B: there}
	key := Tunnel{Kind: t.Kind, VNI: t.VNI, A: TunnelEnd{Node: t.A.Node}, B: TunnelEnd{Node: t.B.Node}}
	if i, ok := f.known.tunnels[key]; ok {
		k := &f.m.Tunnels[i]
		if (k.A.Device == t.A.Device || k.A.Device == "" || t.A.Device == "") && (k.B.Device == t.B.Device || k.B.Device == "" || t.B.Device == "") {
			k.A.Sends, k.B.Sends = k.A.Sends || t.A.Sends, k.B.Sends || t.B.Sends
			return
		}
	}
	f.known.tunnels[key] = len(f.m.Tunnels)
	f.m.Tunnels = append(f.m.Tunnels, t)
}

// allNodes reports whether every node that an end could be is there.
func (f *finder) allNodes(from *node) bool {
	if f.state.Cluster == nil { // of a lab all is there, of machines nobody knows
		return from.space != nil && !from.space.ns.Host
	}
	return len(f.state.Cluster.Nodes) > 0
}

// counterpart is the device of a node that understands what another one's
// sends.
func counterpart(m *node, d *Device) *Device {
	for i := range m.Devices {
		o := &m.Devices[i]
		if o.Overlay == nil || o.Kind != d.Kind {
			continue
		}
		if o.Overlay.External || d.Overlay.External || o.Overlay.VNI == d.Overlay.VNI && (o.Overlay.Port == d.Overlay.Port || d.Kind == "wireguard") {
			return o
		}
	}
	return nil
}

func (f *finder) noCounterpart(n *node, d *Device, m *node) {
	if why, bad := m.space.unreadable(netstate.PartLinks); bad {
		n.warn(WarnUnreadable, fmt.Sprintf("whether %s has the other end of %s is not known: %s", m.Name, d.Name, why), "")
		return
	}
	text := fmt.Sprintf("%s sends %s to %s, which has no such device", d.Name, describeOverlay(d.Overlay), m.Name)
	for _, o := range m.Devices {
		if o.Role == trail.RoleOverlay && o.Overlay != nil && o.Kind == d.Kind {
			text = fmt.Sprintf("%s is %s, %s of %s is %s", d.Name, describeOverlay(d.Overlay), o.Name, m.Name, describeOverlay(o.Overlay))
		}
	}
	n.warn(WarnTunnel, text, "the two cannot understand each other")
}

func (f *finder) oneWay(n *node, d *Device, m *node, o *Device, sends bool) {
	if sends || o.Overlay.External {
		return
	}
	for _, part := range []netstate.Part{netstate.PartFDB, netstate.PartRoutes} {
		if _, bad := m.space.unreadable(part); bad {
			return
		}
	}
	m.warn(WarnTunnel, fmt.Sprintf("%s knows no way to %s, whose %s sends to %s", o.Name, n.Name, d.Name, m.Name), "an entry of its fdb or a route is missing")
}

// describeOverlay is "vxlan 1, udp 8472".
func describeOverlay(o *Overlay) string {
	s := o.Kind
	if o.VNI != 0 || o.Kind == "vxlan" && !o.External {
		s += fmt.Sprintf(" %d", o.VNI)
	}
	if o.Port != 0 {
		s += fmt.Sprintf(", udp %d", o.Port)
	}
	return s
}
