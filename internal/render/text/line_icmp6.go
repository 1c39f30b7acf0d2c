package text

import "github.com/pktrail/pktrail/internal/packet"

// icmp6 prints an ICMPv6 message; body is what was captured behind its first
// 8 bytes.
func (w *line) icmp6(b, body []byte) {
	if w.pk.Layers()[w.ip].Kind != packet.KindIPv6 {
		w.str("[ICMPv6 requires IPv6]")
		w.invalid()
		return
	}
	h := packet.ICMP(b)
	w.str("ICMP6, ")
	w.icmp6Name(h.Type())
	switch t := h.Type(); {
	case t == packet.ICMPv6Unreachable && h.Code() > 4, t == packet.ICMPv6Unreachable && h.Code() == 2 && len(body) < 40:
		num(w, ", unknown unreach code (", h.Code())
		w.str(")")
	case !w.icmp6Detail(h, body):
		w.cut("icmp6")
	default:
		num(w, ", length ", w.length)
	}
}

// icmp6Detail prints what the type tells. It returns false if that was not
// captured.
func (w *line) icmp6Detail(h packet.ICMP, body []byte) bool {
	switch h.Type() {
	case packet.ICMPv6Unreachable:
		return w.unreachable6(h.Code(), body)
	case packet.ICMPv6TooBig:
		num(w, ", mtu ", h.Rest())
	case packet.ICMPv6TimeExceeded:
		switch h.Code() {
		case 0:
			if len(body) < 40 {
				return false
			}
			w.addr6(" for ", body[24:])
		case 1:
			w.str(" (reassembly)")
		default:
			num(w, ", unknown code (", h.Code())
			w.str(")")
		}
	case packet.ICMPv6Parameter:
		return w.parameter6(h, body)
	case packet.ICMPv6Echo, packet.ICMPv6EchoReply:
		num(w, ", id ", h.ID())
		num(w, ", seq ", h.Seq())
	case packet.ICMPv6NeighborSol, packet.ICMPv6NeighborAdv:
		if len(body) < 16 {
			return false
		}
		w.addr6(either(h.Type() == packet.ICMPv6NeighborSol, ", who has ", ", tgt is "), body)
	case packet.ICMPv6Redirect:
		if len(body) < 32 {
			return false
		}
		w.addr6(", ", body[16:])
		w.addr6(" to ", body)
	case packet.ICMPv6MLDQuery, packet.ICMPv6MLDReport, packet.ICMPv6MLDDone:
		return w.mld(h, body)
	case packet.ICMPv6MLDv2Report:
		num(w, ", ", h.Seq())
		w.str(" group record(s)")
	case 144, 146:
		w.hex(", id 0x", uint32(h.ID()), 4)
	}
	return true
}

func (w *line) icmp6Name(t uint8) {
	switch {
	case t >= 1 && t <= 4:
		w.str([...]string{"destination unreachable", "packet too big", "time exceeded in-transit", "parameter problem"}[t-1])
	case t >= 128 && t <= 138:
		w.str([...]string{
			"echo request", "echo reply", "multicast listener query", "multicast listener report", "multicast listener done",
			"router solicitation", "router advertisement", "neighbor solicitation", "neighbor advertisement", "redirect",
			"router renumbering",
		}[t-128])
	case t >= 139 && t <= 147:
		w.str([...]string{
			"who-are-you request", "who-are-you reply", "inverse neighbor solicitation", "inverse neighbor advertisement",
			"multicast listener report v2", "ha discovery request", "ha discovery reply", "mobile router solicitation",
			"mobile router advertisement",
		}[t-139])
	default:
		num(w, "unknown icmp6 type (", t)
		w.str(")")
	}
}

func (w *line) unreachable6(code uint8, body []byte) bool {
	w.str(", ", [...]string{"unreachable route", " unreachable prohibited", "beyond scope", "unreachable address", "unreachable port"}[code])
	if len(body) < 40 {
		return false
	}
	h := packet.IPv6(body)
	switch code {
	case 4:
		if !w.pk.Quoted(&w.quoted) {
			return false
		}
		f, ok := w.quoted.OuterFlow()
		if !ok || f.Proto != packet.ProtoTCP && f.Proto != packet.ProtoUDP {
			return false
		}
		w.addr(", ", h.Dst())
		num(w, either(f.Proto == packet.ProtoTCP, " tcp port ", " udp port "), f.DstPort)
	case 2:
		w.addr(" ", h.Dst())
		w.addr(", source address ", h.Src())
	default:
		w.addr(" ", h.Dst())
	}
	return true
}

func (w *line) parameter6(h packet.ICMP, body []byte) bool {
	if len(body) < 40 {
		return false
	}
	if h.Code() > 3 {
		num(w, ", code-#", h.Code())
		return true
	}
	w.str(", ", [...]string{"erroneous", "next header", "option", "incomplete header chain"}[h.Code()])
	num(w, " - octet ", h.Rest())
	return true
}

// mld prints RFC 2710 and queries of RFC 3810. The missing blank is tcpdump's.
func (w *line) mld(h packet.ICMP, body []byte) bool {
	if h.Type() != packet.ICMPv6MLDQuery || w.length == 24 {
		if len(body) >= 16 {
			num(w, "max resp delay: ", h.ID())
			w.addr6(" addr: ", body)
		}
		return true
	}
	if w.length < 28 {
		num(w, " unknown-version (len ", w.length)
		w.str(") ")
		return true
	}
	w.str(" v2")
	if len(body) < 20 {
		return false
	}
	w.addr6(" [gaddr ", body)
	if n := int(be16(body[18:])); n > 0 {
		if w.length < 28+16*n {
			w.str(" [invalid number of sources]")
		} else {
			num(w, ", ", n)
			w.str(" source(s)")
		}
	}
	w.str("]")
	return true
}
