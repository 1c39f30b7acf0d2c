package iproute

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// same is a field with the same name in text and JSON.
func (s sent) same(n int, name string, set setter) field { return s.word(n, name, name, set) }

func bridgeFields(b *netstate.Bridge) []field {
	s := sent{&b.Sent}
	return append([]field{
		s.same(rtnl.BridgeForwardDelay, "forward_delay", number(&b.ForwardDelay)),
		s.same(rtnl.BridgeHelloTime, "hello_time", number(&b.HelloTime)),
		s.same(rtnl.BridgeMaxAge, "max_age", number(&b.MaxAge)),
		s.same(rtnl.BridgeAgeingTime, "ageing_time", number(&b.AgeingTime)),
		s.same(rtnl.BridgeSTP, "stp_state", number(&b.STP)),
		s.same(rtnl.BridgeSTPMode, "stp_mode", oneOf(&b.STPMode, "auto", "user", "kernel")),
		s.same(rtnl.BridgePriority, "priority", number(&b.Priority)),
		s.same(rtnl.BridgeVLANFiltering, "vlan_filtering", yes(&b.VLANFiltering)),
		s.same(rtnl.BridgeVLANProtocol, "vlan_protocol", vlanProtocol(&b.VLANProtocol)),
		s.same(rtnl.BridgeID, "bridge_id", text(&b.ID)),
		s.word(rtnl.BridgeRootID, "designated_root", "root_id", text(&b.RootID)),
		s.same(rtnl.BridgeRootPort, "root_port", number(&b.RootPort)),
		s.same(rtnl.BridgeRootPathCost, "root_path_cost", number(&b.RootPathCost)),
		s.same(rtnl.BridgeTopologyChange, "topology_change", number(&b.TopologyChange)),
		s.same(rtnl.BridgeTopologyFound, "topology_change_detected", number(&b.TopologyFound)),
		s.same(rtnl.BridgeHelloTimer, "hello_timer", ticks(&b.HelloTimer)),
		s.same(rtnl.BridgeTCNTimer, "tcn_timer", ticks(&b.TCNTimer)),
		s.same(rtnl.BridgeTopologyTimer, "topology_change_timer", ticks(&b.TopologyTimer)),
		s.same(rtnl.BridgeGCTimer, "gc_timer", ticks(&b.GCTimer)),
		s.same(rtnl.BridgeLearned, "fdb_n_learned", number(&b.Learned)),
		s.same(rtnl.BridgeMaxLearned, "fdb_max_learned", number(&b.MaxLearned)),
		s.same(rtnl.BridgeDefaultPVID, "vlan_default_pvid", number(&b.DefaultPVID)),
		s.same(rtnl.BridgeVLANStats, "vlan_stats_enabled", number(&b.VLANStats)),
		s.same(rtnl.BridgeVLANStatsPerPort, "vlan_stats_per_port", number(&b.VLANStatsPerPort)),
		s.same(rtnl.BridgeGroupForward, "group_fwd_mask", number(&b.GroupForward)),
		s.word(rtnl.BridgeGroupAddress, "group_address", "group_addr", text(&b.GroupAddress)),
		s.same(rtnl.BridgeNFCallIPTables, "nf_call_iptables", yes(&b.NFCallIPTables)),
		s.same(rtnl.BridgeNFCallIP6Tables, "nf_call_ip6tables", yes(&b.NFCallIP6Tables)),
		s.same(rtnl.BridgeNFCallARPTables, "nf_call_arptables", yes(&b.NFCallARPTables)),
	}, bridgeMulticast(b, s)...)
}

func bridgeMulticast(b *netstate.Bridge, s sent) []field {
	m := &b.Multicast
	all := []field{
		s.same(rtnl.BridgeMcastSnooping, "mcast_snooping", yes(&m.Snooping)),
		s.same(rtnl.BridgeMcastRouter, "mcast_router", number(&m.Router)),
		s.same(rtnl.BridgeMcastQueryUseIfAddr, "mcast_query_use_ifaddr", number(&m.QueryUseIfAddr)),
		s.same(rtnl.BridgeMcastQuerier, "mcast_querier", number(&m.Querier)),
		s.same(rtnl.BridgeMcastHashElasticity, "mcast_hash_elasticity", number(&m.HashElasticity)),
		s.same(rtnl.BridgeMcastHashMax, "mcast_hash_max", number(&m.HashMax)),
		s.word(rtnl.BridgeMcastLastMemberCount, "mcast_last_member_count", "mcast_last_member_cnt", number(&m.LastMemberCount)),
		s.word(rtnl.BridgeMcastStartupQueryCount, "mcast_startup_query_count", "mcast_startup_query_cnt", number(&m.StartupQueryCount)),
		s.word(rtnl.BridgeMcastLastMemberInterval, "mcast_last_member_interval", "mcast_last_member_intvl", number(&m.LastMemberInterval)),
		s.word(rtnl.BridgeMcastMembershipInterval, "mcast_membership_interval", "mcast_membership_intvl", number(&m.MembershipInterval)),
		s.word(rtnl.BridgeMcastQuerierInterval, "mcast_querier_interval", "mcast_querier_intvl", number(&m.QuerierInterval)),
		s.word(rtnl.BridgeMcastQueryInterval, "mcast_query_interval", "mcast_query_intvl", number(&m.QueryInterval)),
		s.word(rtnl.BridgeMcastQueryResponseInterval, "mcast_query_response_interval", "mcast_query_response_intvl", number(&m.QueryResponseInterval)),
		s.word(rtnl.BridgeMcastStartupQueryInterval, "mcast_startup_query_interval", "mcast_startup_query_intvl", number(&m.StartupQueryInterval)),
		s.same(rtnl.BridgeMcastStats, "mcast_stats_enabled", number(&m.Stats)),
		s.same(rtnl.BridgeMcastIGMPVersion, "mcast_igmp_version", number(&m.IGMPVersion)),
		s.same(rtnl.BridgeMcastMLDVersion, "mcast_mld_version", number(&m.MLDVersion)),
	}
	for n, name := range [...]string{"no_linklocal_learn", "mcast_vlan_snooping", "mst_enable", "mdb_offload_fail_notification", "fdb_local_vlan_0"} { // BR_BOOLOPT_*
		all = append(all, s.same(rtnl.BridgeOptions, name, func(v string) error {
			b.OptionsMask |= 1 << n
			return bit(&b.Options, 1<<n)(v)
		}))
	}
	return all
}

