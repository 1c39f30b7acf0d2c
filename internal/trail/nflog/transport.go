package nflog

import "github.com/pktrail/pktrail/internal/packet"

// upper takes a field of a transport header.
func (r *reader) upper(h *Headers, word, name, value string) {
	switch name {
	case "SPT":
		h.SrcPort = uint16(r.number(word, value, 16))
	case "DPT":
		h.DstPort, h.HasPorts = uint16(r.number(word, value, 16)), true
	case "LEN":
		h.UDPLen = uint16(r.number(word, value, 16))
	case "SEQ":
		n := r.number(word, value, 32)
		if h.Proto == packet.ProtoTCP {
			h.Seq, h.HasSeq = uint32(n), true
		} else {
			h.EchoSeq, h.HasEcho = uint16(n), true
		}
	case "ACK":
		h.Ack = uint32(r.number(word, value, 32))
	case "WINDOW":
		h.Window = uint16(r.number(word, value, 16))
	case "URGP":
		h.Urgent, h.hasUrgent = uint16(r.number(word, value, 16)), true
	case "TYPE":
		h.Type, h.HasType = uint8(r.number(word, value, 8)), true
	case "CODE":
		h.Code = uint8(r.number(word, value, 8))
	case "ID":
		h.EchoID = uint16(r.number(word, value, 16))
	case "MTU":
		h.Rest = uint32(r.number(word, value, 32))
	case "GATEWAY":
		if a := r.addr(word, value); a.Is4() {
			b := a.As4()
			h.Rest = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		}
	}
}

func (h *Headers) flag(word string) {
	switch word {
	case "FIN":
		h.Flags |= packet.FIN
	case "SYN":
		h.Flags |= packet.SYN
	case "RST":
		h.Flags |= packet.RST
	case "PSH":
		h.Flags |= packet.PSH
	case "ACK":
		h.Flags |= packet.ACK
	case "URG":
		h.Flags |= packet.URG
	case "ECE":
		h.Flags |= packet.ECE
	case "CWR":
		h.Flags |= packet.CWR
	}
}

func (r *reader) protocol(word, s string) packet.Proto {
	switch s {
	case "TCP":
		return packet.ProtoTCP
	case "UDP":
		return packet.ProtoUDP
	case "UDPLITE":
		return udpLite
	case "ICMP":
		return packet.ProtoICMP
	case "ICMPv6":
		return packet.ProtoICMPv6
	case "AH":
		return packet.ProtoAH
	case "ESP":
		return packet.ProtoESP
	}
	return packet.Proto(r.number(word, s, 8))
}
