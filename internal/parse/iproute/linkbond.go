package iproute

import (
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func (x *space) bondFields(b *netstate.Bond) []field {
	s := sent{&b.Sent}
	return append([]field{
		s.same(rtnl.BondMode, "mode", text(&b.Mode)),
		word("active_slave", "active_slave", x.device(&b.Active)),
		s.same(rtnl.BondMIIMon, "miimon", number(&b.MIIMon)),
		s.same(rtnl.BondUpDelay, "updelay", number(&b.UpDelay)),
		s.same(rtnl.BondDownDelay, "downdelay", number(&b.DownDelay)),
		s.same(rtnl.BondPeerDelay, "peer_notify_delay", number(&b.PeerDelay)),
		s.same(rtnl.BondUseCarrier, "use_carrier", number(&b.UseCarrier)),
		s.same(rtnl.BondARPInterval, "arp_interval", number(&b.ARPEvery)),
		s.same(rtnl.BondMissedMax, "arp_missed_max", number(&b.MissedMax)),
		targets("arp_ip_target", &b.ARPTargets),
		targets("ns_ip6_target", &b.NSTargets),
		s.same(rtnl.BondValidate, "arp_validate", func(v string) error {
			if v == "" { // null in JSON
				v = "none"
			}
			return text(&b.Validate)(v)
		}),
		s.same(rtnl.BondAllTargets, "arp_all_targets", text(&b.AllTargets)),
		word("primary", "primary", x.device(&b.Primary)),
		s.same(rtnl.BondReselect, "primary_reselect", text(&b.Reselect)),
		s.same(rtnl.BondFailOverMAC, "fail_over_mac", text(&b.FailOverMAC)),
		s.same(rtnl.BondHashPolicy, "xmit_hash_policy", text(&b.HashPolicy)),
		s.same(rtnl.BondResendIGMP, "resend_igmp", number(&b.ResendIGMP)),
		s.word(rtnl.BondPeerNotifs, "num_grat_arp", "num_peer_notif", number(&b.PeerNotifs)),
		s.same(rtnl.BondAllActive, "all_slaves_active", number(&b.AllActive)),
		s.same(rtnl.BondMinLinks, "min_links", number(&b.MinLinks)),
		s.same(rtnl.BondLPInterval, "lp_interval", number(&b.LPInterval)),
		s.same(rtnl.BondPacketsPerPort, "packets_per_slave", number(&b.PacketsPerPort)),
	}, lacpFields(b, s)...)
}

func lacpFields(b *netstate.Bond, s sent) []field {
	all := []field{
		s.word(rtnl.BondLACPActive, "lacp_active", "ad_lacp_active", text(&b.LACPActive)),
		s.word(rtnl.BondLACPRate, "lacp_rate", "ad_lacp_rate", text(&b.LACPRate)),
		s.same(rtnl.BondSelect, "ad_select", text(&b.Select)),
		s.same(rtnl.BondActorPriority, "ad_actor_sys_prio", number(&b.ActorPriority)),
		s.same(rtnl.BondUserPortKey, "ad_user_port_key", number(&b.UserPortKey)),
		s.same(rtnl.BondActorSystem, "ad_actor_system", text(&b.ActorSystem)),
		s.same(rtnl.BondTLBDynamic, "tlb_dynamic_lb", number(&b.TLBDynamic)),
	}
	a := &netstate.BondLACP{}
	in := sent{&a.Sent}
	aggregate := []field{
		in.word(rtnl.BondAggregator, "ad_aggregator", "aggregator", number(&a.Aggregator)),
		in.word(rtnl.BondPorts, "ad_num_ports", "num_ports", number(&a.Ports)),
		in.word(rtnl.BondActorKey, "ad_actor_key", "actor_key", number(&a.ActorKey)),
		in.word(rtnl.BondPartnerKey, "ad_partner_key", "partner_key", number(&a.PartnerKey)),
		in.word(rtnl.BondPartnerMAC, "ad_partner_mac", "partner_mac", text(&a.PartnerMAC)),
	}
	all = append(all, field{key: "ad_info", value: func(v any) error {
		b.Aggregate = a
		return nested(func() *form { return newForm(aggregate) })(v)
	}})
	for _, f := range aggregate { // which have no name around them in text
		all = append(all, word(f.word, "", func(v string) error {
			b.Aggregate = a
			return f.set(v)
		}))
	}
	return all
}

// targets takes addresses with commas between them.
func targets(name string, to *[]netip.Addr) field {
	one := func(s string) error {
		a, err := parseAddr(s)
		if err == nil {
			*to = append(*to, a)
		}
		return err
	}
	return field{word: name, key: name, value: list(one), set: func(s string) error {
		for a := range strings.SplitSeq(s, ",") {
			if err := one(a); err != nil {
				return err
			}
		}
		return nil
	}}
}

func bondPortFields(p *netstate.BondPort) []field {
	s := sent{&p.Sent}
	ignored := func(string) error { return nil }
	all := []field{
		s.same(rtnl.BondPortState, "state", oneOf(&p.State, "ACTIVE", "BACKUP")),
		s.word(rtnl.BondPortState, "", "state_index", number(&p.State)),
		s.same(rtnl.BondPortMII, "mii_status", oneOf(&p.MII, "UP", "GOING_DOWN", "DOWN", "GOING_BACK")),
		s.word(rtnl.BondPortMII, "", "mii_status_index", number(&p.MII)),
		s.same(rtnl.BondPortFailures, "link_failure_count", number(&p.Failures)),
		s.same(rtnl.BondPortPermanent, "perm_hwaddr", text(&p.Permanent)),
		s.same(rtnl.BondPortQueue, "queue_id", number(&p.Queue)),
		s.same(rtnl.BondPortPriority, "prio", number(&p.Priority)),
		s.same(rtnl.BondPortAggregator, "ad_aggregator_id", number(&p.Aggregator)),
		s.same(rtnl.BondPortActorState, "ad_actor_oper_port_state", number(&p.ActorState)),
		s.same(rtnl.BondPortPartnerState, "ad_partner_oper_port_state", number(&p.PartnerState)),
	}
	for _, name := range [...]string{"ad_actor_oper_port_state_str", "ad_partner_oper_port_state_str"} { // the same in words
		all = append(all, field{word: name, key: name, set: ignored, value: func(any) error { return nil }})
	}
	return all
}
