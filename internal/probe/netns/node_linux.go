package netns

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

// fromNode gives the path of a namespace that is a node, or of one interface
// of it.
func (t *tracer) fromNode(v *view) error {
	if v.ns.device == "" {
		return t.routed(v, nil)
	}
	i := slices.IndexFunc(v.links, func(l netlink.Link) bool { return l.Attrs().Name == v.ns.device })
	if i < 0 {
		return &NotFoundError{What: "interface " + v.ns.device}
	}
	l := v.links[i]
	switch {
	case kindOf(l) == "bridge":
		return t.onBridge(v, l)
	case isOverlay(l):
		return t.onOverlays(v, []netlink.Link{l})
	}
	r, err := v.routing()
	if err != nil {
		return err
	}
	switch {
	case r.onward()[l.Attrs().Index], isCard(l):
		t.add(trail.RoleUplink, v, l)
		return nil
	case isPair(l):
		t.add(trail.RoleHost, v, l)
		return t.onNode(v, []netlink.Link{l})
	}
	t.add(trail.RoleNone, v, l)
	return nil
}

// onNode goes on from the host ends: by the bridges that they are ports of,
// by routes where they are none.
func (t *tracer) onNode(v *view, ends []netlink.Link) error {
	byRoutes := false
	for _, end := range ends {
		master := v.byIndex(end.Attrs().MasterIndex)
		switch {
		case master == nil:
			byRoutes = true
		case kindOf(master) == "bridge":
			if err := t.onBridge(v, master); err != nil {
				return err
			}
		case kindOf(master) == "vrf":
			byRoutes = true
		default:
			t.note(fmt.Sprintf("%s is a port of %s (%s): where its packets go is not visible in routes",
				end.Attrs().Name, master.Attrs().Name, kindOf(master)))
			byRoutes = true
		}
	}
	if !byRoutes {
		return nil
	}
	return t.routed(v, ends)
}

// onBridge adds a bridge and goes on: to overlays and network cards among its
// ports, and by routes if the bridge has an address, since it is the pods'
// gateway then.
func (t *tracer) onBridge(v *view, bridge netlink.Link) error {
	t.add(trail.RoleBridge, v, bridge)
	var overlays []netlink.Link
	cards := 0
	for _, port := range v.ports(bridge.Attrs().Index) {
		switch {
		case isOverlay(port):
			overlays = append(overlays, port)
		case isCard(port):
			t.add(trail.RoleUplink, v, port)
			cards++
		}
	}
	if err := t.onOverlays(v, overlays); err != nil {
		return err
	}
	addrs, err := v.addresses()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(addrs, func(a address) bool { return a.index == bridge.Attrs().Index && !a.addr.IsLinkLocalUnicast() }) {
		return t.routed(v, []netlink.Link{bridge})
	}
	if len(overlays)+cards == 0 {
		t.note(fmt.Sprintf("bridge %s has no address, no overlay and no network card as a port: no way out was found", bridge.Attrs().Name))
	}
	return nil
}

// isCard reports whether a bridge's port is the machine's way out: a network
// card, or what stands for one.
func isCard(l netlink.Link) bool {
	switch kindOf(l) {
	case "", "bond", "team", "vlan":
		return !isLoopback(l)
	}
	return false
}

// routed goes on by the routes of the node: to overlays that routes lead to,
// and to the devices of default routes and of routes with a next hop. from
// are the links that packets come from, and that are no way on therefore.
func (t *tracer) routed(v *view, from []netlink.Link) error {
	r, err := v.routing()
	if err != nil {
		return err
	}
	var overlays []netlink.Link
	for _, l := range v.links {
		if isOverlay(l) && isUp(l) && (r.leadsTo(l.Attrs().Index) || t.redirected(v, l, from)) {
			overlays = append(overlays, l)
		}
	}
	if err := t.onOverlays(v, overlays); err != nil {
		return err
	}
	onward := slices.Sorted(maps.Keys(r.onward()))
	for _, index := range onward {
		l := v.byIndex(index)
		if l == nil || isOverlay(l) || isLoopback(l) || slices.Contains(from, l) || isInner(l) {
			continue
		}
		t.addUplink(v, l)
	}
	if !slices.ContainsFunc(t.hops, func(h hop) bool { return h.role == trail.RoleUplink && h.view == v }) {
		t.note(v.ns.Label + " has no uplink: no default route and none with a next hop")
	}
	return nil
}

// isInner reports whether a device with a next hop is no way out: Cilium's
// own pair, by which its routes lead packets to its BPF programs.
func isInner(l netlink.Link) bool {
	return strings.HasPrefix(l.Attrs().Name, "cilium_")
}

