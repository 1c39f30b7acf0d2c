package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

// outer is what an overlay device says about its outer packets.
type outer struct {
	lower         int        // ifindex; valid iff positive
	local, remote netip.Addr // valid iff IsValid
}

func outerOf(l *netstate.Link) outer {
	var o outer
	switch {
	case l.VXLAN != nil:
		o = outer{l.VXLAN.Underlay, l.VXLAN.Local, l.VXLAN.Group}
	case l.Geneve != nil:
		o.remote = l.Geneve.Remote
	case l.Tunnel != nil:
		o = outer{l.Tunnel.Underlay, l.Tunnel.Local, l.Tunnel.Remote}
	}
	if o.lower == 0 {
		o.lower = l.Parent
	}
	o.local, o.remote = some(o.local), some(o.remote)
	return o
}

// some drops 0.0.0.0 and ::, which stand for none.
func some(a netip.Addr) netip.Addr {
	if !a.IsValid() || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a.Unmap()
}

// anywhere is 0.0.0.0 or ::, as like.
func anywhere(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// onOverlay adds an overlay device and the uplink below it.
func (t *tracer) onOverlay(sp *space, l *netstate.Link, after int, why string) {
	at := t.add(trail.RoleOverlay, sp, l, after, why)
	s := &t.iface.Path[at]
	if s.Overlay != nil {
		return
	}
	s.Role = trail.RoleOverlay
	o := t.overlays[end{sp, l.Index}]
	if o == nil {
		o = t.overlay(sp, l)
		t.overlays[end{sp, l.Index}] = o
	}
	s.RouteMTU = sp.table.mtus[l.Index]
	lower, below, why := t.below(sp, l, o)
	if lower == nil {
		t.iface.note("the uplink below " + l.Name + " was not found: " + why)
	} else {
		if !o.Local.IsValid() {
			o.Local = firstAddr(below.addrs[lower.Index], o.Ends)
		}
		t.addUplink(below, lower, at, why)
	}
	o.Overhead = overhead(l, o)
	t.iface.Path[at].Overlay = o
}

// firstAddr is the first address of the family that the other ends have.
func firstAddr(list []netip.Prefix, ends []End) netip.Addr {
	for _, p := range list {
		if len(ends) == 0 || ends[0].Addr.Is4() == p.Addr().Is4() {
			return p.Addr()
		}
	}
	return netip.Addr{}
}

// overlay tells what a device wraps packets in, and which other ends are in
// tables.
func (f *finder) overlay(sp *space, l *netstate.Link) *Overlay {
	o := &Overlay{Kind: l.Kind, Local: outerOf(l).local}
	switch {
	case l.VXLAN != nil:
		o.VNI, o.Port, o.External = l.VXLAN.VNI, l.VXLAN.Port, l.VXLAN.External
	case l.Geneve != nil:
		o.VNI, o.Port, o.External = l.Geneve.VNI, l.Geneve.Port, l.Geneve.External
	case l.Tunnel != nil:
		o.External = l.Tunnel.External
	case l.WireGuard != nil:
		o.Port = l.WireGuard.Port
	}
	f.otherEnds(sp, l, o)
	return o
}

// otherEnds gathers the other ends: the one that the device is set to, those in
// its forwarding table, its peers, or for tunnels without any of them the next
// hops of the routes that lead into it.
func (f *finder) otherEnds(sp *space, l *netstate.Link, o *Overlay) {
	at := map[netip.Addr]int{}
	add := func(a netip.Addr, from string) *End {
		a = some(a)
		if !a.IsValid() || a.IsMulticast() || a == o.Local {
			return nil
		}
		i, ok := at[a]
		if !ok {
			i, at[a] = len(o.Ends), len(o.Ends)
			o.Ends = append(o.Ends, End{Addr: a, From: from})
		}
		return &o.Ends[i]
	}
	add(outerOf(l).remote, "remote")
	macs := map[string]netip.Addr{}
	for _, e := range sp.dsts[l.Index] {
		if add(e.Dst, "fdb") != nil {
			macs[macKey(e.MAC)] = some(e.Dst)
		}
	}
	if l.WireGuard != nil {
		for _, p := range l.WireGuard.Peers {
			if e := add(p.Endpoint.Addr(), "peer"); e != nil {
				e.Nets = append(e.Nets, p.AllowedIPs...)
			}
		}
	}
	for _, gw := range sp.table.gateways[l.Index] {
		dst := gw
		if l.Kind == "vxlan" || l.Kind == "gretap" || l.Kind == "geneve" {
			// The gateway is the other device; its MAC leads to the other end.
			dst = sp.through(l.Index, gw, macs)
		}
		if l.WireGuard != nil {
			continue
		}
		if e := add(dst, "route"); e != nil {
			e.Nets = append(e.Nets, sp.table.nets[hopKey{l.Index, gw}]...)
		}
	}
	slices.SortFunc(o.Ends, func(a, b End) int { return a.Addr.Compare(b.Addr) })
}

// through gives the other end that a gateway behind a layer 2 tunnel is at.
func (sp *space) through(link int, gw netip.Addr, macs map[string]netip.Addr) netip.Addr {
	for _, n := range sp.neigh[gw] {
		if n.Link == link {
			return macs[macKey(n.MAC)]
		}
	}
	return netip.Addr{}
}

// below finds the device by which an overlay's outer packets leave, and says by
// what; nil and a reason if there is none.
func (t *tracer) below(sp *space, l *netstate.Link, o *Overlay) (lower *netstate.Link, in *space, why string) {
	out := outerOf(l)
	if l.ParentNSID != nil { // the outer packets live in another namespace
		other, why, _ := sp.far(l)
		if other == nil {
			return nil, nil, why
		}
		sp = other
	}
	if lower = sp.links[out.lower]; lower != nil && lower != l {
		return lower, sp, "device of " + l.Name
	}
	if out.local.IsValid() {
		for i := range sp.ns.Links {
			lower = &sp.ns.Links[i]
			if !lower.Loopback() && slices.ContainsFunc(sp.addrs[lower.Index], func(p netip.Prefix) bool { return p.Addr() == out.local }) {
				return lower, sp, "it has " + out.local.String()
			}
		}
	}
	for _, e := range o.Ends {
		if a := sp.table.lookup(e.Addr); a != nil && a.link != 0 && a.link != l.Index {
			if lower = sp.links[a.link]; lower != nil && !lower.Loopback() {
				return lower, sp, fmt.Sprintf("route to %s: %s", e.Addr, sp.describe(a.route))
			}
		}
	}
	for _, d := range sp.table.defaults {
		if lower = sp.links[d.link]; lower != nil && lower != l && !isOverlay(lower) {
			why = l.Name + " does not say by which device its packets leave: "
			t.iface.guess(why + lower.Name + " is taken, the default route's")
			return lower, sp, why + "the default route's"
		}
	}
	return nil, nil, "it names no device, no address and no other end, and there is no default route"
}

// overhead is by how many bytes an overlay's packets grow, from the outer IP
// header to the inner one.
func overhead(l *netstate.Link, o *Overlay) int {
	ip := 20 // RFC 791 without options
	six := o.Local.Is6() || !o.Local.IsValid() && len(o.Ends) > 0 && o.Ends[0].Addr.Is6()
	if six || l.Kind == "ip6gre" || l.Kind == "ip6gretap" {
		ip = 40 // RFC 8200
	}
	gre := 4 // RFC 2784
	if l.Tunnel != nil && l.Tunnel.OKey != 0 {
		gre = 8 // RFC 2890
	}
	switch l.Kind {
	case "vxlan", "geneve": // UDP, 8 bytes of their own, inner Ethernet (RFC 7348, RFC 8926)
		return ip + 8 + 8 + 14
	case "ipip", "sit":
		return 20
	case "ip6tnl":
		return 40
	case "gre", "ip6gre":
		return ip + gre
	case "gretap", "ip6gretap":
		return ip + gre + 14
	case "wireguard": // UDP, 16 bytes of header, 16 of authentication
		return ip + 8 + 32
	}
	return 0
}
