package topology

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Numbers of linux/neighbour.h.
const (
	neighIncomplete, neighFailed = 0x01, 0x20
	neighProxy                   = 0x08 // of the flags
)

// byFDB goes from the pod's address by the node's neighbour entry to a MAC, and
// by a bridge's forwarding database from that to a port. Without an entry the
// MAC is the one that the pod has.
func (f *finder) byFDB(p *pod, i *iface, ip netip.Addr) candidate {
	c := candidate{Way: Way{Kind: WayFDB, State: WayNone, Addr: ip}}
	host := p.node.space
	if host == nil {
		c.State, c.Detail = WayUnknown, "the namespace of "+p.node.Name+" was not read"
		return c
	}
	if why, bad := host.unreadable(netstate.PartNeighbours); bad {
		c.State, c.Detail = WayUnknown, "neighbours are not known: "+why
		f.learnt(host, i.link.Address, &c, "MAC from the pod")
		return c
	}
	e, state := host.neighbour(ip)
	if e == nil {
		c.Detail = state
		f.learnt(host, i.link.Address, &c, "MAC from the pod")
		return c
	}
	c.MAC = e.MAC
	c.Detail = fmt.Sprintf("%s lladdr %s dev %s", ip, e.MAC, host.nameOf(e.Link))
	if l := host.links[e.Link]; l == nil || l.Kind != "bridge" {
		c.answer(end{host, e.Link})
		c.through = l != nil && isInner(l)
		return c
	}
	f.learnt(host, e.MAC, &c, "")
	return c
}

// byMAC asks forwarding databases alone, for an interface without addresses.
func (f *finder) byMAC(p *pod, i *iface) candidate {
	c := candidate{Way: Way{Kind: WayFDB, State: WayNone, Detail: "no address"}}
	if p.node.space == nil {
		c.State, c.Detail = WayUnknown, "the namespace of "+p.node.Name+" was not read"
		return c
	}
	f.learnt(p.node.space, i.link.Address, &c, "MAC from the pod")
	return c
}

// neighbour gives the entry for an address that has a MAC, or says why there is
// none.
func (sp *space) neighbour(ip netip.Addr) (e *netstate.Neighbour, why string) {
	why = "no neighbour entry"
	for _, n := range sp.neigh[ip] {
		switch {
		case n.Flags&neighProxy != 0:
		case n.State&neighFailed != 0:
			why = "the neighbour entry has failed: nobody answered"
		case n.State&neighIncomplete != 0, n.MAC == "":
			why = "the neighbour entry has no answer yet"
		case e == nil:
			e = n
		}
	}
	return e, why
}

// learnt looks a MAC up in the forwarding databases of a namespace's bridges,
// and completes the answer.
func (f *finder) learnt(sp *space, mac string, c *candidate, from string) {
	say := func(s string) {
		if from != "" && !strings.HasPrefix(s, "no ") {
			s = from + ", " + s
		}
		if c.Detail != "" {
			s = c.Detail + "; " + s
		}
		c.Detail = s
	}
	if why, bad := sp.unreadable(netstate.PartFDB); bad {
		if c.State == WayNone {
			c.State = WayUnknown
		}
		say("forwarding databases are not known: " + why)
		return
	}
	entries := sp.fdb[macKey(mac)]
	if mac == "" || len(entries) == 0 {
		if c.MAC != "" || hasBridge(sp) {
			say("no fdb entry")
		}
		return
	}
	e := entries[0]
	c.Bridge = sp.nameOf(e.Master)
	c.answer(end{sp, e.Link})
	var where strings.Builder
	fmt.Fprintf(&where, "fdb of %s: %s", c.Bridge, c.Device)
	if l := sp.links[e.Link]; l != nil && l.Port != nil && l.Port.Number > 0 {
		fmt.Fprintf(&where, ", port %d", l.Port.Number)
	}
	for _, o := range entries[1:] {
		if o.Link != e.Link {
			fmt.Fprintf(&where, "; and %s of %s", sp.nameOf(o.Link), sp.nameOf(o.Master))
		}
	}
	say(where.String())
}

func hasBridge(sp *space) bool {
	for i := range sp.ns.Links {
		if sp.ns.Links[i].Kind == "bridge" {
			return true
		}
	}
	return false
}
