//go:build !pktrail_lite

package nftrace

import (
	"slices"

	"github.com/vishvananda/netlink"
)

// tunnelPorts are the UDP ports on which tunnels may carry Ethernet: those of
// the calling thread's namespace and, since packets of others pass through,
// those that are usual: VXLAN's by IANA and by Linux, and Geneve's.
func tunnelPorts() []uint16 {
	ports := []uint16{4789, 8472, 6081}
	links, err := netlink.LinkList()
	if err != nil {
		return ports // what is usual serves most
	}
	for _, l := range links {
		port := uint16(0)
		switch l := l.(type) {
		case *netlink.Vxlan:
			port = uint16(l.Port)
		case *netlink.Geneve:
			port = l.Dport
		}
		if port != 0 && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}
