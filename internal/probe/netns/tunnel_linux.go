package netns

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// tunnel is what an overlay device says about its outer packets.
type tunnel struct {
	lower         int        // ifindex; valid iff positive
	local, remote netip.Addr // valid iff IsValid
}

func tunnelOf(l netlink.Link) tunnel {
	var t tunnel
	switch x := l.(type) {
	case *netlink.Vxlan:
		t = tunnel{x.VtepDevIndex, toAddr(x.SrcAddr), toAddr(x.Group)}
	case *netlink.Geneve:
		t = tunnel{int(x.Link), netip.Addr{}, toAddr(x.Remote)}
	case *netlink.Iptun:
		t = tunnel{int(x.Link), toAddr(x.Local), toAddr(x.Remote)}
	case *netlink.Sittun:
		t = tunnel{int(x.Link), toAddr(x.Local), toAddr(x.Remote)}
	case *netlink.Ip6tnl:
		t = tunnel{int(x.Link), toAddr(x.Local), toAddr(x.Remote)}
	case *netlink.Gretun:
		t = tunnel{int(x.Link), toAddr(x.Local), toAddr(x.Remote)}
	case *netlink.Gretap:
		t = tunnel{int(x.Link), toAddr(x.Local), toAddr(x.Remote)}
	}
	if t.lower == 0 {
		t.lower = l.Attrs().ParentIndex
	}
	return t
}

// address is one address of a namespace.
type address struct {
	index int
	addr  netip.Addr
}

func (v *view) addresses() ([]address, error) {
	list, err := repeatDump(func() ([]netlink.Addr, error) { return v.nl.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("list addresses of %s: %w", v.ns.Label, err)
	}
	out := make([]address, 0, len(list))
	for _, a := range list {
		if a.IPNet == nil {
			continue
		}
		if ip := toAddr(a.IP); ip.IsValid() {
			out = append(out, address{a.LinkIndex, ip})
		}
	}
	return out, nil
}
