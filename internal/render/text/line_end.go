package text

import "github.com/pktrail/pktrail/internal/packet"

// ending prints what is to say of the bytes behind the last decoded header.
func (w *line) ending() {
	switch w.pk.Stop() {
	case packet.StopPayload:
		if w.ip >= 0 && w.pk.Proto() == packet.ProtoNoNext {
			w.str("no next header")
		}
	case packet.StopUnknown:
		w.unknown()
	case packet.StopDeep:
		w.str(" [...]")
	case packet.StopCut, packet.StopMalformed:
		w.broken()
	}
}

// unknown prints a header of a type that is not decoded.
func (w *line) unknown() {
	layers := w.pk.Layers()
	if len(layers) == 0 {
		if rest := w.pk.Rest(); len(rest) > 0 {
			num(w, "unknown ip ", rest[0]>>4)
		}
		return
	}
	last := layers[len(layers)-1]
	switch last.Kind {
	case packet.KindEthernet, packet.KindLinuxSLL, packet.KindLinuxSLL2, packet.KindVLAN:
		w.unknownType(last)
	case packet.KindLoopback:
		num(w, "AF Unknown, length ", w.length+last.Len)
		w.str(":")
	case packet.KindGRE:
		w.hex("gre-proto-0x", uint32(w.pk.EtherType()), 1)
	case packet.KindGeneve:
		w.hex("geneve-proto-0x", uint32(w.pk.EtherType()), 1)
	case packet.KindPPPoE:
		h := packet.PPPoE(w.pk.Header(last))
		if h.Code() == 0 {
			w.hex("unknown PPP protocol (0x", uint32(h.Protocol()), 4)
			w.str(")")
		}
	case packet.KindLLC, packet.KindMPLS:
	default:
		w.unknownProto()
	}
}

// unknownProto prints what is not decoded above IP.
func (w *line) unknownProto() {
	proto, b := w.pk.Proto(), w.pk.Rest()
	switch {
	case proto == packet.ProtoIGMP && w.pk.Layers()[w.ip].Kind == packet.KindIPv4:
		w.igmp(b)
	case proto == packet.ProtoIGMP:
		w.str("[IGMP requires IPv4]")
		w.invalid()
	case proto == packet.ProtoGRE && len(b) >= 2:
		num(w, "GREv", b[1]&7)
		num(w, ", length ", w.length)
	case proto == protoVRRP && len(b) >= 6 && (b[0]>>4 == 2 || b[0]>>4 == 3):
		w.vrrp(b)
	case proto == packet.ProtoOSPF && len(b) >= 2:
		w.ospf(b)
	default:
		num(w, " ip-proto-", uint8(proto))
		num(w, " ", w.length)
	}
}

const protoVRRP packet.Proto = 112 // RFC 5798

func (w *line) vrrp(b []byte) {
	num(w, "VRRPv", b[0]>>4)
	if b[0]&15 != 1 {
		num(w, ", unknown type (", b[0]&15)
		w.str(")")
		return
	}
	w.str(", Advertisement")
	if ttl := w.ttl(); ttl != 255 {
		num(w, ", (ttl ", ttl)
		w.str(")")
	}
	num(w, ", vrid ", b[1])
	num(w, ", prio ", b[2])
	if b[0]>>4 == 3 {
		num(w, ", intvl ", int(b[4]&15)<<8|int(b[5]))
		num(w, "cs, length ", w.length)
		return
	}
	w.str(", authtype ")
	switch b[4] {
	case 0:
		w.str("none")
	case 1:
		w.str("simple")
	case 2:
		w.str("ah")
	default:
		num(w, "#", b[4])
	}
	num(w, ", intvl ", b[5])
	num(w, "s, length ", w.length)
}

func (w *line) ttl() uint8 {
	l := w.pk.Layers()[w.ip]
	if l.Kind == packet.KindIPv4 {
		return packet.IPv4(w.pk.Header(l)).TTL()
	}
	return packet.IPv6(w.pk.Header(l)).HopLimit()
}

func (w *line) ospf(b []byte) {
	num(w, "OSPFv", b[0])
	types := [...]string{1: "Hello", "Database Description", "LS-Request", "LS-Update", "LS-Ack"}
	if int(b[1]) < len(types) && b[1] > 0 {
		w.str(", ", types[b[1]])
	} else {
		num(w, ", unknown packet type (", b[1])
		w.str(")")
	}
	num(w, ", length ", w.length)
}
