package cilium

import (
	"bytes"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// headers are those of one packet as gopacket writes them:
// "IPv4\t{Contents=[..20..] ... Id=65482 Flags=DF ... SrcIP=171.0.1.83}".
type headers struct {
	ethernet, ipv4, ipv6, tcp, udp, sctp, icmpv4, icmpv6 []byte
	vxlan, geneve                                        []byte
}

// fields walks through the fields of a layer.
type fields struct{ b []byte }

func open(layer []byte) fields {
	_, rest, _ := bytes.Cut(layer, []byte("{"))
	return fields{rest}
}

func (f *fields) next() (name, value []byte, ok bool) {
	eq := bytes.IndexByte(f.b, '=')
	if eq < 0 {
		return nil, nil, false
	}
	name, f.b = f.b[:eq], f.b[eq+1:]
	depth, n := 0, 0
	for ; n < len(f.b); n++ {
		switch c := f.b[n]; {
		case c == '[' || c == '(' || c == '{':
			depth++
		case depth == 0 && (c == ' ' || c == '}'):
			value, f.b = f.b[:n], f.b[n+1:]
			return name, value, true
		case c == ']' || c == ')' || c == '}':
			depth--
		}
	}
	value, f.b = f.b, nil
	return name, value, true
}

// number reads the digits that a value begins with: a port has its service's
// name behind it.
func number(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<40 {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// fill makes headers and the key of the layers. It returns false where nothing
// tells which packet it is.
func (l *headers) fill(n *names, h *trail.Headers, k *packet.Key) bool {
	l.link(n, h)
	var length, header uint64 // of the whole IP packet, and of its own header
	switch {
	case l.ipv4 != nil:
		length, header = ipv4(l.ipv4, n, h, k)
	case l.ipv6 != nil:
		length = ipv6(l.ipv6, n, h, k)
	default:
		return false
	}
	if length >= header {
		k.Len = uint32(length - header)
	}
	if !h.Flow.Src.IsValid() || !h.Flow.Dst.IsValid() { // cut
		h.Flow, *k = packet.Flow{}, packet.Key{}
		return false
	}
	l.transport(h, k)
	k.Proto = h.Flow.Proto
	return true
}

func (l *headers) link(n *names, h *trail.Headers) {
	for f := open(l.ethernet); ; {
		name, v, ok := f.next()
		if !ok {
			return
		}
		switch string(name) {
		case "SrcMAC":
			h.SrcMAC = n.word(v)
		case "DstMAC":
			h.DstMAC = n.word(v)
			return // nothing behind it is wanted, here and below
		}
	}
}

func ipv4(b []byte, n *names, h *trail.Headers, k *packet.Key) (length, header uint64) {
	k.Version = 4
	for f := open(b); ; {
		name, v, ok := f.next()
		if !ok {
			return length, header
		}
		switch string(name) {
		case "IHL":
			header = number(v) * 4
		case "Length":
			length = number(v)
		case "Id":
			k.ID = uint32(number(v))
		case "Flags":
			if bytes.Contains(v, []byte("MF")) {
				k.Fragment |= 0x8000
			}
		case "FragOffset":
			k.Fragment |= uint16(number(v)) & 0x1fff
		case "TTL":
			h.TTL = uint8(number(v))
		case "Protocol":
			h.Flow.Proto = protocol(v)
		case "SrcIP":
			h.Flow.Src = n.addr(v)
		case "DstIP":
			h.Flow.Dst = n.addr(v)
			return length, header
		}
	}
}

func ipv6(b []byte, n *names, h *trail.Headers, k *packet.Key) (length uint64) {
	k.Version = 6
	for f := open(b); ; {
		name, v, ok := f.next()
		if !ok {
			return length
		}
		switch string(name) {
		case "Length":
			length = number(v)
		case "NextHeader":
			h.Flow.Proto = protocol(v)
		case "HopLimit":
			h.TTL = uint8(number(v))
		case "SrcIP":
			h.Flow.Src = n.addr(v)
		case "DstIP":
			h.Flow.Dst = n.addr(v)
			return length
		}
	}
}

// protocol is a protocol by the name that gopacket has for it.
func protocol(b []byte) packet.Proto {
	switch string(b) {
	case "TCP":
		return packet.ProtoTCP
	case "UDP":
		return packet.ProtoUDP
	case "ICMPv4":
		return packet.ProtoICMP
	case "ICMPv6":
		return packet.ProtoICMPv6
	case "SCTP":
		return packet.ProtoSCTP
	case "IGMP":
		return packet.ProtoIGMP
	case "IPv4":
		return packet.ProtoIPv4
	case "IPv6":
		return packet.ProtoIPv6
	case "GRE":
		return packet.ProtoGRE
	case "IPSecESP":
		return packet.ProtoESP
	case "IPSecAH":
		return packet.ProtoAH
	case "IPv6Routing":
		return packet.ProtoRouting
	case "IPv6Fragment":
		return packet.ProtoFragment
	case "IPv6Destination":
		return packet.ProtoDestination
	case "NoNextHeader":
		return packet.ProtoNoNext
	case "OSPF":
		return packet.ProtoOSPF
	}
	return 0
}
