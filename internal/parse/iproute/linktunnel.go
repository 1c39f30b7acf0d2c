package iproute

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

func (x *space) vxlanFields(v *netstate.VXLAN) []field {
	s := sent{&v.Sent}
	s.set.Add(rtnl.VXLANLearning) // text says only that it is off
	all := []field{
		flag("external", "external", yes(&v.External)),
		flag("vnifilter", "vnifilter", yes(&v.VNIFilter)),
		s.same(rtnl.VXLANID, "id", number(&v.VNI)),
		word("dev", "link", x.device(&v.Underlay)),
		s.field(rtnl.VXLANPortRange, field{word: "srcport", key: "port_range", read: func(words *scanner) error {
			return errors.Join(number(&v.PortLow)(words.next()), number(&v.PortHigh)(words.next()))
		}, value: nested(func() *form {
			return newForm([]field{word("", "low", number(&v.PortLow)), word("", "high", number(&v.PortHigh))})
		})}),
		s.word(rtnl.VXLANPort, "dstport", "port", number(&v.Port)),
		s.word(rtnl.VXLANLearning, "", "learning", yes(&v.Learning)),
		flag("nolearning", "", not(&v.Learning)),
		flag("proxy", "proxy", yes(&v.Proxy)), flag("rsc", "rsc", yes(&v.RSC)),
		flag("l2miss", "l2miss", yes(&v.L2Miss)), flag("l3miss", "l3miss", yes(&v.L3Miss)),
		word("tos", "tos", inherited(&v.TOS)),
		s.same(rtnl.VXLANTTL, "ttl", ttl(&v.TTL, &v.TTLInherit)),
		s.same(rtnl.VXLANDF, "df", oneOf(&v.DF, "unset", "set", "inherit")),
		word("flowlabel", "label", number(&v.Label)),
		s.same(rtnl.VXLANAgeing, "ageing", none(&v.Ageing)),
		word("maxaddr", "limit", number(&v.Limit)),
		flag("remcsumtx", "remcsum_tx", yes(&v.RemCsumTx)), flag("remcsumrx", "remcsum_rx", yes(&v.RemCsumRx)),
		flag("gbp", "gbp", yes(&v.GBP)), flag("gpe", "gpe", yes(&v.GPE)),
		s.same(rtnl.VXLANLocalBypass, "localbypass", yes(&v.LocalBypass)), flag("nolocalbypass", "", not(&v.LocalBypass)),
	}
	all = append(all, ends("group", &v.Group)...)
	all = append(all, ends("remote", &v.Group)...)
	all = append(all, ends("local", &v.Local)...)
	all = append(all, checksum(s, rtnl.VXLANUDPCsum, "udpcsum", "udp_csum", &v.UDPCsum)...)
	all = append(all, checksum(s, rtnl.VXLANZeroCsum6Tx, "udp6zerocsumtx", "udp_zero_csum6_tx", &v.ZeroCsum6Tx)...)
	return append(all, checksum(s, rtnl.VXLANZeroCsum6Rx, "udp6zerocsumrx", "udp_zero_csum6_rx", &v.ZeroCsum6Rx)...)
}

func geneveFields(g *netstate.Geneve) []field {
	s := sent{&g.Sent}
	all := []field{
		flag("external", "external", yes(&g.External)),
		s.same(rtnl.GeneveID, "id", number(&g.VNI)),
		s.same(rtnl.GeneveTTL, "ttl", ttl(&g.TTL, &g.TTLInherit)),
		word("tos", "tos", inherited(&g.TOS)),
		s.same(rtnl.GeneveDF, "df", oneOf(&g.DF, "unset", "set", "inherit")),
		word("flowlabel", "label", number(&g.Label)),
		s.word(rtnl.GenevePort, "dstport", "port", number(&g.Port)),
		flag("innerprotoinherit", "inner_proto_inherit", yes(&g.InnerProto)),
	}
	all = append(all, ends("remote", &g.Remote)...)
	all = append(all, ends("local", &g.Local)...)
	all = append(all, checksum(s, rtnl.GeneveUDPCsum, "udpcsum", "udp_csum", &g.UDPCsum)...)
	all = append(all, checksum(s, rtnl.GeneveZeroCsum6Tx, "udp6zerocsumtx", "udp_zero_csum6_tx", &g.ZeroCsum6Tx)...)
	return append(all, checksum(s, rtnl.GeneveZeroCsum6Rx, "udp6zerocsumrx", "udp_zero_csum6_rx", &g.ZeroCsum6Rx)...)
}

// ends are an address, whose key says if it is one of IPv6.
func ends(name string, p *netip.Addr) []field {
	return []field{word(name, name, address(p)), word("", name+"6", address(p))}
}

