package iproute

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Flags of services, IP_VS_SVC_F_* of linux/ip_vs.h.
const (
	ipvsPersistent = 1
	ipvsOnePacket  = 4
)

// IPVS lists the virtual services and their real servers, sorted, as
// `ipvsadm -Sn` does; limits of real servers are written too.
func IPVS(ns *netstate.Namespace) []byte {
	var b []byte
	services := slices.SortedFunc(slices.Values(ns.IPVS), func(a, b netstate.IPVS) int {
		return cmp.Or(cmp.Compare(a.Mark, b.Mark), cmp.Compare(truth(a.IP6), truth(b.IP6)), cmp.Compare(a.Proto, b.Proto), a.Addr.Compare(b.Addr))
	})
	for i := range services {
		s := &services[i]
		name := ipvsName(s)
		b = append(append(b, "-A "+name+" -s "...), s.Scheduler...)
		b = appendPersistence(b, s)
		if s.Engine != "" {
			b = append(append(b, " --pe "...), s.Engine...)
		}
		if s.Flags&ipvsOnePacket != 0 {
			b = append(b, " -o"...)
		}
		b = append(b, '\n')
		reals := slices.SortedFunc(slices.Values(s.Reals), func(a, b netstate.IPVSReal) int { return a.Addr.Compare(b.Addr) })
		for j := range reals {
			b = append(b, "-a "+name+" -r "...)
			b = appendReal(b, &reals[j])
		}
	}
	return b
}

func truth(v bool) int {
	if v {
		return 1
	}
	return 0
}

// ipvsName names a service as ipvsadm's options do.
func ipvsName(s *netstate.IPVS) string {
	if s.Mark != 0 {
		name := "-f " + number(s.Mark)
		if s.IP6 {
			name += " -6"
		}
		return name
	}
	option := "-t "
	switch s.Proto {
	case 17:
		option = "-u "
	case 132:
		option = "--sctp-service "
	}
	return option + endText(s.Addr)
}

// endText writes an address and a port, that of IPv6 in brackets.
func endText(a netip.AddrPort) string {
	host := hostText(a.Addr())
	if a.Addr().Is6() {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(a.Port()))
}

// appendPersistence writes for how long a client keeps its server, and by how
// many bits of its address it is known, if not by all.
func appendPersistence(b []byte, s *netstate.IPVS) []byte {
	if s.Flags&ipvsPersistent == 0 {
		return b
	}
	all := uint8(32)
	if s.IP6 {
		all = 128
	}
	b = fmt.Appendf(b, " -p %d", s.Timeout)
	switch {
	case s.Netmask == all:
	case s.IP6:
		b = fmt.Appendf(b, " -M %d", s.Netmask)
	default:
		mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), int(s.Netmask)).Masked()
		b = append(append(b, " -M "...), mask.Addr().String()...)
	}
	return b
}

// appendReal writes a real server.
func appendReal(b []byte, r *netstate.IPVSReal) []byte {
	const localNode, tunnel, direct = 1, 2, 3
	b = append(b, endText(r.Addr)...)
	switch r.Method {
	case direct, localNode:
		b = append(b, " -g"...)
	case tunnel:
		b = append(b, " -i"...)
		b = appendTunnel(b, r)
	default:
		b = append(b, " -m"...)
	}
	b = fmt.Appendf(b, " -w %d", r.Weight)
	if r.Upper != 0 || r.Lower != 0 {
		b = fmt.Appendf(b, " -x %d -y %d", r.Upper, r.Lower)
	}
	return append(b, '\n')
}

// appendTunnel writes what a tunnel other than IP in IP is.
func appendTunnel(b []byte, r *netstate.IPVSReal) []byte {
	const gue, gre = 1, 2
	switch r.Tunnel {
	case gue:
		b = fmt.Appendf(b, " --tun-type gue --tun-port %d", r.Port)
	case gre:
		b = append(b, " --tun-type gre"...)
	default:
		return b
	}
	switch r.TunnelFlags {
	case 0:
		b = append(b, " --tun-nocsum"...)
	case 1:
		b = append(b, " --tun-csum"...)
	case 2:
		b = append(b, " --tun-remcsum"...)
	}
	return b
}
