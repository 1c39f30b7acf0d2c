package iproute

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// detailFields are what `ip -d` says more of a link.
func (k *linkForm) detailFields() []field {
	s := sent{&k.Sent}
	return []field{
		s.word(rtnl.LinkPromiscuity, "promiscuity", "promiscuity", number(&k.Promiscuity)),
		s.word(rtnl.LinkAllMulti, "allmulti", "allmulti", number(&k.AllMulti)),
		s.word(rtnl.LinkMinMTU, "minmtu", "min_mtu", number(&k.MinMTU)),
		s.word(rtnl.LinkMaxMTU, "maxmtu", "max_mtu", number(&k.MaxMTU)),
		s.field(rtnl.LinkInfo, field{key: "linkinfo", value: k.info}),
		word("addrgenmode", "inet6_addr_gen_mode", func(v string) error {
			if k.Inet6 == nil {
				k.Inet6 = &netstate.Inet6{}
			}
			return oneOf(&k.Inet6.AddrGenMode, "eui64", "none", "stable_secret", "random")(v)
		}),
		s.word(rtnl.LinkTxQueues, "numtxqueues", "num_tx_queues", number(&k.TxQueues)),
		s.word(rtnl.LinkRxQueues, "numrxqueues", "num_rx_queues", number(&k.RxQueues)),
		s.word(rtnl.LinkGSOMaxSize, "gso_max_size", "gso_max_size", number(&k.GSOMaxSize)),
		s.word(rtnl.LinkGSOMaxSegs, "gso_max_segs", "gso_max_segs", number(&k.GSOMaxSegs)),
		s.word(rtnl.LinkTSOMaxSize, "tso_max_size", "tso_max_size", number(&k.TSOMaxSize)),
		s.word(rtnl.LinkTSOMaxSegs, "tso_max_segs", "tso_max_segs", number(&k.TSOMaxSegs)),
		s.word(rtnl.LinkGROMaxSize, "gro_max_size", "gro_max_size", number(&k.GROMaxSize)),
		s.word(rtnl.LinkGSOIPv4, "gso_ipv4_max_size", "gso_ipv4_max_size", number(&k.GSOIPv4MaxSize)),
		word("gro_ipv4_max_size", "gro_ipv4_max_size", number(&k.GROIPv4MaxSize)),
		s.word(rtnl.LinkPortName, "portname", "phys_port_name", text(&k.PortName)),
		s.word(rtnl.LinkPortID, "portid", "phys_port_id", text(&k.PortID)),
		s.word(rtnl.LinkSwitchID, "switchid", "phys_switch_id", text(&k.SwitchID)),
		s.word(rtnl.LinkBus, "parentbus", "parentbus", text(&k.Bus)),
		s.word(rtnl.LinkDevice, "parentdev", "parentdev", text(&k.Device)),
	}
}

// detail reads a line of `ip -d`. One that begins with an unknown word begins
// what the link's kind has, or what its master knows of it.
func (k *linkForm) detail(s *scanner) {
	first := s.peek()
	switch {
	case first == "" || k.form.knows(first):
	case strings.HasSuffix(first, "_slave"):
		s.next()
		k.Sent.Add(rtnl.LinkInfo)
		k.PortKind = strings.TrimSuffix(first, "_slave")
		k.form.push(k.portFields())
	case isKind(first):
		s.next()
		k.Sent.Add(rtnl.LinkInfo)
		k.Kind = first
		k.form.push(k.kindFields())
	}
	k.form.text(s)
}

