package correlate

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
)

// text says in words what a packet is.
func (v *view) text() string {
	k, f := &v.id.Key, &v.head.flow
	switch {
	case !v.known && v.cut:
		t := v.head.tunnels()[0]
		return name(t) + " packet, " + t.Flow.String()
	case k.Proto == 0 && (!v.known || k.Bare != 0): // a log that does not tell the protocol
		return "packet"
	case v.known && k.Version == 0:
		return arp(k.Type)
	case k.Fragment&fragmentOffset != 0:
		return k.Proto.String()
	}
	switch k.Proto {
	case packet.ProtoICMP, packet.ProtoICMPv6:
		if k.Bare != 0 && k.Type == 0xff {
			return "ICMP"
		}
		if text, _, isEcho := strings.Cut(icmp(k, f.ID), ","); isEcho && k.Bare != 0 {
			return text
		}
		return icmp(k, f.ID)
	case packet.ProtoTCP:
		if k.Bare != 0 {
			return "TCP " + tcpFlags(packet.TCPFlags(k.Type))
		}
		return fmt.Sprintf("TCP %s, seq %d, %d bytes", tcpFlags(packet.TCPFlags(k.Type)), k.A, k.Len)
	case packet.ProtoUDP:
		if k.Bare != 0 {
			break
		}
		if k.Fragment != 0 && v.udp > 0 { // its length is that of the fragment
			return fmt.Sprintf("UDP, %d bytes", max(v.udp, 8)-8)
		}
		return fmt.Sprintf("UDP, %d bytes", max(k.Len, 8)-8)
	}
	return k.Proto.String()
}

func arp(op uint8) string {
	switch op {
	case 1:
		return "ARP request"
	case 2:
		return "ARP reply"
	}
	return "ARP"
}

func tcpFlags(f packet.TCPFlags) string {
	var names []string
	for i, n := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if f&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return "without flags"
	}
	return strings.Join(names, "-")
}

func icmp(k *packet.Key, id uint16) string {
	request, reply := uint8(packet.ICMPv4Echo), uint8(packet.ICMPv4EchoReply)
	if k.Proto == packet.ProtoICMPv6 {
		request, reply = packet.ICMPv6Echo, packet.ICMPv6EchoReply
	}
	switch k.Type {
	case request:
		return fmt.Sprintf("ICMP echo request, id %d, seq %d", id, k.B)
	case reply:
		return fmt.Sprintf("ICMP echo reply, id %d, seq %d", id, k.B)
	}
	return fmt.Sprintf("ICMP type %d code %d", k.Type, k.Code)
}
