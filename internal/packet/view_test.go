package packet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// What gopacket does not judge: fields of link headers, extension headers and
// tunnels, as they were built.
func TestViews(t *testing.T) {
	view := func(link packet.LinkType, k packet.Kind, l ...build.Layer) []byte {
		p := decode(link, build.Packet(l...))
		layer, ok := p.Find(k)
		if !ok {
			t.Fatalf("%s has no %v", kinds(p), k)
		}
		return p.Header(layer)
	}
	outer := build.IPv4{Src: node1, Dst: node2}
	sll := packet.SLL(view(packet.LinkLinuxSLL, packet.KindLinuxSLL, build.SLL{PacketType: 4, Hardware: 1, Addr: macA}, ip4))
	sll2 := packet.SLL2(view(packet.LinkLinuxSLL2, packet.KindLinuxSLL2, build.SLL2{Index: 70000, PacketType: 3, Hardware: 772, Addr: macB}, ip6))
	pppoe := packet.PPPoE(view(packet.LinkEthernet, packet.KindPPPoE, eth, build.PPPoE{Session: 0x1234}, ip4))
	routing := packet.IPv6Extension(view(packet.LinkRaw, packet.KindRouting, ip6, build.Extension{Proto: packet.ProtoRouting, Body: []byte{4, 2, 0, 0, 0, 0}}, syn))
	fragment := packet.IPv6Fragment(view(packet.LinkRaw, packet.KindFragment, ip6, build.Fragment{ID: 0xdeadbeef, Offset: 1448, More: true}, syn))
	ah := packet.AH(view(packet.LinkRaw, packet.KindAH, ip4, build.AH{SPI: 5, Seq: 6}, syn))
	geneve := packet.Geneve(view(packet.LinkRaw, packet.KindGeneve, outer, build.UDP{DstPort: 6081}, build.Geneve{VNI: 9, Control: true, Critical: true, Options: []byte{1, 2, 3, 0}}, ip4))
	gre := packet.GRE(view(packet.LinkRaw, packet.KindGRE, outer, build.GRE{Seq: new(uint32(7))}, ip4))
	tcp := packet.TCP(view(packet.LinkRaw, packet.KindTCP, ip4, build.TCP{Flags: packet.AE | packet.URG, Urgent: 3, ZeroWindow: true}))
	arp := packet.ARP(view(packet.LinkEthernet, packet.KindARP, eth, build.ARP{Op: 2, SenderMAC: macA, SenderIP: client, TargetMAC: macB, TargetIP: server}))
	opts := packet.IPv4(view(packet.LinkRaw, packet.KindIPv4, build.IPv4{Src: client, Dst: server, MF: true, DF: true, Offset: 800, Proto: 6, Options: []byte{7, 3, 4}}))
	key, hasKey := gre.Key()
	seq, hasSeq := gre.Seq()
	got := []any{
		sll.PacketType(), sll.Hardware(), sll.Addr(), sll.Type(), sll2.PacketType(), sll2.Hardware(), sll2.Index(), sll2.Addr(), sll2.Type(),
		pppoe.Code(), pppoe.Session(), pppoe.Length(), pppoe.Protocol(), routing.NextHeader(), routing.RoutingType(), routing.SegmentsLeft(),
		fragment.ID(), fragment.Offset(), fragment.More(), ah.SPI(), ah.Seq(), ah.NextHeader(),
		geneve.VNI(), geneve.Control(), geneve.Critical(), geneve.Options(), geneve.Type(), key, hasKey, seq, hasSeq, gre.Version(),
		tcp.Flags(), tcp.Urgent(), tcp.Window(), arp.Op(), arp.Hardware(), arp.SenderMAC().String(), arp.TargetMAC(), arp.SenderIP().String(),
		opts.MoreFragments(), opts.DontFragment(), opts.FragmentOffset(), opts.Options(),
	}
	want := []any{
		uint16(4), uint16(1), macA[:], packet.TypeIPv4, uint8(3), uint16(772), uint32(70000), macB[:], packet.TypeIPv6,
		uint8(0), uint16(0x1234), 22, uint16(0x21), packet.ProtoTCP, uint8(4), uint8(2),
		uint32(0xdeadbeef), 1448, true, uint32(5), uint32(6), packet.ProtoTCP,
		uint32(9), true, true,
		[]byte{1, 2, 3, 0},
		packet.TypeIPv4, uint32(0), false, uint32(7), true, uint8(0),
		packet.AE | packet.URG, uint16(3), uint16(0), uint16(2), uint16(1), "02:00:00:00:00:0a", macB, "10.244.1.7",
		true, true, 800,
		[]byte{7, 3, 4, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestNextTCPOption(t *testing.T) {
	type option struct {
		kind byte
		body string
	}
	for name, tc := range map[string]struct {
		in   []byte
		want []option
	}{
		"syn":       {build.Options(build.MSS(1460), build.SACKOK(), build.NOP(), build.WScale(7)), []option{{2, "\x05\xb4"}, {4, ""}, {1, ""}, {3, "\x07"}}},
		"end":       {[]byte{0, 0}, []option{{0, ""}, {0, ""}}},
		"none":      {nil, nil},
		"no length": {[]byte{1, 2}, []option{{1, ""}}},
		"length 1":  {[]byte{2, 1, 0, 0}, nil},
		"too long":  {[]byte{2, 5, 0, 0}, nil},
	} {
		var got []option
		for rest := tc.in; ; {
			var kind byte
			var body []byte
			var ok bool
			if kind, body, rest, ok = packet.NextTCPOption(rest); !ok {
				break
			}
			got = append(got, option{kind, string(body)})
		}
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(option{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestNextSCTPChunk(t *testing.T) {
	p := decode(packet.LinkRaw, build.Packet(ip4, build.SCTP{}, build.Chunk{Type: 10, Flags: 3, Body: []byte("12345")}, build.Chunk{Type: 11}))
	l, _ := p.Transport()
	first, rest, ok := packet.NextSCTPChunk(p.Body(l))
	if !ok || first.Type() != 10 || first.Flags() != 3 || first.Length() != 9 || len(first) != 9 {
		t.Errorf("first %x", first)
	}
	second, rest, ok := packet.NextSCTPChunk(rest)
	if !ok || second.Type() != packet.SCTPCookieAck || len(rest) != 0 {
		t.Errorf("second %x, rest %x", second, rest)
	}
	if cut, rest, ok := packet.NextSCTPChunk([]byte{0, 0, 0, 100, 1}); !ok || len(cut) != 5 || len(rest) != 0 {
		t.Errorf("cut %x, rest %x", cut, rest)
	}
	for _, bad := range []string{"", "\x00\x00\x00", "\x00\x00\x00\x03"} {
		if c, _, ok := packet.NextSCTPChunk([]byte(bad)); ok {
			t.Errorf("%q is a chunk: %x", bad, c)
		}
	}
}

func TestNames(t *testing.T) {
	for k := packet.KindNone; k <= packet.KindGRE; k++ {
		if s := k.String(); s == "" || s == "unknown" {
			t.Errorf("kind %d has no name", k)
		}
	}
	for want, got := range map[string]interface{ String() string }{
		"unknown": packet.Kind(99), "deep": packet.StopDeep, "invalid": packet.Stop(99), "partial": packet.SumPartial,
		"tcp": packet.ProtoTCP, "icmp6": packet.ProtoICMPv6, "253": packet.Proto(253), "02:00:00:00:00:0a": macA,
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got.String(), want)
		}
	}
}
