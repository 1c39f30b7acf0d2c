package rtnl

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Attributes that the Sent of VLAN, MACVLAN, Tun and Netkit may have
// (IFLA_VLAN_*, IFLA_MACVLAN_*, IFLA_TUN_*, IFLA_NETKIT_*).
const (
	VLANID       = 1
	VLANFlags    = 2
	VLANEgress   = 3
	VLANIngress  = 4
	VLANProtocol = 5

	MACVLANMode      = 1
	MACVLANFlags     = 2
	MACVLANMACs      = 5
	MACVLANCount     = 6
	MACVLANQueue     = 7
	MACVLANQueueUsed = 8
	MACVLANCutoff    = 9

	TunOwner      = 1
	TunGroup      = 2
	TunType       = 3
	TunPacketInfo = 4
	TunVnetHeader = 5
	TunPersist    = 6
	TunMultiQueue = 7
	TunQueues     = 8
	TunDisabled   = 9

	netkitPrimary    = 2
	netkitPolicy     = 3
	netkitPeerPolicy = 4
	netkitMode       = 5
	netkitScrub      = 6
	netkitPeerScrub  = 7
	netkitHeadroom   = 8
	netkitTailroom   = 9
	netkitPairing    = 10
)

func vlan(x *netstate.VLAN, typ uint16, v []byte) bool {
	switch typ {
	case VLANID:
		return get16(v, &x.ID)
	case VLANProtocol:
		return getBE16(v, &x.Protocol)
	case VLANFlags: // struct ifla_vlan_flags; the mask is of no interest
		return len(v) >= 8 && get32(v, &x.Flags)
	case VLANEgress:
		return priorities(v, &x.Egress)
	case VLANIngress:
		return priorities(v, &x.Ingress)
	}
	return false
}

func priorities(v []byte, p *[]netstate.QoS) bool {
	for _, v := range nlattr.All(v) {
		var q netstate.QoS
		if len(v) < 8 {
			return false
		}
		get32(v, &q.From)
		get32(v[4:], &q.To)
		*p = append(*p, q)
	}
	return true
}

func macvlan(x *netstate.MACVLAN, typ uint16, v []byte) bool {
	switch typ {
	case MACVLANMode:
		var mode uint32
		ok := get32(v, &mode)
		x.Mode = macvlanMode(mode)
		return ok
	case MACVLANFlags:
		return get16(v, &x.Flags)
	case MACVLANCount:
		return get32(v, &x.Count)
	case MACVLANMACs:
		for _, v := range nlattr.All(v) {
			x.MACs = append(x.MACs, colons(v))
		}
		return true
	case MACVLANQueue:
		return get32(v, &x.Queue)
	case MACVLANQueueUsed:
		return get32(v, &x.QueueUsed)
	case MACVLANCutoff:
		return getSigned(v, &x.Cutoff)
	}
	return false
}

// macvlanMode names enum macvlan_mode.
func macvlanMode(mode uint32) string {
	switch mode {
	case 1:
		return "private"
	case 2:
		return "vepa"
	case 4:
		return "bridge"
	case 8:
		return "passthru"
	case 16:
		return "source"
	}
	return "unknown"
}

func ipvlan(x *netstate.IPVLAN, typ uint16, v []byte) bool {
	const mode, flags = 1, 2 // IFLA_IPVLAN_*
	const private, vepa = 1, 2
	var n uint16
	if typ != mode && typ != flags || !get16(v, &n) {
		return false
	}
	switch {
	case typ == mode && n < 3:
		x.Mode = [...]string{"l2", "l3", "l3s"}[n]
	case typ == mode:
		x.Mode = "unknown"
	case n&private != 0:
		x.Flag = "private"
	case n&vepa != 0:
		x.Flag = "vepa"
	default:
		x.Flag = "bridge"
	}
	return true
}

func tun(x *netstate.Tun, typ uint16, v []byte) bool {
	switch typ {
	case TunOwner:
		return get32(v, &x.Owner)
	case TunGroup:
		return get32(v, &x.Group)
	case TunType:
		if len(v) < 1 {
			return false
		}
		switch v[0] { // IFF_TUN and IFF_TAP of linux/if_tun.h
		case 1:
			x.Mode = "tun"
		case 2:
			x.Mode = "tap"
		default:
			x.Mode = "UNKNOWN:" + strconv.Itoa(int(v[0]))
		}
		return true
	case TunPacketInfo:
		return getBool(v, &x.PacketInfo)
	case TunVnetHeader:
		return getBool(v, &x.VnetHeader)
	case TunPersist:
		return getBool(v, &x.Persist)
	case TunMultiQueue:
		return getBool(v, &x.MultiQueue)
	case TunQueues:
		return get32(v, &x.Queues)
	case TunDisabled:
		return get32(v, &x.Disabled)
	}
	return false
}

func netkit(x *netstate.Netkit, typ uint16, v []byte) bool {
	switch typ {
	case netkitPrimary:
		return getBool(v, &x.Primary)
	case netkitMode:
		var mode uint32
		ok := get32(v, &mode)
		x.Mode = "unknown"
		if mode < 2 {
			x.Mode = [...]string{"l2", "l3"}[mode]
		}
		return ok
	case netkitPolicy:
		return getSigned(v, &x.Policy)
	case netkitPeerPolicy:
		return getSigned(v, &x.PeerPolicy)
	case netkitScrub:
		return get32(v, &x.Scrub)
	case netkitPeerScrub:
		return get32(v, &x.PeerScrub)
	case netkitHeadroom:
		return get16(v, &x.Headroom)
	case netkitTailroom:
		return get16(v, &x.Tailroom)
	case netkitPairing:
		return get32(v, &x.Pairing)
	}
	return false
}
