package ask

import (
	"net/netip"
	"strconv"
)

// Entry is one route: as it stands in its table, or as the kernel has made it
// for one destination.
type Entry struct {
	// Type is one of linux/rtnetlink.h's RTN_ constants; TypeName gives its
	// name.
	Type uint8
	// Dst is the route's prefix; a whole address in an answer.
	Dst netip.Prefix
	// Src is the source prefix of an IPv6 route, or the address that was asked
	// for; invalid is any.
	Src netip.Prefix
	// TOS is 0 for a route that serves all.
	TOS uint8
	// Table is its number: 254 main, 255 local, 253 default.
	Table uint32
	// Protocol says who made it (RTPROT_), Scope how far it reaches
	// (RT_SCOPE_).
	Protocol, Scope uint8
	// Flags are RTNH_F_ and RTM_F_ bits.
	Flags uint32
	// Hops are the next hops; none for blackhole and its like.
	Hops []Hop
	// multipath: the hops came as a list, though it may have one member.
	multipath bool
	// PrefSrc is the address that packets of our own get; may be invalid.
	PrefSrc netip.Addr
	// Metric decides between equal prefixes: the lowest wins.
	Metric    uint32
	hasMetric bool
	// Nexthop is the id of its nexthop object; valid iff not 0.
	Nexthop uint32

	// What only an answer has.
	mark     uint32
	uid      uint32
	hasUID   bool
	in       int
	inName   string
	expires  int32
	errno    int32
	metrics  []metric
	pref     uint8
	hasPref  bool
	isIPv6   bool
	flowReal uint32
}

// Hop is one way that a route leads.
type Hop struct {
	// Device is its name, Index its ifindex.
	Device string
	Index  int
	// Gateway is invalid for a destination on the link; it may be an IPv6
	// address in an IPv4 route (RFC 5549).
	Gateway netip.Addr
	// Weight of this hop among several, from 1.
	Weight int
	// Flags are RTNH_F_ bits (linux/rtnetlink.h): 1 dead, 4 onlink, 16
	// linkdown.
	Flags uint32
}

// metric is one RTAX_ attribute.
type metric struct {
	kind  uint16
	value uint32
	text  string
}

// Types of routes, flags and more of linux/rtnetlink.h.
const (
	typeUnicast     = 1
	typeLocal       = 2
	typeBroadcast   = 3
	typeAnycast     = 4
	typeMulticast   = 5
	typeBlackhole   = 6
	typeUnreachable = 7
	typeProhibit    = 8
	typeThrow       = 9

	flagDead     = 1
	flagOnLink   = 4
	flagLinkDown = 16
	flagCloned   = 0x200

	tableDefault = 253
	tableMain    = 254
	tableLocal   = 255
)

// TypeName is the route's type as iproute2 writes it: "unicast", "blackhole".
func (e Entry) TypeName() string { return routeType(e.Type) }

func routeType(t uint8) string {
	names := [...]string{
		0: "none", typeUnicast: "unicast", typeLocal: "local", typeBroadcast: "broadcast",
		typeAnycast: "anycast", typeMulticast: "multicast", typeBlackhole: "blackhole",
		typeUnreachable: "unreachable", typeProhibit: "prohibit", typeThrow: "throw", 10: "nat", 11: "xresolve",
	}
	if int(t) < len(names) {
		return names[t]
	}
	return strconv.Itoa(int(t))
}

func scopeName(s uint8) string {
	switch s {
	case 0:
		return "global"
	case 200:
		return "site"
	case 253:
		return "link"
	case 254:
		return "host"
	case 255:
		return "nowhere"
	}
	return strconv.Itoa(int(s))
}

// protocolName is who made a route, as Debian's rt_protos has it.
func protocolName(p uint8) string {
	names := map[uint8]string{
		0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt",
		11: "zebra", 12: "bird", 13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp", 18: "keepalived",
		42: "babel", 99: "openr", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
	}
	if n, ok := names[p]; ok {
		return n
	}
	return strconv.Itoa(int(p))
}

// leadsBy reports whether a hop goes out by this device.
func (e Entry) leadsBy(device string) bool {
	for _, h := range e.Hops {
		if h.Device == device {
			return true
		}
	}
	return false
}

// Devices are those of the hops, each once.
func (e Entry) Devices() []string {
	var names []string
	seen := map[string]bool{}
	for _, h := range e.Hops {
		if h.Device != "" && !seen[h.Device] {
			seen[h.Device] = true
			names = append(names, h.Device)
		}
	}
	return names
}
