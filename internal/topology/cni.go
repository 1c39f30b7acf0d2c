package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

// recognise says of every pod by what it is connected, and of every node what
// most of its pods are.
func (f *finder) recognise() {
	products := f.products()
	for _, p := range f.pods {
		i := p.primary()
		if i == nil {
			continue
		}
		p.CNI = clueOf(f, p, i, products).name()
	}
	for _, n := range f.nodes {
		n.CNI = f.mostOf(n)
	}
}

// primary is the interface that a pod's default route leads by, or its first.
func (p *pod) primary() *iface {
	if len(p.ifaces) == 0 {
		return nil
	}
	for _, d := range p.space.table.defaults {
		for _, i := range p.ifaces {
			if i.link.Index == d.link {
				return i
			}
		}
	}
	return p.ifaces[0]
}

// mostOf is the CNI of most of a node's pods, of Kubernetes' where there are
// any. Its evidence is that of the first of them.
func (f *finder) mostOf(n *node) CNI {
	var best CNI
	count := map[string]int{}
	for _, kube := range []bool{true, false} {
		for _, p := range f.pods {
			if p.node != n || p.CNI.Name == "" || (p.Namespace != "") != kube {
				continue
			}
			count[p.CNI.String()]++
			if count[p.CNI.String()] > count[best.String()] {
				best = p.CNI
			}
		}
		if best.Name != "" {
			return best
		}
	}
	return best
}

// clue is what a CNI is recognised by: the parts of one interface's way.
type clue struct {
	*finder
	pod      *pod
	iface    *iface
	host     *netstate.Link // nil if there is none
	sp       *space         // of the host end, or of what a macvlan stands on
	bridge   *Step          // nil if there is none
	overlays []*Step
	products map[string]string
	evidence []string
}

func clueOf(f *finder, p *pod, i *iface, products map[string]string) *clue {
	c := &clue{finder: f, pod: p, iface: i, host: i.host.link(), sp: i.host.space, products: products}
	if c.sp == nil {
		c.sp = i.onto.space
	}
	for n := range i.Path {
		switch s := &i.Path[n]; s.Role {
		case trail.RoleBridge:
			c.bridge = s
		case trail.RoleOverlay:
			c.overlays = append(c.overlays, s)
		}
	}
	return c
}

// name tries the products, then the plugins that any product may use.
func (c *clue) name() CNI {
	if c.host != nil {
		for _, try := range [...]func(*clue) (string, string, bool){
			(*clue).calico, (*clue).cilium, (*clue).aws, (*clue).switched, (*clue).byName, (*clue).flannel, (*clue).bridged, (*clue).kindnet, (*clue).routedPair,
		} {
			if name, mode, ok := try(c); ok {
				return CNI{Name: name, Mode: mode, Evidence: c.evidence}
			}
			c.evidence = nil
		}
	}
	l := c.iface.link
	switch {
	case hasParent(l):
		c.saw("%s is %s on %s", l.Name, l.Kind, c.iface.Path[0].Parent)
		return CNI{Name: l.Kind, Mode: modeOf(l), Evidence: c.evidence}
	case l.Kind == "" && !l.Loopback():
		c.saw("%s is a network card in the pod's namespace", l.Name)
		return CNI{Name: "host-device", Evidence: c.evidence}
	}
	return CNI{Name: "unknown", Evidence: c.iface.Notes}
}

func modeOf(l *netstate.Link) string {
	switch {
	case l.MACVLAN != nil:
		return l.MACVLAN.Mode
	case l.IPVLAN != nil:
		return l.IPVLAN.Mode
	}
	return ""
}

func (c *clue) saw(format string, args ...any) {
	c.evidence = append(c.evidence, fmt.Sprintf(format, args...))
}

// sawHost notes the host end and the route to it.
func (c *clue) sawHost() {
	c.saw("host end %s", c.host.Name)
	for _, w := range c.iface.Ways {
		if w.Kind == WayRoute && w.State == WayFound && w.Agrees {
			c.saw("host route %s", w.Detail)
			break
		}
	}
}

func (c *clue) sawOverlays() {
	for _, s := range c.overlays {
		c.saw("%s %s", s.Name, describeOverlay(s.Overlay))
	}
}

// overlayKind is the kind of the overlay device that one of these names begins:
// one on the way, or one that is up and that no route leads to, as on the only
// node of a cluster; empty for none.
func (c *clue) overlayKind(prefix string) string {
	for _, s := range c.overlays {
		if strings.HasPrefix(s.Name, prefix) {
			return s.Kind
		}
	}
	for i := range c.sp.ns.Links {
		if l := &c.sp.ns.Links[i]; isOverlay(l) && l.Up() && strings.HasPrefix(l.Name, prefix) {
			c.saw("%s (%s), to which no route leads", l.Name, l.Kind)
			return l.Kind
		}
	}
	return ""
}

// toOthers is a route by a gateway that is no overlay's to what is no default:
// how nodes without encapsulation reach each other's pods. proto 0 takes all.
func (c *clue) toOthers(proto uint8, bits int) *netstate.Route {
	for i := range c.sp.ns.Routes {
		r := &c.sp.ns.Routes[i]
		if r.Type != typeUnicast || !r.Dst.IsValid() || r.Dst.Bits() == 0 || proto != 0 && r.Protocol != proto || bits != 0 && r.Dst.Bits() != bits {
			continue
		}
		for _, h := range c.sp.table.hops(r) {
			if l := c.sp.links[h.Link]; h.Gateway.IsValid() && l != nil && !isOverlay(l) && c.sameFamily(r.Dst.Addr()) {
				return r
			}
		}
	}
	return nil
}

func (c *clue) sameFamily(a netip.Addr) bool {
	return len(c.pod.Addresses) == 0 || slices.ContainsFunc(c.pod.Addresses, func(p netip.Addr) bool { return p.Is4() == a.Is4() })
}
