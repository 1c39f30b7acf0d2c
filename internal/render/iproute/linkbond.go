package iproute

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func (l *linkListing) bond(b *netstate.Bond) {
	w, s := &l.w, l.sent(b.Sent)
	s.str(rtnl.BondMode, "mode", "mode", b.Mode)
	if b.Active != 0 {
		w.str("active_slave", "active_slave ", l.devices.name(b.Active), " ")
	}
	s.num(rtnl.BondMIIMon, "miimon", "miimon", uint64(b.MIIMon))
	s.num(rtnl.BondUpDelay, "updelay", "updelay", uint64(b.UpDelay))
	s.num(rtnl.BondDownDelay, "downdelay", "downdelay", uint64(b.DownDelay))
	s.num(rtnl.BondPeerDelay, "peer_notify_delay", "peer_notify_delay", uint64(b.PeerDelay))
	s.num(rtnl.BondUseCarrier, "use_carrier", "use_carrier", uint64(b.UseCarrier))
	s.num(rtnl.BondARPInterval, "arp_interval", "arp_interval", uint64(b.ARPEvery))
	s.num(rtnl.BondMissedMax, "arp_missed_max", "arp_missed_max", uint64(b.MissedMax))
	l.targets("arp_ip_target", b.ARPTargets)
	l.targets("ns_ip6_target", b.NSTargets)
	if b.Validate == "none" && w.json {
		w.null("arp_validate", "")
	} else {
		s.str(rtnl.BondValidate, "arp_validate", "arp_validate", b.Validate)
	}
	s.str(rtnl.BondAllTargets, "arp_all_targets", "arp_all_targets", b.AllTargets)
	if b.Primary != 0 {
		w.str("primary", "primary ", l.devices.name(b.Primary), " ")
	}
	s.str(rtnl.BondReselect, "primary_reselect", "primary_reselect", b.Reselect)
	s.str(rtnl.BondFailOverMAC, "fail_over_mac", "fail_over_mac", b.FailOverMAC)
	s.str(rtnl.BondHashPolicy, "xmit_hash_policy", "xmit_hash_policy", b.HashPolicy)
	s.num(rtnl.BondResendIGMP, "resend_igmp", "resend_igmp", uint64(b.ResendIGMP))
	s.num(rtnl.BondPeerNotifs, "num_peer_notif", "num_grat_arp", uint64(b.PeerNotifs))
	s.num(rtnl.BondAllActive, "all_slaves_active", "all_slaves_active", uint64(b.AllActive))
	s.num(rtnl.BondMinLinks, "min_links", "min_links", uint64(b.MinLinks))
	s.num(rtnl.BondLPInterval, "lp_interval", "lp_interval", uint64(b.LPInterval))
	s.num(rtnl.BondPacketsPerPort, "packets_per_slave", "packets_per_slave", uint64(b.PacketsPerPort))
	l.lacp(b)
}

func (l *linkListing) lacp(b *netstate.Bond) {
	s := l.sent(b.Sent)
	s.str(rtnl.BondLACPActive, "ad_lacp_active", "lacp_active", b.LACPActive)
	s.str(rtnl.BondLACPRate, "ad_lacp_rate", "lacp_rate", b.LACPRate)
	s.str(rtnl.BondSelect, "ad_select", "ad_select", b.Select)
	if a := b.Aggregate; a != nil {
		s := l.sent(a.Sent)
		l.w.open("ad_info")
		s.num(rtnl.BondAggregator, "aggregator", "ad_aggregator", uint64(a.Aggregator))
		s.num(rtnl.BondPorts, "num_ports", "ad_num_ports", uint64(a.Ports))
		s.num(rtnl.BondActorKey, "actor_key", "ad_actor_key", uint64(a.ActorKey))
		s.num(rtnl.BondPartnerKey, "partner_key", "ad_partner_key", uint64(a.PartnerKey))
		s.str(rtnl.BondPartnerMAC, "partner_mac", "ad_partner_mac", a.PartnerMAC)
		l.w.close()
	}
	s.num(rtnl.BondActorPriority, "ad_actor_sys_prio", "ad_actor_sys_prio", uint64(b.ActorPriority))
	s.num(rtnl.BondUserPortKey, "ad_user_port_key", "ad_user_port_key", uint64(b.UserPortKey))
	s.str(rtnl.BondActorSystem, "ad_actor_system", "ad_actor_system", b.ActorSystem)
	s.num(rtnl.BondTLBDynamic, "tlb_dynamic_lb", "tlb_dynamic_lb", uint64(b.TLBDynamic))
}

func (l *linkListing) targets(key string, all []netip.Addr) {
	if len(all) == 0 {
		return
	}
	l.w.openArray(key)
	l.w.text(key + " ")
	comma := ""
	for _, a := range all {
		l.w.str("", comma, hostText(a), "")
		comma = ","
	}
	l.w.text(" ")
	l.w.closeArray()
}

func (l *linkListing) bondPort(p *netstate.BondPort) {
	w, s := &l.w, l.sent(p.Sent)
	if s.has(rtnl.BondPortState) {
		names := [...]string{"ACTIVE", "BACKUP"}
		if int(p.State) < len(names) {
			w.str("state", "state ", names[p.State], " ")
		} else {
			w.num("state_index", "state ", int64(p.State), " ")
		}
	}
	if s.has(rtnl.BondPortMII) {
		names := [...]string{"UP", "GOING_DOWN", "DOWN", "GOING_BACK"}
		if int(p.MII) < len(names) {
			w.str("mii_status", "mii_status ", names[p.MII], " ")
		} else {
			w.num("mii_status_index", "mii_status ", int64(p.MII), " ")
		}
	}
	s.signed(rtnl.BondPortFailures, "link_failure_count", "link_failure_count", int32(p.Failures))
	s.str(rtnl.BondPortPermanent, "perm_hwaddr", "perm_hwaddr", p.Permanent)
	s.num(rtnl.BondPortQueue, "queue_id", "queue_id", uint64(p.Queue))
	s.signed(rtnl.BondPortPriority, "prio", "prio", p.Priority)
	s.num(rtnl.BondPortAggregator, "ad_aggregator_id", "ad_aggregator_id", uint64(p.Aggregator))
	l.lacpState(s.has(rtnl.BondPortActorState), "ad_actor_oper_port_state", p.ActorState)
	l.lacpState(s.has(rtnl.BondPortPartnerState), "ad_partner_oper_port_state", p.PartnerState)
}

// lacpState writes LACP_STATE_* as a number and as words. ip leaves out the
// array's brackets in text, and writes the key.
func (l *linkListing) lacpState(known bool, key string, state uint8) {
	if !known {
		return
	}
	l.w.unum(key, key+" ", uint64(state), " ")
	l.w.openArray(key + "_str")
	l.w.text(key + "_str <")
	comma := ""
	for bit, name := range [...]string{
		"active", "short_timeout", "aggregating", "in_sync", "collecting", "distributing", "defaulted", "expired",
	} {
		if state&(1<<bit) != 0 {
			l.w.str("", comma, name, "")
			comma = ","
		}
	}
	l.w.closeArray()
	l.w.text("> ")
}
