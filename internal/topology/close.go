package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

func number(n uint16) string { return strconv.Itoa(int(n)) }

// addresses warns of an address that two pods have, or a pod and a node, where
// they can meet.
func (f *finder) addresses() {
	type key struct {
		ip    netip.Addr
		realm *space
	}
	owners := map[key][]*pod{}
	for _, p := range f.pods {
		if p.HostNetwork {
			continue
		}
		for _, a := range p.Addresses {
			k := key{a, f.realmOf(p.node)}
			if !slices.Contains(owners[k], p) {
				owners[k] = append(owners[k], p)
			}
		}
	}
	for _, p := range f.pods {
		if p.HostNetwork {
			continue
		}
		for _, a := range p.Addresses {
			for _, o := range owners[key{a, f.realmOf(p.node)}] {
				if o != p && f.meet(p, o) {
					p.warn(WarnAddress, fmt.Sprintf("%s is also an address of %s on %s", a, o.ID(), o.node.Name), "one address given twice")
				}
			}
			for _, n := range f.nodes {
				if n.space != p.space && f.realmOf(n) == f.realmOf(p.node) && slices.Contains(n.Addresses, a) {
					p.warn(WarnAddress, fmt.Sprintf("%s is also an address of node %s", a, n.Name), "one address given twice")
				}
			}
		}
	}
}

// meet reports whether two pods are of one network: on one node, or of one
// cluster. Containers of two machines may well have the same address.
func (f *finder) meet(a, b *pod) bool {
	if a.node == b.node || f.state.Cluster != nil && a.Namespace != "" && b.Namespace != "" {
		return true
	}
	return a.node.space != nil && b.node.space != nil && !a.node.space.ns.Host && !b.node.space.ns.Host
}

// needed are the parts that the map is made of.
var needed = [...]netstate.Part{
	netstate.PartNamespaces, netstate.PartWorkloads, netstate.PartLinks, netstate.PartAddresses,
	netstate.PartRoutes, netstate.PartRules, netstate.PartNeighbours, netstate.PartFDB,
}

// unread warns of parts that the map lacks.
func (f *finder) unread() {
	for _, n := range f.nodes {
		if n.space == nil {
			n.warn(WarnUnreadable, "its own namespace was not read", "")
		} else {
			unreadIn(n.space.ns, n.warn)
		}
		if n.space != nil && !n.space.ns.Host {
			continue
		}
		for _, u := range n.snap.Unreadable {
			if slices.Contains(needed[:], u.Part) {
				n.warn(WarnUnreadable, unreadText(u), "")
			}
		}
	}
	for _, p := range f.pods {
		if p.space != nil && !p.HostNetwork {
			unreadIn(p.space.ns, p.warn)
		}
	}
	if c := f.state.Cluster; c != nil {
		for _, u := range c.Unreadable {
			f.warn(WarnUnreadable, unreadText(u), "")
		}
	}
}

func unreadIn(ns *netstate.Namespace, warn func(WarningKind, string, string)) {
	for _, u := range ns.Unreadable {
		if slices.Contains(needed[:], u.Part) {
			warn(WarnUnreadable, unreadText(u), "")
		}
	}
	for _, part := range ns.Changed {
		if slices.Contains(needed[:], part) {
			warn(WarnChanged, string(part)+" changed while they were read", "")
		}
	}
}

func unreadText(u netstate.Unreadable) string {
	what := string(u.Part)
	if u.What != "" {
		what += " (" + u.What + ")"
	}
	return what + " not read: " + u.Why
}
