package rtnl

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes of bridges that netstate.Bridge.Sent may have (IFLA_BR_*).
const (
	BridgeForwardDelay = iota + 1
	BridgeHelloTime
	BridgeMaxAge
	BridgeAgeingTime
	BridgeSTP
	BridgePriority
	BridgeVLANFiltering
	BridgeVLANProtocol
	BridgeGroupForward
	BridgeRootID
	BridgeID
	BridgeRootPort
	BridgeRootPathCost
	BridgeTopologyChange
	BridgeTopologyFound
	BridgeHelloTimer
	BridgeTCNTimer
	BridgeTopologyTimer
	BridgeGCTimer
	BridgeGroupAddress
	bridgeFlush
	BridgeMcastRouter
	BridgeMcastSnooping
	BridgeMcastQueryUseIfAddr
	BridgeMcastQuerier
	BridgeMcastHashElasticity
	BridgeMcastHashMax
	BridgeMcastLastMemberCount
	BridgeMcastStartupQueryCount
	BridgeMcastLastMemberInterval
	BridgeMcastMembershipInterval
	BridgeMcastQuerierInterval
	BridgeMcastQueryInterval
	BridgeMcastQueryResponseInterval
	BridgeMcastStartupQueryInterval
	BridgeNFCallIPTables
	BridgeNFCallIP6Tables
	BridgeNFCallARPTables
	BridgeDefaultPVID
	bridgePad
	BridgeVLANStats
	BridgeMcastStats
	BridgeMcastIGMPVersion
	BridgeMcastMLDVersion
	BridgeVLANStatsPerPort
	BridgeOptions
	BridgeMcastQuerierState
	BridgeLearned
	BridgeMaxLearned
	BridgeSTPMode
)

func bridge(b *netstate.Bridge, typ uint16, v []byte) bool {
	return bridgeOwn(b, typ, v) || bridgeTree(b, typ, v) || bridgeMulticast(&b.Multicast, typ, v)
}

func bridgeOwn(b *netstate.Bridge, typ uint16, v []byte) bool {
	switch typ {
	case BridgeAgeingTime:
		return get32(v, &b.AgeingTime)
	case BridgeVLANFiltering:
		return getBool(v, &b.VLANFiltering)
	case BridgeVLANProtocol:
		return getBE16(v, &b.VLANProtocol)
	case BridgeGroupForward:
		return get16(v, &b.GroupForward)
	case BridgeGroupAddress:
		return getMAC(v, &b.GroupAddress)
	case BridgeNFCallIPTables:
		return getBool(v, &b.NFCallIPTables)
	case BridgeNFCallIP6Tables:
		return getBool(v, &b.NFCallIP6Tables)
	case BridgeNFCallARPTables:
		return getBool(v, &b.NFCallARPTables)
	case BridgeDefaultPVID:
		return get16(v, &b.DefaultPVID)
	case BridgeVLANStats:
		return get8(v, &b.VLANStats)
	case BridgeVLANStatsPerPort:
		return get8(v, &b.VLANStatsPerPort)
	case BridgeOptions: // struct br_boolopt_multi
		return len(v) >= 8 && get32(v, &b.Options) && get32(v[4:], &b.OptionsMask)
	case BridgeLearned:
		return get32(v, &b.Learned)
	case BridgeMaxLearned:
		return get32(v, &b.MaxLearned)
	case bridgePad:
		return true
	}
	return false
}

