package cilium

import (
	"bytes"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// transport fills in what the layer above IP tells. A fragment behind the first
// has none: what was taken for one is payload.
func (l *headers) transport(h *trail.Headers, k *packet.Key) {
	if k.Fragment&0x1fff != 0 {
		return
	}
	switch {
	case l.tcp != nil:
		h.Flow.Proto = packet.ProtoTCP
		tcp(l.tcp, h, k)
	case l.udp != nil:
		h.Flow.Proto = packet.ProtoUDP
		ports(l.udp, h)
	case l.sctp != nil:
		h.Flow.Proto = packet.ProtoSCTP
		ports(l.sctp, h)
		k.A = uint32(number(find(l.sctp, "VerificationTag")))
	case l.icmpv4 != nil:
		h.Flow.Proto = packet.ProtoICMP
		icmpv4(l.icmpv4, h, k)
	case l.icmpv6 != nil:
		h.Flow.Proto = packet.ProtoICMPv6
		k.Type, k.Code, _ = ICMPType(find(l.icmpv6, "TypeCode"), true)
		// Neither identifier nor sequence number are shown; the checksum differs
		// with them, and stays unless an address is translated.
		k.Bare = 1<<16 | uint32(number(find(l.icmpv6, "Checksum")))
	}
}

// find is the value of one field; nil if there is none.
func find(layer []byte, want string) []byte {
	for f := open(layer); ; {
		name, v, ok := f.next()
		if !ok || string(name) == want {
			return v
		}
	}
}

func ports(layer []byte, h *trail.Headers) {
	for f := open(layer); ; {
		name, v, ok := f.next()
		if !ok {
			return
		}
		switch string(name) {
		case "SrcPort":
			h.Flow.SrcPort = uint16(number(v))
		case "DstPort":
			h.Flow.DstPort = uint16(number(v))
			return
		}
	}
}

func tcp(layer []byte, h *trail.Headers, k *packet.Key) {
	var offset, ack uint32
	var flags packet.TCPFlags
	for f := open(layer); ; {
		name, v, ok := f.next()
		if !ok || string(name) == "Checksum" {
			break
		}
		switch string(name) {
		case "SrcPort":
			h.Flow.SrcPort = uint16(number(v))
		case "DstPort":
			h.Flow.DstPort = uint16(number(v))
		case "Seq":
			k.A = uint32(number(v))
		case "Ack":
			ack = uint32(number(v))
		case "DataOffset":
			offset = uint32(number(v)) * 4
		case "Window":
			k.Window = uint16(number(v))
		default:
			if f := tcpFlag(name); f != 0 && string(v) == "true" {
				flags |= f
			}
		}
	}
	k.Type = uint8(flags)
	if flags&packet.ACK != 0 {
		k.B = ack
	}
	k.Len -= min(k.Len, offset)
}

// tcpFlag is a TCP flag that belongs to a packet's identity.
func tcpFlag(name []byte) packet.TCPFlags {
	switch string(name) {
	case "FIN":
		return packet.FIN
	case "SYN":
		return packet.SYN
	case "RST":
		return packet.RST
	case "PSH":
		return packet.PSH
	case "ACK":
		return packet.ACK
	case "URG":
		return packet.URG
	}
	return 0
}

func icmpv4(layer []byte, h *trail.Headers, k *packet.Key) {
	var id, seq uint64
	for f := open(layer); ; {
		name, v, ok := f.next()
		if !ok {
			break
		}
		switch string(name) {
		case "TypeCode":
			k.Type, k.Code, _ = ICMPType(v, false)
		case "Id":
			id = number(v)
		case "Seq":
			seq = number(v)
		}
	}
	switch k.Type {
	case packet.ICMPv4Echo, packet.ICMPv4EchoReply, packet.ICMPv4Timestamp, packet.ICMPv4TimestampRep,
		packet.ICMPv4Info, packet.ICMPv4InfoReply, packet.ICMPv4Mask, packet.ICMPv4MaskReply:
		h.Flow.ID, k.B = uint16(id), uint32(seq)
	}
}

// add puts a layer where it belongs, by the name that it begins with. It
// returns false for what is no layer, or none that is looked at.
func (l *headers) add(text []byte) bool {
	name, rest, ok := bytes.Cut(text, []byte("\t"))
	if !ok || len(rest) == 0 || rest[0] != '{' {
		return false
	}
	text = bytes.Clone(text)
	switch string(name) {
	case "Ethernet":
		l.ethernet = text
	case "IPv4":
		l.ipv4 = text
	case "IPv6":
		l.ipv6 = text
	case "TCP":
		l.tcp = text
	case "UDP":
		l.udp = text
	case "SCTP":
		l.sctp = text
	case "ICMPv4":
		l.icmpv4 = text
	case "ICMPv6":
		l.icmpv6 = text
	case "VXLAN":
		l.vxlan = text
	case "Geneve":
		l.geneve = text
	}
	return true
}

// tunnel is the encapsulation that these are the outer layers of; false if they
// are none.
func (l *headers) tunnel(n *names, h *trail.Headers) (trail.Tunnel, bool) {
	var outer trail.Headers
	var k packet.Key
	if !l.fill(n, &outer, &k) {
		return trail.Tunnel{}, false
	}
	if outer.SrcMAC != "" {
		h.SrcMAC, h.DstMAC = outer.SrcMAC, outer.DstMAC
	}
	t := trail.Tunnel{Flow: outer.Flow}
	switch {
	case l.vxlan != nil:
		t.Kind, t.HasID = "VXLAN", true
		t.ID = uint32(number(find(l.vxlan, "VNI")))
	case l.geneve != nil:
		t.Kind, t.HasID = "Geneve", true
		t.ID = uint32(number(find(l.geneve, "VNI")))
	default:
		t.Kind = "IPIP"
	}
	return t, true
}
