package packet_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// Every header, from every link type, to the payload "hi".
func TestDecode(t *testing.T) {
	hi := build.Payload("hi")
	udp := build.UDP{SrcPort: 5000, DstPort: 6000}
	for _, tc := range []decodeTest{
		{"plain", packet.LinkEthernet, []build.Layer{eth, ip4, syn, hi}, "ethernet ipv4 tcp", "10.244.1.7:41822 -> 10.244.2.3:80"},
		{"raw v4", packet.LinkRaw, []build.Layer{ip4, udp, hi}, "ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"raw v6", packet.LinkRaw, []build.Layer{ip6, udp, hi}, "ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"link ipv4", packet.LinkIPv4, []build.Layer{ip4, udp, hi}, "ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"link ipv6", packet.LinkIPv6, []build.Layer{ip6, udp, hi}, "ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"cooked", packet.LinkLinuxSLL, []build.Layer{build.SLL{Hardware: 1, Addr: macA}, ip4, udp, hi}, "sll ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"cooked 2", packet.LinkLinuxSLL2, []build.Layer{build.SLL2{Hardware: 1, Index: 3, Addr: macA}, ip6, udp, hi}, "sll2 ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"null", packet.LinkNull, []build.Layer{build.Loopback{}, ip4, udp, hi}, "loopback ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"null, other order", packet.LinkNull, []build.Layer{build.Loopback{Order: binary.BigEndian}, ip6, udp, hi}, "loopback ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"loop", packet.LinkLoop, []build.Layer{build.Loopback{Order: binary.BigEndian}, ip6, udp, hi}, "loopback ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"vlan", packet.LinkEthernet, []build.Layer{eth, build.VLAN{ID: 5}, ip4, udp, hi}, "ethernet vlan ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"qinq", packet.LinkEthernet, []build.Layer{eth, build.VLAN{TPID: packet.TypeQinQ, ID: 5}, build.VLAN{ID: 6}, ip4, udp, hi}, "ethernet vlan vlan ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"old qinq", packet.LinkEthernet, []build.Layer{eth, build.VLAN{TPID: packet.TypeQinQOld, ID: 5}, build.VLAN{ID: 6}, ip4, udp, hi}, "ethernet vlan vlan ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"mpls", packet.LinkEthernet, []build.Layer{eth, build.MPLS{Label: 16}, build.MPLS{Label: 17}, ip6, udp, hi}, "ethernet mpls mpls ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"pppoe", packet.LinkEthernet, []build.Layer{eth, build.PPPoE{Session: 1}, ip4, udp, hi}, "ethernet pppoe ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"pppoe v6", packet.LinkEthernet, []build.Layer{eth, build.PPPoE{Session: 1}, ip6, udp, hi}, "ethernet pppoe ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"ipv4 options", packet.LinkRaw, []build.Layer{build.IPv4{Src: client, Dst: server, Options: []byte{148, 4, 0, 0}}, udp, hi}, "ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"ipv4 ah", packet.LinkRaw, []build.Layer{ip4, build.AH{SPI: 1}, udp, hi}, "ipv4 ah udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"extensions", packet.LinkRaw, []build.Layer{ip6, build.Extension{Proto: packet.ProtoHopByHop}, build.Extension{Proto: packet.ProtoRouting, Body: make([]byte, 22)}, build.Fragment{ID: 1}, build.AH{}, build.Extension{Proto: packet.ProtoDestination}, udp, hi}, "ipv6 hop-by-hop routing fragment ah destination udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"sctp", packet.LinkRaw, []build.Layer{ip4, build.SCTP{SrcPort: 1, DstPort: 2}, build.Chunk{Type: packet.SCTPCookieAck}}, "ipv4 sctp", "10.244.1.7:1 -> 10.244.2.3:2"},
		{"echo", packet.LinkRaw, []build.Layer{ip4, build.ICMPv4{Type: 8, ID: 77, Seq: 1}, hi}, "ipv4 icmp", "10.244.1.7 -> 10.244.2.3 id 77"},
		{"echo 6", packet.LinkRaw, []build.Layer{ip6, build.ICMPv6{Type: 128, ID: 77, Seq: 1}, hi}, "ipv6 icmp6", "fd00:244:1::7 -> fd00:244:2::3 id 77"},
	} {
		t.Run(tc.name, tc.run)
	}
}

