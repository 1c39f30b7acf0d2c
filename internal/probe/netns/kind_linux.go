package netns

import (
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// isPair reports whether IFLA_LINK names the other end of the link.
func isPair(l netlink.Link) bool {
	k := kindOf(l)
	return k == "veth" || k == "netkit"
}

// hasParent reports whether the link shares another link's wire.
func hasParent(l netlink.Link) bool {
	switch kindOf(l) {
	case "macvlan", "macvtap", "ipvlan", "ipvtap":
		return true
	}
	return false
}

// isOverlay reports whether the link puts packets into others for the way
// between nodes.
func isOverlay(l netlink.Link) bool {
	switch kindOf(l) {
	case "vxlan", "geneve", "ipip", "sit", "ip6tnl", "gre", "gretap", "ip6gre", "ip6gretap", "wireguard":
		return true
	}
	return false
}

// isFallback reports whether the link is one that a tunnel module makes in
// every namespace, unused and down: tunl0, gre0, sit0 and so on.
func isFallback(l netlink.Link) bool {
	if isUp(l) {
		return false
	}
	switch l.Attrs().Name {
	case "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0":
		return true
	}
	return false
}

func isUp(l netlink.Link) bool       { return l.Attrs().Flags&net.FlagUp != 0 }
func isLoopback(l netlink.Link) bool { return l.Attrs().RawFlags&unix.IFF_LOOPBACK != 0 }
