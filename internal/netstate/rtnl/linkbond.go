package rtnl

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of bonds that netstate.Bond.Sent may have (IFLA_BOND_*).
const (
	BondMode = iota + 1
	BondActive
	BondMIIMon
	BondUpDelay
	BondDownDelay
	BondUseCarrier
	BondARPInterval
	BondARPTargets
	BondValidate
	BondAllTargets
	BondPrimary
	BondReselect
	BondFailOverMAC
	BondHashPolicy
	BondResendIGMP
	BondPeerNotifs
	BondAllActive
	BondMinLinks
	BondLPInterval
	BondPacketsPerPort
	BondLACPRate
	BondSelect
	BondAggregate
	BondActorPriority
	BondUserPortKey
	BondActorSystem
	BondTLBDynamic
	BondPeerDelay
	BondLACPActive
	BondMissedMax
	BondNSTargets
	BondCoupledControl
	BondBroadcastNeigh
	BondLACPStrict
)

func bond(b *netstate.Bond, typ uint16, v []byte) bool {
	return bondWords(b, typ, v) || bondNumbers(b, typ, v) || bondLACP(b, typ, v)
}

// wordOf names a number of one byte or of four; what has no name is "UNKNOWN".
func wordOf(v []byte, p *string, words ...string) bool {
	n := uint32(0)
	if !get32(v, &n) {
		if len(v) < 1 {
			return false
		}
		n = uint32(v[0])
	}
	*p = "UNKNOWN"
	if n < uint32(len(words)) {
		*p = words[n]
	}
	return true
}

func bondWords(b *netstate.Bond, typ uint16, v []byte) bool {
	switch typ {
	case BondMode:
		return wordOf(v, &b.Mode, "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
	case BondValidate:
		return wordOf(v, &b.Validate, "none", "active", "backup", "all", "filter", "filter_active", "filter_backup")
	case BondAllTargets:
		return wordOf(v, &b.AllTargets, "any", "all")
	case BondReselect:
		return wordOf(v, &b.Reselect, "always", "better", "failure")
	case BondFailOverMAC:
		return wordOf(v, &b.FailOverMAC, "none", "active", "follow")
	case BondHashPolicy:
		return wordOf(v, &b.HashPolicy, "layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")
	case BondLACPActive:
		return wordOf(v, &b.LACPActive, "off", "on")
	case BondLACPRate:
		return wordOf(v, &b.LACPRate, "slow", "fast")
	case BondSelect:
		return wordOf(v, &b.Select, "stable", "bandwidth", "count")
	}
	return false
}

func bondNumbers(b *netstate.Bond, typ uint16, v []byte) bool {
	switch typ {
	case BondActive:
		return getIndex(v, &b.Active)
	case BondPrimary:
		return getIndex(v, &b.Primary)
	case BondMIIMon:
		return get32(v, &b.MIIMon)
	case BondUpDelay:
		return get32(v, &b.UpDelay)
	case BondDownDelay:
		return get32(v, &b.DownDelay)
	case BondPeerDelay:
		return get32(v, &b.PeerDelay)
	case BondUseCarrier:
		return get8(v, &b.UseCarrier)
	case BondARPInterval:
		return get32(v, &b.ARPEvery)
	case BondMissedMax:
		return get8(v, &b.MissedMax)
	case BondARPTargets:
		return targets(v, &b.ARPTargets)
	case BondNSTargets:
		return targets(v, &b.NSTargets)
	case BondResendIGMP:
		return get32(v, &b.ResendIGMP)
	case BondPeerNotifs:
		return get8(v, &b.PeerNotifs)
	case BondAllActive:
		return get8(v, &b.AllActive)
	case BondMinLinks:
		return get32(v, &b.MinLinks)
	case BondLPInterval:
		return get32(v, &b.LPInterval)
	case BondPacketsPerPort:
		return get32(v, &b.PacketsPerPort)
	case BondTLBDynamic:
		return get8(v, &b.TLBDynamic)
	case BondBroadcastNeigh:
		return get8(v, &b.BroadcastNeigh)
	}
	return false
}

func bondLACP(b *netstate.Bond, typ uint16, v []byte) bool {
	switch typ {
	case BondActorPriority:
		return get16(v, &b.ActorPriority)
	case BondUserPortKey:
		return get16(v, &b.UserPortKey)
	case BondActorSystem:
		return getMAC(v, &b.ActorSystem)
	case BondCoupledControl:
		return get8(v, &b.CoupledControl)
	case BondLACPStrict:
		return get8(v, &b.LACPStrict)
	case BondAggregate:
		return aggregate(b, v)
	}
	return false
}

// targets reads a list of addresses, each in an attribute of its own.
func targets(v []byte, p *[]netip.Addr) bool {
	all := []netip.Addr{}
	for _, v := range nlattr.All(v) {
		a, ok := netip.AddrFromSlice(v)
		if !ok {
			return false
		}
		all = append(all, a)
	}
	*p = all
	return true
}

// Attributes of the aggregate in use (IFLA_BOND_AD_INFO_*).
const (
	BondAggregator = iota + 1
	BondPorts
	BondActorKey
	BondPartnerKey
	BondPartnerMAC
)

func aggregate(b *netstate.Bond, v []byte) bool {
	a := new(netstate.BondLACP)
	for typ, v := range nlattr.All(v) {
		ok := false
		switch typ {
		case BondAggregator:
			ok = get16(v, &a.Aggregator)
		case BondPorts:
			ok = get16(v, &a.Ports)
		case BondActorKey:
			ok = get16(v, &a.ActorKey)
		case BondPartnerKey:
			ok = get16(v, &a.PartnerKey)
		case BondPartnerMAC:
			ok = getMAC(v, &a.PartnerMAC)
		}
		if !ok {
			return false // all of it is kept raw
		}
		a.Sent.Add(typ)
	}
	b.Aggregate = a
	return true
}

// Attributes of ports of bonds that netstate.BondPort.Sent may have
// (IFLA_BOND_SLAVE_*).
const (
	BondPortState = iota + 1
	BondPortMII
	BondPortFailures
	BondPortPermanent
	BondPortQueue
	BondPortAggregator
	BondPortActorState
	BondPortPartnerState
	BondPortPriority
	BondPortActorPriority
)

func bondPort(p *netstate.BondPort, typ uint16, v []byte) bool {
	switch typ {
	case BondPortState:
		return get8(v, &p.State)
	case BondPortMII:
		return get8(v, &p.MII)
	case BondPortFailures:
		return get32(v, &p.Failures)
	case BondPortPermanent:
		return getMAC(v, &p.Permanent)
	case BondPortQueue:
		return get16(v, &p.Queue)
	case BondPortAggregator:
		return get16(v, &p.Aggregator)
	case BondPortActorState:
		return get8(v, &p.ActorState)
	case BondPortPartnerState:
		return getState(v, &p.PartnerState)
	case BondPortPriority:
		return getSigned(v, &p.Priority)
	case BondPortActorPriority:
		return get16(v, &p.ActorPriority)
	}
	return false
}

// getState reads a number of two bytes that has eight bits alone: those of
// LACP's state.
func getState(v []byte, p *uint8) bool {
	var n uint16
	if !get16(v, &n) {
		return get8(v, p)
	}
	*p = uint8(n)
	return n <= 0xff
}