// Tunnels, to the payload "hi" of the innermost packet.
func TestDecodeTunnels(t *testing.T) {
	hi := build.Payload("hi")
	udp := build.UDP{SrcPort: 5000, DstPort: 6000}
	vxlan := []build.Layer{build.UDP{SrcPort: 9, DstPort: 8472, NoChecksum: true}, build.VXLAN{VNI: 1}, eth}
	outer := build.IPv4{Src: node1, Dst: node2}
	outer6 := build.IPv6{Src: client6, Dst: server6}
	for _, tc := range []decodeTest{
		{"vxlan", packet.LinkEthernet, join(join([]build.Layer{eth, outer}, vxlan...), ip4, syn, hi), "ethernet ipv4 udp vxlan ethernet ipv4 tcp", "10.244.1.7:41822 -> 10.244.2.3:80"},
		{"vxlan over v6", packet.LinkEthernet, join(join([]build.Layer{eth, outer6}, vxlan...), ip4, syn, hi), "ethernet ipv6 udp vxlan ethernet ipv4 tcp", "10.244.1.7:41822 -> 10.244.2.3:80"},
		{"geneve", packet.LinkRaw, []build.Layer{outer, build.UDP{SrcPort: 1, DstPort: 6081}, build.Geneve{VNI: 5, Options: make([]byte, 8)}, eth, ip6, udp, hi}, "ipv4 udp geneve ethernet ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"geneve, bare ip", packet.LinkRaw, []build.Layer{outer, build.UDP{SrcPort: 1, DstPort: 6081}, build.Geneve{VNI: 5}, ip4, udp, hi}, "ipv4 udp geneve ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"4 in 4", packet.LinkRaw, []build.Layer{outer, ip4, udp, hi}, "ipv4 ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"6 in 4", packet.LinkRaw, []build.Layer{outer, ip6, udp, hi}, "ipv4 ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"4 in 6", packet.LinkRaw, []build.Layer{outer6, ip4, udp, hi}, "ipv6 ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"6 in 6", packet.LinkRaw, []build.Layer{outer6, ip6, udp, hi}, "ipv6 ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"gre", packet.LinkRaw, []build.Layer{outer, build.GRE{}, ip4, udp, hi}, "ipv4 gre ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
		{"gre, all fields", packet.LinkRaw, []build.Layer{outer, build.GRE{Checksum: true, Key: new(uint32(1)), Seq: new(uint32(2))}, ip6, udp, hi}, "ipv4 gre ipv6 udp", "[fd00:244:1::7]:5000 -> [fd00:244:2::3]:6000"},
		{"gretap", packet.LinkRaw, []build.Layer{outer, build.GRE{Key: new(uint32(1))}, eth, build.VLAN{ID: 3}, ip4, udp, hi}, "ipv4 gre ethernet vlan ipv4 udp", "10.244.1.7:5000 -> 10.244.2.3:6000"},
	} {
		t.Run(tc.name, tc.run)
	}
}

// decodeTest is a packet and what Decode makes of it.
type decodeTest struct {
	name   string
	link   packet.LinkType
	layers []build.Layer
	kinds  string
	flow   string
}

func (tc decodeTest) run(t *testing.T) {
	data := build.Packet(tc.layers...)
	p := decode(tc.link, data)
	if got := kinds(p); got != tc.kinds {
		t.Errorf("layers %q, want %q", got, tc.kinds)
	}
	if got := flow(p); got != tc.flow {
		t.Errorf("flow %q, want %q", got, tc.flow)
	}
	if p.Stop() != packet.StopPayload || p.Cut() {
		t.Errorf("stop %v %s, cut %v", p.Stop(), p.Reason(), p.Cut())
	}
	if _, ok := tc.layers[len(tc.layers)-1].(build.Payload); ok && (string(p.Rest()) != "hi" || p.RestLen() != 2) {
		t.Errorf("payload %q of %d", p.Rest(), p.RestLen())
	}
	for i := range p.Layers() {
		if s := p.Checksum(i); s == packet.SumBad || s == packet.SumPartial {
			t.Errorf("checksum of layer %d is %v", i, s)
		}
	}
}

func join(a []build.Layer, b ...build.Layer) []build.Layer {
	return append(slices.Clip(a), b...)
}

// What is left alone, and why.
func TestStop(t *testing.T) {
	udp := build.UDP{SrcPort: 5000, DstPort: 6000}
	outer := build.IPv4{Src: node1, Dst: node2}
	deep := []build.Layer{eth}
	for i := range 40 {
		deep = append(deep, build.VLAN{ID: uint16(i)})
	}
	for _, tc := range []struct {
		name   string
		layers []build.Layer
		kinds  string
		stop   packet.Stop
	}{
		{"lldp", []build.Layer{build.Ethernet{Type: packet.TypeLLDP}, build.Payload("x")}, "ethernet", packet.StopUnknown},
		{"802.3", []build.Layer{eth, build.Payload("\x42\x42\x03")}, "ethernet llc", packet.StopUnknown},
		{"802.3 in a vlan", []build.Layer{eth, build.VLAN{ID: 1, Type: 3}, build.Payload("\x42\x42\x03")}, "ethernet vlan llc", packet.StopUnknown},
		{"ospf", []build.Layer{eth, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoOSPF}, build.Payload("x")}, "ethernet ipv4", packet.StopUnknown},
		{"no next header", []build.Layer{eth, build.IPv6{Src: client6, Dst: server6, NextHeader: packet.ProtoNoNext}, build.Payload("x")}, "ethernet ipv6", packet.StopPayload},
		{"esp", []build.Layer{eth, ip6, build.ESP{SPI: 1}, build.Payload("secret")}, "ethernet ipv6 esp", packet.StopPayload},
		{"fragment", []build.Layer{eth, build.IPv4{Src: client, Dst: server, Offset: 8, Proto: packet.ProtoUDP}, build.Payload("x")}, "ethernet ipv4", packet.StopFragment},
		{"fragment 6", []build.Layer{eth, ip6, build.Fragment{Offset: 8, NextHeader: packet.ProtoUDP}, build.Payload("x")}, "ethernet ipv6 fragment", packet.StopFragment},
		{"first fragment", []build.Layer{eth, build.IPv4{Src: client, Dst: server, MF: true}, udp, build.Payload("x")}, "ethernet ipv4 udp", packet.StopPayload},
		{"arp", []build.Layer{eth, build.ARP{SenderIP: client, TargetIP: server}}, "ethernet arp", packet.StopPayload},
		{"arp in vxlan", []build.Layer{eth, outer, build.UDP{DstPort: 4789}, build.VXLAN{}, eth, build.ARP{SenderIP: client, TargetIP: server}}, "ethernet ipv4 udp vxlan ethernet arp", packet.StopPayload},
		{"port of vxlan without its flag", []build.Layer{eth, outer, build.UDP{DstPort: 8472}, build.Payload("12345678")}, "ethernet ipv4 udp", packet.StopPayload},
		{"port of vxlan, short", []build.Layer{eth, outer, build.UDP{DstPort: 8472}, build.Payload("1234")}, "ethernet ipv4 udp", packet.StopPayload},
		{"pptp", []build.Layer{eth, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoGRE}, build.Payload("\x30\x81\x88\x0b12345678")}, "ethernet ipv4", packet.StopUnknown},
		{"pppoe lcp", []build.Layer{eth, build.PPPoE{}, build.Payload("x")}, "ethernet pppoe", packet.StopUnknown},
		{"runt tcp", []build.Layer{eth, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoTCP}, build.Payload("12345678")}, "ethernet ipv4", packet.StopMalformed},
		{"tcp data offset", []build.Layer{eth, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoTCP}, build.Payload("12345678901234567890")}, "ethernet ipv4", packet.StopMalformed},
		{"udp length", []build.Layer{eth, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoUDP}, build.Payload("\x01\x01\x01\x01\x00\x07\x00\x00")}, "ethernet ipv4", packet.StopMalformed},
		{"v6 behind v4's type", []build.Layer{build.Ethernet{Type: packet.TypeIPv4}, ip6, udp}, "ethernet", packet.StopMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := decode(packet.LinkEthernet, build.Packet(tc.layers...))
			if kinds(p) != tc.kinds {
				t.Errorf("layers %q, want %q", kinds(p), tc.kinds)
			}
			if p.Stop() != tc.stop {
				t.Errorf("stop %v (%s), want %v", p.Stop(), p.Reason(), tc.stop)
			}
		})
	}
	if p := decode(packet.LinkEthernet, build.Packet(deep...)); p.Stop() != packet.StopDeep || len(p.Layers()) != packet.MaxLayers {
		t.Errorf("40 tags: %v after %d layers", p.Stop(), len(p.Layers()))
	}
	if p := decode(9999, []byte("x")); p.Stop() != packet.StopUnknown || string(p.Rest()) != "x" {
		t.Errorf("unknown link type: %v, %q", p.Stop(), p.Rest())
	}
}

