package text

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// sample is one frame to print.
type sample struct {
	name string
	link packet.LinkType
	data []byte
	// wire is the length before the snap length cut it; len(data) if 0.
	wire int
	// differs names why our line is not tcpdump's, a key of differences.
	differs string
}

var (
	eth     = build.Ethernet{Dst: packet.MAC{2, 0, 0, 0, 0, 0xa}, Src: packet.MAC{2, 0, 0, 0, 0, 0xb}}
	client  = netip.MustParseAddr("10.244.1.7")
	server  = netip.MustParseAddr("10.244.2.3")
	node1   = netip.MustParseAddr("10.99.0.11")
	node2   = netip.MustParseAddr("10.99.0.12")
	client6 = netip.MustParseAddr("fd00:244:1::7")
	server6 = netip.MustParseAddr("fd00:244:2::3")
	ip4     = build.IPv4{Src: client, Dst: server, ID: 7}
	ip6     = build.IPv6{Src: client6, Dst: server6}
	outer4  = build.IPv4{Src: node1, Dst: node2}
)

type layers = []build.Layer

// corpus is all that the printer is compared with tcpdump on.
func corpus(tb testing.TB) []sample {
	tb.Helper()
	var all []sample
	for _, part := range [][]sample{
		tcpSamples(), tcpOptionSamples(), udpSamples(), dnsSamples(tb), icmp4Samples(), icmp6Samples(), arpSamples(),
		sctpSamples(), ipSamples(), tunnelSamples(), linkSamples(), multicastSamples(), cutSamples(), randomSamples(),
	} {
		all = append(all, part...)
	}
	return all
}

// on puts layers behind an Ethernet header.
func on(name string, l ...build.Layer) sample {
	return sample{name: name, link: packet.LinkEthernet, data: build.Packet(append(layers{eth}, l...)...)}
}

func tcpSamples() []sample {
	text := build.Payload("GET / HTTP/1.1\r\nHost: web\r\n\r\n")
	hello := build.Payload("hello, and so on")
	a := build.TCP{SrcPort: 41822, DstPort: 9000, Seq: 1726587944, Flags: packet.SYN, Options: build.Options(build.MSS(1460), build.SACKOK(), build.Timestamps(1, 0), build.NOP(), build.WScale(7))}
	b := build.TCP{SrcPort: 9000, DstPort: 41822, Seq: 4026531840, Ack: a.Seq + 1, Flags: packet.SYN | packet.ACK}
	forth, back := ip4, build.IPv4{Src: server, Dst: client}
	step := func(name string, ip build.Layer, h build.TCP, flags packet.TCPFlags, seq, ack uint32, more ...build.Layer) sample {
		h.Flags, h.Seq, h.Ack, h.Options = flags, seq, ack, nil
		return on(name, append(layers{ip, h}, more...)...)
	}
	forth6, back6 := ip6, build.IPv6{Src: server6, Dst: client6}
	all := []sample{on("syn", forth, a), on("syn-ack", back, b)}
	for _, way := range []struct {
		v          string
		there, ret build.Layer
	}{{"4", forth, back}, {"6", forth6, back6}} {
		all = append(
			all,
			step("ack "+way.v, way.there, a, packet.ACK, a.Seq+1, b.Seq+1),
			step("data "+way.v, way.there, a, packet.ACK|packet.PSH, a.Seq+1, b.Seq+1, hello),
			step("answer "+way.v, way.ret, b, packet.ACK|packet.PSH, b.Seq+1, a.Seq+1+uint32(len(hello)), hello),
			step("fin "+way.v, way.there, a, packet.ACK|packet.FIN, a.Seq+1+uint32(len(hello)), b.Seq+1),
			step("rst "+way.v, way.ret, b, packet.RST, b.Seq+1, 0),
			step("rst-ack "+way.v, way.ret, b, packet.RST|packet.ACK, b.Seq+1, a.Seq),
			step("new syn-ack "+way.v, way.ret, b, packet.SYN|packet.ACK, 99, 77),
			step("ack of it "+way.v, way.there, a, packet.ACK, 77, 100),
		)
	}
	same := build.TCP{SrcPort: 5000, DstPort: 5000, Seq: 10, Ack: 20}
	for flags := range packet.TCPFlags(256) {
		h := a
		h.Flags, h.Options, h.Urgent = flags, nil, 3
		if flags%7 == 0 {
			all = append(all, on(fmt.Sprintf("flags %#x", int(flags)), forth, h))
		}
	}
	return append(
		all,
		step("equal ports", forth, same, packet.ACK, 10, 20),
		step("equal ports, back", back, same, packet.ACK, 21, 12),
		step("window 0", forth, build.TCP{SrcPort: 1, DstPort: 2, ZeroWindow: true}, packet.ACK, 1, 2),
		named("http", "payload", forth, build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.PSH | packet.ACK}, text),
	)
}

