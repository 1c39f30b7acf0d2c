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

// tcpOptions prints the options, n bytes of which b was captured. base is what
// the numbers in a SACK are relative to.
func (w *line) tcpOptions(b []byte, n int, base uint32) bool {
	for first := true; n > 0; first = false {
		if !first {
			w.str(",")
		}
		if len(b) == 0 || b[0] > packet.TCPOptNOP && len(b) < 2 {
			w.cut("tcp")
			return false
		}
		kind := b[0]
		if kind <= packet.TCPOptNOP {
			w.optionName(kind)
			if b, n = b[1:], n-1; kind == packet.TCPOptEnd {
				break
			}
			continue
		}
		size := int(b[1])
		if size < 2 || size > n {
			return w.badOption(first)
		}
		w.optionName(kind)
		// Like tcpdump, trust the kind more than the length.
		used := size
		if fixed := fixedOption(kind); fixed >= 0 {
			used = 2 + fixed
		}
		switch {
		case used > n:
			return w.badOption(first)
		case used > len(b):
			w.cut("tcp")
			if !first {
				w.str(">")
			}
			return false
		case !w.tcpOption(kind, b[2:used], base):
			return w.badOption(first)
		case used != size:
			num(w, "[len ", size)
			w.str("]")
		}
		b, n = b[used:], n-used
	}
	w.str("]")
	return true
}

func (w *line) badOption(first bool) bool {
	w.str("[bad opt]")
	if !first {
		w.str("]")
	}
	return false
}

func (w *line) optionName(kind byte) {
	switch kind {
	case packet.TCPOptEnd:
		w.str("eol")
	case packet.TCPOptNOP:
		w.str("nop")
	case packet.TCPOptMSS:
		w.str("mss")
	case packet.TCPOptWScale:
		w.str("wscale")
	case packet.TCPOptSACKOK:
		w.str("sackOK")
	case packet.TCPOptSACK:
		w.str("sack")
	case packet.TCPOptTimestamp:
		w.str("TS")
	case packet.TCPOptMD5:
		w.str("md5")
	case packet.TCPOptUTO:
		w.str("uto")
	case packet.TCPOptAO:
		w.str("tcp-ao")
	case packet.TCPOptMPTCP:
		w.str("mptcp")
	case packet.TCPOptFastOpen:
		w.str("tfo")
	case optExperiment:
		w.str("exp")
	default:
		num(w, "unknown-", kind)
	}
}

const optExperiment = 254 // RFC 6994

// fixedOption is the length in bytes of the body of a kind of option, -1 if it
// varies.
func fixedOption(kind byte) int {
	switch kind {
	case packet.TCPOptSACKOK:
		return 0
	case packet.TCPOptWScale:
		return 1
	case packet.TCPOptMSS, packet.TCPOptUTO:
		return 2
	case packet.TCPOptTimestamp:
		return 8
	case packet.TCPOptMD5:
		return 16
	}
	return -1
}

// tcpOption prints the body of an option behind its name. It returns false if
// the body is too short for its kind.
func (w *line) tcpOption(kind byte, b []byte, base uint32) bool {
	switch kind {
	case packet.TCPOptSACKOK:
	case packet.TCPOptMSS:
		num(w, " ", be16(b))
	case packet.TCPOptWScale:
		num(w, " ", b[0])
	case packet.TCPOptTimestamp:
		num(w, " val ", be32(b))
		num(w, " ecr ", be32(b[4:]))
	case packet.TCPOptMD5:
		w.str(" shared secret not supplied with -M, can't check - ")
		w.hexBytes(b)
	case packet.TCPOptUTO:
		v := uint32(be16(b))
		w.hex(" 0x", v, 1)
		if v >>= 1; b[1]&1 != 0 {
			v *= 60
		}
		num(w, " ", v)
	default:
		return w.longOption(kind, b, base)
	}
	return true
}

// longOption prints the body of an option of any length.
func (w *line) longOption(kind byte, b []byte, base uint32) bool {
	switch kind {
	case packet.TCPOptSACK:
		if len(b)%8 != 0 {
			w.str(" invalid sack")
			return true
		}
		num(w, " ", len(b)/8)
		w.str(" ")
		for ; len(b) >= 8; b = b[8:] {
			num(w, "{", be32(b)-base)
			num(w, ":", be32(b[4:])-base)
			w.str("}")
		}
	case packet.TCPOptAO:
		if len(b) < 2 {
			w.invalid()
			return true
		}
		num(w, " keyid ", b[0])
		num(w, " rnextkeyid ", b[1])
		if len(b) > 2 {
			w.str(" mac 0x")
			w.hexBytes(b[2:])
		}
	case packet.TCPOptMPTCP:
		num(w, " ", len(b)+2)
	case packet.TCPOptFastOpen:
		w.str(" ")
		w.fastOpen(b)
	case optExperiment:
		if len(b) < 2 {
			return false
		}
		w.str("-")
		if be16(b) == 0xf989 { // RFC 7413, before it had a number
			w.str("tfo")
			w.fastOpen(b[2:])
		} else {
			w.hex("", uint32(be16(b)), 4)
		}
	default:
		if len(b) > 0 {
			w.str(" 0x")
			w.hexBytes(b)
		}
	}
	return true
}

func (w *line) fastOpen(b []byte) {
	switch {
	case len(b) == 0:
		w.str(" cookiereq")
	case len(b)%2 != 0 || len(b) < 4 || len(b) > 16:
		w.invalid()
	default:
		w.str(" cookie ")
		w.hexBytes(b)
	}
}
