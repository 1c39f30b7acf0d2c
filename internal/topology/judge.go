package topology

import (
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
)

// hostName is how a warning calls a host end.
func (i *iface) hostName() string { return i.host.space.nameOf(i.host.index) }

// disagree warns of an answer that does not fit the host end.
func (f *finder) disagree(p *pod, i *iface, c *candidate) {
	here := fmt.Sprintf("the other end of %s is %s", i.link.Name, i.hostName())
	switch c.Kind {
	case WayPeer, WayBack:
		p.warn(WarnPeer, fmt.Sprintf("%s (by %s), but %s (by %s)", here, i.By, c.Detail, c.Kind),
			"the snapshot was taken while interfaces changed")
	case WayFDB:
		if c.MAC != "" && i.link.Address != "" && macKey(c.MAC) != macKey(i.link.Address) {
			return // the wrong MAC is the warning, not where it leads
		}
		if c.Bridge != "" {
			p.warn(WarnFDB, fmt.Sprintf("%s, but the fdb has its MAC %s at %s", here, i.link.Address, c.Device), f.whoseMAC(p, i.link.Address, c.end))
			return
		}
		p.warn(WarnNeighbour, fmt.Sprintf("%s, but %s has it at %s", here, p.node.Name, c.Detail), "a neighbour entry left over from another pod or device")
	case WayRoute:
		why := "a route left over from an earlier pod with this address"
		if l := c.link(); l != nil && !isPair(l) {
			why = "the route of the pod is missing, or its address belongs to another node's block"
		}
		p.warn(WarnRoute, fmt.Sprintf("%s, but the node's route to %s is: %s", here, c.Addr, c.Detail), why)
	}
}

// whoseMAC says why a forwarding database may have a MAC elsewhere.
func (f *finder) whoseMAC(p *pod, mac string, at end) string {
	for _, o := range f.macs[macKey(mac)] {
		if o != p {
			return o.ID() + " has the same MAC"
		}
	}
	if o := f.podBehind(at); o != nil && o != p {
		return "a stale entry: " + o.ID() + " is behind it"
	}
	return "a stale entry, or another device with that MAC"
}

// podBehind is the pod whose host end a device is; nil for none.
func (f *finder) podBehind(e end) *pod {
	l := e.link()
	if l == nil || !isPair(l) {
		return nil
	}
	other, _, _ := e.space.far(l)
	return f.bySpace[other]
}

// judge warns of what the ways do not compare.
func (f *finder) judge(p *pod) {
	for _, i := range p.ifaces {
		for _, prefix := range p.spaceAddrs(i.link.Index) {
			ip := prefix.Addr().Unmap()
			f.wrongMAC(p, i, ip)
			f.noRoute(p, i, ip)
		}
		i.down(p)
		i.sizes(p)
	}
}

func (p *pod) spaceAddrs(link int) []netip.Prefix {
	if p.space == nil {
		return nil
	}
	return p.space.addrs[link]
}

// wrongMAC warns where the node would send the pod's packets to another MAC.
func (f *finder) wrongMAC(p *pod, i *iface, ip netip.Addr) {
	host := p.node.space
	if host == nil || !isPair(i.link) || i.link.Address == "" || i.link.Type != arphrdEther {
		return
	}
	e, _ := host.neighbour(ip)
	if e == nil || macKey(e.MAC) == macKey(i.link.Address) {
		return
	}
	if l := host.links[e.Link]; l != nil && isInner(l) {
		return
	}
	why := "a stale entry, or another device answers for that address"
	for _, o := range f.macs[macKey(e.MAC)] {
		if o == p {
			why = "the MAC of another of its interfaces"
			break
		}
		why = "that is the MAC of " + o.ID() + ": one address twice, or a stale entry"
	}
	p.warn(WarnNeighbour, fmt.Sprintf("%s has MAC %s, but %s knows %s at %s, dev %s",
		ip, i.link.Address, p.node.Name, ip, e.MAC, host.nameOf(e.Link)), why)
}

// noRoute warns where the node's routes end packets to the pod, or know nothing
// of it though nothing but a route could lead there.
func (f *finder) noRoute(p *pod, i *iface, ip netip.Addr) {
	if r := f.ends(p, ip); r != nil {
		p.warn(WarnRoute, fmt.Sprintf("the node's route to %s is: %s", ip, p.node.space.describe(r)), "the pod's own route is missing")
		return
	}
	l := i.host.link()
	if l == nil || i.host.space != p.node.space || l.Master != 0 {
		return
	}
	if _, bad := i.host.space.unreadable(netstate.PartRoutes); bad || i.host.space.programmed(l.Index) {
		return
	}
	if a := i.host.space.table.lookup(ip); a == nil || a.route.Dst.Bits() == 0 {
		elsewhere := "nowhere"
		if a != nil && a.link != 0 {
			elsewhere = "by " + i.host.space.nameOf(a.link)
		}
		p.warn(WarnRoute, fmt.Sprintf("no route of %s leads to %s: its packets go %s", p.node.Name, ip, elsewhere), "the pod's own route is missing")
	}
}

// programmed reports whether a BPF program at a device may lead packets past
// the routes, or whether that is not known.
func (sp *space) programmed(link int) bool {
	if _, bad := sp.unreadable(netstate.PartPrograms); bad {
		return true
	}
	for _, p := range sp.ns.Programs {
		if p.Link == link {
			return true
		}
	}
	return false
}

// down warns of devices on the way that are down, and of ports that do not
// forward.
func (i *iface) down(p *pod) {
	for n := range i.Path {
		if s := &i.Path[n]; !s.Up {
			p.warn(WarnLink, fmt.Sprintf("%s (%s of %s) is down", s.Name, s.Role, s.Node), "")
		}
	}
	if l := i.host.link(); l != nil && l.Port != nil && l.Master != 0 && l.Port.State != portForwarding {
		p.warn(WarnLink, fmt.Sprintf("port %d of %s, %s, does not forward (%s)", l.Port.Number, i.host.space.nameOf(l.Master), l.Name, portState(l.Port.State)), "")
	}
}

// BR_STATE_FORWARDING of linux/if_bridge.h.
const portForwarding = 3

func portState(s uint8) string {
	names := [...]string{"disabled", "listening", "learning", "forwarding", "blocking"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state %d", s)
}
