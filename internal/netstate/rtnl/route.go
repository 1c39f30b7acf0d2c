package rtnl

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// rtmsgLen is the length of struct rtmsg (linux/rtnetlink.h).
const rtmsgLen = 12

// Address families: AF_* of linux/socket.h, RTNL_FAMILY_* of linux/rtnetlink.h.
const (
	familyIPv4 = 2
	familyIPv6 = 10
	familyMPLS = 28
	familyIPMR = 128
	familyIP6R = 129
)

// userHZ is how many ticks a second has in what the kernel tells (USER_HZ):
// 100 on all machines that Go runs on.
const userHZ = 100

// Route decodes the body of an RTM_NEWROUTE. An error means that the message is
// not whole, or that a prefix does not fit its family.
func Route(b []byte) (netstate.Route, error) {
	if len(b) < rtmsgLen {
		return netstate.Route{}, fmt.Errorf("decode route: %w", errCut)
	}
	r := netstate.Route{
		Family: routeFamily(b[0]), TOS: b[3], Table: uint32(b[4]), Protocol: b[5], Scope: b[6], Type: b[7], Flags: u32(b[8:]),
	}
	d := routeParts{}
	known := addrFamily(b[0]) != 0 || b[0] == familyMPLS
	whole := nlattr.Each(b[rtmsgLen:], func(typ uint16, v []byte) {
		if !known || len(v) < routeAttrLen(typ) || !d.address(b[0], typ, v) && !d.way(&r, typ, v) && !routeAttr(&r, typ, v) {
			r.Raw = keep(r.Raw, typ, v)
		}
	})
	if !whole {
		return netstate.Route{}, fmt.Errorf("decode route: %w", errCut)
	}
	d.finish(&r)
	if addrFamily(b[0]) == 0 {
		r.Labels = d.labels
		return r, nil
	}
	var err error
	if r.Dst, err = prefixOf(d.dst, b[1], b[0]); err == nil && (b[2] != 0 || d.src.IsValid()) {
		r.Src, err = prefixOf(d.src, b[2], b[0])
	}
	if err != nil {
		return netstate.Route{}, fmt.Errorf("decode route: %w", err)
	}
	return r, nil
}

// routeFamily names a family as netstate.Route does.
func routeFamily(family uint8) string {
	switch family {
	case familyIPv4:
		return "inet"
	case familyIPv6:
		return "inet6"
	case familyMPLS:
		return "mpls"
	case familyIPMR:
		return "ipmr"
	case familyIP6R:
		return "ip6mr"
	}
	return strconv.Itoa(int(family))
}

// addrFamily is the family of a route's or rule's addresses: IPv4, IPv6, or 0
// for neither.
func addrFamily(family uint8) uint8 {
	switch family {
	case familyIPv4, familyIPMR:
		return familyIPv4
	case familyIPv6, familyIP6R:
		return familyIPv6
	}
	return 0
}

// prefixOf makes a prefix of an address, zero if that is not valid, and a
// length.
func prefixOf(a netip.Addr, bits, family uint8) (netip.Prefix, error) {
	is6 := addrFamily(family) == familyIPv6
	switch {
	case a.IsValid():
	case is6:
		a = netip.IPv6Unspecified()
	default:
		a = netip.IPv4Unspecified()
	}
	if p := netip.PrefixFrom(a, int(bits)); p.IsValid() && a.Is6() == is6 {
		return p, nil
	}
	return netip.Prefix{}, fmt.Errorf("%v/%d is no prefix of its family", a, bits)
}

// routeParts are what becomes one thing of a route's several attributes.
type routeParts struct {
	dst, src netip.Addr
	labels   []uint32
	hop      hopParts
	realm    uint32
	// several is true if the ways stand in RTA_MULTIPATH.
	several bool
}

// routeAttrLen is how long an attribute of a route has to be at least.
func routeAttrLen(typ uint16) int {
	switch typ {
	case 20, 26:
		return 1
	case 21:
		return 2
	case 3, 4, 6, 11, 15, 16, 30:
		return 4
	case 12:
		return 16
	}
	return 0
}

// address reads where to and where from; false for another attribute. An
// address of MPLS is labels.
func (d *routeParts) address(family uint8, typ uint16, v []byte) bool {
	switch {
	case typ == 1 && family == familyMPLS: // RTA_DST
		d.labels = labelsOf(v)
		return d.labels != nil
	case typ == 1:
		d.dst = ipOf(v)
		return d.dst.IsValid()
	case typ == 2: // RTA_SRC
		d.src = ipOf(v)
		return d.src.IsValid()
	}
	return false
}

// way reads what belongs to a way: the one that the route has, or all of them.
func (d *routeParts) way(r *netstate.Route, typ uint16, v []byte) bool {
	switch typ {
	case 9: // RTA_MULTIPATH
		d.several = true
		r.Hops = decodeHops(v)
	case 4: // RTA_OIF
		d.hop.Link = int(u32(v))
	case 11: // RTA_FLOW
		d.realm = u32(v)
	default:
		return d.hop.take(typ, v)
	}
	return true
}

// finish makes the way of its parts.
func (d *routeParts) finish(r *netstate.Route) {
	h := d.hop.hop()
	switch {
	case d.several:
		r.Realm = d.realm
	case h.Link != 0 || h.Gateway.IsValid() || h.Encap != nil || h.Labels != nil:
		h.Flags, h.Realm = uint8(r.Flags), d.realm
		r.Hops = []netstate.Hop{h}
	default:
		r.Realm = d.realm
	}
}

// routeAttr reads the attributes that are of the route as a whole (RTA_* of
// linux/rtnetlink.h); false for one that it does not know.
func routeAttr(r *netstate.Route, typ uint16, v []byte) bool {
	switch typ {
	case 3: // RTA_IIF
		r.Input = int(u32(v))
	case 6: // RTA_PRIORITY
		r.Metric = u32(v)
	case 7: // RTA_PREFSRC
		r.PrefSrc = ipOf(v)
		return r.PrefSrc.IsValid()
	case 8: // RTA_METRICS
		takeMetrics(r, v)
	case 12: // RTA_CACHEINFO
		takeCacheInfo(r, v)
	case 15: // RTA_TABLE
		r.Table = u32(v)
	case 16: // RTA_MARK
		r.Mark = u32(v)
	case 20: // RTA_PREF
		pref := u8(v)
		r.Pref = &pref
	case 24: // RTA_PAD
	case 26: // RTA_TTL_PROPAGATE
		on := u8(v) != 0
		r.TTLPropagate = &on
	case 30: // RTA_NH_ID
		r.NexthopID = u32(v)
	default:
		return false
	}
	return true
}

// takeMetrics reads RTAX_*.
func takeMetrics(r *netstate.Route, b []byte) {
	const congestion = 16 // RTAX_CC_ALGO
	for typ, v := range nlattr.All(b) {
		if typ == congestion {
			r.Congestion = nlattr.Text(v)
			continue
		}
		if r.Metrics == nil {
			r.Metrics = map[uint16]uint32{}
		}
		r.Metrics[typ] = u32(v)
	}
}

// takeCacheInfo reads struct rta_cacheinfo: how often and when it was used is
// passed over.
func takeCacheInfo(r *netstate.Route, v []byte) {
	r.Error = int32(u32(v[12:]))
	switch ticks := int32(u32(v[8:])); {
	case ticks == 0:
	case ticks > 0:
		r.Expires = max(ticks/userHZ, 1)
	default:
		r.Expires = min(ticks/userHZ, -1)
	}
}
