package text

import "github.com/pktrail/pktrail/internal/packet"

// broken prints a header that was cut short or is malformed, as far as it goes.
func (w *line) broken() {
	b := w.pk.Rest()
	if layers := w.pk.Layers(); len(b) == 0 && len(layers) > 0 && layers[len(layers)-1].Kind == packet.KindFragment {
		return // tcpdump looks no further than there are bytes
	}
	switch kind := w.pk.Missing(); kind {
	case packet.KindIPv4:
		w.brokenIPv4(b)
	case packet.KindIPv6:
		w.brokenIPv6(b)
	case packet.KindFragment:
		w.brokenFragment(b)
	case packet.KindTCP:
		w.brokenTCP(b)
	case packet.KindUDP:
		w.brokenUDP(b)
	case packet.KindSCTP:
		w.brokenSCTP()
	case packet.KindICMPv4:
		w.cut("icmp")
	case packet.KindICMPv6:
		w.brokenICMPv6(b)
	case packet.KindVXLAN:
		w.str("VXLAN")
		w.cut("vxlan")
	case packet.KindGeneve:
		w.str("Geneve")
		w.cut("geneve")
	case packet.KindMPLS, packet.KindNone:
		w.brokenLabels(kind)
	default:
		w.cut(shortName(kind))
	}
}

func (w *line) brokenSCTP() {
	if w.length < 12 {
		num(w, "truncated-sctp - ", 12-w.length)
		w.str(" bytes missing!")
		return
	}
	w.cut("sctp")
}

func (w *line) brokenICMPv6(b []byte) {
	if w.length == 0 {
		w.str("ICMP6, length 0")
		w.invalid()
		return
	}
	if len(b) > 0 {
		w.str("ICMP6, ")
		w.icmp6Name(b[0])
	}
	w.cut("icmp6")
}

// brokenLabels prints the end of a stack of labels: in one of them, or where
// the version of what they carry is missing.
func (w *line) brokenLabels(kind packet.Kind) {
	_, labels := w.pk.Find(packet.KindMPLS)
	if kind == packet.KindMPLS && !labels {
		w.str("MPLS")
	}
	w.trim()
	w.cut(either(kind == packet.KindMPLS || labels, "mpls", "ip"))
}

func (w *line) brokenFragment(b []byte) {
	if len(b) < 4 {
		w.cut("frag6")
		return
	}
	layers := w.pk.Layers()
	last := layers[len(layers)-1]
	w.fragment(last.Off+last.Len, b)
}

func (w *line) brokenIPv6(b []byte) {
	if len(b) < 40 {
		w.cut("ip6")
		return
	}
	num(w, "IP6 version error: ", b[0]>>4)
	w.str(" != 6")
}

func shortName(k packet.Kind) string {
	switch k {
	case packet.KindEthernet:
		return "ether"
	case packet.KindLoopback:
		return "null"
	case packet.KindHopByHop:
		return "hbhopt"
	case packet.KindDestination:
		return "dstopt"
	case packet.KindRouting:
		return "rt6"
	case packet.KindFragment:
		return "frag6"
	}
	return k.String()
}

func (w *line) brokenIPv4(b []byte) {
	switch {
	case len(b) == 0:
		w.cut("ip")
		return
	case b[0]>>4 == 6:
		w.str("IP6, wrong link-layer encapsulation")
		w.invalid()
		return
	case b[0]>>4 != 4:
		num(w, "IP", b[0]>>4)
		w.invalid()
		return
	}
	w.str("IP ")
	switch {
	case len(b) < 20 && w.length < 20:
		num(w, "truncated-ip ", w.length)
	case len(b) < 20:
		w.cut("ip")
	case b[0]&15 < 5:
		num(w, "bad-hlen ", int(b[0]&15)*4)
	case w.pk.Stop() == packet.StopMalformed && int(be16(b[2:])) < int(b[0]&15)*4:
		num(w, "bad-len ", be16(b[2:]))
	default:
		w.cut("ip")
	}
}
