package iproute

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// tunnel writes an IP tunnel of any kind.
func (l *linkListing) tunnel(kind string, t *netstate.Tunnel) {
	switch kind {
	case "ipip", "sit":
		l.ipip(t)
	case "ip6tnl":
		l.ip6tnl(t)
	case "vti", "vti6":
		l.vti(t)
	default:
		l.gre(strings.HasPrefix(kind, "ip6"), t)
	}
}

// innerProto names what is inside of IP: the names differ between the
// families of the outside.
func (l *linkListing) innerProto(t *netstate.Tunnel, v4, v6 string) {
	if !t.Sent.Has(rtnl.IPTunProto) {
		return
	}
	const ipip, ipv6, mpls = 4, 41, 137 // IPPROTO_*
	switch {
	case t.Proto == 0:
		l.w.str("proto", "", "any", " ")
	case t.Proto == ipip:
		l.w.str("proto", "", v4, " ")
	case t.Proto == ipv6:
		l.w.str("proto", "", v6, " ")
	case t.Proto == mpls && v4 == "ipip":
		l.w.str("proto", "", "mplsip", " ")
	}
}

// ends writes both ends of a tunnel and the device below.
func (l *linkListing) ends(t *netstate.Tunnel) {
	host := func(a netip.Addr) string {
		if !a.IsValid() {
			return "any"
		}
		return hostText(a)
	}
	l.w.str("remote", "remote ", host(t.Remote), " ")
	l.w.str("local", "local ", host(t.Local), " ")
	if t.Underlay != 0 {
		l.w.str("link", "dev ", l.devices.name(t.Underlay), " ")
	}
}

// hops writes the time to live of a tunnel's own header.
func (l *linkListing) hops(word string, ttl uint8) {
	if ttl == 0 && !l.w.json {
		l.w.text(word + "inherit ")
		return
	}
	l.w.unum("ttl", word, uint64(ttl), " ")
}

func (l *linkListing) ipip(t *netstate.Tunnel) {
	const isatap = 1 // SIT_ISATAP
	w := &l.w
	w.yes("external", "external ", t.External)
	l.innerProto(t, "ipip", "ip6ip")
	l.ends(t)
	l.hops("ttl ", t.TTL)
	l.tos(t.TOS)
	if t.PMTUDisc {
		w.boolean("pmtudisc", "pmtudisc ", true)
	} else {
		w.boolean("pmtudisc", "nopmtudisc ", false)
	}
	w.yes("isatap", "isatap ", t.Flags&isatap != 0)
	l.rapid(t)
	l.mark(t.Mark)
	l.encap(t)
}

// rapid writes the prefixes of 6RD.
func (l *linkListing) rapid(t *netstate.Tunnel) {
	if t.Prefix.Bits() <= 0 {
		return
	}
	w := &l.w
	w.str("prefix", "6rd-prefix ", hostText(t.Prefix.Addr()), "/")
	w.num("prefixlen", "", int64(t.Prefix.Bits()), " ")
	if a := t.RelayPrefix.Addr(); a.IsValid() && !a.IsUnspecified() {
		w.str("relay_prefix", "6rd-relay_prefix ", a.String(), "/")
		w.num("relay_prefixlen", "", int64(t.RelayPrefix.Bits()), " ")
	}
}

func (l *linkListing) mark(mark uint32) {
	if mark != 0 {
		l.w.hex("fwmark", "fwmark ", uint64(mark), " ")
	}
}

// Flags of IPv6 tunnels (IP6_TNL_F_* of linux/ip6_tunnel.h).
const (
	tnlNoEncapLimit = 1 << iota
	tnlOrigClass
	tnlOrigLabel
	tnlMIP6
	tnlCopyDSCP
	tnlOrigMark
	tnlLocalRemote
)

// flow writes what is of the IPv6 header: the limit of encapsulations, class
// and label. The numbers are of the attributes for the limit and the rest.
func (l *linkListing) flow(t *netstate.Tunnel, limit, info int) {
	w, s := &l.w, l.sent(t.Sent)
	if t.Flags&tnlNoEncapLimit != 0 {
		w.boolean("ip6_tnl_f_ign_encap_limit", "encaplimit none ", true)
	} else {
		s.num(limit, "encap_limit", "encaplimit", uint64(t.EncapLimit))
	}
	if t.Flags&tnlOrigClass != 0 {
		w.boolean("ip6_tnl_f_use_orig_tclass", "tclass inherit ", true)
	} else {
		s.str(info, "tclass", "tclass", "0x"+hexDigits(byte(t.FlowInfo>>20)))
	}
	if t.Flags&tnlOrigLabel != 0 {
		w.boolean("ip6_tnl_f_use_orig_flowlabel", "flowlabel inherit ", true)
	} else {
		label := strconv.FormatUint(uint64(t.FlowInfo&0xfffff), 16)
		s.str(info, "flowlabel", "flowlabel", "0x"+strings.Repeat("0", 5-len(label))+label)
	}
	w.yes("ip6_tnl_f_rcv_dscp_copy", "dscp inherit ", t.Flags&tnlCopyDSCP != 0)
}