// isKind reports whether a word may be a kind's name (IFLA_INFO_KIND).
func isKind(s string) bool {
	return s != "" && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// info reads linkinfo from JSON.
func (k *linkForm) info(v any) error {
	o, ok := v.(object)
	if !ok {
		return errors.New("it is no object")
	}
	k.Kind, _ = scalar(o.find("info_kind"))
	k.PortKind, _ = scalar(o.find("info_slave_kind"))
	var err error
	for _, part := range [...]struct {
		key    string
		fields func() []field
	}{{"info_data", k.kindFields}, {"info_slave_data", k.portFields}} {
		if fields := part.fields(); o.has(part.key) {
			err = errors.Join(err, nested(func() *form { return newForm(fields) })(o.find(part.key)))
		}
	}
	return err
}

// kindFields begin what a kind has beyond other links.
func (k *linkForm) kindFields() []field {
	switch k.Kind {
	case "bridge":
		k.Bridge = &netstate.Bridge{}
		return bridgeFields(k.Bridge)
	case "vxlan":
		k.VXLAN = &netstate.VXLAN{Learning: true}
		return k.x.vxlanFields(k.VXLAN)
	case "geneve":
		k.Geneve = &netstate.Geneve{}
		return geneveFields(k.Geneve)
	case "ipip", "sit", "ip6tnl", "vti", "vti6", "gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan":
		k.Tunnel = &netstate.Tunnel{}
		return k.x.tunnelFields(k.Kind, k.Tunnel)
	case "xfrm":
		k.XFRM = &netstate.XFRM{}
		s := sent{&k.XFRM.Sent}
		return []field{flag("external", "external", yes(&k.XFRM.External)), s.word(rtnl.XFRMID, "if_id", "if_id", number(&k.XFRM.ID))}
	case "bond":
		k.Bond = &netstate.Bond{}
		return k.x.bondFields(k.Bond)
	case "vlan":
		k.VLAN = &netstate.VLAN{}
		return vlanFields(k.VLAN)
	case "macvlan", "macvtap":
		k.MACVLAN = &netstate.MACVLAN{}
		return macvlanFields(k.MACVLAN)
	case "ipvlan", "ipvtap":
		k.IPVLAN = &netstate.IPVLAN{}
		return ipvlanFields(k.IPVLAN)
	case "tun":
		k.Tun = &netstate.Tun{}
		return tunFields(k.Tun)
	case "vrf":
		k.VRF = &netstate.VRF{}
		return []field{word("table", "table", k.x.table(&k.VRF.Table))}
	case "netkit":
		k.Netkit = &netstate.Netkit{}
		return netkitFields(k.Netkit)
	}
	return nil
}

// portFields begin what a master knows of the link.
func (k *linkForm) portFields() []field {
	switch k.PortKind {
	case "bridge":
		k.Port = &netstate.Port{}
		return k.x.bridgePortFields(k.Port)
	case "bond":
		k.BondPort = &netstate.BondPort{}
		return bondPortFields(k.BondPort)
	case "vrf":
		k.VRFPort = &netstate.VRF{}
		return []field{word("table", "table", k.x.table(&k.VRFPort.Table))}
	}
	return nil
}

// xdpFields are of the programs that XDP runs.
func (k *linkForm) xdpFields() []field {
	at := func() *netstate.XDP {
		if k.XDP == nil {
			k.XDP = &netstate.XDP{}
		}
		return k.XDP
	}
	all := []field{{key: "xdp", value: nested(func() *form { return k.xdpForm(at()) })}}
	for mode, name := range [...]string{1: "xdp", 2: "xdpgeneric", 3: "xdpoffload", 4: "xdpmulti"} {
		if name != "" {
			all = append(all, flag(name, "", func(string) error {
				at().Mode = uint8(mode)
				return nil
			}))
		}
	}
	return all
}

func (k *linkForm) xdpForm(xdp *netstate.XDP) *form {
	programOf := func(id *uint32) field {
		return field{key: "prog", value: func(v any) error {
			o, _ := v.(object)
			text, _ := scalar(o.find("id"))
			return number(id)(text)
		}}
	}
	attached := func(v any) error {
		all, _ := v.([]any)
		for _, one := range all {
			o, _ := one.(object)
			var mode uint8
			var id uint32
			f := newForm([]field{word("", "mode", number(&mode)), programOf(&id)})
			f.object(o)
			if err := f.problem(); err != nil {
				return err
			}
			k.attach(mode, id, len(all) > 1)
		}
		return nil
	}
	return newForm([]field{word("", "mode", number(&xdp.Mode)), programOf(&xdp.Program), {key: "attached", value: attached}})
}

// attach notes a program. Of one alone ip says it twice.
func (k *linkForm) attach(mode uint8, id uint32, several bool) {
	s := sent{&k.XDP.Sent}
	attr, to := rtnl.XDPProgram, &k.XDP.Program
	if several || k.XDP.Mode == 4 {
		switch mode {
		case 1:
			attr, to = rtnl.XDPDriver, &k.XDP.Driver
		case 2:
			attr, to = rtnl.XDPGeneric, &k.XDP.Generic
		case 3:
			attr, to = rtnl.XDPHardware, &k.XDP.Hardware
		}
	}
	s.set.Add(uint16(attr))
	*to = id
}

// program reads "prog/xdp id 5 name x tag ... jited".
func (k *linkForm) program(s *scanner) error {
	mode := strings.TrimPrefix(s.next(), "prog/xdp")
	if k.XDP == nil || !s.skip("id") {
		return errors.New("no program")
	}
	id, err := parseNumber[uint32](s.next())
	at := slices.Index([]string{"", "drv", "generic", "offload"}, mode)
	k.attach(uint8(max(at, 0)), id, at > 0)
	return err
}

// statsFields are counters in JSON.
func (k *linkForm) statsFields() []field {
	t := &k.Stats
	k.Sent.Add(rtnl.LinkStats64)
	part := func(fields ...field) func(any) error { return nested(func() *form { return newForm(fields) }) }
	f := func(key string, p *uint64) field { return word("", key, number(p)) }
	return []field{
		{key: "rx", value: part(f("bytes", &t.RxBytes), f("packets", &t.RxPackets), f("errors", &t.RxErrors), f("dropped", &t.RxDropped),
			f("over_errors", &t.RxOverErrors), f("multicast", &t.Multicast), f("compressed", &t.RxCompressed), f("length_errors", &t.RxLengthErrors),
			f("crc_errors", &t.RxCRCErrors), f("frame_errors", &t.RxFrameErrors), f("fifo_errors", &t.RxFIFOErrors), f("missed_errors", &t.RxMissedErrors),
			f("nohandler", &t.RxNoHandler), f("otherhost_dropped", &t.RxOtherHost))},
		{key: "tx", value: part(f("bytes", &t.TxBytes), f("packets", &t.TxPackets), f("errors", &t.TxErrors), f("dropped", &t.TxDropped),
			f("carrier_errors", &t.TxCarrierErrors), f("collisions", &t.Collisions), f("compressed", &t.TxCompressed),
			f("aborted_errors", &t.TxAbortedErrors), f("fifo_errors", &t.TxFIFOErrors), f("window_errors", &t.TxWindowErrors),
			f("heartbeat_errors", &t.TxHeartbeat), f("carrier_changes", new(uint64)))},
	}
}

// statsLine reads the numbers below "RX:" or "TX:" and the names there.
func (k *linkForm) statsLine(s *scanner) {
	t, names := &k.Stats, k.stats
	k.stats = nil
	k.Sent.Add(rtnl.LinkStats64)
	places := map[string]*uint64{
		"RX:bytes": &t.RxBytes, "RX:packets": &t.RxPackets, "RX:errors": &t.RxErrors, "RX:dropped": &t.RxDropped, "RX:missed": &t.RxMissedErrors,
		"RX:overrun": &t.RxOverErrors, "RX:mcast": &t.Multicast, "RX:compressed": &t.RxCompressed,
		"TX:bytes": &t.TxBytes, "TX:packets": &t.TxPackets, "TX:errors": &t.TxErrors, "TX:dropped": &t.TxDropped,
		"TX:carrier": &t.TxCarrierErrors, "TX:collsns": &t.Collisions, "TX:compressed": &t.TxCompressed,
	}
	for _, name := range names[1:] {
		v, err := strconv.ParseUint(s.next(), 10, 64)
		if p := places[names[0]+name]; p != nil && err == nil {
			*p = v
		}
	}
}
