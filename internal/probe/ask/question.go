package ask

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
)

// Question is a packet, as far as routing looks at it. Only Dst is needed.
type Question struct {
	// Dst and Src are the packet's addresses, of one family. Without Src the
	// kernel chooses one.
	Dst, Src netip.Addr
	// In is the device it came from; empty for a packet of this namespace's
	// own. Out is the device that a socket is bound to.
	In, Out string
	// Mark is its fwmark.
	Mark uint32
	// TOS is its DS field; the two bits of ECN are not looked at.
	TOS uint8
	// Proto is asked for iff TCP, UDP, ICMP or ICMPv6: the kernel takes no
	// others (net/ipv4/ip_input.c, rtm_getroute_parse_ip_proto).
	Proto packet.Proto
	// SrcPort and DstPort go with TCP and UDP; 0 is not given.
	SrcPort, DstPort uint16
	// UID is the sender's; valid iff HasUID. Without it the kernel takes ours.
	UID    uint32
	HasUID bool
}

// String is the question as one types it: "ip route get 10.0.1.12 from
// 192.168.235.13 iif eth0 mark 0x1 ipproto tcp dport 80".
func (q Question) String() string {
	q = q.plain()
	w := words{"ip", "route", "get", q.Dst.String()}
	if q.Src.IsValid() {
		w.add("from", q.Src.String())
	}
	if q.In != "" {
		w.add("iif", q.In)
	}
	if q.TOS != 0 {
		w.add("tos", hex8(q.TOS))
	}
	if q.Out != "" {
		w.add("oif", q.Out)
	}
	if q.Mark != 0 {
		w.add("mark", "0x"+strconv.FormatUint(uint64(q.Mark), 16))
	}
	if q.HasUID {
		w.add("uid", strconv.FormatUint(uint64(q.UID), 10))
	}
	if q.Proto != 0 {
		w.add("ipproto", protoName(q.Proto))
	}
	if q.SrcPort != 0 {
		w.add("sport", strconv.Itoa(int(q.SrcPort)))
	}
	if q.DstPort != 0 {
		w.add("dport", strconv.Itoa(int(q.DstPort)))
	}
	return w.String()
}

// plain leaves out what the kernel would refuse or not look at.
func (q Question) plain() Question {
	q.Dst, q.Src = q.Dst.Unmap(), q.Src.Unmap()
	if q.Src.IsUnspecified() {
		q.Src = netip.Addr{}
	}
	q.TOS &^= 3
	switch q.Proto {
	case packet.ProtoTCP, packet.ProtoUDP:
	case packet.ProtoICMP, packet.ProtoICMPv6:
		q.SrcPort, q.DstPort = 0, 0
		if (q.Proto == packet.ProtoICMPv6) != q.Dst.Is6() {
			q.Proto = 0
		}
	default:
		q.Proto, q.SrcPort, q.DstPort = 0, 0, 0
	}
	return q
}

// words is a text of iproute2's kind: words and single spaces.
type words []string

func (w *words) add(s ...string) { *w = append(*w, s...) }

func (w words) String() string { return strings.Join(w, " ") }

func hex8(v uint8) string {
	s := strconv.FormatUint(uint64(v), 16)
	return "0x" + strings.Repeat("0", 2-len(s)) + s
}

// protoName is a protocol's name in /etc/protocols, which iproute2 reads.
func protoName(p packet.Proto) string {
	switch p {
	case packet.ProtoTCP:
		return "tcp"
	case packet.ProtoUDP:
		return "udp"
	case packet.ProtoICMP:
		return "icmp"
	case packet.ProtoICMPv6:
		return "ipv6-icmp"
	case packet.ProtoSCTP:
		return "sctp"
	case packet.ProtoGRE:
		return "gre"
	case packet.ProtoESP:
		return "esp"
	case packet.ProtoAH:
		return "ah"
	}
	return strconv.Itoa(int(p))
}
