package text

import "github.com/pktrail/pktrail/internal/packet"

// tcp prints a header that was captured whole.
func (w *line) tcp(b []byte, l packet.Layer) {
	h := packet.TCP(b)
	w.ports(h.SrcPort(), h.DstPort(), false)
	w.str(": ")
	if !w.segment(h, l.Len) {
		return
	}
	n := w.length - l.Len
	num(w, ", length ", n)
	if body := w.pk.Body(l); n > 0 && (h.SrcPort() == 53 || h.DstPort() == 53) {
		w.dnsOverTCP(body, n)
	}
}

// brokenTCP prints a header of which b was captured.
func (w *line) brokenTCP(b []byte) {
	if len(b) < 4 {
		if w.hasPorts() {
			w.hosts(":")
		}
		w.cut("tcp")
		return
	}
	h := packet.TCP(b)
	w.ports(h.SrcPort(), h.DstPort(), false)
	w.str(": ")
	if len(b) < 20 {
		w.cut("tcp")
		return
	}
	n := int(b[12]>>4) * 4
	if n < 20 {
		num(w, " tcp ", w.length-n)
		num(w, " [bad hdr length ", n)
		w.str(" - too short, < 20]")
		return
	}
	w.segment(h, n)
}

// segment prints flags, numbers and options of a header of n bytes, at least 20
// of which are there. It returns false if the line ends there.
func (w *line) segment(h packet.TCP, n int) bool {
	w.str("Flags [")
	const names = "FSRP.UEW"
	flags := h.Flags() & 0xff
	for i := range len(names) {
		if flags>>i&1 != 0 {
			w.b = append(w.b, names[i])
		}
	}
	if flags == 0 {
		w.str("none")
	}
	w.str("]")
	seq, ack, base := h.Seq(), h.Ack(), uint32(0)
	if !w.Absolute && flags&packet.ACK != 0 {
		seq, ack, base = w.relative(h)
	}
	if n > w.length {
		num(w, " [bad hdr length ", n)
		num(w, " - too long, > ", w.length)
		w.str("]")
		return false
	}
	payload := w.length - n
	if payload > 0 || flags&(packet.SYN|packet.FIN|packet.RST) != 0 {
		num(w, ", seq ", seq)
		if payload > 0 {
			num(w, ":", seq+uint32(payload))
		}
	}
	if flags&packet.ACK != 0 {
		num(w, ", ack ", ack)
	}
	num(w, ", win ", h.Window())
	if flags&packet.URG != 0 {
		num(w, ", urg ", h.Urgent())
	}
	if n > 20 {
		w.str(", options [")
		return w.tcpOptions(h[20:min(n, len(h))], n-20, base)
	}
	return true
}

// relative gives the numbers relative to the start of the connection.
func (w *line) relative(h packet.TCP) (seq, ack, base uint32) {
	l := w.pk.Layers()[w.ip]
	k := connection{ports: uint32(h.SrcPort())<<16 | uint32(h.DstPort())}
	if l.Kind == packet.KindIPv4 {
		k.src, k.dst = packet.IPv4(w.pk.Header(l)).Src(), packet.IPv4(w.pk.Header(l)).Dst()
	} else {
		k.src, k.dst = packet.IPv6(w.pk.Header(l)).Src(), packet.IPv6(w.pk.Header(l)).Dst()
	}
	return w.seqs.relative(k, h.Seq(), h.Ack(), h.Flags()&packet.SYN != 0)
}
