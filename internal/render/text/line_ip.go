package text

import "github.com/pktrail/pktrail/internal/packet"

func (w *line) ipv4(i int, l packet.Layer, b []byte) {
	h := packet.IPv4(b)
	w.str("IP ")
	total := h.Length()
	if w.length < total {
		num(w, "truncated-ip - ", total-w.length)
		w.str(" bytes missing! ")
	}
	if total == 0 {
		total = w.length
	}
	w.length = total - l.Len
	w.ip, w.next = i, h.Proto()
	switch {
	case h.FragmentOffset() != 0:
		w.hosts(":")
		num(w, " ip-proto-", uint8(h.Proto()))
	case !w.hasPorts():
		w.hosts(": ")
	}
}

func (w *line) ipv6(i int, l packet.Layer, b []byte) {
	h := packet.IPv6(b)
	w.str("IP6 ")
	n := h.PayloadLength()
	if w.length < n+l.Len {
		num(w, "truncated-ip6 - ", n+l.Len-w.length)
		w.str(" bytes missing!")
	}
	if n == 0 {
		n = w.length - l.Len
	}
	w.length = n
	w.ip, w.next = i, h.NextHeader()
	if !w.hasPorts() {
		w.hosts(": ")
	}
}

// hasPorts reports whether the printer of what follows the IP header prints
// the addresses, to put the ports behind them.
func (w *line) hasPorts() bool {
	return w.next == packet.ProtoTCP || w.next == packet.ProtoUDP || w.next == packet.ProtoSCTP
}

// hosts prints the addresses of the IP layer around.
func (w *line) hosts(after string) {
	l := w.pk.Layers()[w.ip]
	h := w.pk.Header(l)
	if l.Kind == packet.KindIPv4 {
		w.addr("", packet.IPv4(h).Src())
		w.addr(" > ", packet.IPv4(h).Dst())
	} else {
		w.addr("", packet.IPv6(h).Src())
		w.addr(" > ", packet.IPv6(h).Dst())
	}
	w.str(after)
}

// ports prints addresses and ports, or the ports alone behind an extension
// header, where the addresses have been printed.
func (w *line) ports(src, dst uint16, always bool) {
	if !w.hasPorts() && !always {
		num(w, "", src)
		num(w, " > ", dst)
		return
	}
	l := w.pk.Layers()[w.ip]
	h := w.pk.Header(l)
	if l.Kind == packet.KindIPv4 {
		w.addr("", packet.IPv4(h).Src())
		num(w, ".", src)
		w.addr(" > ", packet.IPv4(h).Dst())
	} else {
		w.addr("", packet.IPv6(h).Src())
		num(w, ".", src)
		w.addr(" > ", packet.IPv6(h).Dst())
	}
	num(w, ".", dst)
}

// extension prints IPv6 extension headers, AH and ESP.
func (w *line) extension(l packet.Layer, b []byte) {
	switch l.Kind {
	case packet.KindHopByHop:
		w.str("HBH ")
	case packet.KindDestination:
		w.str("DSTOPT ")
	case packet.KindRouting:
		w.routing(b)
	case packet.KindFragment:
		w.fragment(l.Off, b)
	case packet.KindAH:
		h := packet.AH(b)
		w.hex("AH(spi=0x", h.SPI(), 8)
		w.hex(",seq=0x", h.Seq(), 1)
		w.str(",icv=0x")
		w.hexBytes(b[12:])
		w.str("): ")
	case packet.KindESP:
		w.hex("ESP(spi=0x", be32(b), 8)
		w.hex(",seq=0x", be32(b[4:]), 1)
		num(w, "), length ", w.length)
	}
	w.length -= l.Len
}

// fragment prints a fragment header that starts at off and has at least 4
// bytes.
func (w *line) fragment(off int, h packet.IPv6Fragment) {
	ip := w.pk.Layers()[w.ip]
	n := packet.IPv6(w.pk.Header(ip)).PayloadLength()
	num(w, "frag (", h.Offset())
	num(w, "|", n+ip.Off+ip.Len-off-8)
	w.str(") ")
}

func (w *line) routing(b []byte) {
	h := packet.IPv6Extension(b)
	num(w, "RT6 (len=", b[1])
	num(w, ", type=", h.RoutingType())
	if h.RoutingType() == 0 {
		w.str(" [Deprecated]")
	}
	num(w, ", segleft=", h.SegmentsLeft())
	switch h.RoutingType() {
	case 0, 2:
		if rsv := be32(b[4:]); rsv != 0 {
			w.hex(", rsv=0x", rsv, 1)
		}
	case 4:
		num(w, ", last-entry=", b[4])
		if b[5] != 0 {
			w.hex(", flags=0x", uint32(b[5]), 1)
		}
		w.hex(", tag=", uint32(be16(b[6:])), 1)
	default:
		w.str(" (unknown type)")
		w.invalid()
		return
	}
	if b[1]%2 == 1 {
		num(w, " (invalid length ", b[1])
		w.str(")")
		w.invalid()
		return
	}
	for i, seg := 0, b[8:]; len(seg) >= 16 && !w.full(); i, seg = i+1, seg[16:] {
		num(w, ", [", i)
		w.addr6("]", seg)
	}
	w.str(") ")
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
