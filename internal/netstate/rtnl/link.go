package rtnl

import (
	"encoding/binary"
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// linkHeader is the size of struct ifinfomsg.
const linkHeader = 16

// Attributes of links that netstate.Link.Sent may have (IFLA_* of
// linux/if_link.h).
const (
	LinkAddress     = 1
	LinkBroadcast   = 2
	linkName        = 3
	LinkMTU         = 4
	LinkParent      = 5
	LinkQdisc       = 6
	linkStats       = 7
	LinkMaster      = 10
	LinkTxQueueLen  = 13
	linkMap         = 14
	LinkState       = 16
	LinkMode        = 17
	LinkInfo        = 18
	LinkAlias       = 20
	LinkNumVFs      = 21
	LinkVFs         = 22
	LinkStats64     = 23
	linkAFSpec      = 26
	LinkGroup       = 27
	linkExtMask     = 29
	LinkPromiscuity = 30
	LinkTxQueues    = 31
	LinkRxQueues    = 32
	LinkCarrier     = 33
	LinkPortID      = 34
	LinkChanges     = 35
	LinkSwitchID    = 36
	LinkParentNSID  = 37
	LinkPortName    = 38
	LinkProtoDown   = 39
	LinkGSOMaxSegs  = 40
	LinkGSOMaxSize  = 41
	linkPad         = 42
	LinkXDP         = 43
	LinkUps         = 47
	LinkDowns       = 48
	LinkMinMTU      = 50
	LinkMaxMTU      = 51
	LinkProps       = 52
	linkAltName     = 53
	LinkPermanent   = 54
	LinkDownReason  = 55
	LinkDevice      = 56
	LinkBus         = 57
	LinkGROMaxSize  = 58
	LinkTSOMaxSize  = 59
	LinkTSOMaxSegs  = 60
	LinkAllMulti    = 61
	linkDevlink     = 62
	LinkGSOIPv4     = 63
	linkGROIPv4     = 64
	linkDPLL        = 65
	linkPacing      = 66
	linkImmutable   = 67
	linkHeadroom    = 68
	linkTailroom    = 69
)

// Link decodes the body of RTM_NEWLINK: struct ifinfomsg and attributes.
func Link(body []byte) (netstate.Link, error) {
	if len(body) < linkHeader {
		return netstate.Link{}, fmt.Errorf("decode link: %w", errCut)
	}
	l := netstate.Link{
		Type:  binary.NativeEndian.Uint16(body[2:]),
		Index: int(int32(binary.NativeEndian.Uint32(body[4:]))),
		Flags: binary.NativeEndian.Uint32(body[8:]),
	}
	for typ, v := range nlattr.All(body[linkHeader:]) {
		known := linkBasics(&l, typ, v) || linkNumbers(&l, typ, v) || linkParts(&l, typ, v)
		switch {
		case known:
			l.Sent.Add(typ)
		case !needless(typ, v):
			l.Raw = keep(l.Raw, typ, v)
		}
	}
	return l, nil
}

// needless attributes say nothing: padding, counters of 32 bits beside those
// of 64, the question's own mask, lists that are empty, and where old cards
// have their memory if it is nowhere.
func needless(typ uint16, v []byte) bool {
	switch typ {
	case linkPad, linkStats, linkExtMask:
		return true
	case linkDevlink, linkDPLL:
		return len(v) == 0
	case linkMap:
		for _, c := range v {
			if c != 0 {
				return false
			}
		}
		return true
	}
	return false
}

// linkBasics reads what nearly every kernel sends.
func linkBasics(l *netstate.Link, typ uint16, v []byte) bool {
	switch typ {
	case LinkAddress:
		l.Address = hardware(v, l.Type)
	case LinkBroadcast:
		l.Broadcast = hardware(v, l.Type)
	case LinkPermanent:
		l.Permanent = hardware(v, l.Type)
	case linkName:
		return getText(v, &l.Name)
	case LinkMTU:
		return getIndex(v, &l.MTU)
	case LinkParent:
		return getIndex(v, &l.Parent)
	case LinkParentNSID:
		id := new(int32)
		if !getSigned(v, id) {
			return false
		}
		l.ParentNSID = id
	case LinkQdisc:
		return getText(v, &l.Qdisc)
	case LinkMaster:
		return getIndex(v, &l.Master)
	case LinkTxQueueLen:
		return get32(v, &l.TxQueueLen)
	case LinkState:
		return get8(v, &l.State)
	case LinkMode:
		return get8(v, &l.Mode)
	case LinkGroup:
		return get32(v, &l.Group)
	case LinkAlias:
		return getText(v, &l.Alias)
	case LinkPortName:
		return getText(v, &l.PortName)
	case LinkDevice:
		return getText(v, &l.Device)
	case LinkBus:
		return getText(v, &l.Bus)
	case LinkPortID:
		return getHex(v, &l.PortID)
	case LinkSwitchID:
		return getHex(v, &l.SwitchID)
	default:
		return false
	}
	return true
}

// linkNumbers reads limits and counters.
func linkNumbers(l *netstate.Link, typ uint16, v []byte) bool {
	switch typ {
	case LinkPromiscuity:
		return get32(v, &l.Promiscuity)
	case LinkAllMulti:
		return get32(v, &l.AllMulti)
	case LinkMinMTU:
		return get32(v, &l.MinMTU)
	case LinkMaxMTU:
		return get32(v, &l.MaxMTU)
	case LinkTxQueues:
		return get32(v, &l.TxQueues)
	case LinkRxQueues:
		return get32(v, &l.RxQueues)
	case LinkGSOMaxSize:
		return get32(v, &l.GSOMaxSize)
	case LinkGSOMaxSegs:
		return get32(v, &l.GSOMaxSegs)
	case LinkTSOMaxSize:
		return get32(v, &l.TSOMaxSize)
	case LinkTSOMaxSegs:
		return get32(v, &l.TSOMaxSegs)
	case LinkGROMaxSize:
		return get32(v, &l.GROMaxSize)
	case LinkGSOIPv4:
		return get32(v, &l.GSOIPv4MaxSize)
	case linkGROIPv4:
		return get32(v, &l.GROIPv4MaxSize)
	case LinkCarrier:
		return getBool(v, &l.Carrier)
	case LinkChanges:
		return get32(v, &l.CarrierChanges)
	case LinkUps:
		return get32(v, &l.CarrierUps)
	case LinkDowns:
		return get32(v, &l.CarrierDowns)
	case LinkProtoDown:
		return getBool(v, &l.ProtoDown)
	case linkImmutable:
		return getBool(v, &l.Immutable)
	case linkHeadroom:
		return get16(v, &l.Headroom)
	case linkTailroom:
		return get16(v, &l.Tailroom)
	case LinkNumVFs:
		return get32(v, &l.NumVFs)
	case linkPacing:
		return getUint(v, &l.MaxPacing)
	}
	return false
}

// linkParts reads attributes that are made of others.
func linkParts(l *netstate.Link, typ uint16, v []byte) bool {
	switch typ {
	case LinkStats64:
		return linkStats64(v, &l.Stats)
	case LinkInfo:
		linkInfo(l, v)
	case linkAFSpec:
		families(l, v)
	case LinkProps:
		for typ, v := range nlattr.All(v) {
			if typ != linkAltName {
				return false
			}
			l.AltNames = append(l.AltNames, nlattr.Text(v))
		}
	case LinkDownReason:
		const value = 2 // IFLA_PROTO_DOWN_REASON_VALUE
		for typ, v := range nlattr.All(v) {
			if typ == value {
				return get32(v, &l.ProtoDownReason)
			}
		}
	case LinkXDP:
		return xdp(l, v)
	case LinkVFs:
		return virtualFunctions(l, v)
	default:
		return false
	}
	return true
}
