package rtnl

import (
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of IFLA_LINKINFO (IFLA_INFO_*).
const (
	infoKind     = 1
	infoData     = 2
	infoXStats   = 3
	infoPortKind = 4
	infoPortData = 5
)

// linkInfo reads a link's kind and what that kind has. The kind's name may
// come after its data.
func linkInfo(l *netstate.Link, v []byte) {
	var data, port []byte
	var hasData, hasPort bool
	for typ, v := range nlattr.All(v) {
		switch typ {
		case infoKind:
			getText(v, &l.Kind)
		case infoPortKind:
			getText(v, &l.PortKind)
		case infoData:
			data, hasData = v, true
		case infoPortData:
			port, hasPort = v, true
		default: // counters of a kind
			l.Raw = keep(l.Raw, LinkInfo, nlattr.Append(nil, typ, v...))
		}
	}
	if hasData {
		l.RawData = rest(data, kindReader(l))
	}
	if hasPort {
		l.RawPort = rest(port, portReader(l))
	}
}

// reader reads one attribute of a kind's data, and is false for one that it
// does not understand.
type reader func(typ uint16, v []byte) bool

// rest keeps the attributes that a reader does not understand.
func rest(data []byte, read reader) []netstate.Attr {
	var left []netstate.Attr
	for typ, v := range nlattr.All(data) {
		if read == nil || !read(typ, v) {
			left = keep(left, typ, v)
		}
	}
	return left
}

// sent makes a reader that notes which attributes there were.
func sent(s *netstate.Sent, read reader) reader {
	return func(typ uint16, v []byte) bool {
		ok := read(typ, v)
		if ok {
			s.Add(typ)
		}
		return ok
	}
}

// kindReader gives the reader of a kind's data; nil for a kind that is not
// understood.
func kindReader(l *netstate.Link) reader {
	switch l.Kind {
	case "bridge":
		l.Bridge = new(netstate.Bridge)
		return sent(&l.Bridge.Sent, func(typ uint16, v []byte) bool { return bridge(l.Bridge, typ, v) })
	case "vxlan":
		l.VXLAN = new(netstate.VXLAN)
		return sent(&l.VXLAN.Sent, func(typ uint16, v []byte) bool { return vxlan(l.VXLAN, typ, v) })
	case "geneve":
		l.Geneve = new(netstate.Geneve)
		return sent(&l.Geneve.Sent, func(typ uint16, v []byte) bool { return geneve(l.Geneve, typ, v) })
	case "ipip", "sit", "ip6tnl":
		l.Tunnel = new(netstate.Tunnel)
		return sent(&l.Tunnel.Sent, func(typ uint16, v []byte) bool { return ipTunnel(l.Tunnel, l.Kind != "ip6tnl", typ, v) })
	case "gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan":
		l.Tunnel = new(netstate.Tunnel)
		return sent(&l.Tunnel.Sent, func(typ uint16, v []byte) bool { return gre(l.Tunnel, typ, v) })
	case "vti", "vti6":
		l.Tunnel = new(netstate.Tunnel)
		return sent(&l.Tunnel.Sent, func(typ uint16, v []byte) bool { return vti(l.Tunnel, typ, v) })
	case "xfrm":
		l.XFRM = new(netstate.XFRM)
		return sent(&l.XFRM.Sent, func(typ uint16, v []byte) bool { return xfrm(l.XFRM, typ, v) })
	case "bond":
		l.Bond = new(netstate.Bond)
		return sent(&l.Bond.Sent, func(typ uint16, v []byte) bool { return bond(l.Bond, typ, v) })
	}
	return smallKindReader(l)
}

// smallKindReader knows the kinds that have little to say.
func smallKindReader(l *netstate.Link) reader {
	switch l.Kind {
	case "vlan":
		l.VLAN = new(netstate.VLAN)
		return sent(&l.VLAN.Sent, func(typ uint16, v []byte) bool { return vlan(l.VLAN, typ, v) })
	case "macvlan", "macvtap":
		l.MACVLAN = new(netstate.MACVLAN)
		return sent(&l.MACVLAN.Sent, func(typ uint16, v []byte) bool { return macvlan(l.MACVLAN, typ, v) })
	case "ipvlan", "ipvtap":
		l.IPVLAN = new(netstate.IPVLAN)
		return func(typ uint16, v []byte) bool { return ipvlan(l.IPVLAN, typ, v) }
	case "tun":
		l.Tun = new(netstate.Tun)
		return sent(&l.Tun.Sent, func(typ uint16, v []byte) bool { return tun(l.Tun, typ, v) })
	case "vrf":
		l.VRF = new(netstate.VRF)
		return func(typ uint16, v []byte) bool { return typ == vrfTable && get32(v, &l.VRF.Table) }
	case "netkit":
		l.Netkit = new(netstate.Netkit)
		return sent(&l.Netkit.Sent, func(typ uint16, v []byte) bool { return netkit(l.Netkit, typ, v) })
	}
	return nil
}

// vrfTable is IFLA_VRF_TABLE and IFLA_VRF_PORT_TABLE.
const vrfTable = 1

// portReader gives the reader of what a master knows of its port.
func portReader(l *netstate.Link) reader {
	switch l.PortKind {
	case "bridge":
		l.Port = new(netstate.Port)
		return sent(&l.Port.Sent, func(typ uint16, v []byte) bool { return bridgePort(l.Port, typ, v) })
	case "bond":
		l.BondPort = new(netstate.BondPort)
		return sent(&l.BondPort.Sent, func(typ uint16, v []byte) bool { return bondPort(l.BondPort, typ, v) })
	case "vrf":
		l.VRFPort = new(netstate.VRF)
		return func(typ uint16, v []byte) bool { return typ == vrfTable && get32(v, &l.VRFPort.Table) }
	}
	return nil
}