// A frame cut at each byte is a prefix of the whole: its layers are the first
// of the whole's, and it stops with StopCut where a header is not whole.
func TestCut(t *testing.T) {
	data := build.Packet(eth, build.IPv4{Src: node1, Dst: node2}, build.UDP{DstPort: 4789}, build.VXLAN{VNI: 1},
		eth, ip6, build.Extension{Proto: packet.ProtoHopByHop}, syn, build.Payload("payload"))
	whole := append([]packet.Layer(nil), decode(packet.LinkEthernet, data).Layers()...)
	for n := range data {
		var p packet.Packet
		p.DecodeLen(packet.LinkEthernet, data[:n], len(data))
		want := 0
		for _, l := range whole {
			if l.Off+l.Len <= n {
				want++
			}
		}
		if len(p.Layers()) != want {
			t.Fatalf("%d bytes: %q, want %d layers", n, kinds(&p), want)
		}
		for i, l := range p.Layers() {
			if l != whole[i] {
				t.Errorf("%d bytes: layer %d is %+v, want %+v", n, i, l, whole[i])
			}
		}
		if !p.Cut() || (p.Stop() == packet.StopCut) != (want < len(whole)) {
			t.Errorf("%d bytes: cut %v, stop %v", n, p.Cut(), p.Stop())
		}
	}
	// The same frame, whole on the wire: the end of a packet inside is wrong.
	p := decode(packet.LinkEthernet, data[:20])
	if p.Stop() != packet.StopCut {
		t.Errorf("unknown length: %v", p.Stop())
	}
	if p.DecodeLen(packet.LinkEthernet, data[:20], 20); p.Stop() != packet.StopMalformed {
		t.Errorf("20 bytes on the wire: %v", p.Stop())
	}
}