// named is a sample that differs from tcpdump for a reason.
func named(name, differs string, l ...build.Layer) sample {
	s := on(name, l...)
	s.differs = differs
	return s
}

func tcpOptionSamples() []sample {
	opt := func(kind byte, body ...byte) []byte { return append([]byte{kind, byte(2 + len(body))}, body...) }
	var all []sample
	for i, o := range [][]byte{
		build.Options(build.NOP(), build.NOP(), build.SACK(1, 2)),
		build.Options(build.NOP(), build.NOP(), build.SACK(1, 2, 5, 9, 20, 30)),
		build.Options(build.NOP(), build.NOP(), build.Timestamps(4294967295, 7), build.NOP(), build.NOP(), build.SACK(100, 200)),
		opt(packet.TCPOptSACK, 1, 2, 3, 4), opt(packet.TCPOptMD5, make([]byte, 16)...), opt(packet.TCPOptUTO, 0, 9),
		opt(packet.TCPOptUTO, 0x80, 8), opt(packet.TCPOptFastOpen), opt(packet.TCPOptFastOpen, 1, 2, 3, 4, 5, 6, 7, 8),
		opt(packet.TCPOptFastOpen, 1, 2, 3), opt(254, 0xf9, 0x89), opt(254, 0xf9, 0x89, 1, 2, 3, 4), opt(254, 1, 2, 3, 4), opt(254, 1),
		opt(packet.TCPOptAO, 1, 2, 3, 4, 5), opt(packet.TCPOptAO, 1), opt(packet.TCPOptAO, 1, 2), opt(77, 1, 2, 3), opt(77), opt(packet.TCPOptMSS, 1), opt(packet.TCPOptMSS, 1, 2, 3, 4),
		{packet.TCPOptMSS, 1},
		{packet.TCPOptNOP, packet.TCPOptMSS, 40, 1},
		{packet.TCPOptNOP, packet.TCPOptNOP, packet.TCPOptNOP, packet.TCPOptWScale},
		{packet.TCPOptEnd, 9, 9, 9},
		{packet.TCPOptNOP, packet.TCPOptEnd, 9, 9},
		opt(packet.TCPOptTimestamp, 1, 2, 3), opt(packet.TCPOptSACKOK, 1, 2),
	} {
		all = append(all, on(fmt.Sprintf("tcp option %d", i), ip4, build.TCP{SrcPort: 40001, DstPort: 8081, Seq: 100, Ack: 50, Flags: packet.ACK, Options: o}))
	}
	mptcp := opt(packet.TCPOptMPTCP, 0, 0x81, 1, 2, 3, 4, 5, 6, 7, 8)
	return append(all, named("mptcp", "mptcp", ip4, build.TCP{SrcPort: 40002, DstPort: 8081, Flags: packet.SYN, Options: mptcp}))
}

func udpSamples() []sample {
	udp := build.UDP{SrcPort: 5000, DstPort: 6000}
	long := on("udp, length beyond the packet", ip4, udp, build.Payload("1234"))
	binary.BigEndian.PutUint16(long.data[14+20+4:], 100)
	short := on("udp, length below the payload", ip4, udp, build.Payload("1234"))
	binary.BigEndian.PutUint16(short.data[14+20+4:], 10)
	bad := on("udp, length below 8", ip4, udp, build.Payload("1234"))
	binary.BigEndian.PutUint16(bad.data[14+20+4:], 5)
	dhcp := func(op byte) build.Payload {
		b := make([]byte, 300)
		b[0], b[1], b[2] = op, 1, 6
		copy(b[28:], []byte{2, 1, 2, 3, 4, 5})
		return b
	}
	any4 := netip.MustParseAddr("0.0.0.0")
	all4 := netip.MustParseAddr("255.255.255.255")
	return []sample{
		on("udp", ip4, udp, build.Payload("hello")), on("udp, empty", ip4, udp), on("udp 6", ip6, udp, build.Payload("hello")), long, short, bad,
		on("dhcp request", build.IPv4{Src: any4, Dst: all4}, build.UDP{SrcPort: 68, DstPort: 67}, dhcp(1)),
		on("dhcp reply", build.IPv4{Src: node1, Dst: all4}, build.UDP{SrcPort: 67, DstPort: 68}, dhcp(2)),
		on("dhcp unknown", build.IPv4{Src: node1, Dst: all4}, build.UDP{SrcPort: 67, DstPort: 68}, dhcp(9)),
		named("ntp", "payload", ip4, build.UDP{SrcPort: 123, DstPort: 123}, build.Payload(make([]byte, 48))),
	}
}

