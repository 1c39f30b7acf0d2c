package iproute

import (
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// details writes what `ip -d` says more of a link.
func (l *linkListing) details(k *netstate.Link) {
	w, s := &l.w, l.sent(k.Sent)
	s.num(rtnl.LinkPromiscuity, "promiscuity", " promiscuity", uint64(k.Promiscuity))
	s.num(rtnl.LinkAllMulti, "allmulti", " allmulti", uint64(k.AllMulti))
	s.num(rtnl.LinkMinMTU, "min_mtu", "minmtu", uint64(k.MinMTU))
	s.num(rtnl.LinkMaxMTU, "max_mtu", "maxmtu", uint64(k.MaxMTU))
	if s.has(rtnl.LinkInfo) {
		l.info(k)
	}
	if l.link && k.Inet6 != nil {
		w.str("inet6_addr_gen_mode", "addrgenmode ", addrGenMode(k.Inet6.AddrGenMode), " ")
	}
	s.num(rtnl.LinkTxQueues, "num_tx_queues", "numtxqueues", uint64(k.TxQueues))
	s.num(rtnl.LinkRxQueues, "num_rx_queues", "numrxqueues", uint64(k.RxQueues))
	s.num(rtnl.LinkGSOMaxSize, "gso_max_size", "gso_max_size", uint64(k.GSOMaxSize))
	s.num(rtnl.LinkGSOMaxSegs, "gso_max_segs", "gso_max_segs", uint64(k.GSOMaxSegs))
	s.num(rtnl.LinkTSOMaxSize, "tso_max_size", "tso_max_size", uint64(k.TSOMaxSize))
	s.num(rtnl.LinkTSOMaxSegs, "tso_max_segs", "tso_max_segs", uint64(k.TSOMaxSegs))
	s.num(rtnl.LinkGROMaxSize, "gro_max_size", "gro_max_size", uint64(k.GROMaxSize))
	s.str(rtnl.LinkPortName, "phys_port_name", "portname", k.PortName)
	s.str(rtnl.LinkPortID, "phys_port_id", "portid", k.PortID)
	s.str(rtnl.LinkSwitchID, "phys_switch_id", "switchid", k.SwitchID)
	s.str(rtnl.LinkBus, "parentbus", "parentbus", k.Bus)
	s.str(rtnl.LinkDevice, "parentdev", "parentdev", k.Device)
}

// addrGenMode names IN6_ADDR_GEN_MODE_* of linux/if_link.h.
func addrGenMode(mode uint8) string {
	names := [...]string{"eui64", "none", "stable_secret", "random"}
	if int(mode) < len(names) {
		return names[mode]
	}
	return "0x" + hexDigits(mode)
}

func hexDigits(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// info writes what a link's kind has, and what its master knows of it.
func (l *linkListing) info(k *netstate.Link) {
	w := &l.w
	w.open("linkinfo")
	if k.Kind != "" {
		w.str("info_kind", "\n    ", k.Kind, " ")
		if knownKind(k.Kind) {
			w.open("info_data")
			l.kind(k)
			w.close()
		}
	}
	if k.PortKind != "" {
		w.str("info_slave_kind", "\n    ", k.PortKind, "_slave ")
		switch k.PortKind {
		case "bridge", "bond", "vrf":
			w.open("info_slave_data")
			l.port(k)
			w.close()
		}
	}
	w.close()
}

// knownKind reports whether ip has an object for a kind's data. Some of those
// are not understood here: what they have is in Link.RawData.
func knownKind(kind string) bool {
	switch kind {
	case "amt", "bareudp", "batadv", "bond", "bridge", "can", "dsa", "erspan", "geneve", "gre", "gretap", "gtp", "hsr",
		"ip6erspan", "ip6gre", "ip6gretap", "ip6tnl", "ipip", "ipoib", "ipvlan", "ipvtap", "macsec", "macvlan", "macvtap",
		"rmnet", "sit", "tun", "vlan", "vrf", "vti", "vti6", "vxlan", "xfrm":
		return true
	}
	return false
}

func (l *linkListing) kind(k *netstate.Link) {
	switch {
	case k.Bridge != nil:
		l.bridge(k.Bridge)
	case k.VXLAN != nil:
		l.vxlan(k.VXLAN)
	case k.Geneve != nil:
		l.geneve(k.Geneve)
	case k.Tunnel != nil:
		l.tunnel(k.Kind, k.Tunnel)
	case k.XFRM != nil:
		l.xfrm(k.XFRM)
	case k.Bond != nil:
		l.bond(k.Bond)
	case k.VLAN != nil:
		l.vlan(k.VLAN)
	case k.MACVLAN != nil:
		l.macvlan(k.MACVLAN)
	case k.IPVLAN != nil:
		l.ipvlan(k.IPVLAN)
	case k.Tun != nil:
		l.tun(k.Tun)
	case k.VRF != nil:
		l.w.unum("table", "table ", uint64(k.VRF.Table), " ")
	}
}

func (l *linkListing) port(k *netstate.Link) {
	switch {
	case k.Port != nil:
		l.bridgePort(k.Port)
	case k.BondPort != nil:
		l.bondPort(k.BondPort)
	case k.VRFPort != nil:
		l.w.unum("table", "table ", uint64(k.VRFPort.Table), " ")
	}
}
