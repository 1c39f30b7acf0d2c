package topology

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
)

// peer goes from the pod's interface to the one that it names.
func (f *finder) peer(p *pod, i *iface) candidate {
	c := candidate{Way: Way{Kind: WayPeer, State: WayNone}}
	l := i.link
	other, why, known := p.space.far(l)
	switch {
	case other == nil && known:
		c.Detail = why
		return c
	case other == nil:
		c.State, c.Detail = WayUnknown, fmt.Sprintf("%s names interface %d as its other end; %s", l.Name, l.Parent, why)
		f.byNumber(p, i, &c)
		return c
	}
	c.Detail = fmt.Sprintf("%s names interface %d", l.Name, l.Parent)
	if other.links[l.Parent] == nil {
		if why, bad := other.unreadable(netstate.PartLinks); bad {
			c.State = WayUnknown
			c.Detail += ", and those of " + spaceName(other) + " are not known: " + why
			return c
		}
		c.Detail += ", which " + spaceName(other) + " has not"
		return c
	}
	c.answer(end{other, l.Parent})
	if other != p.space {
		c.Detail += " of " + spaceName(other)
	}
	return c
}

// byNumber takes the node's interface of that number where it names the pod's
// number too: the namespace is not known, but hardly another.
func (f *finder) byNumber(p *pod, i *iface, c *candidate) {
	host := p.node.space
	if host == nil || i.link.ParentNSID == nil {
		return
	}
	l := host.links[i.link.Parent]
	if l == nil || !isPair(l) || l.Parent != i.link.Index || l.ParentNSID == nil {
		return
	}
	if other, _, _ := host.far(l); other != nil && other != p.space {
		return // that one is another pod's
	}
	c.answer(end{host, l.Index})
	c.Detail += fmt.Sprintf("; %s of %s names %d", l.Name, p.node.Name, l.Parent)
}

// backwards looks for the interface that names the pod's.
func (f *finder) backwards(p *pod, i *iface) candidate {
	c := candidate{Way: Way{Kind: WayBack, State: WayNone, Detail: "no interface names " + i.link.Name}}
	e, ok := f.back[end{p.space, i.link.Index}]
	if !ok {
		if n := p.node; n.space == nil {
			c.State, c.Detail = WayUnknown, "the namespace of "+n.Name+" was not read"
		} else if why, bad := n.space.unreadable(netstate.PartLinks); bad {
			c.State, c.Detail = WayUnknown, "the interfaces of "+n.Name+" are not known: "+why
		} else if f.someUnknown(n.space) {
			c.State, c.Detail = WayUnknown, "not all namespaces that interfaces of "+n.Name+" name are known"
		}
		return c
	}
	c.answer(e)
	c.Detail = fmt.Sprintf("%s of %s names interface %d", c.Device, spaceName(e.space), i.link.Index)
	return c
}

// someUnknown reports whether a namespace has pairs whose other end could be
// anywhere.
func (f *finder) someUnknown(sp *space) bool {
	for i := range sp.ns.Links {
		l := &sp.ns.Links[i]
		if !isPair(l) {
			continue
		}
		if other, _, known := sp.far(l); other == nil && !known {
			return true
		}
	}
	return false
}

// parent finds what a macvlan or ipvlan stands on. There is no host end, and no
// table of the node tells its pods apart.
func (f *finder) parent(p *pod, i *iface) {
	l := i.link
	c := candidate{Way: Way{Kind: WayPeer, State: WayNone}}
	other, why, known := p.space.far(l)
	switch {
	case other != nil && other.links[l.Parent] != nil:
		c.answer(end{other, l.Parent})
		c.Agrees = true
		c.Detail = fmt.Sprintf("%s stands on interface %d of %s", l.Name, l.Parent, spaceName(other))
		i.onto, i.By = c.end, WayPeer
		i.note(fmt.Sprintf("%s is %s on %s: it has no host end, and packets between it and others on the same parent do not pass there",
			i.name(), l.Kind, c.Device))
	case other != nil:
		c.Detail = fmt.Sprintf("its parent, interface %d, is not in %s", l.Parent, spaceName(other))
	default:
		c.Detail = why
		if !known {
			c.State = WayUnknown
		}
		f.parentByNumber(p, i, &c)
	}
	if i.onto.space == nil {
		i.note(i.of("parent") + " was not found: " + c.Detail)
	}
	i.Ways = append(i.Ways, c.Way)
}

// parentByNumber takes the node's own card of that number where the namespace
// is not known.
func (f *finder) parentByNumber(p *pod, i *iface, c *candidate) {
	host := p.node.space
	if host == nil || i.link.ParentNSID == nil || i.link.Parent <= 0 {
		return
	}
	l := host.links[i.link.Parent]
	if l == nil || !isCard(l) && l.Kind != "veth" {
		return
	}
	c.answer(end{host, l.Index})
	c.Agrees = true
	c.Detail += fmt.Sprintf("; interface %d of %s is %s", l.Index, p.node.Name, l.Name)
	i.onto, i.By = c.end, WayPeer
}