// Padding of short frames is not payload; a total length of 0 is a packet
// before segmentation.
func TestEnds(t *testing.T) {
	data := append(build.Packet(eth, ip4, syn), make([]byte, 6)...)
	if p := decode(packet.LinkEthernet, data); len(p.Rest()) != 0 || p.RestLen() != 0 || p.Cut() {
		t.Errorf("padding: %d of %d, cut %v", len(p.Rest()), p.RestLen(), p.Cut())
	}
	data = build.Packet(eth, ip4, syn, build.Payload("12345"))
	data[16], data[17] = 0, 0
	if p := decode(packet.LinkEthernet, data); string(p.Rest()) != "12345" {
		t.Errorf("total length 0: %q", p.Rest())
	}
	data = build.Packet(eth, ip6, syn, build.Payload("12345"))
	data[18], data[19] = 0, 0
	var p packet.Packet
	if p.DecodeLen(packet.LinkEthernet, data, 70000); p.RestLen() != 70000-74 || !p.Cut() {
		t.Errorf("payload length 0: %d, cut %v", p.RestLen(), p.Cut())
	}
}

// What is missing of a packet is named by the kind of the next header.
func TestMissing(t *testing.T) {
	outer := build.IPv4{Src: node1, Dst: node2}
	for _, layers := range [][]build.Layer{
		{eth, build.VLAN{ID: 1}, build.MPLS{Label: 16}, build.IPv4{Src: node1, Dst: node2}, build.AH{}, syn},
		{eth, build.PPPoE{}, ip6, build.Extension{Proto: packet.ProtoHopByHop}, build.Extension{Proto: packet.ProtoRouting, Body: make([]byte, 6)}, build.Fragment{}, build.Extension{Proto: packet.ProtoDestination}, build.ESP{}},
		{eth, outer, build.UDP{DstPort: 4789}, build.VXLAN{}, eth, build.ARP{SenderIP: node1, TargetIP: node2}},
		{eth, outer, build.UDP{DstPort: 6081}, build.Geneve{}, eth, ip4, build.ICMPv4{}},
		{eth, outer, build.GRE{Key: new(uint32(1))}, ip6, build.ICMPv6{}},
		{eth, ip4, build.SCTP{}},
	} {
		data := build.Packet(layers...)
		for _, l := range append([]packet.Layer(nil), decode(packet.LinkEthernet, data).Layers()...) {
			p := decode(packet.LinkEthernet, data[:l.Off+l.Len-1])
			if p.Stop() != packet.StopCut || p.Missing() != l.Kind {
				t.Errorf("%v cut: %v of %v", l.Kind, p.Stop(), p.Missing())
			}
		}
	}
	for link, want := range map[packet.LinkType]packet.Kind{
		packet.LinkLinuxSLL: packet.KindLinuxSLL, packet.LinkLinuxSLL2: packet.KindLinuxSLL2, packet.LinkNull: packet.KindLoopback,
		packet.LinkLoop: packet.KindLoopback, packet.LinkRaw: packet.KindNone, packet.LinkIPv4: packet.KindIPv4,
	} {
		if p := decode(link, nil); p.Missing() != want {
			t.Errorf("link type %d: %v, want %v", link, p.Missing(), want)
		}
	}
}
