package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func (l *linkListing) bridge(b *netstate.Bridge) {
	s := l.sent(b.Sent)
	s.num(rtnl.BridgeForwardDelay, "forward_delay", "forward_delay", uint64(b.ForwardDelay))
	s.num(rtnl.BridgeHelloTime, "hello_time", "hello_time", uint64(b.HelloTime))
	s.num(rtnl.BridgeMaxAge, "max_age", "max_age", uint64(b.MaxAge))
	s.num(rtnl.BridgeAgeingTime, "ageing_time", "ageing_time", uint64(b.AgeingTime))
	s.num(rtnl.BridgeSTP, "stp_state", "stp_state", uint64(b.STP))
	s.num(rtnl.BridgePriority, "priority", "priority", uint64(b.Priority))
	s.flag(rtnl.BridgeVLANFiltering, "vlan_filtering", "vlan_filtering", b.VLANFiltering)
	s.str(rtnl.BridgeVLANProtocol, "vlan_protocol", "vlan_protocol", vlanProtocol(b.VLANProtocol))
	s.str(rtnl.BridgeID, "bridge_id", "bridge_id", b.ID)
	// ip 6.1 writes the bridge's own id for the root's; this is the root's, as
	// later versions have it.
	s.str(rtnl.BridgeRootID, "root_id", "designated_root", b.RootID)
	s.num(rtnl.BridgeRootPort, "root_port", "root_port", uint64(b.RootPort))
	s.num(rtnl.BridgeRootPathCost, "root_path_cost", "root_path_cost", uint64(b.RootPathCost))
	s.num(rtnl.BridgeTopologyChange, "topology_change", "topology_change", uint64(b.TopologyChange))
	s.num(rtnl.BridgeTopologyFound, "topology_change_detected", "topology_change_detected", uint64(b.TopologyFound))
	s.timer(rtnl.BridgeHelloTimer, "hello_timer", b.HelloTimer)
	s.timer(rtnl.BridgeTCNTimer, "tcn_timer", b.TCNTimer)
	s.timer(rtnl.BridgeTopologyTimer, "topology_change_timer", b.TopologyTimer)
	s.timer(rtnl.BridgeGCTimer, "gc_timer", b.GCTimer)
	s.num(rtnl.BridgeDefaultPVID, "vlan_default_pvid", "vlan_default_pvid", uint64(b.DefaultPVID))
	s.num(rtnl.BridgeVLANStats, "vlan_stats_enabled", "vlan_stats_enabled", uint64(b.VLANStats))
	s.num(rtnl.BridgeVLANStatsPerPort, "vlan_stats_per_port", "vlan_stats_per_port", uint64(b.VLANStatsPerPort))
	s.hex(rtnl.BridgeGroupForward, "group_fwd_mask", "group_fwd_mask", uint64(b.GroupForward))
	s.str(rtnl.BridgeGroupAddress, "group_addr", "group_address", b.GroupAddress)
	l.bridgeMulticast(b)
	s.flag(rtnl.BridgeNFCallIPTables, "nf_call_iptables", "nf_call_iptables", b.NFCallIPTables)
	s.flag(rtnl.BridgeNFCallIP6Tables, "nf_call_ip6tables", "nf_call_ip6tables", b.NFCallIP6Tables)
	s.flag(rtnl.BridgeNFCallARPTables, "nf_call_arptables", "nf_call_arptables", b.NFCallARPTables)
}

func (l *linkListing) bridgeMulticast(b *netstate.Bridge) {
	s, m := l.sent(b.Sent), &b.Multicast
	s.flag(rtnl.BridgeMcastSnooping, "mcast_snooping", "mcast_snooping", m.Snooping)
	for bit, name := range [...]string{"no_linklocal_learn", "mcast_vlan_snooping"} { // BR_BOOLOPT_*
		if b.OptionsMask&(1<<bit) != 0 {
			s.num(rtnl.BridgeOptions, name, name, uint64(b.Options>>bit&1))
		}
	}
	s.num(rtnl.BridgeMcastRouter, "mcast_router", "mcast_router", uint64(m.Router))
	s.num(rtnl.BridgeMcastQueryUseIfAddr, "mcast_query_use_ifaddr", "mcast_query_use_ifaddr", uint64(m.QueryUseIfAddr))
	s.num(rtnl.BridgeMcastQuerier, "mcast_querier", "mcast_querier", uint64(m.Querier))
	s.num(rtnl.BridgeMcastHashElasticity, "mcast_hash_elasticity", "mcast_hash_elasticity", uint64(m.HashElasticity))
	s.num(rtnl.BridgeMcastHashMax, "mcast_hash_max", "mcast_hash_max", uint64(m.HashMax))
	s.num(rtnl.BridgeMcastLastMemberCount, "mcast_last_member_cnt", "mcast_last_member_count", uint64(m.LastMemberCount))
	s.num(rtnl.BridgeMcastStartupQueryCount, "mcast_startup_query_cnt", "mcast_startup_query_count", uint64(m.StartupQueryCount))
	s.num(rtnl.BridgeMcastLastMemberInterval, "mcast_last_member_intvl", "mcast_last_member_interval", m.LastMemberInterval)
	s.num(rtnl.BridgeMcastMembershipInterval, "mcast_membership_intvl", "mcast_membership_interval", m.MembershipInterval)
	s.num(rtnl.BridgeMcastQuerierInterval, "mcast_querier_intvl", "mcast_querier_interval", m.QuerierInterval)
	s.num(rtnl.BridgeMcastQueryInterval, "mcast_query_intvl", "mcast_query_interval", m.QueryInterval)
	s.num(rtnl.BridgeMcastQueryResponseInterval, "mcast_query_response_intvl", "mcast_query_response_interval", m.QueryResponseInterval)
	s.num(rtnl.BridgeMcastStartupQueryInterval, "mcast_startup_query_intvl", "mcast_startup_query_interval", m.StartupQueryInterval)
	s.num(rtnl.BridgeMcastStats, "mcast_stats_enabled", "mcast_stats_enabled", uint64(m.Stats))
	s.num(rtnl.BridgeMcastIGMPVersion, "mcast_igmp_version", "mcast_igmp_version", uint64(m.IGMPVersion))
	s.num(rtnl.BridgeMcastMLDVersion, "mcast_mld_version", "mcast_mld_version", uint64(m.MLDVersion))
}

