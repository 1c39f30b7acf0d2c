package netns

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

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