// checksum is a switch that text denies with "no".
func checksum(s sent, n int, name, key string, p *bool) []field {
	return []field{s.flag(n, name, key, yes(p)), s.flag(n, "no"+name, "", not(p))}
}

// inherited takes a type of service; 1 is to inherit it.
func inherited(p *uint8) setter {
	return func(s string) error {
		if s == "inherit" {
			s = "1"
		}
		return number(p)(s)
	}
}

// ttl takes a time to live; 0 is the system's.
func ttl(p *uint8, inherit *bool) setter {
	return func(s string) error {
		switch s {
		case "inherit":
			*inherit = true
			return nil
		case "auto":
			s = "0"
		}
		return number(p)(s)
	}
}

// none takes a number; "none" is 0.
func none(p *uint32) setter {
	return func(s string) error {
		if s == "none" {
			s = "0"
		}
		return number(p)(s)
	}
}

// Flags of IPv6 tunnels (IP6_TNL_F_* of linux/ip6_tunnel.h), of SIT and of GRE.
const (
	tnlNoEncapLimit = 1 << iota
	tnlOrigClass
	tnlOrigLabel
	tnlMIP6
	tnlCopyDSCP
	tnlOrigMark
	tnlLocalRemote

	sitISATAP = 1

	greChecksum = 0x8000
	greKey      = 0x2000
	greSequence = 0x1000
)

func (x *space) tunnelFields(kind string, t *netstate.Tunnel) []field {
	s := sent{&t.Sent}
	protocols := map[string]uint8{"any": 0, "ipip": 4, "ip6ip": 41, "mplsip": 137, "ipip6": 4, "ip6ip6": 41}
	gre := strings.Contains(kind, "gre") || strings.Contains(kind, "erspan")
	limit, info, pmtu := rtnl.IPTunEncapLimit, rtnl.IPTunFlowInfo, rtnl.IPTunPMTUDisc
	if gre {
		limit, info, pmtu = rtnl.GREEncapLimit, rtnl.GREFlowInfo, rtnl.GREPMTUDisc
	}
	inner := func(v string) error { return named(&t.Proto, protocols)(v) }
	all := []field{
		flag("external", "external", yes(&t.External)),
		s.word(rtnl.IPTunProto, "", "proto", inner),
		word("dev", "link", x.device(&t.Underlay)),
		word("ttl", "ttl", inheritZero(&t.TTL)),
		word("hoplimit", "", inheritZero(&t.TTL)),
		word("tos", "tos", inherited(&t.TOS)),
		s.flag(pmtu, "pmtudisc", "pmtudisc", yes(&t.PMTUDisc)), s.flag(pmtu, "nopmtudisc", "", not(&t.PMTUDisc)),
		flag("isatap", "isatap", bit(&t.Flags, sitISATAP)),
		flag("ignore-df", "ignore_df", yes(&t.IgnoreDF)),
		{word: "fwmark", key: "fwmark", set: orFlag(&t.Flags, tnlOrigMark, number(&t.Mark))},
		flag("", "ip6_tnl_f_use_orig_fwmark", bit(&t.Flags, tnlOrigMark)),
		s.word(rtnl.IPTunPrefix, "", "prefix", prefixAddr(&t.Prefix)), word("", "prefixlen", prefixBits(&t.Prefix)),
		s.word(rtnl.IPTunPrefix, "6rd-prefix", "", prefix(&t.Prefix)), s.word(rtnl.IPTunRelayPrefix, "6rd-relay_prefix", "", prefix(&t.RelayPrefix)),
		s.word(rtnl.IPTunRelayPrefix, "", "relay_prefix", prefixAddr(&t.RelayPrefix)), word("", "relay_prefixlen", prefixBits(&t.RelayPrefix)),
	}
	for name := range protocols {
		all = append(all, s.flag(rtnl.IPTunProto, name, "", func(string) error { return inner(name) }))
	}
	all = append(append(all, ends("remote", &t.Remote)...), ends("local", &t.Local)...)
	all = append(append(all, flowFields(t, s, limit, info)...), keyFields(t, s)...)
	return append(all, encapsulation(t)...)
}

// inheritZero takes a time to live; 0 is to inherit it.
func inheritZero(p *uint8) setter {
	return func(s string) error {
		if s == "inherit" {
			s = "0"
		}
		return number(p)(s)
	}
}

// orFlag takes a value, or "inherit" or "none", which is a flag.
func orFlag(flags *uint32, mask uint32, set setter) setter {
	return func(s string) error {
		if s == "inherit" || s == "none" {
			*flags |= mask
			return nil
		}
		return set(s)
	}
}