// vlanProtocol names an ethertype as ip does where it is one of VLANs.
func vlanProtocol(ethertype uint16) string {
	switch ethertype {
	case 0x8100:
		return "802.1Q"
	case 0x88a8:
		return "802.1ad"
	}
	return "[" + strconv.Itoa(int(ethertype)) + "]"
}

func (l *linkListing) bridgePort(p *netstate.Port) {
	w, s := &l.w, l.sent(p.Sent)
	if s.has(rtnl.PortState) {
		names := [...]string{"disabled", "listening", "learning", "forwarding", "blocking"}
		if int(p.State) < len(names) {
			w.str("state", "state ", names[p.State], " ")
		} else {
			w.num("state_index", "state (", int64(p.State), ") ")
		}
	}
	s.num(rtnl.PortPriority, "priority", "priority", uint64(p.Priority))
	s.signed(rtnl.PortCost, "cost", "cost", int32(p.Cost))
	s.onOff(rtnl.PortHairpin, "hairpin", "hairpin", p.Hairpin)
	s.onOff(rtnl.PortGuard, "guard", "guard", p.Guard)
	s.onOff(rtnl.PortRootBlock, "root_block", "root_block", p.RootBlock)
	s.onOff(rtnl.PortFastLeave, "fastleave", "fastleave", p.FastLeave)
	s.onOff(rtnl.PortLearning, "learning", "learning", p.Learning)
	s.onOff(rtnl.PortUnicastFlood, "flood", "flood", p.UnicastFlood)
	s.hex(rtnl.PortID, "id", "port_id", uint64(p.ID))
	s.hex(rtnl.PortNumber, "no", "port_no", uint64(p.Number))
	s.num(rtnl.PortDesignatedPort, "designated_port", "designated_port", uint64(p.DesignatedPort))
	s.num(rtnl.PortDesignatedCost, "designated_cost", "designated_cost", uint64(p.DesignatedCost))
	s.str(rtnl.PortBridgeID, "bridge_id", "designated_bridge", p.BridgeID)
	s.str(rtnl.PortRootID, "root_id", "designated_root", p.RootID)
	s.timer(rtnl.PortHoldTimer, "hold_timer", p.HoldTimer)
	s.timer(rtnl.PortMessageAgeTimer, "message_age_timer", p.MessageAgeTimer)
	s.timer(rtnl.PortForwardTimer, "forward_delay_timer", p.ForwardTimer)
	s.num(rtnl.PortTopologyAck, "topology_change_ack", "topology_change_ack", uint64(p.TopologyAck))
	s.num(rtnl.PortConfigPending, "config_pending", "config_pending", uint64(p.ConfigPending))
	s.onOff(rtnl.PortProxyARP, "proxy_arp", "proxy_arp", p.ProxyARP)
	s.onOff(rtnl.PortProxyARPWiFi, "proxy_arp_wifi", "proxy_arp_wifi", p.ProxyARPWiFi)
	s.num(rtnl.PortMulticastRouter, "multicast_router", "mcast_router", uint64(p.MulticastRouter))
	if !w.json { // said a second time
		s.onOff(rtnl.PortFastLeave, "", "mcast_fast_leave", p.FastLeave)
	}
	s.onOff(rtnl.PortMulticastFlood, "mcast_flood", "mcast_flood", p.MulticastFlood)
	s.onOff(rtnl.PortBroadcastFlood, "bcast_flood", "bcast_flood", p.BroadcastFlood)
	s.onOff(rtnl.PortToUnicast, "mcast_to_unicast", "mcast_to_unicast", p.ToUnicast)
	s.onOff(rtnl.PortNeighSuppress, "neigh_suppress", "neigh_suppress", p.NeighSuppress)
	s.hex(rtnl.PortGroupForward, "group_fwd_mask", "group_fwd_mask", uint64(p.GroupForward))
	s.str(rtnl.PortGroupForward, "group_fwd_mask_str", "group_fwd_mask_str", groupForward(p.GroupForward))
	s.onOff(rtnl.PortVLANTunnel, "vlan_tunnel", "vlan_tunnel", p.VLANTunnel)
	s.onOff(rtnl.PortIsolated, "isolated", "isolated", p.Isolated)
	s.onOff(rtnl.PortLocked, "locked", "locked", p.Locked)
	if s.has(rtnl.PortBackup) {
		w.str("backup_port", "backup_port ", l.devices.name(p.Backup), " ")
	}
}

// groupForward names the link-local groups of a mask.
func groupForward(mask uint16) string {
	if mask == 0 {
		return "0x0"
	}
	s := ""
	for bit := range 16 {
		if mask&(1<<bit) == 0 {
			continue
		}
		if s != "" {
			s += ","
		}
		switch bit {
		case 0:
			s += "stp"
		case 2:
			s += "lacp"
		case 14:
			s += "lldp"
		default:
			s += hexText(1 << bit)
		}
	}
	return s
}
