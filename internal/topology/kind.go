package topology

import (
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// isPair reports whether Link.Parent names the other end of the link.
func isPair(l *netstate.Link) bool { return l.Kind == "veth" || l.Kind == "netkit" }

// hasParent reports whether the link shares another link's wire.
func hasParent(l *netstate.Link) bool {
	switch l.Kind {
	case "macvlan", "macvtap", "ipvlan", "ipvtap":
		return true
	}
	return false
}

// isOverlay reports whether the link puts packets into others for the way
// between nodes.
func isOverlay(l *netstate.Link) bool {
	switch l.Kind {
	case "vxlan", "geneve", "ipip", "sit", "ip6tnl", "gre", "gretap", "ip6gre", "ip6gretap", "wireguard":
		return true
	}
	return false
}

// isFallback reports whether the link is one that a tunnel module makes in
// every namespace, unused and down: tunl0, gre0, sit0 and so on.
func isFallback(l *netstate.Link) bool {
	if l.Up() {
		return false
	}
	switch l.Name {
	case "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0":
		return true
	}
	return false
}

// isCard reports whether a link is a machine's way out: a network card, or what
// stands for one.
func isCard(l *netstate.Link) bool {
	switch l.Kind {
	case "", "bond", "team", "vlan":
		return !l.Loopback()
	}
	return false
}

// isInner reports whether a device with a next hop is no way out: by Cilium's own
// pair, and by the ports of Open vSwitch that some products make, routes lead
// packets to programs and flows.
func isInner(l *netstate.Link) bool {
	switch l.Name {
	case "ovn-k8s-mp0", "antrea-gw0", "ovn0":
		return true
	}
	return strings.HasPrefix(l.Name, "cilium_")
}

// counts reports whether a pod's interface is one to show.
func counts(l *netstate.Link) bool { return !l.Loopback() && !isFallback(l) }

// macKey makes hardware addresses comparable.
func macKey(s string) string { return strings.ToLower(s) }