func dnsSamples(tb testing.TB) []sample {
	tb.Helper()
	name := dnsmessage.MustNewName("web.shop.svc.cluster.local.")
	alias := dnsmessage.MustNewName("www.shop.svc.cluster.local.")
	h := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 30}
	q := func(typ dnsmessage.Type) []dnsmessage.Question {
		return []dnsmessage.Question{{Name: name, Type: typ, Class: dnsmessage.ClassINET}}
	}
	opt := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("."), Type: dnsmessage.TypeOPT, Class: 4096, TTL: 1 << 24}, Body: &dnsmessage.OPTResource{}}
	var all []sample
	add := func(what string, m dnsmessage.Message, port uint16) []byte {
		b, err := m.Pack()
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, on("dns "+what, ip4, build.UDP{SrcPort: 40000, DstPort: port}, build.Payload(b)))
		return b
	}
	for _, typ := range []dnsmessage.Type{1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 64, 65, 99, 249, 252, 255, 256, 257, 1000} {
		add(fmt.Sprintf("query %d", typ), dnsmessage.Message{Header: dnsmessage.Header{ID: 4242, RecursionDesired: true}, Questions: q(typ)}, 53)
	}
	add("query with opt", dnsmessage.Message{Header: dnsmessage.Header{ID: 1, RecursionDesired: true, AuthenticData: true}, Questions: q(1), Additionals: []dnsmessage.Resource{opt}}, 53)
	add("query with oddities", dnsmessage.Message{Header: dnsmessage.Header{ID: 1, Authoritative: true, CheckingDisabled: true, OpCode: 4}, Questions: append(q(1), q(28)...)}, 53)
	add("inverse query", dnsmessage.Message{Header: dnsmessage.Header{ID: 1, OpCode: 1}, Questions: q(1)}, 53)
	add("chaos", dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: 16, Class: 3}, {Name: name, Type: 16, Class: 9}}}, 53)
	bodies := []dnsmessage.ResourceBody{
		&dnsmessage.CNAMEResource{CNAME: alias}, &dnsmessage.AResource{A: [4]byte{10, 96, 68, 194}}, &dnsmessage.AAAAResource{AAAA: server6.As16()},
		&dnsmessage.MXResource{Pref: 10, MX: alias}, &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 3, Target: alias},
		&dnsmessage.TXTResource{TXT: []string{"v=1", "b c"}}, &dnsmessage.PTRResource{PTR: alias}, &dnsmessage.NSResource{NS: alias},
		&dnsmessage.SOAResource{NS: name, MBox: alias, Serial: 1}, &dnsmessage.UnknownResource{Type: 65, Data: []byte{1, 2}},
	}
	var every []dnsmessage.Resource
	for _, body := range bodies {
		rr := dnsmessage.Resource{Header: h, Body: body}
		every = append(every, rr)
		add(fmt.Sprintf("answer %T", body), dnsmessage.Message{Header: dnsmessage.Header{ID: 4242, Response: true, RecursionAvailable: true}, Questions: q(1), Answers: []dnsmessage.Resource{rr}}, 53)
	}
	whole := add("answers", dnsmessage.Message{Header: dnsmessage.Header{ID: 2, Response: true, Authoritative: true, Truncated: true, AuthenticData: true}, Questions: q(1), Answers: every, Authorities: every[:2]}, 53)
	for rcode := range dnsmessage.RCode(16) {
		add(fmt.Sprintf("rcode %d", rcode), dnsmessage.Message{Header: dnsmessage.Header{ID: 3, Response: true, RCode: rcode}, Questions: q(1)}, 53)
	}
	add("extended rcode", dnsmessage.Message{Header: dnsmessage.Header{ID: 3, Response: true}, Questions: q(1), Additionals: []dnsmessage.Resource{opt}}, 53)
	add("no question", dnsmessage.Message{Header: dnsmessage.Header{ID: 3, Response: true}}, 53)
	add("mdns query", dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: 12, Class: 1}, {Name: name, Type: 12, Class: 0x8001}}}, 5353)
	flush := dnsmessage.ResourceHeader{Name: name, Class: 0x8001}
	add("mdns answer", dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Answers: []dnsmessage.Resource{{Header: flush, Body: bodies[1]}, {Header: h, Body: bodies[1]}}}, 5353)
	for _, n := range []int{2, 11, 12, 20, 45, 60, len(whole) - 1} {
		all = append(all, on(fmt.Sprintf("dns, first %d bytes", n), ip4, build.UDP{SrcPort: 53, DstPort: 40000}, build.Payload(whole[:n])))
	}
	tcp := build.TCP{SrcPort: 53, DstPort: 40000, Seq: 1, Ack: 1, Flags: packet.ACK | packet.PSH}
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(whole))), whole...)
	broken := append([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"), "\x05a\x1b[3m\x00\x00\x01\x00\x01"...)
	return append(
		all,
		on("dns over tcp", ip4, tcp, build.Payload(framed)), on("dns over tcp, a part", ip4, tcp, build.Payload(framed[:60])),
		on("dns over tcp, nothing", ip4, tcp, build.Payload("\x00")),
		named("dns, control characters in a name", "escape", ip4, build.UDP{SrcPort: 40000, DstPort: 53}, build.Payload(broken)),
	)
}
