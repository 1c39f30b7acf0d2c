package text

import "github.com/pktrail/pktrail/internal/packet"

// icmp4 prints an ICMPv4 message; body is what was captured behind its first
// 8 bytes.
func (w *line) icmp4(b, body []byte) {
	if w.pk.Layers()[w.ip].Kind != packet.KindIPv4 {
		w.str("[ICMP requires IPv4]")
		w.invalid()
		return
	}
	h := packet.ICMP(b)
	start := len(w.b)
	w.str("ICMP ")
	if !w.icmp4Detail(h, body) {
		w.b = w.b[:start]
		w.cut("icmp")
		return
	}
	num(w, ", length ", w.length)
}

// icmp4Detail prints what the type tells. It returns false if that was not
// captured.
func (w *line) icmp4Detail(h packet.ICMP, body []byte) bool {
	switch h.Type() {
	case packet.ICMPv4Echo, packet.ICMPv4EchoReply:
		w.str("echo ", either(h.Type() == packet.ICMPv4Echo, "request", "reply"))
		num(w, ", id ", h.ID())
		num(w, ", seq ", h.Seq())
		return len(h) >= 8
	case packet.ICMPv4Unreachable:
		return w.unreachable4(h, body)
	case packet.ICMPv4Redirect:
		return w.redirect4(h, body)
	case packet.ICMPv4TimeExceeded:
		w.timeExceeded4(h.Code())
		return len(body) >= 20
	case packet.ICMPv4Parameter:
		if h.Code() != 0 {
			num(w, "parameter problem - code ", h.Code())
		} else {
			num(w, "parameter problem - octet ", uint8(h.Rest()>>24))
		}
	case packet.ICMPv4RouterAdvert:
		return w.routerAdvert4(h, body)
	case packet.ICMPv4Timestamp:
		num(w, "time stamp query id ", h.ID())
		num(w, " seq ", h.Seq())
	case packet.ICMPv4TimestampRep:
		return w.timestampReply(h, body)
	case packet.ICMPv4MaskReply:
		if len(body) < 4 {
			return false
		}
		w.hex("address mask is 0x", be32(body), 8)
	default:
		w.icmp4Name(h.Type())
	}
	return true
}

func (w *line) icmp4Name(t uint8) {
	switch t {
	case packet.ICMPv4SourceQuench:
		w.str("source quench")
	case packet.ICMPv4RouterSol:
		w.str("router solicitation")
	case packet.ICMPv4Info:
		w.str("information request")
	case packet.ICMPv4InfoReply:
		w.str("information reply")
	case packet.ICMPv4Mask:
		w.str("address mask request")
	default:
		num(w, "type-#", t)
	}
}

func (w *line) timeExceeded4(code uint8) {
	switch code {
	case 0:
		w.str("time exceeded in-transit")
	case 1:
		w.str("ip reassembly time exceeded")
	default:
		num(w, "time exceeded-#", code)
	}
}

// unreachables are the words around the address, by code (RFC 792, RFC 1122,
// RFC 1812).
var unreachables = [...]struct{ before, after string }{
	0:  {"net ", " unreachable"},
	1:  {"host ", " unreachable"},
	5:  {"", " unreachable - source route failed"},
	6:  {"net ", " unreachable - unknown"},
	7:  {"host ", " unreachable - unknown"},
	8:  {"", " unreachable - source host isolated"},
	9:  {"net ", " unreachable - admin prohibited"},
	10: {"host ", " unreachable - admin prohibited"},
	11: {"net ", " unreachable - tos prohibited"},
	12: {"host ", " unreachable - tos prohibited"},
	13: {"host ", " unreachable - admin prohibited filter"},
	14: {"host ", " unreachable - host precedence violation"},
	15: {"host ", " unreachable - precedence cutoff"},
}

func (w *line) unreachable4(h packet.ICMP, body []byte) bool {
	if len(body) < 20 {
		return false
	}
	dst := packet.IPv4(body).Dst()
	switch code := h.Code(); code {
	case 2:
		w.addr("", dst)
		num(w, " protocol ", body[9])
		w.str(" unreachable")
	case 3:
		return w.portUnreachable4(body)
	case 4:
		w.addr("", dst)
		w.str(" unreachable - need to frag")
		if mtu := h.Seq(); mtu != 0 {
			num(w, " (mtu ", mtu)
			w.str(")")
		}
	default:
		if int(code) >= len(unreachables) {
			w.addr("", dst)
			num(w, " unreachable - #", code)
			return true
		}
		w.addr(unreachables[code].before, dst)
		w.str(unreachables[code].after)
	}
	return true
}

func (w *line) portUnreachable4(body []byte) bool {
	at := int(body[0]&15) * 4
	if len(body) < at+4 {
		return false
	}
	w.addr("", packet.IPv4(body).Dst())
	switch proto := packet.Proto(body[9]); proto {
	case packet.ProtoTCP:
		w.str(" tcp")
	case packet.ProtoUDP:
		w.str(" udp")
	default:
		num(w, " protocol ", uint8(proto))
	}
	num(w, " port ", be16(body[at+2:]))
	w.str(" unreachable")
	return true
}

func (w *line) redirect4(h packet.ICMP, body []byte) bool {
	if len(body) < 20 {
		return false
	}
	before, after := "redirect ", " to net "
	switch h.Code() {
	case 0:
	case 1:
		after = " to host "
	case 2:
		before = "redirect-tos "
	case 3:
		before, after = "redirect-tos ", " to host "
	default:
		num(w, "redirect-#", h.Code())
		before, after = " ", " to "
	}
	w.addr(before, packet.IPv4(body).Dst())
	w.addr4(after, h[4:8])
	return true
}

// routerAdvert4 prints RFC 1256.
func (w *line) routerAdvert4(h packet.ICMP, body []byte) bool {
	if len(h) < 8 {
		return false
	}
	w.str("router advertisement lifetime ")
	switch life := int(h.Seq()); {
	case life < 60:
		num(w, "", life)
	case life < 3600:
		num(w, "", life/60)
		w.twoDigits(":", life%60)
	default:
		num(w, "", life/3600)
		w.twoDigits(":", life%3600/60)
		w.twoDigits(":", life%60)
	}
	num(w, " ", h[4])
	w.str(":")
	if h[5] != 2 {
		num(w, " [size ", h[5])
		w.str("]")
		return true
	}
	for range h[4] {
		if len(body) < 8 {
			return false
		}
		w.addr4(" {", body)
		num(w, " ", be32(body[4:]))
		w.str("}")
		body = body[8:]
	}
	return true
}

func (w *line) twoDigits(before string, n int) {
	w.str(before)
	w.b = append(w.b, '0'+byte(n/10%10), '0'+byte(n%10))
}

func (w *line) timestampReply(h packet.ICMP, body []byte) bool {
	if len(body) < 12 {
		return false
	}
	num(w, "time stamp reply id ", h.ID())
	num(w, " seq ", h.Seq())
	for i, name := range [...]string{": org ", ", recv ", ", xmit "} {
		ms := be32(body[4*i:])
		hours := int(ms / 3600000)
		if w.str(name); hours < 10 {
			w.str("0")
		}
		num(w, "", hours)
		w.twoDigits(":", int(ms/60000%60))
		w.twoDigits(":", int(ms/1000%60))
		w.str(".")
		w.b = append(w.b, '0'+byte(ms%1000/100))
		w.twoDigits("", int(ms%100))
	}
	return true
}
