package topology

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// roleOrder is the order in which a packet on its way out meets the roles.
var roleOrder = [...]trail.Role{trail.RolePod, trail.RoleHost, trail.RoleBridge, trail.RoleOverlay, trail.RoleUplink}

func rank(r trail.Role) int { return slices.Index(roleOrder[:], r) }

// devices gives every node its bridges, overlays and uplinks: those that its
// pods lead to, those of its own routes, and all overlays that are up. Its addresses are those of its
// uplinks.
func (f *finder) devices() {
	for _, n := range f.nodes {
		if n.space == nil {
			n.addClusterAddresses()
			continue
		}
		own := &tracer{finder: f, node: n, iface: &iface{}}
		own.routed(n.space, nil, -1)
		for i := range n.space.ns.Links { // others may send to one that no route leads to
			if l := &n.space.ns.Links[i]; isOverlay(l) && l.Up() {
				own.onOverlay(n.space, l, -1, "no route leads to it")
			}
		}
		paths := [][]Step{own.iface.Path}
		for _, p := range f.pods {
			for _, i := range p.ifaces {
				if p.node == n {
					paths = append(paths, i.Path)
				}
			}
		}
		seen := map[int]bool{}
		for _, path := range paths {
			for _, s := range path {
				if s.Netns == n.space.ns.Inode && rank(s.Role) >= rank(trail.RoleBridge) && !seen[s.Index] {
					seen[s.Index] = true
					n.Devices = append(n.Devices, s.Device)
				}
			}
		}
		slices.SortStableFunc(n.Devices, func(a, b Device) int {
			return cmp.Or(cmp.Compare(rank(a.Role), rank(b.Role)), cmp.Compare(a.Index, b.Index))
		})
		for _, d := range n.Devices {
			if d.Role == trail.RoleUplink {
				n.addAddresses(d.Addresses)
			}
		}
		n.addClusterAddresses()
	}
	for _, p := range f.pods {
		if p.HostNetwork && len(p.Addresses) == 0 {
			p.Addresses = slices.Clone(p.node.Addresses)
		}
	}
}

func (n *node) addAddresses(list []netip.Prefix) {
	for _, p := range list {
		if !slices.Contains(n.Addresses, p.Addr()) {
			n.Addresses = append(n.Addresses, p.Addr())
		}
	}
}

func (n *node) addClusterAddresses() {
	if n.known == nil {
		return
	}
	for _, a := range n.known.Addresses {
		if !slices.Contains(n.Addresses, a) {
			n.Addresses = append(n.Addresses, a)
		}
	}
}

// networks finds the uplinks that have addresses of one network, of those that
// can meet: IPv4 and global IPv6, whichever the nodes have.
func (f *finder) networks() {
	type key struct {
		prefix netip.Prefix
		realm  *space
	}
	at := map[key]*Network{}
	var order []*Network
	nodes := slices.Clone(f.nodes)
	slices.SortStableFunc(nodes, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	for _, n := range nodes {
		for _, d := range n.Devices {
			for _, a := range d.Addresses {
				if d.Role != trail.RoleUplink || a.IsSingleIP() {
					continue
				}
				k := key{a.Masked(), f.realmOf(n)}
				if at[k] == nil {
					at[k] = &Network{Prefix: k.prefix}
					order = append(order, at[k])
				}
				at[k].Members = append(at[k].Members, Member{Node: n.Name, Device: d.Name, Addr: a.Addr()})
			}
		}
	}
	for _, net := range order {
		if slices.ContainsFunc(net.Members, func(m Member) bool { return m.Node != net.Members[0].Node }) {
			f.m.Networks = append(f.m.Networks, *net)
		}
	}
	slices.SortStableFunc(f.m.Networks, func(a, b Network) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
}
