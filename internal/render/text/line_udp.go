package text

import "github.com/pktrail/pktrail/internal/packet"

// Ports whose payload is shown.
const (
	portDNS   = 53
	portDHCPS = 67
	portDHCPC = 68
	portMDNS  = 5353
)

// udp prints a header and, unless a tunnel follows it as the next layer, what
// it carries.
func (w *line) udp(b []byte, l packet.Layer, last bool) {
	h := packet.UDP(b)
	src, dst := h.SrcPort(), h.DstPort()
	w.ports(src, dst, false)
	w.str(": ")
	w.length -= 8
	declared := h.Length() - 8
	if h.Length() == 0 {
		declared = w.length
	}
	carried := min(declared, w.length)
	w.length = carried
	if !last || w.pk.Stop() == packet.StopCut && w.pk.Missing() != packet.KindUDP {
		return // the tunnel goes on
	}
	body := w.pk.Body(l)
	switch {
	case src == portDNS || dst == portDNS:
		w.dns(body, carried, false)
	case src == portMDNS || dst == portMDNS:
		w.dns(body, carried, true)
	case src == portDHCPS || dst == portDHCPS || src == portDHCPC || dst == portDHCPC:
		w.dhcp(body, carried)
	case declared > carried && !w.fragmented():
		num(w, "UDP, bad length ", declared)
		num(w, " > ", carried)
	default:
		num(w, "UDP, length ", declared)
	}
}

// fragmented reports whether the IP packet around is a fragment.
func (w *line) fragmented() bool {
	for _, l := range w.pk.Layers()[w.ip:] {
		switch l.Kind {
		case packet.KindIPv4:
			return packet.IPv4(w.pk.Header(l)).MoreFragments()
		case packet.KindFragment:
			return true
		}
	}
	return false
}

// brokenUDP prints a header of which b was captured.
func (w *line) brokenUDP(b []byte) {
	if len(b) < 4 {
		if w.hasPorts() {
			w.hosts(": ")
		}
		w.cut("udp")
		return
	}
	h := packet.UDP(b)
	w.ports(h.SrcPort(), h.DstPort(), false)
	w.str(": ")
	switch {
	case w.length < 8:
		num(w, "truncated-udp ", w.length)
	case len(b) < 6:
		w.cut("udp")
	case h.Length() < 8:
		num(w, "truncated-udplength ", h.Length())
	default:
		w.cut("udp")
	}
}

// dhcp prints the first fields of BOOTP (RFC 951).
func (w *line) dhcp(b []byte, length int) {
	if len(b) < 1 {
		w.cut("bootp")
		return
	}
	w.str("BOOTP/DHCP, ")
	switch b[0] {
	case 1:
		w.str("Request")
		if len(b) >= 3 && (b[1] != 1 || b[2] != 6) {
			break
		}
		if len(b) < 34 {
			w.cut("bootp")
			return
		}
		w.mac(" from ", packet.MAC(b[28:34]))
	case 2:
		w.str("Reply")
	default:
		w.hex("unknown (0x", uint32(b[0]), 2)
		w.str(")")
	}
	if len(b) < 3 {
		w.cut("bootp")
		return
	}
	num(w, ", length ", length)
}
