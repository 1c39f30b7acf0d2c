package topology

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

// tracer finds the devices between a host end, or a node itself, and the
// uplinks.
type tracer struct {
	*finder
	pod   *pod   // nil on the way of a node itself
	node  *node  // whose way it is where pod is nil
	iface *iface // whose path is filled
	at    []end  // of each step
}

// add puts a device on the path unless it is there already, in whatever role,
// and gives its place.
func (t *tracer) add(role trail.Role, sp *space, l *netstate.Link, after int, why string) int {
	e := end{sp, l.Index}
	if i := slices.Index(t.at, e); i >= 0 {
		return i
	}
	t.at = append(t.at, e)
	s := Step{Device: sp.device(l), After: after, Why: why}
	s.Role = role
	s.Node = t.nodeName(sp)
	t.iface.Path = append(t.iface.Path, s)
	return len(t.at) - 1
}

func (t *tracer) nodeName(sp *space) string {
	switch {
	case sp.node != nil:
		return sp.node.Name
	case t.pod != nil:
		return t.pod.node.Name
	}
	return t.node.Name
}

// device tells of a link what the map needs.
func (sp *space) device(l *netstate.Link) Device {
	d := Device{
		Netns: sp.ns.Inode, Index: l.Index, Name: l.Name, Kind: l.Kind, Type: l.Type,
		MTU: l.MTU, Up: l.Up(), Addresses: slices.Clone(sp.addrs[l.Index]),
	}
	if l.Type == arphrdEther {
		d.MAC = l.Address
	}
	if m := sp.master(l); m != nil {
		d.Master = m.Name
		if l.Port != nil {
			d.Port = int(l.Port.Number)
		}
	}
	if (hasParent(l) || l.Kind == "vlan") && l.Parent > 0 {
		if other, _, _ := sp.far(l); other != nil {
			d.Parent = other.nameOf(l.Parent)
		}
	}
	return d
}

// fromHostEnd goes on where the pod's other end is.
func (t *tracer) fromHostEnd() {
	sp, l := t.iface.host.space, t.iface.host.link()
	if sp == t.pod.space || l == nil {
		return // both ends are here: the pod's own affair
	}
	t.iface.Host = t.add(trail.RoleHost, sp, l, 0, "peer")
	if other := t.bySpace[sp]; other != nil && sp != t.pod.node.space {
		t.iface.note(fmt.Sprintf("its other end is in %s, not on a node", other.ID()))
		return
	}
	t.onNode(sp, l, t.iface.Host)
}

// fromParent goes on at the device that a macvlan or ipvlan stands on.
func (t *tracer) fromParent() {
	sp, l := t.iface.onto.space, t.iface.onto.link()
	if l == nil {
		return
	}
	t.add(trail.RoleUplink, sp, l, 0, "parent")
}

// onNode goes on from a host end: by the bridge that it is a port of, by routes
// where it is none.
func (t *tracer) onNode(sp *space, l *netstate.Link, after int) {
	master := sp.master(l)
	switch {
	case master == nil, master.Kind == "vrf":
	case master.Kind == "bridge":
		why := "port"
		if l.Port != nil && l.Port.Number > 0 {
			why = fmt.Sprintf("port %d", l.Port.Number)
		}
		t.onBridge(sp, master, after, why)
		return
	case master.Kind == "openvswitch":
		t.iface.note(fmt.Sprintf("%s is a port of Open vSwitch: where its packets go stands in its flows, not in routes", l.Name))
	default:
		t.iface.note(fmt.Sprintf("%s is a port of %s (%s): where its packets go is not visible in routes", l.Name, master.Name, master.Kind))
	}
	t.routed(sp, l, after)
}

// onBridge adds a bridge and goes on: to overlays and network cards among its
// ports, and by routes if the bridge has an address, since it is the pods'
// gateway then.
func (t *tracer) onBridge(sp *space, bridge *netstate.Link, after int, why string) {
	at := t.add(trail.RoleBridge, sp, bridge, after, why)
	found := false
	for _, port := range sp.ports(bridge.Index) {
		switch {
		case isOverlay(port):
			t.onOverlay(sp, port, at, "port of "+bridge.Name)
			found = true
		case isCard(port):
			t.add(trail.RoleUplink, sp, port, at, "port of "+bridge.Name)
			found = true
		}
	}
	if len(sp.addrs[bridge.Index]) > 0 {
		t.routed(sp, bridge, at)
		return
	}
	if _, bad := sp.unreadable(netstate.PartAddresses); bad {
		t.routed(sp, bridge, at)
		return
	}
	if !found {
		t.iface.note(fmt.Sprintf("bridge %s has no address, no overlay and no network card as a port: no way out was found", bridge.Name))
	}
}

