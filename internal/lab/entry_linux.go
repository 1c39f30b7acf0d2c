package lab

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// addr adds an address; one that is not valid stands for a kernel without
// IPv6 and is left out.
func (s *space) addr(dev string, p netip.Prefix) {
	if !p.IsValid() {
		return
	}
	link := s.ref(dev)
	s.do("add address "+p.String()+" to "+dev, func() error {
		a := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD
		}
		return s.nl.AddrAdd(link, a)
	})
}

// route is one route to add; zero fields are left to the kernel.
type route struct {
	to    netip.Prefix
	via   netip.Addr // valid iff there is a gateway
	dev   string
	src   netip.Addr
	scope netlink.Scope // of IPv4 routes
	proto netlink.RouteProtocol
	flags int // RTNH_F_*
	kind  int // RTN_*
}

// route adds a route; one to nowhere valid stands for a kernel without IPv6
// and is left out.
func (s *space) route(r route) {
	if !r.to.IsValid() {
		return
	}
	nr := &netlink.Route{
		Dst: ipNet(r.to), Scope: r.scope, Protocol: r.proto,
		Flags: r.flags, Type: r.kind,
	}
	if r.dev != "" {
		nr.LinkIndex = s.dev(r.dev)
	}
	if r.via.IsValid() {
		nr.Gw = r.via.AsSlice()
	}
	if r.src.IsValid() {
		nr.Src = r.src.AsSlice()
	}
	s.do("add route to "+r.to.String(), func() error { return s.nl.RouteAdd(nr) })
}

// neighbour adds a permanent ARP or NDP entry, as flanneld's AddARP does.
func (s *space) neighbour(dev string, ip netip.Addr, mac string) {
	if !ip.IsValid() {
		return
	}
	n := &netlink.Neigh{
		LinkIndex: s.dev(dev), State: netlink.NUD_PERMANENT, Type: unix.RTN_UNICAST,
		IP: ip.AsSlice(), HardwareAddr: hardware(mac),
	}
	s.do("add neighbour "+ip.String(), func() error { return s.nl.NeighSet(n) })
}

// fdb tells a VXLAN device behind which node a MAC is, as flanneld's AddFDB.
func (s *space) fdb(dev string, node netip.Addr, mac string) {
	n := &netlink.Neigh{
		LinkIndex: s.dev(dev), State: netlink.NUD_PERMANENT, Family: unix.AF_BRIDGE,
		Flags: netlink.NTF_SELF, IP: node.AsSlice(), HardwareAddr: hardware(mac),
	}
	s.do("add forwarding entry "+mac, func() error { return s.nl.NeighSet(n) })
}

// ipNet converts without masking: an address keeps its host part.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// single is the prefix of one address; not valid if the address is not.
func single(a netip.Addr) netip.Prefix {
	if !a.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// within gives an address a prefix length; not valid if the address is not.
func within(a netip.Addr, bits int) netip.Prefix {
	if !a.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, bits)
}
