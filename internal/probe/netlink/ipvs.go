package netlink

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// genlLen is the length of struct genlmsghdr (linux/genetlink.h).
const genlLen = 4

// Commands and attributes of IPVS (linux/ip_vs.h) and of generic netlink's own
// family (linux/genetlink.h).
const (
	ipvsGetService = 4 // IPVS_CMD_GET_SERVICE
	ipvsGetDest    = 8 // IPVS_CMD_GET_DEST
	ipvsService    = 1 // IPVS_CMD_ATTR_SERVICE
	ipvsDest       = 2 // IPVS_CMD_ATTR_DEST

	genlCtrl      = 16 // GENL_ID_CTRL
	genlGetFamily = 3  // CTRL_CMD_GETFAMILY
	genlFamilyID  = 1  // CTRL_ATTR_FAMILY_ID
	genlName      = 2  // CTRL_ATTR_FAMILY_NAME

	nested = 0x8000 // NLA_F_NESTED of linux/netlink.h
)

// genlRequest builds struct genlmsghdr and what follows.
func genlRequest(command, version uint8, attrs []byte) []byte {
	return append([]byte{command, version, 0, 0}, attrs...)
}

// ipvsRequest asks for the real servers of a service, which is named by its
// family, protocol, address and port, or by its mark.
func ipvsRequest(s *netstate.IPVS) []byte {
	order := binary.NativeEndian
	family := uint16(familyIPv4)
	if s.IP6 {
		family = familyIPv6
	}
	service := nlattr.Append(nil, 1, order.AppendUint16(nil, family)...)
	if s.Mark != 0 {
		service = nlattr.Append(service, 5, order.AppendUint32(nil, s.Mark)...)
	} else {
		var addr [16]byte
		copy(addr[:], s.Addr.Addr().AsSlice())
		service = nlattr.Append(service, 2, order.AppendUint16(nil, uint16(s.Proto))...)
		service = nlattr.Append(service, 3, addr[:]...)
		service = nlattr.Append(service, 4, binary.BigEndian.AppendUint16(nil, s.Addr.Port())...)
	}
	return genlRequest(ipvsGetDest, 1, nlattr.Append(nil, ipvsService|nested, service...))
}

// familyID reads the number of a family of generic netlink in the answer to
// CTRL_CMD_GETFAMILY; 0 if it is not there.
func familyID(b []byte) uint16 {
	if len(b) < genlLen {
		return 0
	}
	for typ, v := range nlattr.All(b[genlLen:]) {
		if typ == genlFamilyID {
			return native16(v)
		}
	}
	return 0
}

// ipvsPart finds an attribute of an answer of IPVS.
func ipvsPart(b []byte, want uint16) ([]byte, error) {
	if len(b) >= genlLen {
		for typ, v := range nlattr.All(b[genlLen:]) {
			if typ == want {
				return v, nil
			}
		}
	}
	return nil, errCut
}

// decodeIPVS reads a service: IPVS_SVC_ATTR_*.
func decodeIPVS(b []byte) (netstate.IPVS, error) {
	b, err := ipvsPart(b, ipvsService)
	if err != nil {
		return netstate.IPVS{}, fmt.Errorf("decode ipvs service: %w", err)
	}
	var s netstate.IPVS
	var addr []byte
	var port uint16
	var mask []byte
	whole := nlattr.Each(b, func(typ uint16, v []byte) {
		switch typ {
		case 1:
			s.IP6 = native16(v) == familyIPv6
		case 2:
			s.Proto = uint8(native16(v))
		case 3:
			addr = v
		case 4:
			port = nlattr.BE16(v)
		case 5:
			s.Mark = native32(v)
		case 6:
			s.Scheduler = nlattr.Text(v)
		case 7: // struct ip_vs_flags
			s.Flags = native32(v)
		case 8:
			s.Timeout = native32(v)
		case 9:
			mask = v
		case 10, 12: // counters
		case 11:
			s.Engine = nlattr.Text(v)
		default:
			s.Raw = append(s.Raw, netstate.Attr{Type: typ, Data: append([]byte(nil), v...)})
		}
	})
	if !whole {
		return netstate.IPVS{}, fmt.Errorf("decode ipvs service: %w", errCut)
	}
	if a := ipvsAddr(addr, s.IP6); s.Mark == 0 && a.IsValid() {
		s.Addr = netip.AddrPortFrom(a, port)
	}
	s.Netmask = ipvsMask(mask, s.IP6)
	return s, nil
}

// decodeIPVSReal reads a real server: IPVS_DEST_ATTR_*. One without a family
// has its service's.
func decodeIPVSReal(b []byte, ip6 bool) (netstate.IPVSReal, error) {
	b, err := ipvsPart(b, ipvsDest)
	if err != nil {
		return netstate.IPVSReal{}, fmt.Errorf("decode ipvs real server: %w", err)
	}
	var r netstate.IPVSReal
	var addr []byte
	var port uint16
	whole := nlattr.Each(b, func(typ uint16, v []byte) {
		switch typ {
		case 1:
			addr = v
		case 2:
			port = nlattr.BE16(v)
		case 11:
			ip6 = native16(v) == familyIPv6
		default:
			if !realAttr(&r, typ, v) {
				r.Raw = append(r.Raw, netstate.Attr{Type: typ, Data: append([]byte(nil), v...)})
			}
		}
	})
	a := ipvsAddr(addr, ip6)
	if !whole || !a.IsValid() {
		return netstate.IPVSReal{}, fmt.Errorf("decode ipvs real server: %w", errCut)
	}
	r.Addr = netip.AddrPortFrom(a, port)
	return r, nil
}

func realAttr(r *netstate.IPVSReal, typ uint16, v []byte) bool {
	const methodMask = 7 // IP_VS_CONN_F_FWD_MASK
	switch typ {
	case 3:
		r.Method = native32(v) & methodMask
	case 4:
		r.Weight = native32(v)
	case 5:
		r.Upper = native32(v)
	case 6:
		r.Lower = native32(v)
	case 7:
		r.Active = native32(v)
	case 8:
		r.Inactive = native32(v)
	case 9:
		r.Persistent = native32(v)
	case 10, 12: // counters
	case 13:
		if len(v) > 0 {
			r.Tunnel = v[0]
		}
	case 14:
		r.Port = nlattr.BE16(v)
	case 15:
		r.TunnelFlags = native16(v)
	default:
		return false
	}
	return true
}

// ipvsAddr reads union nf_inet_addr, of which IPv4 has the first four bytes.
func ipvsAddr(b []byte, ip6 bool) netip.Addr {
	switch {
	case ip6 && len(b) >= 16:
		return netip.AddrFrom16([16]byte(b))
	case !ip6 && len(b) >= 4:
		return netip.AddrFrom4([4]byte(b))
	}
	return netip.Addr{}
}

// ipvsMask counts the bits of a netmask: of IPv4 it is one, of IPv6 their
// number.
func ipvsMask(b []byte, ip6 bool) uint8 {
	if ip6 {
		return uint8(native32(b))
	}
	return uint8(bits.OnesCount32(native32(b)))
}
