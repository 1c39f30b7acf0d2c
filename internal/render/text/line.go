package text

import (
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/packet"
)

// Printer writes a line per packet, as `tcpdump -n` writes it behind the time:
// headers, and DNS as far as tcpdump shows it, but no payload. It remembers
// connections, so that sequence numbers are relative to their start; one
// Printer belongs to one capture. The zero value is ready.
//
// Where it leaves tcpdump's ways on purpose: VLAN tags are always shown
// (tcpdump: with -e alone), an outer packet and what it carries share one line,
// port 8472 is VXLAN and not OTV, payloads that tcpdump decodes by their port
// are "length N" but for DNS and DHCP, unknown bytes are not dumped, DNS
// names are escaped, and a line ends after 2000 characters.
type Printer struct {
	// Absolute prints TCP sequence numbers as they stand in the packet
	// (tcpdump -S).
	Absolute bool

	packet packet.Packet
	quoted packet.Packet
	seqs   sequences
}

// maxLine is where a line ends, in bytes, give or take one item: DNS can make
// it as long as a name server likes.
const maxLine = 2000

// Append appends the line for one frame, without a line end. wireLen is the
// frame's length in bytes before it was cut to the snap length. The result
// holds printable ASCII alone.
func (p *Printer) Append(dst []byte, link packet.LinkType, data []byte, wireLen int) []byte {
	w := line{Printer: p, b: dst, start: len(dst), pk: &p.packet, length: max(wireLen, len(data)), ip: -1}
	w.pk.DecodeLen(link, data, w.length)
	layers := w.pk.Layers()
	for i, l := range layers {
		w.layer(i, l, i == len(layers)-1)
	}
	w.ending()
	w.trim()
	return w.b
}

// line is one line in the making.
type line struct {
	*Printer
	b     []byte
	start int
	pk    *packet.Packet
	// length is how many bytes the packet has from the next header on, as the
	// headers before it say.
	length int
	// ip is the index of the IP layer around the next header, -1 if none;
	// next is the protocol that it names itself.
	ip   int
	next packet.Proto
}

func (w *line) layer(i int, l packet.Layer, last bool) {
	h := w.pk.Header(l)
	switch l.Kind {
	case packet.KindEthernet, packet.KindLinuxSLL, packet.KindLinuxSLL2, packet.KindLoopback:
		w.length -= l.Len
	case packet.KindVLAN, packet.KindLLC, packet.KindMPLS, packet.KindPPPoE:
		w.tag(i, l, h)
	case packet.KindARP:
		w.arp(h)
	case packet.KindIPv4:
		w.ipv4(i, l, h)
	case packet.KindIPv6:
		w.ipv6(i, l, h)
	case packet.KindHopByHop, packet.KindDestination, packet.KindRouting, packet.KindFragment, packet.KindAH, packet.KindESP:
		w.extension(l, h)
	case packet.KindTCP:
		w.tcp(h, l)
	case packet.KindUDP:
		w.udp(h, l, last)
	case packet.KindSCTP:
		w.sctp(h, w.pk.Body(l))
	case packet.KindICMPv4:
		w.icmp4(h, w.pk.Body(l))
	case packet.KindICMPv6:
		w.icmp6(h, w.pk.Body(l))
	case packet.KindVXLAN, packet.KindGeneve, packet.KindGRE:
		w.tunnel(l, h)
	}
}

// str appends strings.
func (w *line) str(parts ...string) {
	for _, s := range parts {
		w.b = append(w.b, s...)
	}
}

// num appends a text and a decimal number.
func num[N uint8 | uint16 | uint32 | int](w *line, before string, v N) {
	w.b = append(w.b, before...)
	w.b = strconv.AppendInt(w.b, int64(v), 10)
}

// hex appends a text and a hexadecimal number of at least digits digits.
func (w *line) hex(before string, v uint32, digits int) {
	w.b = append(w.b, before...)
	const table = "0123456789abcdef"
	shift := 28
	for shift > 0 && v>>shift == 0 && shift/4 >= digits {
		shift -= 4
	}
	for ; shift >= 0; shift -= 4 {
		w.b = append(w.b, table[v>>shift&15])
	}
}

// hexBytes appends bytes as hexadecimal digits.
func (w *line) hexBytes(b []byte) {
	for _, c := range b {
		w.hex("", uint32(c), 2)
	}
}

func (w *line) addr(before string, a netip.Addr) {
	w.b = a.AppendTo(append(w.b, before...))
}

func (w *line) addr4(before string, b []byte) {
	w.addr(before, netip.AddrFrom4([4]byte(b)))
}

func (w *line) addr6(before string, b []byte) {
	w.addr(before, netip.AddrFrom16([16]byte(b)))
}

func (w *line) mac(before string, m packet.MAC) { w.b = m.AppendTo(append(w.b, before...)) }

// full reports whether the line has got as long as it may.
func (w *line) full() bool { return len(w.b)-w.start > maxLine }

// trim takes off the blanks at the end.
func (w *line) trim() {
	for len(w.b) > w.start && w.b[len(w.b)-1] == ' ' {
		w.b = w.b[:len(w.b)-1]
	}
}

// cut says that the capture ends inside a header of that protocol.
func (w *line) cut(protocol string) { w.str(" [|", protocol, "]") }

func (w *line) invalid() { w.str(" (invalid)") }
