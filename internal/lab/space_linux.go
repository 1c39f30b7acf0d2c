package lab

import (
	"errors"
	"fmt"
	"net"
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

func inodeOf(f *os.File) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, fmt.Errorf("stat %s: %w", filepath.Base(f.Name()), err)
	}
	return st.Ino, nil
}
