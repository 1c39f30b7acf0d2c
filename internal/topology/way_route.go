package topology

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
)

// byRoute asks the node's routes for the device to the pod's address.
func (f *finder) byRoute(p *pod, ip netip.Addr) candidate {
	c := candidate{Way: Way{Kind: WayRoute, State: WayNone, Addr: ip}}
	host := p.node.space
	if host == nil {
		c.State, c.Detail = WayUnknown, "the namespace of "+p.node.Name+" was not read"
		return c
	}
	if why, bad := host.unreadable(netstate.PartRoutes); bad {
		c.State, c.Detail = WayUnknown, "routes are not known: "+why
		return c
	}
	a := host.table.lookup(ip)
	if a == nil {
		c.Detail = "no route"
		return c
	}
	c.Detail = host.describe(a.route)
	switch {
	case a.route.Dst.Bits() == 0:
		c.Detail = "no route but the default"
		return c
	case a.link == 0 || host.links[a.link] == nil:
		return c // a blackhole: judged later
	}
	c.answer(end{host, a.link})
	c.through = isInner(host.links[a.link])
	return c
}

// ends gives the route that ends packets to a pod's address; nil if none does.
func (f *finder) ends(p *pod, ip netip.Addr) *netstate.Route {
	if p.node.space == nil {
		return nil
	}
	a := p.node.space.table.lookup(ip)
	if a == nil {
		return nil
	}
	switch a.route.Type {
	case typeBlackhole, typeUnreachable, typeProhibit:
		return a.route
	}
	return nil
}