// vlanProtocol takes an ethertype.
func vlanProtocol(p *uint16) setter {
	return func(s string) error {
		switch strings.ToLower(s) {
		case "802.1q":
			*p = 0x8100
		case "802.1ad":
			*p = 0x88a8
		default:
			v, err := strconv.ParseUint(strings.Trim(s, "[]"), 10, 16)
			if err != nil {
				return fmt.Errorf("%q is no protocol of VLANs", cut(s))
			}
			*p = uint16(v)
		}
		return nil
	}
}

func (x *space) bridgePortFields(p *netstate.Port) []field {
	s := sent{&p.Sent}
	ignored := func(string) error { return nil }
	return append(bridgePortSwitches(p, s),
		s.field(rtnl.PortState, field{word: "state", key: "state", set: oneOf(&p.State, "disabled", "listening", "learning", "forwarding", "blocking"), read: func(words *scanner) error {
			return oneOf(&p.State, "disabled", "listening", "learning", "forwarding", "blocking")(strings.Trim(words.next(), "()"))
		}}),
		s.word(rtnl.PortState, "", "state_index", number(&p.State)),
		s.same(rtnl.PortPriority, "priority", number(&p.Priority)),
		s.same(rtnl.PortCost, "cost", number(&p.Cost)),
		s.word(rtnl.PortID, "port_id", "id", number(&p.ID)),
		s.word(rtnl.PortNumber, "port_no", "no", number(&p.Number)),
		s.same(rtnl.PortDesignatedPort, "designated_port", number(&p.DesignatedPort)),
		s.same(rtnl.PortDesignatedCost, "designated_cost", number(&p.DesignatedCost)),
		s.word(rtnl.PortBridgeID, "designated_bridge", "bridge_id", text(&p.BridgeID)),
		s.word(rtnl.PortRootID, "designated_root", "root_id", text(&p.RootID)),
		s.same(rtnl.PortHoldTimer, "hold_timer", ticks(&p.HoldTimer)),
		s.same(rtnl.PortMessageAgeTimer, "message_age_timer", ticks(&p.MessageAgeTimer)),
		s.same(rtnl.PortForwardTimer, "forward_delay_timer", ticks(&p.ForwardTimer)),
		s.same(rtnl.PortTopologyAck, "topology_change_ack", number(&p.TopologyAck)),
		s.same(rtnl.PortConfigPending, "config_pending", number(&p.ConfigPending)),
		s.word(rtnl.PortMulticastRouter, "mcast_router", "multicast_router", number(&p.MulticastRouter)),
		s.same(rtnl.PortGroupForward, "group_fwd_mask", number(&p.GroupForward)),
		word("group_fwd_mask_str", "group_fwd_mask_str", ignored),
		word("mcast_fast_leave", "", ignored),
		s.same(rtnl.PortBackup, "backup_port", x.device(&p.Backup)),
		s.same(rtnl.PortBackupNexthop, "backup_nhid", number(&p.BackupNexthop)),
	)
}

func bridgePortSwitches(p *netstate.Port, s sent) []field {
	return []field{
		s.same(rtnl.PortHairpin, "hairpin", yes(&p.Hairpin)),
		s.same(rtnl.PortGuard, "guard", yes(&p.Guard)),
		s.same(rtnl.PortRootBlock, "root_block", yes(&p.RootBlock)),
		s.same(rtnl.PortFastLeave, "fastleave", yes(&p.FastLeave)),
		s.same(rtnl.PortLearning, "learning", yes(&p.Learning)),
		s.same(rtnl.PortUnicastFlood, "flood", yes(&p.UnicastFlood)),
		s.same(rtnl.PortProxyARP, "proxy_arp", yes(&p.ProxyARP)),
		s.same(rtnl.PortProxyARPWiFi, "proxy_arp_wifi", yes(&p.ProxyARPWiFi)),
		s.same(rtnl.PortMulticastFlood, "mcast_flood", yes(&p.MulticastFlood)),
		s.same(rtnl.PortBroadcastFlood, "bcast_flood", yes(&p.BroadcastFlood)),
		s.same(rtnl.PortToUnicast, "mcast_to_unicast", yes(&p.ToUnicast)),
		s.same(rtnl.PortNeighSuppress, "neigh_suppress", yes(&p.NeighSuppress)),
		s.same(rtnl.PortNeighVLANSuppress, "neigh_vlan_suppress", yes(&p.NeighVLANSuppress)),
		s.same(rtnl.PortVLANTunnel, "vlan_tunnel", yes(&p.VLANTunnel)),
		s.same(rtnl.PortIsolated, "isolated", yes(&p.Isolated)),
		s.same(rtnl.PortLocked, "locked", yes(&p.Locked)),
		s.same(rtnl.PortMAB, "mab", yes(&p.MAB)),
	}
}
