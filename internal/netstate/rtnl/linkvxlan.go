package rtnl

import (
	"github.com/pktrail/pktrail/internal/netstate"
)

// Attributes of VXLAN devices that netstate.VXLAN.Sent may have
// (IFLA_VXLAN_*).
const (
	VXLANID = iota + 1
	VXLANGroup
	VXLANUnderlay
	VXLANLocal
	VXLANTTL
	VXLANTOS
	VXLANLearning
	VXLANAgeing
	VXLANLimit
	VXLANPortRange
	VXLANProxy
	VXLANRSC
	VXLANL2Miss
	VXLANL3Miss
	VXLANPort
	VXLANGroup6
	VXLANLocal6
	VXLANUDPCsum
	VXLANZeroCsum6Tx
	VXLANZeroCsum6Rx
	VXLANRemCsumTx
	VXLANRemCsumRx
	VXLANGBP
	VXLANNoPartial
	VXLANExternal
	VXLANLabel
	VXLANGPE
	VXLANTTLInherit
	VXLANDF
	VXLANVNIFilter
	VXLANLocalBypass
	VXLANLabelPolicy
	vxlanReserved
	VXLANMCRoute
)

func vxlan(x *netstate.VXLAN, typ uint16, v []byte) bool {
	return vxlanNumbers(x, typ, v) || vxlanSwitches(x, typ, v)
}

func vxlanNumbers(x *netstate.VXLAN, typ uint16, v []byte) bool {
	switch typ {
	case VXLANID:
		return get32(v, &x.VNI)
	case VXLANGroup, VXLANGroup6:
		return getAddr(v, &x.Group)
	case VXLANLocal, VXLANLocal6:
		return getAddr(v, &x.Local)
	case VXLANUnderlay:
		return getIndex(v, &x.Underlay)
	case VXLANTTL:
		return get8(v, &x.TTL)
	case VXLANTOS:
		return get8(v, &x.TOS)
	case VXLANAgeing:
		return get32(v, &x.Ageing)
	case VXLANLimit:
		return get32(v, &x.Limit)
	case VXLANPortRange: // struct ifla_vxlan_port_range
		return len(v) >= 4 && getBE16(v, &x.PortLow) && getBE16(v[2:], &x.PortHigh)
	case VXLANPort:
		return getBE16(v, &x.Port)
	case VXLANLabel:
		return getBE32(v, &x.Label)
	case VXLANLabelPolicy:
		return get32(v, &x.LabelPolicy)
	case VXLANDF:
		return get8(v, &x.DF)
	}
	return false
}

func vxlanSwitches(x *netstate.VXLAN, typ uint16, v []byte) bool {
	switch typ {
	case VXLANLearning:
		return getBool(v, &x.Learning)
	case VXLANProxy:
		return getBool(v, &x.Proxy)
	case VXLANRSC:
		return getBool(v, &x.RSC)
	case VXLANL2Miss:
		return getBool(v, &x.L2Miss)
	case VXLANL3Miss:
		return getBool(v, &x.L3Miss)
	case VXLANUDPCsum:
		return getBool(v, &x.UDPCsum)
	case VXLANZeroCsum6Tx:
		return getBool(v, &x.ZeroCsum6Tx)
	case VXLANZeroCsum6Rx:
		return getBool(v, &x.ZeroCsum6Rx)
	case VXLANRemCsumTx:
		return getBool(v, &x.RemCsumTx)
	case VXLANRemCsumRx:
		return getBool(v, &x.RemCsumRx)
	case VXLANExternal:
		return getBool(v, &x.External)
	case VXLANVNIFilter:
		return getBool(v, &x.VNIFilter)
	case VXLANTTLInherit:
		return getFlag(v, &x.TTLInherit)
	case VXLANLocalBypass:
		return getBool(v, &x.LocalBypass)
	case VXLANMCRoute:
		return getBool(v, &x.MCRoute)
	case VXLANGBP:
		return getFlag(v, &x.GBP)
	case VXLANGPE:
		return getFlag(v, &x.GPE)
	case VXLANNoPartial:
		return getFlag(v, &x.NoPartial)
	}
	return false
}

// Attributes of Geneve devices that netstate.Geneve.Sent may have
// (IFLA_GENEVE_*).
const (
	GeneveID = iota + 1
	GeneveRemote
	GeneveTTL
	GeneveTOS
	GenevePort
	GeneveExternal
	GeneveRemote6
	GeneveUDPCsum
	GeneveZeroCsum6Tx
	GeneveZeroCsum6Rx
	GeneveLabel
	GeneveTTLInherit
	GeneveDF
	GeneveInnerProto
	GenevePortRange
	geneveGROHint
	GeneveLocal
	GeneveLocal6
)

func geneve(g *netstate.Geneve, typ uint16, v []byte) bool {
	switch typ {
	case GeneveID:
		return get32(v, &g.VNI)
	case GeneveRemote, GeneveRemote6:
		return getAddr(v, &g.Remote)
	case GeneveLocal, GeneveLocal6:
		return getAddr(v, &g.Local)
	case GeneveTTL:
		return get8(v, &g.TTL)
	case GeneveTOS:
		return get8(v, &g.TOS)
	case GenevePort:
		return getBE16(v, &g.Port)
	case GenevePortRange:
		return len(v) >= 4 && getBE16(v, &g.PortLow) && getBE16(v[2:], &g.PortHigh)
	case GeneveExternal:
		return getFlag(v, &g.External)
	case GeneveInnerProto:
		return getFlag(v, &g.InnerProto)
	case GeneveUDPCsum:
		return getBool(v, &g.UDPCsum)
	case GeneveZeroCsum6Tx:
		return getBool(v, &g.ZeroCsum6Tx)
	case GeneveZeroCsum6Rx:
		return getBool(v, &g.ZeroCsum6Rx)
	case GeneveLabel:
		return getBE32(v, &g.Label)
	case GeneveTTLInherit:
		return getFlag(v, &g.TTLInherit)
	case GeneveDF:
		return get8(v, &g.DF)
	}
	return false
}
