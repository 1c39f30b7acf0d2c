package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// space configures one network namespace by netlink. The first error stays
// in err, and everything after it does nothing: wiring reads like a list.
type space struct {
	name  string
	ns    *os.File
	nl    *netlink.Handle
	index map[string]int // of devices, by name
	err   error
}

func openSpace(name string) (*space, error) {
	ns, err := openNamespace(name)
	if err != nil {
		return nil, err
	}
	var nl *netlink.Handle
	err = doIn(ns, func() (err error) {
		nl, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err != nil {
		ns.Close()
		return nil, fmt.Errorf("speak netlink in %s: %w", name, err)
	}
	return &space{name: name, ns: ns, nl: nl, index: map[string]int{}}, nil
}

func (s *space) close() {
	s.nl.Close()
	s.ns.Close()
}

// links lists the devices. A list that changed while it was read is read
// again.
func (s *space) links() ([]netlink.Link, error) {
	for range 10 {
		links, err := s.nl.LinkList()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return links, err
		}
	}
	return nil, netlink.ErrDumpInterrupted
}

// do keeps the first error and skips what follows it.
func (s *space) do(what string, f func() error) {
	if s.err != nil {
		return
	}
	if err := f(); err != nil {
		s.err = fmt.Errorf("%s: %s: %w", s.name, what, err)
	}
}

// dev returns the index of a device; 0 with s.err set if there is none.
func (s *space) dev(name string) int {
	if i, ok := s.index[name]; ok {
		return i
	}
	s.do("find "+name, func() error {
		l, err := s.nl.LinkByName(name)
		if err == nil {
			s.index[name] = l.Attrs().Index
		}
		return err
	})
	return s.index[name]
}

// ref names a device in a request by its index.
func (s *space) ref(name string) netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: name, Index: s.dev(name)}}
}

// add makes a device.
func (s *space) add(l netlink.Link) {
	s.do("add "+l.Type()+" "+l.Attrs().Name, func() error {
		err := s.nl.LinkAdd(l)
		if errors.Is(err, unix.EOPNOTSUPP) {
			return &KernelError{Kind: l.Type(), Config: configOf(l.Type()), Err: err}
		}
		return err
	})
}

// configOf names the kernel configuration that brings a kind of device.
func configOf(kind string) string {
	switch kind {
	case "bridge":
		return "CONFIG_BRIDGE"
	case "vxlan":
		return "CONFIG_VXLAN"
	case "macvlan":
		return "CONFIG_MACVLAN"
	case "ipvlan":
		return "CONFIG_IPVLAN"
	}
	return "CONFIG_VETH"
}

// addVeth makes a veth pair: d here and peer in the other namespace.
func (s *space) addVeth(d Device, other *space, peer Device) {
	s.add(&netlink.Veth{
		LinkAttrs:        attrs(d),
		PeerName:         peer.Name,
		PeerHardwareAddr: hardware(peer.MAC),
		PeerNamespace:    netlink.NsFd(other.ns.Fd()),
		PeerTxQLen:       -1, // the kernel's default, as on this end
		PeerMTU:          uint32(peer.MTU),
	})
}

func (s *space) up(dev string) {
	link := s.ref(dev)
	s.do("set "+dev+" up", func() error { return s.nl.LinkSetUp(link) })
}

// plug makes dev a port of the bridge.
func (s *space) plug(dev, bridge string, hairpin bool) {
	link, master := s.ref(dev), s.dev(bridge)
	s.do("plug "+dev+" into "+bridge, func() error {
		if err := s.nl.LinkSetMasterByIndex(link, master); err != nil || !hairpin {
			return err
		}
		return s.nl.LinkSetHairpin(link, true)
	})
}

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

// sysctl writes settings below /proc/sys/net, as path and value by turns.
func (s *space) sysctl(pairs ...string) {
	s.do("configure", func() error {
		return doIn(s.ns, func() error { return sysctl(pairs...) })
	})
}

// alias sets a device's alias.
func (s *space) alias(dev, text string) {
	link := s.ref(dev)
	s.do("mark "+dev, func() error { return s.nl.LinkSetAlias(link, text) })
}

func attrs(d Device) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name, a.MTU, a.HardwareAddr = d.Name, d.MTU, hardware(d.MAC)
	return a
}

// hardware converts an address that the plan made.
func hardware(mac string) net.HardwareAddr {
	if mac == "" {
		return nil
	}
	a, err := net.ParseMAC(mac)
	if err != nil {
		panic(err) // plan.go makes no other
	}
	return a
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

func inodeOf(f *os.File) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, fmt.Errorf("stat %s: %w", filepath.Base(f.Name()), err)
	}
	return st.Ino, nil
}
