package text

import "github.com/pktrail/pktrail/internal/packet"

// tag prints what stands between a link header and a network header.
func (w *line) tag(i int, l packet.Layer, h []byte) {
	switch l.Kind {
	case packet.KindVLAN:
		v := packet.VLAN(h)
		num(w, "vlan ", v.ID())
		num(w, ", p ", v.Priority())
		if v.DropEligible() {
			w.str(", DEI")
		}
		w.str(", ")
	case packet.KindLLC:
		w.length = min(w.length, l.End-l.Off)
		w.addresses()
		num(w, "802.3, length ", w.length)
	case packet.KindMPLS:
		v := packet.MPLS(h)
		if i == 0 || w.pk.Layers()[i-1].Kind != packet.KindMPLS {
			w.str("MPLS")
		}
		num(w, " (label ", v.Label())
		num(w, ", tc ", v.TrafficClass())
		if v.Bottom() {
			w.str(", [S]")
		}
		num(w, ", ttl ", v.TTL())
		w.str(")")
		if v.Bottom() {
			w.str(" ")
		}
	case packet.KindPPPoE:
		v := packet.PPPoE(h)
		w.str("PPPoE ")
		if v.Length() > w.length-6 {
			num(w, " [len ", v.Length())
			num(w, " > ", w.length-6)
			w.str("!]")
		}
		if s := v.Session(); s != 0 {
			w.hex(" [ses 0x", uint32(s), 1)
			w.str("]")
		}
		w.str(" ")
		w.length = min(w.length, 6+v.Length())
	}
	w.length -= l.Len
}

// addresses prints the hardware addresses of the frame around the next header.
func (w *line) addresses() {
	if l, ok := w.pk.Find(packet.KindEthernet); ok {
		h := packet.Ethernet(w.pk.Header(l))
		w.mac("", h.Src())
		w.mac(" > ", h.Dst())
		w.str(", ")
	}
}

// unknownType prints a frame whose EtherType is not decoded.
func (w *line) unknownType(under packet.Layer) {
	t := w.pk.EtherType()
	if t == packet.TypeLLDP {
		num(w, "LLDP, length ", w.length)
		return
	}
	w.addresses()
	w.str("ethertype ", etherTypeName(t))
	w.hex(" (0x", uint32(t), 4)
	w.str(")")
	// tcpdump counts the frame here, from its link header on.
	from := w.pk.Layers()[0].Off
	if l, ok := w.pk.Find(packet.KindEthernet); ok {
		from = l.Off
	}
	num(w, ", length ", w.length+under.Off+under.Len-from)
	w.str(":")
}

func etherTypeName(t packet.EtherType) string {
	switch t {
	case 0x8035:
		return "Reverse ARP"
	case 0x8137:
		return "IPX"
	case 0x8808:
		return "MPCP"
	case 0x8809:
		return "Slow Protocols"
	case packet.TypePPPoED:
		return "PPPoE D"
	case packet.TypePPPoE:
		return "PPPoE S"
	case 0x888e:
		return "EAPOL"
	case 0x88e5:
		return "802.1AE MACsec"
	case 0x88f7:
		return "PTP"
	case packet.TypeLoopback:
		return "Loopback"
	}
	return "Unknown"
}

func (w *line) arp(b []byte) {
	h := packet.ARP(b)
	length := w.length
	w.length -= len(b)
	w.str("ARP, ")
	if !h.IsEthernetIPv4() {
		w.str(arpHardware(h.Hardware()))
		num(w, " (len ", b[4])
		w.str("), ")
		if h.Proto() == packet.TypeIPv4 {
			w.str("IPv4")
		} else {
			w.hex("Unknown Protocol (0x", uint32(h.Proto()), 4)
			w.str(")")
		}
		num(w, " (len ", b[5])
		num(w, "), length ", length)
		return
	}
	switch h.Op() {
	case packet.ARPRequest:
		w.addr("Request who-has ", h.TargetIP())
		if h.TargetMAC() != (packet.MAC{}) {
			w.mac(" (", h.TargetMAC())
			w.str(")")
		}
		w.addr(" tell ", h.SenderIP())
	case packet.ARPReply:
		w.addr("Reply ", h.SenderIP())
		w.mac(" is-at ", h.SenderMAC())
	case 3, 8:
		w.str(either(h.Op() == 3, "Reverse", "Inverse"), " Request")
		w.mac(" who-is ", h.TargetMAC())
		w.mac(" tell ", h.SenderMAC())
	case 4:
		w.mac("Reverse Reply ", h.TargetMAC())
		w.addr(" at ", h.TargetIP())
	case 9:
		w.mac("Inverse Reply ", h.SenderMAC())
		w.addr(" at ", h.SenderIP())
	case 10:
		w.str("NACK Reply")
		return
	default:
		num(w, "Unknown (", h.Op())
		w.str(")")
		return
	}
	num(w, ", length ", length)
}

// either is a conditional expression.
func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

func arpHardware(n uint16) string {
	switch n {
	case 1:
		return "Ethernet"
	case 6:
		return "TokenRing"
	case 24:
		return "IEEE 1394"
	case 32:
		return "InfiniBand"
	}
	return "Unknown Hardware"
}
