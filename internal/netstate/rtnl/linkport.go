package rtnl

import "github.com/pktrail/pktrail/internal/netstate"

// Attributes of bridge ports that netstate.Port.Sent may have (IFLA_BRPORT_*).
const (
	PortState = iota + 1
	PortPriority
	PortCost
	PortHairpin
	PortGuard
	PortRootBlock
	PortFastLeave
	PortLearning
	PortUnicastFlood
	PortProxyARP
	PortLearningSync
	PortProxyARPWiFi
	PortRootID
	PortBridgeID
	PortDesignatedPort
	PortDesignatedCost
	PortID
	PortNumber
	PortTopologyAck
	PortConfigPending
	PortMessageAgeTimer
	PortForwardTimer
	PortHoldTimer
	portFlush
	PortMulticastRouter
	portPad
	PortMulticastFlood
	PortToUnicast
	PortVLANTunnel
	PortBroadcastFlood
	PortGroupForward
	PortNeighSuppress
	PortIsolated
	PortBackup
	PortMRPRingOpen
	PortMRPInterconnOpen
	PortEHTHostsLimit
	PortEHTHosts
	PortLocked
	PortMAB
	PortMulticastGroups
	PortMaxGroups
	PortNeighVLANSuppress
	PortBackupNexthop
	PortNeighForwardGrat
)

func bridgePort(p *netstate.Port, typ uint16, v []byte) bool {
	return portSwitches(p, typ, v) || portTree(p, typ, v) || portNumbers(p, typ, v)
}

// portSwitches reads what is on or off.
func portSwitches(p *netstate.Port, typ uint16, v []byte) bool {
	switch typ {
	case PortHairpin:
		return getBool(v, &p.Hairpin)
	case PortGuard:
		return getBool(v, &p.Guard)
	case PortRootBlock:
		return getBool(v, &p.RootBlock)
	case PortFastLeave:
		return getBool(v, &p.FastLeave)
	case PortLearning:
		return getBool(v, &p.Learning)
	case PortUnicastFlood:
		return getBool(v, &p.UnicastFlood)
	case PortMulticastFlood:
		return getBool(v, &p.MulticastFlood)
	case PortBroadcastFlood:
		return getBool(v, &p.BroadcastFlood)
	case PortProxyARP:
		return getBool(v, &p.ProxyARP)
	case PortProxyARPWiFi:
		return getBool(v, &p.ProxyARPWiFi)
	case PortLearningSync:
		return getBool(v, &p.LearningSync)
	case PortToUnicast:
		return getBool(v, &p.ToUnicast)
	case PortVLANTunnel:
		return getBool(v, &p.VLANTunnel)
	case PortNeighSuppress:
		return getBool(v, &p.NeighSuppress)
	case PortNeighVLANSuppress:
		return getBool(v, &p.NeighVLANSuppress)
	case PortNeighForwardGrat:
		return getBool(v, &p.NeighForwardGrat)
	case PortIsolated:
		return getBool(v, &p.Isolated)
	case PortLocked:
		return getBool(v, &p.Locked)
	case PortMAB:
		return getBool(v, &p.MAB)
	case PortMRPRingOpen:
		return getBool(v, &p.MRPRingOpen)
	case PortMRPInterconnOpen:
		return getBool(v, &p.MRPInterconnOpen)
	}
	return false
}

// portTree reads what is of spanning tree.
func portTree(p *netstate.Port, typ uint16, v []byte) bool {
	switch typ {
	case PortState:
		return get8(v, &p.State)
	case PortPriority:
		return get16(v, &p.Priority)
	case PortCost:
		return get32(v, &p.Cost)
	case PortRootID:
		return getBridgeID(v, &p.RootID)
	case PortBridgeID:
		return getBridgeID(v, &p.BridgeID)
	case PortDesignatedPort:
		return get16(v, &p.DesignatedPort)
	case PortDesignatedCost:
		return get16(v, &p.DesignatedCost)
	case PortID:
		return get16(v, &p.ID)
	case PortNumber:
		return get16(v, &p.Number)
	case PortTopologyAck:
		return get8(v, &p.TopologyAck)
	case PortConfigPending:
		return get8(v, &p.ConfigPending)
	case PortMessageAgeTimer:
		return get64(v, &p.MessageAgeTimer)
	case PortForwardTimer:
		return get64(v, &p.ForwardTimer)
	case PortHoldTimer:
		return get64(v, &p.HoldTimer)
	}
	return false
}

func portNumbers(p *netstate.Port, typ uint16, v []byte) bool {
	switch typ {
	case PortMulticastRouter:
		return get8(v, &p.MulticastRouter)
	case PortGroupForward:
		return get16(v, &p.GroupForward)
	case PortBackup:
		return getIndex(v, &p.Backup)
	case PortBackupNexthop:
		return get32(v, &p.BackupNexthop)
	case PortEHTHostsLimit:
		return get32(v, &p.EHTHostsLimit)
	case PortEHTHosts:
		return get32(v, &p.EHTHosts)
	case PortMulticastGroups:
		return get32(v, &p.MulticastGroups)
	case PortMaxGroups:
		return get32(v, &p.MaxGroups)
	case portPad:
		return true
	}
	return false
}