// flowFields are of the IPv6 header: the limit of encapsulations, class and
// label.
func flowFields(t *netstate.Tunnel, s sent, limit, info int) []field {
	part := func(mask uint32, shift int) setter {
		return func(v string) error {
			n, err := parseNumber[uint32](v)
			t.FlowInfo = t.FlowInfo&^mask | n<<shift&mask
			s.set.Add(uint16(info))
			return err
		}
	}
	count := func(v string) error {
		s.set.Add(uint16(limit))
		return number(&t.EncapLimit)(v)
	}
	const class, label = 0x0ff00000, 0xfffff
	return []field{
		word("encaplimit", "encap_limit", orFlag(&t.Flags, tnlNoEncapLimit, count)), flag("", "ip6_tnl_f_ign_encap_limit", bit(&t.Flags, tnlNoEncapLimit)),
		word("tclass", "tclass", orFlag(&t.Flags, tnlOrigClass, part(class, 20))), flag("", "ip6_tnl_f_use_orig_tclass", bit(&t.Flags, tnlOrigClass)),
		word("flowlabel", "flowlabel", orFlag(&t.Flags, tnlOrigLabel, part(label, 0))), flag("", "ip6_tnl_f_use_orig_flowlabel", bit(&t.Flags, tnlOrigLabel)),
		word("dscp", "", orFlag(&t.Flags, tnlCopyDSCP, number(new(uint8)))), flag("", "ip6_tnl_f_rcv_dscp_copy", bit(&t.Flags, tnlCopyDSCP)),
		flag("mip6", "ip6_tnl_f_mip6_dev", bit(&t.Flags, tnlMIP6)),
		flag("allow-localremote", "ip6_tnl_f_allow_local_remote", bit(&t.Flags, tnlLocalRemote)),
	}
}

// keyFields are GRE's keys, which look like addresses, its flags, and ERSPAN.
func keyFields(t *netstate.Tunnel, s sent) []field {
	key := func(p *uint32, flags *uint16) setter {
		return func(v string) error {
			*flags |= greKey
			a, err := parseAddr(v)
			if err != nil || !a.Is4() {
				return number(p)(v)
			}
			b := a.As4()
			*p = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
			return nil
		}
	}
	return []field{
		s.same(rtnl.GREIKey, "ikey", key(&t.IKey, &t.IFlags)), s.same(rtnl.GREOKey, "okey", key(&t.OKey, &t.OFlags)),
		flag("iseq", "iseq", bit(&t.IFlags, greSequence)), flag("oseq", "oseq", bit(&t.OFlags, greSequence)),
		flag("icsum", "icsum", bit(&t.IFlags, greChecksum)), flag("ocsum", "ocsum", bit(&t.OFlags, greChecksum)),
		s.same(rtnl.ERSPANIndex, "erspan_index", number(&t.ERSPANIndex)), s.same(rtnl.ERSPANVersion, "erspan_ver", number(&t.ERSPANVersion)),
		s.same(rtnl.ERSPANDirection, "erspan_dir", oneOf(&t.ERSPANDirection, "ingress", "egress")), s.same(rtnl.ERSPANHardware, "erspan_hwid", number(&t.ERSPANHardware)),
	}
}

// encapsulation is UDP around a tunnel: in text "encap fou encap-sport auto ...".
func encapsulation(t *netstate.Tunnel) []field {
	kind := oneOf(&t.Encap, "none", "fou", "gue")
	port := func(s string) error {
		if s == "auto" {
			s = "0"
		}
		return number(&t.EncapSport)(s)
	}
	all := []field{
		{word: "encap", key: "encap", set: kind, value: nested(func() *form {
			return newForm([]field{
				word("", "type", kind), word("", "sport", port), word("", "dport", number(&t.EncapDport)), word("", "csum", bit(&t.EncapFlags, 1)),
				word("", "csum6", bit(&t.EncapFlags, 2)), word("", "remcsum", bit(&t.EncapFlags, 4)),
			})
		})},
		word("encap-sport", "", port), word("encap-dport", "", number(&t.EncapDport)),
	}
	for n, name := range [...]string{"csum", "csum6", "remcsum"} {
		all = append(all, flag("encap-"+name, "", bit(&t.EncapFlags, 1<<n)), flag("noencap-"+name, "", func(string) error { return nil }))
	}
	return all
}

func prefix(p *netip.Prefix) setter {
	return func(s string) error {
		v, err := parsePrefix(s)
		*p = v
		return err
	}
}

// prefixAddr and prefixBits take a prefix in two parts.
func prefixAddr(p *netip.Prefix) setter { return prefix(p) }

func prefixBits(p *netip.Prefix) setter {
	return func(s string) error {
		n, err := parseNumber[uint8](s)
		*p = netip.PrefixFrom(p.Addr(), int(n))
		return err
	}
}
