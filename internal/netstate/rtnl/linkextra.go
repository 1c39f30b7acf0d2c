package rtnl

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// linkStats64 reads struct rtnl_link_stats64, which has grown with the kernels.
func linkStats64(v []byte, s *netstate.LinkStats) bool {
	const first = 23 // numbers, that all kernels have
	if len(v) < 8*first {
		return false
	}
	n := [...]*uint64{
		&s.RxPackets, &s.TxPackets, &s.RxBytes, &s.TxBytes, &s.RxErrors, &s.TxErrors, &s.RxDropped, &s.TxDropped,
		&s.Multicast, &s.Collisions, &s.RxLengthErrors, &s.RxOverErrors, &s.RxCRCErrors, &s.RxFrameErrors,
		&s.RxFIFOErrors, &s.RxMissedErrors, &s.TxAbortedErrors, &s.TxCarrierErrors, &s.TxFIFOErrors, &s.TxHeartbeat,
		&s.TxWindowErrors, &s.RxCompressed, &s.TxCompressed, &s.RxNoHandler, &s.RxOtherHost,
	}
	for i, p := range n {
		if len(v) < 8*(i+1) {
			break
		}
		*p = binary.NativeEndian.Uint64(v[8*i:])
	}
	return true
}

// families reads IFLA_AF_SPEC: what IPv4, IPv6 and others have of a link.
func families(l *netstate.Link, v []byte) {
	const inet, inet6 = 2, 10 // AF_INET, AF_INET6
	for family, v := range nlattr.All(v) {
		switch family {
		case inet:
			const conf = 1 // IFLA_INET_CONF
			for typ, v := range nlattr.All(v) {
				if typ == conf {
					l.Conf4 = numbers(v, 1)
				} else {
					l.Raw = keep(l.Raw, linkAFSpec, nlattr.Append(nil, family, nlattr.Append(nil, typ, v...)...))
				}
			}
		case inet6:
			inet6Of(l, v)
		default:
			l.Raw = keep(l.Raw, linkAFSpec, nlattr.Append(nil, family, v...))
		}
	}
}

// numbers reads an array of settings; those before first are 0.
func numbers(v []byte, first int) []int32 {
	n := make([]int32, first+len(v)/4)
	for i := range len(v) / 4 {
		n[first+i] = int32(binary.NativeEndian.Uint32(v[4*i:]))
	}
	return n
}

// Attributes of IPv6 (IFLA_INET6_*).
const (
	inet6Flags     = 1
	inet6Conf      = 2
	inet6Stats     = 3
	inet6Cache     = 5
	inet6ICMPStats = 6
	inet6Token     = 7
	inet6AddrGen   = 8
	inet6RAMTU     = 9
)

// confAddrGen is the setting that says the same as inet6AddrGen
// (DEVCONF_ADDR_GEN_MODE of linux/ipv6.h); the attribute is not sent where no
// counters are.
const confAddrGen = 47

func inet6Of(l *netstate.Link, v []byte) {
	six := new(netstate.Inet6)
	l.Inet6 = six
	mode := false
	for typ, v := range nlattr.All(v) {
		known := true
		switch typ {
		case inet6Flags:
			known = get32(v, &six.Flags)
		case inet6Conf:
			l.Conf6 = numbers(v, 0)
		case inet6Stats, inet6ICMPStats: // counters of the protocol, not of the link
		case inet6Cache:
			known = len(v) >= 16
			if known {
				get32(v, &six.MaxReassembly)
				get32(v[4:], &six.Stamp)
				get32(v[8:], &six.Reachable)
				get32(v[12:], &six.Retransmit)
			}
		case inet6Token:
			if known = len(v) == 16; known && [16]byte(v) != [16]byte{} {
				six.Token = hex.EncodeToString(v)
			}
		case inet6AddrGen:
			known, mode = get8(v, &six.AddrGenMode), true
		case inet6RAMTU:
			known = get32(v, &six.RAMTU)
		default:
			known = false
		}
		if !known {
			six.Raw = keep(six.Raw, typ, v)
		}
	}
	if !mode && len(l.Conf6) > confAddrGen {
		six.AddrGenMode = uint8(l.Conf6[confAddrGen])
	}
}

// Attributes of XDP (IFLA_XDP_*).
const (
	xdpAttached    = 2
	XDPProgram     = 4
	XDPDriver      = 5
	XDPGeneric     = 6
	XDPHardware    = 7
	xdpAttachedNot = 0 // XDP_ATTACHED_NONE
)

func xdp(l *netstate.Link, v []byte) bool {
	x := new(netstate.XDP)
	for typ, v := range nlattr.All(v) {
		known := false
		switch typ {
		case xdpAttached:
			known = get8(v, &x.Mode)
		case XDPProgram:
			known = get32(v, &x.Program)
		case XDPDriver:
			known = get32(v, &x.Driver)
		case XDPGeneric:
			known = get32(v, &x.Generic)
		case XDPHardware:
			known = get32(v, &x.Hardware)
		}
		if known {
			x.Sent.Add(typ)
		} else {
			x.Raw = keep(x.Raw, typ, v)
		}
	}
	if x.Mode != xdpAttachedNot || x.Raw != nil {
		l.XDP = x
	}
	return true
}

// Stats decodes the body of RTM_NEWSTATS with IFLA_STATS_LINK_64: whose
// counters these are, and they.
func Stats(body []byte) (index int, s netstate.LinkStats, ok bool) {
	const header, link64 = 12, 1 // struct if_stats_msg
	if len(body) < header {
		return 0, s, false
	}
	index = int(int32(binary.NativeEndian.Uint32(body[4:])))
	for typ, v := range nlattr.All(body[header:]) {
		if typ == link64 {
			ok = linkStats64(v, &s)
		}
	}
	return index, s, ok
}
