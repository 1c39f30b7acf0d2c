package topology

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Numbers of linux/rtnetlink.h and linux/fib_rules.h.
const (
	tableLocal, tableMain, tableDefault = 255, 254, 253

	typeUnicast, typeLocal                              = 1, 2
	typeBlackhole, typeUnreachable, typeProhibit, throw = 6, 7, 8, 9

	protoKernel, protoBird = 2, 12

	hopDead, hopOnlink = 1, 4

	ruleTable, ruleGoto, ruleNop = 1, 2, 3
	ruleNot                      = 2

	metricMTU = 2 // RTAX_MTU
)

// routing is a namespace's routes by what they are looked up for, and what they
// say about its devices over all tables and both families.
type routing struct {
	tables map[uint32]map[netip.Prefix][]*netstate.Route
	// lengths are the prefix lengths that a table has, the longest first.
	lengths map[uint32][]int
	rules4  []*netstate.Rule
	rules6  []*netstate.Rule
	// defaults are the routes to everywhere by device, first come first.
	defaults []way
	// gateways are the next hops of routes by device; configured are the
	// devices that some route leads to which the kernel did not make itself for
	// an address.
	gateways   map[int][]netip.Addr
	configured map[int]*netstate.Route
	// mtus are the smallest of such routes (RTAX_MTU), nets where they lead.
	mtus   map[int]int
	nets   map[hopKey][]netip.Prefix
	hopsOf map[uint32]*netstate.Nexthop
}

// hopKey is a next hop.
type hopKey struct {
	link    int
	gateway netip.Addr
}

// way is a route by one of its devices.
type way struct {
	link  int
	route *netstate.Route
}

func newRouting(ns *netstate.Namespace) *routing {
	r := &routing{
		tables: map[uint32]map[netip.Prefix][]*netstate.Route{}, lengths: map[uint32][]int{},
		gateways: map[int][]netip.Addr{}, configured: map[int]*netstate.Route{}, mtus: map[int]int{},
		nets:   map[hopKey][]netip.Prefix{},
		hopsOf: map[uint32]*netstate.Nexthop{},
	}
	for i := range ns.Nexthops {
		r.hopsOf[ns.Nexthops[i].ID] = &ns.Nexthops[i]
	}
	for i := range ns.Routes {
		r.add(&ns.Routes[i])
	}
	for t, byPrefix := range r.tables {
		for p := range byPrefix {
			if !slices.Contains(r.lengths[t], p.Bits()) {
				r.lengths[t] = append(r.lengths[t], p.Bits())
			}
		}
		slices.SortFunc(r.lengths[t], func(a, b int) int { return cmp.Compare(b, a) })
	}
	for i := range ns.Rules {
		switch rule := &ns.Rules[i]; rule.Family {
		case "inet":
			r.rules4 = append(r.rules4, rule)
		case "inet6":
			r.rules6 = append(r.rules6, rule)
		}
	}
	byPriority := func(a, b *netstate.Rule) int { return cmp.Compare(a.Priority, b.Priority) }
	slices.SortStableFunc(r.rules4, byPriority)
	slices.SortStableFunc(r.rules6, byPriority)
	return r
}

func (r *routing) add(route *netstate.Route) {
	if !route.Dst.IsValid() || route.Src.IsValid() && route.Src.Bits() > 0 {
		return
	}
	byPrefix := r.tables[route.Table]
	if byPrefix == nil {
		byPrefix = map[netip.Prefix][]*netstate.Route{}
		r.tables[route.Table] = byPrefix
	}
	dst := route.Dst.Masked()
	byPrefix[dst] = append(byPrefix[dst], route)

	if route.Type != typeUnicast || route.Table == tableLocal || dst.Addr().IsMulticast() {
		return
	}
	isDefault := dst.Bits() == 0
	// Some old kernels mark the default route of a router advertisement as
	// their own; in other tables such a route is Cilium's way to itself.
	if route.Protocol == protoKernel && (!isDefault || route.Table != tableMain) {
		return
	}
	for _, hop := range r.hops(route) {
		if hop.Link == 0 {
			continue
		}
		if r.configured[hop.Link] == nil {
			r.configured[hop.Link] = route
		}
		if isDefault && !slices.ContainsFunc(r.defaults, func(w way) bool { return w.link == hop.Link }) {
			r.defaults = append(r.defaults, way{hop.Link, route})
		}
		if key := (hopKey{hop.Link, hop.Gateway}); hop.Gateway.IsValid() {
			if r.nets[key] == nil {
				r.gateways[hop.Link] = append(r.gateways[hop.Link], hop.Gateway)
			}
			if len(byPrefix[dst]) == 1 || r.nets[key] == nil {
				r.nets[key] = append(r.nets[key], dst)
			}
		}
		if m := int(route.Metrics[metricMTU]); m > 0 && (r.mtus[hop.Link] == 0 || m < r.mtus[hop.Link]) {
			r.mtus[hop.Link] = m
		}
	}
}

// hops gives the ways of a route, those of its nexthop object where the route
// itself has none.
func (r *routing) hops(route *netstate.Route) []netstate.Hop {
	if len(route.Hops) > 0 || route.NexthopID == 0 {
		return route.Hops
	}
	obj := r.hopsOf[route.NexthopID]
	switch {
	case obj == nil:
		return nil
	case obj.Hop != nil:
		return []netstate.Hop{*obj.Hop}
	}
	var out []netstate.Hop
	for _, share := range obj.Group {
		if member := r.hopsOf[share.ID]; member != nil && member.Hop != nil {
			out = append(out, *member.Hop)
		}
	}
	return out
}

// onward gives the devices by which packets leave for other machines, those of
// default routes and of routes with a next hop, by their index, each with a
// route that says so.
func (r *routing) onward() []way {
	out := slices.Clone(r.defaults)
	for link := range r.gateways {
		if !slices.ContainsFunc(out, func(w way) bool { return w.link == link }) {
			out = append(out, way{link, r.configured[link]})
		}
	}
	slices.SortFunc(out, func(a, b way) int { return cmp.Compare(a.link, b.link) })
	return out
}