// redirected recognizes Cilium's tunnel: its BPF programs send packets from
// lxc* devices to cilium_vxlan or cilium_geneve, and no route says so.
func (t *tracer) redirected(v *view, l netlink.Link, from []netlink.Link) bool {
	name := l.Attrs().Name
	if name != "cilium_vxlan" && name != "cilium_geneve" {
		return false
	}
	if !slices.ContainsFunc(from, func(f netlink.Link) bool { return strings.HasPrefix(f.Attrs().Name, "lxc") }) {
		return false
	}
	t.note(name + " is there by its name: Cilium redirects to it by BPF, past the routes")
	return true
}

// addUplink adds the device of a route, and the network cards that are its
// ports where it is a bridge.
func (t *tracer) addUplink(v *view, l netlink.Link) {
	t.add(trail.RoleUplink, v, l)
	if kindOf(l) != "bridge" {
		return
	}
	for _, port := range v.ports(l.Attrs().Index) {
		if isCard(port) {
			t.add(trail.RoleUplink, v, port)
		}
	}
}

// onOverlays adds overlay devices and the uplinks below them.
func (t *tracer) onOverlays(v *view, overlays []netlink.Link) error {
	for _, l := range overlays {
		t.add(trail.RoleOverlay, v, l)
	}
	for _, l := range overlays {
		if err := t.below(v, l); err != nil {
			return err
		}
	}
	return nil
}

// below finds the device by which an overlay's outer packets leave.
func (t *tracer) below(v *view, l netlink.Link) error {
	name := v.ns.Label + "/" + l.Attrs().Name
	if l.Attrs().NetNsID >= 0 { // the outer packets live in another namespace
		outer, why := t.peerView(v, l)
		if outer == nil {
			t.note("the uplink below " + name + " was not found: " + why)
			return nil
		}
		v = outer
	}
	tun := tunnelOf(l)
	if lower := v.byIndex(tun.lower); lower != nil && tun.lower != l.Attrs().Index {
		t.addUplink(v, lower)
		return nil
	}
	if tun.local.IsValid() {
		addrs, err := v.addresses()
		if err != nil {
			return err
		}
		for _, a := range addrs {
			if lower := v.byIndex(a.index); a.addr == tun.local && lower != nil && !isLoopback(lower) {
				t.addUplink(v, lower)
				return nil
			}
		}
	}
	remotes, err := v.remotes(l, tun)
	if err != nil {
		return err
	}
	if lower := v.routeTo(remotes, l); lower != nil {
		t.addUplink(v, lower)
		return nil
	}
	r, err := v.routing()
	if err != nil {
		return err
	}
	for _, index := range r.defaults {
		if lower := v.byIndex(index); lower != nil && lower.Attrs().Index != l.Attrs().Index && !isOverlay(lower) {
			t.note(fmt.Sprintf("%s does not say by which device its packets leave: %s is taken, the default route's", name, lower.Attrs().Name))
			t.addUplink(v, lower)
			return nil
		}
	}
	t.note("the uplink below " + name + " was not found: it names no device, no address and no other end, and there is no default route")
	return nil
}

// remotes gives the other ends of an overlay: the one that it is set to, or
// those in its forwarding table, or for tunnels without either the next hops
// of the routes that lead into it.
func (v *view) remotes(l netlink.Link, tun tunnel) ([]netip.Addr, error) {
	if tun.remote.IsValid() && !tun.remote.IsMulticast() {
		return []netip.Addr{tun.remote}, nil
	}
	var out []netip.Addr
	if kindOf(l) == "vxlan" {
		entries, err := repeatDump(func() ([]netlink.Neigh, error) {
			return v.nl.NeighList(l.Attrs().Index, unix.AF_BRIDGE)
		})
		if err != nil {
			return nil, fmt.Errorf("list forwarding table of %s: %w", l.Attrs().Name, err)
		}
		for _, e := range entries {
			if a := toAddr(e.IP); a.IsValid() && !a.IsMulticast() {
				out = append(out, a)
			}
		}
		return out, nil
	}
	r, err := v.routing()
	if err != nil {
		return nil, err
	}
	return r.gateways[l.Attrs().Index], nil
}

// routeTo gives the device by which the first of these addresses is reached,
// nil if by none or by the overlay itself.
func (v *view) routeTo(remotes []netip.Addr, overlay netlink.Link) netlink.Link {
	for _, a := range remotes {
		routes, err := v.nl.RouteGet(a.AsSlice())
		if err != nil || len(routes) == 0 {
			continue // unreachable at the moment: the next one will tell
		}
		l := v.byIndex(routes[0].LinkIndex)
		if l != nil && !isLoopback(l) && l.Attrs().Index != overlay.Attrs().Index {
			return l
		}
	}
	return nil
}
