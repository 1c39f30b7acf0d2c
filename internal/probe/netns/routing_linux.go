package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routing is what the routes of a namespace say about its devices, over all
// tables and both families.
type routing struct {
	// defaults are the devices of default routes, first come first.
	defaults []int
	// gateways are the next hops of routes, by device.
	gateways map[int][]netip.Addr
	// configured are the devices that some route leads to which the kernel
	// did not make itself for an address.
	configured map[int]bool
}

// routing reads the routes one by one: a node may hold a million.
func (v *view) routing() (routing, error) {
	var r routing
	for range dumpTries {
		r = routing{gateways: map[int][]netip.Addr{}, configured: map[int]bool{}}
		err := v.nl.RouteListFilteredIter(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC},
			netlink.RT_FILTER_TABLE, func(route netlink.Route) bool {
				r.add(&route)
				return true
			})
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return routing{}, fmt.Errorf("list routes of %s: %w", v.ns.Label, err)
		}
	}
	return r, nil
}

func (r *routing) add(route *netlink.Route) {
	if route.Type != unix.RTN_UNICAST || route.Table == unix.RT_TABLE_LOCAL {
		return
	}
	byKernel := route.Protocol == unix.RTPROT_KERNEL
	isDefault := route.Dst == nil || isZero(route.Dst)
	// Some old kernels mark the default route of a router advertisement as
	// their own; in other tables such a route is Cilium's way to itself.
	if byKernel && (!isDefault || route.Table != unix.RT_TABLE_MAIN) {
		return
	}
	hops := route.MultiPath
	if len(hops) == 0 {
		hops = []*netlink.NexthopInfo{{LinkIndex: route.LinkIndex, Gw: route.Gw, Via: route.Via}}
	}
	for _, hop := range hops {
		if hop.LinkIndex == 0 {
			continue
		}
		r.configured[hop.LinkIndex] = true
		if isDefault && !slices.Contains(r.defaults, hop.LinkIndex) {
			r.defaults = append(r.defaults, hop.LinkIndex)
		}
		if gw := gatewayOf(hop); gw.IsValid() && !slices.Contains(r.gateways[hop.LinkIndex], gw) {
			r.gateways[hop.LinkIndex] = append(r.gateways[hop.LinkIndex], gw)
		}
	}
}

// leadsTo reports whether somebody configured a route by this device.
func (r routing) leadsTo(index int) bool { return r.configured[index] }

// onward gives the devices by which packets leave for other machines: those
// of default routes and of routes with a next hop.
func (r routing) onward() map[int]bool {
	out := map[int]bool{}
	for _, index := range r.defaults {
		out[index] = true
	}
	for index := range r.gateways {
		out[index] = true
	}
	return out
}

func gatewayOf(hop *netlink.NexthopInfo) netip.Addr {
	if gw := toAddr(hop.Gw); gw.IsValid() {
		return gw
	}
	if via, ok := hop.Via.(*netlink.Via); ok { // an IPv6 next hop of an IPv4 route, RFC 5549
		return toAddr(via.Addr)
	}
	return netip.Addr{}
}

func toAddr(ip net.IP) netip.Addr {
	a, ok := netip.AddrFromSlice(ip)
	if !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a.Unmap()
}

func isZero(n *net.IPNet) bool {
	ones, _ := n.Mask.Size()
	return ones == 0 && n.IP.IsUnspecified()
}