// mark6 writes what is at the end of an IPv6 tunnel.
func (l *linkListing) mark6(t *netstate.Tunnel) {
	l.w.yes("ip6_tnl_f_allow_local_remote", "allow-localremote ", t.Flags&tnlLocalRemote != 0)
	if t.Flags&tnlOrigMark != 0 {
		l.w.boolean("ip6_tnl_f_use_orig_fwmark", "fwmark inherit ", true)
	} else {
		l.mark(t.Mark)
	}
}

func (l *linkListing) ip6tnl(t *netstate.Tunnel) {
	l.w.yes("external", "external ", t.External)
	l.innerProto(t, "ipip6", "ip6ip6")
	l.ends(t)
	l.hops("hoplimit ", t.TTL)
	l.flow(t, rtnl.IPTunEncapLimit, rtnl.IPTunFlowInfo)
	l.w.yes("ip6_tnl_f_mip6_dev", "mip6 ", t.Flags&tnlMIP6 != 0)
	l.mark6(t)
	l.encap(t)
}

func (l *linkListing) gre(is6 bool, t *netstate.Tunnel) {
	w, s := &l.w, l.sent(t.Sent)
	w.yes("external", "external ", t.External)
	l.ends(t)
	if is6 {
		l.hops("hoplimit ", t.TTL)
		l.flow(t, rtnl.GREEncapLimit, rtnl.GREFlowInfo)
	} else {
		l.hops("ttl ", t.TTL)
		l.tos(t.TOS)
		if s.has(rtnl.GREPMTUDisc) {
			l.pmtudisc(t.PMTUDisc)
		}
		w.yes("ignore_df", "ignore-df ", t.IgnoreDF)
	}
	l.keys(t)
	if is6 {
		l.mark6(t)
	} else {
		l.mark(t.Mark)
	}
	s.num(rtnl.ERSPANIndex, "erspan_index", "erspan_index", uint64(t.ERSPANIndex))
	s.num(rtnl.ERSPANVersion, "erspan_ver", "erspan_ver", uint64(t.ERSPANVersion))
	direction := "egress"
	if t.ERSPANDirection == 0 {
		direction = "ingress"
	}
	s.str(rtnl.ERSPANDirection, "erspan_dir", "erspan_dir", direction)
	s.hex(rtnl.ERSPANHardware, "erspan_hwid", "erspan_hwid", uint64(t.ERSPANHardware))
	l.encap(t)
}

// pmtudisc writes what is no default in text, and both in JSON.
func (l *linkListing) pmtudisc(on bool) {
	text := ""
	if !on {
		text = "nopmtudisc "
	}
	l.w.boolean("pmtudisc", text, on)
}

// keys writes GRE's keys, which look like addresses, and its flags.
func (l *linkListing) keys(t *netstate.Tunnel) {
	const checksum, key, sequence = 0x8000, 0x2000, 0x1000 // GRE_*
	w, s := &l.w, l.sent(t.Sent)
	if t.IFlags&key != 0 {
		s.str(rtnl.GREIKey, "ikey", "ikey", keyText(t.IKey))
	}
	if t.OFlags&key != 0 {
		s.str(rtnl.GREOKey, "okey", "okey", keyText(t.OKey))
	}
	w.yes("iseq", "iseq ", t.IFlags&sequence != 0)
	w.yes("oseq", "oseq ", t.OFlags&sequence != 0)
	w.yes("icsum", "icsum ", t.IFlags&checksum != 0)
	w.yes("ocsum", "ocsum ", t.OFlags&checksum != 0)
}

func keyText(key uint32) string {
	return netip.AddrFrom4([4]byte{byte(key >> 24), byte(key >> 16), byte(key >> 8), byte(key)}).String()
}

func (l *linkListing) vti(t *netstate.Tunnel) {
	l.ends(t)
	if t.IKey != 0 {
		l.w.str("ikey", "ikey ", keyText(t.IKey), " ")
	}
	if t.OKey != 0 {
		l.w.str("okey", "okey ", keyText(t.OKey), " ")
	}
	l.mark(t.Mark)
}

func (l *linkListing) xfrm(x *netstate.XFRM) {
	if x.External {
		l.w.boolean("external", "external ", true)
		return
	}
	l.sent(x.Sent).hex(rtnl.XFRMID, "if_id", "if_id", uint64(x.ID))
}

// encap writes UDP around a tunnel.
func (l *linkListing) encap(t *netstate.Tunnel) {
	if t.Encap == 0 {
		return
	}
	const checksum, checksum6, remote = 1, 2, 4 // TUNNEL_ENCAP_FLAG_*
	w := &l.w
	w.open("encap")
	w.text("encap ")
	switch t.Encap {
	case 1:
		w.str("type", "", "fou", " ")
	case 2:
		w.str("type", "", "gue", " ")
	default:
		w.null("type", "unknown ")
	}
	if t.EncapSport == 0 && !w.json {
		w.text("encap-sport auto ")
	} else {
		w.unum("sport", "encap-sport ", uint64(t.EncapSport), " ")
	}
	w.unum("dport", "encap-dport ", uint64(t.EncapDport), " ")
	l.checksum(true, "csum", "encap-csum ", t.EncapFlags&checksum != 0)
	l.checksum(true, "csum6", "encap-csum6 ", t.EncapFlags&checksum6 != 0)
	l.checksum(true, "remcsum", "encap-remcsum ", t.EncapFlags&remote != 0)
	w.close()
}