// routed goes on by the routes of the node: to overlays that routes lead to,
// and to the devices of default routes and of routes with a next hop. from is
// the link that packets come from, and that is no way on therefore.
func (t *tracer) routed(sp *space, from *netstate.Link, after int) {
	if why, bad := sp.unreadable(netstate.PartRoutes); bad {
		t.iface.note("where packets go from there is not known: routes: " + why)
		return
	}
	for i := range sp.ns.Links {
		l := &sp.ns.Links[i]
		if !isOverlay(l) || !l.Up() || l == from {
			continue
		}
		if route := sp.table.configured[l.Index]; route != nil {
			t.onOverlay(sp, l, after, "route "+sp.describe(route))
		} else if why := redirected(sp, l, from); why != "" {
			t.iface.guess(l.Name + " is there " + why)
			t.onOverlay(sp, l, after, why)
		}
	}
	ways := t.policy(sp)
	if len(ways) == 0 {
		ways = sp.table.onward()
	}
	for _, w := range ways {
		l := sp.links[w.link]
		if l == nil || isOverlay(l) || l.Loopback() || l == from || isInner(l) {
			continue
		}
		t.addUplink(sp, l, after, "route "+sp.describe(w.route))
	}
	if !slices.ContainsFunc(t.iface.Path, func(s Step) bool { return s.Role == trail.RoleUplink && s.Netns == sp.ns.Inode }) {
		t.iface.note(spaceName(sp) + " has no uplink: no default route and none with a next hop")
	}
}

// policy gives the ways out that a rule for the pod's own address gives, as
// with secondary addresses on several network cards. None where there is no
// such rule.
func (t *tracer) policy(sp *space) []way {
	if t.pod == nil {
		return nil
	}
	for _, prefix := range t.iface.Path[0].Addresses {
		rules := sp.table.rules4
		if prefix.Addr().Is6() {
			rules = sp.table.rules6
		}
		for _, r := range rules {
			if r.Action != ruleTable || !r.From.IsValid() || !r.From.IsSingleIP() || r.From.Addr() != prefix.Addr() || r.To.IsValid() && r.To.Bits() > 0 {
				continue
			}
			if a := sp.table.in(r.Table, anywhere(prefix.Addr())); a != nil && a.link != 0 && r.Table != tableMain {
				return []way{{a.link, a.route}}
			}
		}
	}
	return nil
}

// redirected recognizes tunnels that no route leads to, and says by what: BPF
// programs of Cilium send packets from lxc* devices to cilium_vxlan or
// cilium_geneve, and flows of Open vSwitch from its ports to genev_sys_6081.
func redirected(sp *space, l, from *netstate.Link) string {
	switch {
	case from == nil:
		return ""
	case (l.Name == "cilium_vxlan" || l.Name == "cilium_geneve") && strings.HasPrefix(from.Name, "lxc"):
		return "by its name: Cilium redirects to it by BPF, past the routes"
	case strings.HasPrefix(l.Name, "genev_sys_") || strings.HasPrefix(l.Name, "vxlan_sys_"):
		if m := sp.master(from); m != nil && m.Kind == "openvswitch" {
			return "by its name: flows of Open vSwitch send to it, past the routes"
		}
	}
	return ""
}

// addUplink adds the device of a route, and the network cards that are its ports
// where it is a bridge.
func (t *tracer) addUplink(sp *space, l *netstate.Link, after int, why string) {
	at := t.add(trail.RoleUplink, sp, l, after, why)
	if l.Kind != "bridge" {
		return
	}
	for _, port := range sp.ports(l.Index) {
		if isCard(port) {
			t.add(trail.RoleUplink, sp, port, at, "port of "+l.Name)
		}
	}
}
