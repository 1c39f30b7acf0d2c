package cilium

import (
	"bytes"
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// summary reads a packet in the monitor's short form: "10.0.0.1:80 ->
// 10.0.0.2:90 tcp SYN, ACK", "10.0.0.1 -> 10.0.0.2 icmp EchoRequest", with
// "[tunnel 10.90.0.12:32900 -> 10.90.0.11:8472 vxlan]" behind it. It returns
// false for what is no IP packet.
func summary(b []byte, n *names, h *trail.Headers, k *packet.Key) bool {
	b, outer, _ := bytes.Cut(b, []byte(" [tunnel "))
	src, rest, ok := bytes.Cut(bytes.TrimSpace(b), []byte(" -> "))
	if !ok {
		return false
	}
	dst, what, _ := bytes.Cut(rest, []byte(" "))
	if !end(src, n, &h.Flow.Src, &h.Flow.SrcPort) || !end(dst, n, &h.Flow.Dst, &h.Flow.DstPort) {
		if macs(src) && macs(dst) {
			h.SrcMAC, h.DstMAC = n.word(src), n.word(dst)
		}
		return false
	}
	v6 := h.Flow.Src.Is6()
	k.Version, k.Bare = 4, 1
	if v6 {
		k.Version = 6
	}
	word, more, _ := bytes.Cut(what, []byte(" "))
	switch string(word) {
	case "tcp":
		h.Flow.Proto = packet.ProtoTCP
		k.Type = uint8(flagList(more))
	case "udp":
		h.Flow.Proto = packet.ProtoUDP
	case "sctp":
		h.Flow.Proto = packet.ProtoSCTP
	case "IPsecESP":
		h.Flow.Proto = packet.ProtoESP
	case "IPsecAH":
		h.Flow.Proto = packet.ProtoAH
	case "icmp":
		word = more
		fallthrough
	default:
		typ, code, isICMP := ICMPType(word, v6)
		if isICMP {
			k.Type, k.Code = typ, code
			h.Flow.Proto = packet.ProtoICMP
			if v6 {
				h.Flow.Proto = packet.ProtoICMPv6
			}
		}
	}
	if t, ok := outerOf(outer, n); ok {
		h.Tunnels = []trail.Tunnel{t}
	}
	k.Proto = h.Flow.Proto
	return true
}

// end reads an address, with a port or without: "10.0.0.1", "10.0.0.1:80",
// "[fd00::1]:80", "10.0.0.1:".
func end(b []byte, n *names, addr *netip.Addr, port *uint16) bool {
	if *addr = n.addr(b); addr.IsValid() {
		return true
	}
	i := bytes.LastIndexByte(b, ':')
	if i < 0 {
		return false
	}
	*port = uint16(number(b[i+1:]))
	*addr = n.addr(bytes.Trim(b[:i], "[]"))
	return addr.IsValid()
}

func macs(b []byte) bool { return len(b) == 17 && b[2] == ':' && b[14] == ':' }

// flagList reads "SYN, ACK".
func flagList(b []byte) (flags packet.TCPFlags) {
	for len(b) > 0 {
		var name []byte
		name, b, _ = bytes.Cut(b, []byte(","))
		flags |= tcpFlag(bytes.TrimSpace(name))
	}
	return flags
}

// outerOf reads "10.90.0.12:32900 -> 10.90.0.11:8472 vxlan]".
func outerOf(b []byte, n *names) (t trail.Tunnel, ok bool) {
	src, rest, ok := bytes.Cut(bytes.TrimSuffix(b, []byte("]")), []byte(" -> "))
	dst, kind, _ := bytes.Cut(rest, []byte(" "))
	if !ok || !end(src, n, &t.Flow.Src, &t.Flow.SrcPort) || !end(dst, n, &t.Flow.Dst, &t.Flow.DstPort) {
		return t, false
	}
	t.Flow.Proto = packet.ProtoUDP
	t.Kind = TunnelKind(string(kind))
	return t, true
}

// TunnelKind is a tunnel's kind as trail names it.
func TunnelKind(word string) string {
	switch word {
	case "vxlan", "VXLAN":
		return "VXLAN"
	case "geneve", "GENEVE":
		return "Geneve"
	}
	return word
}
