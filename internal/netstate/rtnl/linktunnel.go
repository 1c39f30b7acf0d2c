package rtnl

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Attributes of IP-in-IP and SIT that netstate.Tunnel.Sent may have
// (IFLA_IPTUN_* of linux/if_tunnel.h).
const (
	IPTunUnderlay = iota + 1
	IPTunLocal
	IPTunRemote
	IPTunTTL
	IPTunTOS
	IPTunEncapLimit
	IPTunFlowInfo
	IPTunFlags
	IPTunProto
	IPTunPMTUDisc
	IPTunPrefix
	IPTunRelayPrefix
	IPTunPrefixLen
	IPTunRelayPrefixLen
	IPTunEncapType
	IPTunEncapFlags
	IPTunEncapSport
	IPTunEncapDport
	IPTunExternal
	IPTunMark
)

// ipTunnel reads a tunnel of IPv4, or else of IPv6: the flags differ in size.
func ipTunnel(t *netstate.Tunnel, is4 bool, typ uint16, v []byte) bool {
	switch typ {
	case IPTunUnderlay:
		return getIndex(v, &t.Underlay)
	case IPTunLocal:
		return getAddr(v, &t.Local)
	case IPTunRemote:
		return getAddr(v, &t.Remote)
	case IPTunTTL:
		return get8(v, &t.TTL)
	case IPTunTOS:
		return get8(v, &t.TOS)
	case IPTunEncapLimit:
		return get8(v, &t.EncapLimit)
	case IPTunFlowInfo:
		return getBE32(v, &t.FlowInfo)
	case IPTunFlags:
		if is4 {
			var flags uint16
			ok := get16(v, &flags)
			t.Flags = uint32(flags)
			return ok
		}
		return get32(v, &t.Flags)
	case IPTunProto:
		return get8(v, &t.Proto)
	case IPTunPMTUDisc:
		return getBool(v, &t.PMTUDisc)
	case IPTunExternal:
		return getFlag(v, &t.External)
	case IPTunMark:
		return get32(v, &t.Mark)
	case IPTunPrefix, IPTunRelayPrefix, IPTunPrefixLen, IPTunRelayPrefixLen:
		return rapid(t, typ, v)
	case IPTunEncapType:
		return get16(v, &t.Encap)
	case IPTunEncapFlags:
		return get16(v, &t.EncapFlags)
	case IPTunEncapSport:
		return getBE16(v, &t.EncapSport)
	case IPTunEncapDport:
		return getBE16(v, &t.EncapDport)
	}
	return false
}

// rapid reads a prefix of 6RD, whose address and length come apart.
func rapid(t *netstate.Tunnel, typ uint16, v []byte) bool {
	p := &t.Prefix
	if typ == IPTunRelayPrefix || typ == IPTunRelayPrefixLen {
		p = &t.RelayPrefix
	}
	if typ == IPTunPrefix || typ == IPTunRelayPrefix {
		a, ok := netip.AddrFromSlice(v)
		if ok {
			*p = netip.PrefixFrom(a, max(p.Bits(), 0))
		}
		return ok
	}
	var bits uint16
	if !get16(v, &bits) {
		return false
	}
	if a := p.Addr(); !a.IsValid() || int(bits) > a.BitLen() {
		return false // the kernel sends the address first
	}
	*p = netip.PrefixFrom(p.Addr(), int(bits))
	return true
}

// Attributes of GRE and ERSPAN that netstate.Tunnel.Sent may have (IFLA_GRE_*).
const (
	GREUnderlay = iota + 1
	GREIFlags
	GREOFlags
	GREIKey
	GREOKey
	GRELocal
	GRERemote
	GRETTL
	GRETOS
	GREPMTUDisc
	GREEncapLimit
	GREFlowInfo
	GREFlags
	GREEncapType
	GREEncapFlags
	GREEncapSport
	GREEncapDport
	GREExternal
	GREIgnoreDF
	GREMark
	ERSPANIndex
	ERSPANVersion
	ERSPANDirection
	ERSPANHardware
)

func gre(t *netstate.Tunnel, typ uint16, v []byte) bool {
	switch typ {
	case GREUnderlay:
		return getIndex(v, &t.Underlay)
	case GREIFlags:
		return getBE16(v, &t.IFlags)
	case GREOFlags:
		return getBE16(v, &t.OFlags)
	case GREIKey:
		return getBE32(v, &t.IKey)
	case GREOKey:
		return getBE32(v, &t.OKey)
	case GRELocal:
		return getAddr(v, &t.Local)
	case GRERemote:
		return getAddr(v, &t.Remote)
	case GRETTL:
		return get8(v, &t.TTL)
	case GRETOS:
		return get8(v, &t.TOS)
	case GREPMTUDisc:
		return getBool(v, &t.PMTUDisc)
	case GREEncapLimit:
		return get8(v, &t.EncapLimit)
	case GREFlowInfo:
		return getBE32(v, &t.FlowInfo)
	case GREFlags:
		return get32(v, &t.Flags)
	case GREExternal:
		return getFlag(v, &t.External)
	case GREIgnoreDF:
		return getBool(v, &t.IgnoreDF)
	case GREMark:
		return get32(v, &t.Mark)
	}
	return greWrapped(t, typ, v)
}

// greWrapped reads what is around GRE, and ERSPAN.
func greWrapped(t *netstate.Tunnel, typ uint16, v []byte) bool {
	switch typ {
	case GREEncapType:
		return get16(v, &t.Encap)
	case GREEncapFlags:
		return get16(v, &t.EncapFlags)
	case GREEncapSport:
		return getBE16(v, &t.EncapSport)
	case GREEncapDport:
		return getBE16(v, &t.EncapDport)
	case ERSPANIndex:
		return get32(v, &t.ERSPANIndex)
	case ERSPANVersion:
		return get8(v, &t.ERSPANVersion)
	case ERSPANDirection:
		return get8(v, &t.ERSPANDirection)
	case ERSPANHardware:
		return get16(v, &t.ERSPANHardware)
	}
	return false
}

// Attributes of VTI (IFLA_VTI_*) and of XFRM interfaces (IFLA_XFRM_*).
const (
	vtiUnderlay = 1
	vtiIKey     = 2
	vtiOKey     = 3
	vtiLocal    = 4
	vtiRemote   = 5
	vtiMark     = 6

	xfrmUnderlay = 1
	XFRMID       = 2
	xfrmExternal = 3
)

func vti(t *netstate.Tunnel, typ uint16, v []byte) bool {
	switch typ {
	case vtiUnderlay:
		return getIndex(v, &t.Underlay)
	case vtiIKey:
		return getBE32(v, &t.IKey)
	case vtiOKey:
		return getBE32(v, &t.OKey)
	case vtiLocal:
		return getAddr(v, &t.Local)
	case vtiRemote:
		return getAddr(v, &t.Remote)
	case vtiMark:
		return get32(v, &t.Mark)
	}
	return false
}

func xfrm(x *netstate.XFRM, typ uint16, v []byte) bool {
	switch typ {
	case xfrmUnderlay:
		return getIndex(v, &x.Underlay)
	case XFRMID:
		return get32(v, &x.ID)
	case xfrmExternal:
		return getFlag(v, &x.External)
	}
	return false
}
