package ask

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// rtmsgLen is the length of struct rtmsg (linux/rtnetlink.h).
const rtmsgLen = 12

// Address families of linux/socket.h that messages name.
const (
	familyIPv4   = 2
	familyBridge = 7
	familyIPv6   = 10
)

// decodeEntry reads the payload of an RTM_NEWROUTE. Devices have no names
// yet. A prefix that does not fit its family is an error.
func decodeEntry(b []byte) (Entry, error) {
	if len(b) < rtmsgLen {
		return Entry{}, fmt.Errorf("decode route: %w", errCut)
	}
	e := Entry{
		TOS: b[3], Table: uint32(b[4]), Protocol: b[5], Scope: b[6], Type: b[7],
		Flags: binary.NativeEndian.Uint32(b[8:]), isIPv6: b[0] == familyIPv6,
	}
	zero := netip.IPv4Unspecified()
	if e.isIPv6 {
		zero = netip.IPv6Unspecified()
	} else if b[0] != familyIPv4 {
		return Entry{}, fmt.Errorf("decode route: family %d is neither IPv4 nor IPv6", b[0])
	}
	d := routeParts{dst: zero, src: zero}
	for typ, v := range nlattr.All(b[rtmsgLen:]) {
		e.take(typ, v, &d)
	}
	if d.hop.Index != 0 || d.hop.Gateway.IsValid() {
		d.hop.Weight, d.hop.Flags = 1, e.Flags&0xff
		e.Hops = append([]Hop{d.hop}, e.Hops...)
	}
	var err error
	if e.Dst, err = prefixOf(d.dst, b[1], e.isIPv6); err == nil && (b[2] != 0 || d.hasSrc) {
		e.Src, err = prefixOf(d.src, b[2], e.isIPv6)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("decode route: %w", err)
	}
	return e, nil
}

// prefixOf makes a prefix of a family's address.
func prefixOf(a netip.Addr, bits uint8, is6 bool) (netip.Prefix, error) {
	if p := netip.PrefixFrom(a, int(bits)); p.IsValid() && a.Is6() == is6 {
		return p.Masked(), nil
	}
	return netip.Prefix{}, fmt.Errorf("%v/%d is no prefix of its family", a, bits)
}

// routeParts is what becomes one thing of a route's several attributes.
type routeParts struct {
	dst, src netip.Addr
	hasSrc   bool
	hop      Hop
}

// take reads one attribute: RTA_ of linux/rtnetlink.h.
func (e *Entry) take(typ uint16, v []byte, d *routeParts) {
	switch typ {
	case 1:
		d.dst = addrOf(v)
	case 2:
		d.src, d.hasSrc = addrOf(v), true
	case 3:
		e.in = int(u32(v))
	case 4:
		d.hop.Index = int(u32(v))
	case 5:
		d.hop.Gateway = addrOf(v)
	case 6:
		e.Metric, e.hasMetric = u32(v), true
	case 7:
		e.PrefSrc = addrOf(v)
	case 8:
		for kind, m := range nlattr.All(v) {
			e.metrics = append(e.metrics, metric{kind: kind, value: u32(m), text: nlattr.Text(m)})
		}
	case 9:
		e.multipath, e.Hops = true, decodeHops(v)
	case 11:
		e.flowReal = u32(v)
	case 12: // struct rta_cacheinfo
		if len(v) >= 16 {
			e.expires, e.errno = int32(u32(v[8:])), int32(u32(v[12:]))
		}
	case 15:
		e.Table = u32(v)
	case 16:
		e.mark = u32(v)
	case 18:
		d.hop.Gateway = viaOf(v)
	case 20:
		e.pref, e.hasPref = u8(v), true
	case 25:
		e.uid, e.hasUID = u32(v), true
	case 30:
		e.Nexthop = u32(v)
	}
}

// viaOf reads struct rtvia: a family and an address.
func viaOf(v []byte) netip.Addr {
	if len(v) < 2 {
		return netip.Addr{}
	}
	return addrOf(v[2:])
}

// decodeHops reads a row of struct rtnexthop with their attributes.
func decodeHops(b []byte) []Hop {
	var hops []Hop
	for len(b) >= 8 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 8 || n > len(b) {
			break
		}
		h := Hop{Flags: uint32(b[2]), Weight: int(b[3]) + 1, Index: int(u32(b[4:]))}
		for typ, v := range nlattr.All(b[8:n]) {
			switch typ {
			case 5:
				h.Gateway = addrOf(v)
			case 18:
				h.Gateway = viaOf(v)
			}
		}
		hops = append(hops, h)
		b = b[min(nlattr.Align(n), len(b)):]
	}
	return hops
}