// bridgeTree reads what is of spanning tree.
func bridgeTree(b *netstate.Bridge, typ uint16, v []byte) bool {
	switch typ {
	case BridgeForwardDelay:
		return get32(v, &b.ForwardDelay)
	case BridgeHelloTime:
		return get32(v, &b.HelloTime)
	case BridgeMaxAge:
		return get32(v, &b.MaxAge)
	case BridgeSTP:
		return get32(v, &b.STP)
	case BridgeSTPMode:
		return get32(v, &b.STPMode)
	case BridgePriority:
		return get16(v, &b.Priority)
	case BridgeRootID:
		return getBridgeID(v, &b.RootID)
	case BridgeID:
		return getBridgeID(v, &b.ID)
	case BridgeRootPort:
		return get16(v, &b.RootPort)
	case BridgeRootPathCost:
		return get32(v, &b.RootPathCost)
	case BridgeTopologyChange:
		return get8(v, &b.TopologyChange)
	case BridgeTopologyFound:
		return get8(v, &b.TopologyFound)
	case BridgeHelloTimer:
		return get64(v, &b.HelloTimer)
	case BridgeTCNTimer:
		return get64(v, &b.TCNTimer)
	case BridgeTopologyTimer:
		return get64(v, &b.TopologyTimer)
	case BridgeGCTimer:
		return get64(v, &b.GCTimer)
	}
	return false
}

func bridgeMulticast(m *netstate.BridgeMulticast, typ uint16, v []byte) bool {
	switch typ {
	case BridgeMcastRouter:
		return get8(v, &m.Router)
	case BridgeMcastSnooping:
		return getBool(v, &m.Snooping)
	case BridgeMcastQueryUseIfAddr:
		return get8(v, &m.QueryUseIfAddr)
	case BridgeMcastQuerier:
		return get8(v, &m.Querier)
	case BridgeMcastHashElasticity:
		return get32(v, &m.HashElasticity)
	case BridgeMcastHashMax:
		return get32(v, &m.HashMax)
	case BridgeMcastLastMemberCount:
		return get32(v, &m.LastMemberCount)
	case BridgeMcastStartupQueryCount:
		return get32(v, &m.StartupQueryCount)
	case BridgeMcastLastMemberInterval:
		return get64(v, &m.LastMemberInterval)
	case BridgeMcastMembershipInterval:
		return get64(v, &m.MembershipInterval)
	case BridgeMcastQuerierInterval:
		return get64(v, &m.QuerierInterval)
	case BridgeMcastQueryInterval:
		return get64(v, &m.QueryInterval)
	case BridgeMcastQueryResponseInterval:
		return get64(v, &m.QueryResponseInterval)
	case BridgeMcastStartupQueryInterval:
		return get64(v, &m.StartupQueryInterval)
	case BridgeMcastStats:
		return get8(v, &m.Stats)
	case BridgeMcastIGMPVersion:
		return get8(v, &m.IGMPVersion)
	case BridgeMcastMLDVersion:
		return get8(v, &m.MLDVersion)
	case BridgeMcastQuerierState:
		return queriers(m, v)
	}
	return false
}

// queriers reads which other queriers there are: one of IPv4 and one of IPv6
// at most (BRIDGE_QUERIER_*).
func queriers(m *netstate.BridgeMulticast, v []byte) bool {
	const addr, port, timer, pad, first6 = 1, 2, 3, 4, 5
	var both [2]netstate.BridgeQuerier
	ok := true
	for typ, v := range nlattr.All(v) {
		if typ == pad {
			continue
		}
		q := &both[0]
		if typ >= first6 {
			q, typ = &both[1], typ-first6+addr
		}
		switch typ {
		case addr:
			ok = getAddr(v, &q.Addr) && ok
		case port:
			ok = getIndex(v, &q.Port) && ok
		case timer:
			ok = get64(v, &q.Timer) && ok
		default:
			ok = false
		}
	}
	for _, q := range both {
		if ok && q.Addr.IsValid() {
			m.Queriers = append(m.Queriers, q)
		}
	}
	return ok
}

// getBridgeID writes struct ifla_bridge_id as ip does, which drops leading
// zeros in the address: "8000.e:e4:ab:0:1:2".
func getBridgeID(v []byte, p *string) bool {
	const digits = "0123456789abcdef"
	if len(v) < 8 {
		return false
	}
	b := make([]byte, 0, 24)
	for _, c := range v[:2] {
		b = append(b, digits[c>>4], digits[c&15])
	}
	for i, c := range v[2:8] {
		b = append(b, ".:::::"[i])
		b = strconv.AppendUint(b, uint64(c), 16)
	}
	*p = string(b)
	return true
}
