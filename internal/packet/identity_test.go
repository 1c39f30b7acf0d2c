package packet_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

func identity(t *testing.T, data []byte) packet.Identity {
	t.Helper()
	p := decode(packet.LinkEthernet, data)
	id, ok := p.Identity()
	if !ok {
		t.Fatalf("no identity: %s, %v %s", kinds(p), p.Stop(), p.Reason())
	}
	return id
}

// The way of a packet from client to service: each sighting has the identity
// of the first.
func TestIdentityOnTheWay(t *testing.T) {
	ack := syn
	ack.Flags, ack.Ack = packet.ACK|packet.PSH, 9
	ack.Options = build.Options(build.NOP(), build.NOP(), build.Timestamps(5, 6))
	translated := ack
	translated.SrcPort, translated.DstPort, translated.Flags = 6666, 8080, translated.Flags|packet.ECE
	data := build.Payload("GET / HTTP/1.1\r\nHost: web\r\n\r\n and so on")
	toService := build.IPv4{Src: client, Dst: service, ID: 28265, TTL: 64}
	toServer := build.IPv4{Src: node1, Dst: server, ID: 28265, TTL: 61, TOS: 3}
	outer := build.IPv4{Src: node1, Dst: node2, ID: 4711}
	first := build.Packet(eth, toService, ack, data)
	way := map[string][]byte{
		"another mac and vlan": build.Packet(build.Ethernet{Src: macA}, build.VLAN{ID: 7}, toService, ack, data),
		"translated":           build.Packet(eth, toServer, translated, data),
		"vxlan":                build.Packet(eth, outer, build.UDP{DstPort: 8472}, build.VXLAN{VNI: 1}, eth, toServer, translated, data),
		"geneve":               build.Packet(eth, outer, build.UDP{DstPort: 6081}, build.Geneve{VNI: 1}, eth, toServer, translated, data),
		"ipip":                 build.Packet(eth, outer, toServer, translated, data),
		"gre over ipv6":        build.Packet(eth, ip6, build.GRE{}, toServer, translated, data),
		"padded":               append(slices.Clip(first), 0, 0, 0),
	}
	want := identity(t, first)
	for name, data := range way {
		if got := identity(t, data); got != want || !got.Same(want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	// Cut to any snap length that leaves the headers.
	for n := 66; n < len(first); n++ {
		if got := identity(t, first[:n]); !got.Same(want) || !want.Same(got) {
			t.Errorf("%d bytes: %+v, want %+v", n, got, want)
		}
	}
	for n := range 66 {
		if _, ok := decode(packet.LinkEthernet, first[:n]).Identity(); ok {
			t.Errorf("%d bytes do not hold the headers, yet give an identity", n)
		}
	}
}

// Packets that differ in what the way does not change.
func TestIdentityDiffers(t *testing.T) {
	v4 := func(l ...build.Layer) []byte { return build.Packet(join([]build.Layer{eth, ip4}, l...)...) }
	v6 := func(l ...build.Layer) []byte { return build.Packet(join([]build.Layer{eth, ip6}, l...)...) }
	tcp := func(f func(h *build.TCP)) build.TCP {
		h := build.TCP{SrcPort: 1, DstPort: 2, Seq: 3, Ack: 4, Flags: packet.ACK, Options: build.Options(build.NOP(), build.NOP(), build.Timestamps(5, 6))}
		f(&h)
		return h
	}
	same := func(*build.TCP) {}
	udp := build.UDP{SrcPort: 1, DstPort: 2}
	quote := func(seq uint32) build.Payload {
		return build.Packet(ip4, tcp(func(h *build.TCP) { h.Seq = seq }))[:28]
	}
	for _, tc := range []struct {
		name string
		a, b []byte
	}{
		{"sent again", v4(syn), build.Packet(eth, build.IPv4{Src: client, Dst: server, ID: 28266}, syn)},
		{"seq", v6(tcp(same)), v6(tcp(func(h *build.TCP) { h.Seq++ }))},
		{"ack", v6(tcp(same)), v6(tcp(func(h *build.TCP) { h.Ack++ }))},
		{"flags", v6(tcp(same)), v6(tcp(func(h *build.TCP) { h.Flags |= packet.FIN }))},
		{"window", v6(tcp(same)), v6(tcp(func(h *build.TCP) { h.Window = 7 }))},
		{"timestamp", v6(tcp(same)), v6(tcp(func(h *build.TCP) { h.Options = build.Options(build.NOP(), build.NOP(), build.Timestamps(6, 6)) }))},
		{"udp payload", v6(udp, build.Payload("one")), v6(udp, build.Payload("two"))},
		{"udp payload, far", v6(udp, build.Payload(make([]byte, 200))), v6(udp, build.Payload(append(make([]byte, 199), 1)))},
		{"length", v6(udp, build.Payload("one")), v6(udp, build.Payload("one\x00"))},
		{"ping seq", v4(build.ICMPv4{Type: 8, Seq: 1}), v4(build.ICMPv4{Type: 8, Seq: 2})},
		{"ping type", v4(build.ICMPv4{Type: 8, Seq: 1}), v4(build.ICMPv4{Type: 0, Seq: 1})},
		{"ping payload", v4(build.ICMPv4{Type: 8, Seq: 1}, build.Payload("a")), v4(build.ICMPv4{Type: 8, Seq: 1}, build.Payload("b"))},
		{"error code", v4(build.ICMPv4{Type: 3, Code: 1}, quote(1)), v4(build.ICMPv4{Type: 3, Code: 2}, quote(1))},
		{"quoted seq", v4(build.ICMPv4{Type: 3, Code: 1}, quote(1)), v4(build.ICMPv4{Type: 3, Code: 1}, quote(2))},
		{"sctp tag", v6(build.SCTP{Tag: 1}, build.Chunk{Type: 11}), v6(build.SCTP{Tag: 2}, build.Chunk{Type: 11})},
		{"sctp tsn", v6(build.SCTP{Tag: 1}, build.Chunk{Body: []byte("1234")}), v6(build.SCTP{Tag: 1}, build.Chunk{Body: []byte("1235")})},
		{"esp seq", v6(build.ESP{SPI: 1, Seq: 1}), v6(build.ESP{SPI: 1, Seq: 2})},
		{"fragment id", v6(build.Fragment{ID: 1, More: true}, udp, build.Payload("one")), v6(build.Fragment{ID: 2, More: true}, udp, build.Payload("one"))},
		{"fragment offset", v6(build.Fragment{ID: 1, Offset: 8}, build.Payload("one")), v6(build.Fragment{ID: 1, Offset: 16}, build.Payload("one"))},
		{"family", v4(udp), v6(udp)},
		{"arp", build.Packet(eth, build.ARP{SenderIP: client, TargetIP: server}), build.Packet(eth, build.ARP{SenderIP: client, TargetIP: service})},
		{"arp op", build.Packet(eth, build.ARP{SenderIP: client, TargetIP: server}), build.Packet(eth, build.ARP{Op: 2, SenderIP: client, TargetIP: server})},
	} {
		if a, b := identity(t, tc.a), identity(t, tc.b); a.Same(b) || b.Same(a) {
			t.Errorf("%s: both are %+v", tc.name, a)
		}
	}
}

// NAT translates the packet in an ICMP error too.
func TestIdentityOfError(t *testing.T) {
	for _, quoted := range [][2][]build.Layer{
		{{build.UDP{SrcPort: 1, DstPort: 53}, build.Payload("question")}, {build.UDP{SrcPort: 9, DstPort: 5353}, build.Payload("question")}},
		{{syn}, {build.TCP{SrcPort: 7, DstPort: 8080, Seq: syn.Seq, Flags: syn.Flags}}},
		{{build.ICMPv4{Type: 8, ID: 5, Seq: 6}}, {build.ICMPv4{Type: 8, ID: 77, Seq: 6}}},
	} {
		before := build.Packet(join([]build.Layer{build.IPv4{Src: client, Dst: service, ID: 9, TTL: 64}}, quoted[0]...)...)
		after := build.Packet(join([]build.Layer{build.IPv4{Src: node1, Dst: server, ID: 9, TTL: 1}}, quoted[1]...)...)
		for n := 28; n <= len(before); n++ { // routers quote as much as they like
			a := identity(t, build.Packet(eth, build.IPv4{Src: node2, Dst: client, ID: 1}, build.ICMPv4{Type: 3, Code: 1}, build.Payload(before[:n])))
			b := identity(t, build.Packet(eth, build.IPv4{Src: node2, Dst: node1, ID: 1}, build.ICMPv4{Type: 3, Code: 1}, build.Payload(after[:n])))
			if a != b {
				t.Errorf("%d bytes quoted: %+v and %+v", n, a, b)
			}
		}
		whole := build.Packet(eth, ip4, build.ICMPv4{Type: 3, Code: 1}, build.Payload(before))
		for n := range whole {
			id, ok := decode(packet.LinkEthernet, whole[:n]).Identity()
			if ok != (n >= 14+20+8+28) || ok && !id.Same(identity(t, whole)) {
				t.Errorf("cut at %d of %d: %v %+v", n, len(whole), ok, id)
			}
		}
	}
}

// What any NAT and router does to any packet leaves its identity; what they do
// not do changes it.
func TestIdentityRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var seen, sameKey int
	last := map[packet.Key][]packet.Digest{}
	for range 5000 {
		layers := packettest.IP(r, 0)
		data := build.Packet(join([]build.Layer{eth}, layers...)...)
		want := identity(t, data)
		moved := build.Packet(join([]build.Layer{eth, build.IPv4{Src: node1, Dst: node2}, build.UDP{DstPort: 4789}, build.VXLAN{}, build.Ethernet{}}, translate(r, layers)...)...)
		if got := identity(t, moved); got != want {
			t.Fatalf("%v: %+v, want %+v", layers, got, want)
		}
		for _, d := range last[want.Key] {
			sameKey++
			// UDP over IPv6 without payload, alone or quoted, has nothing to
			// be told by.
			if d.Agrees(want.Payload) && (want.Key.Version == 4 || want.Payload.N > 0) {
				seen++
			}
		}
		last[want.Key] = append(last[want.Key], want.Payload)
	}
	if seen > 0 {
		t.Errorf("%d of 5000 different packets agree with an earlier one (%d share a key)", seen, sameKey)
	}
}

// translate does to a packet's layers what routers and NAT may do.
func translate(r *rand.Rand, layers []build.Layer) []build.Layer {
	moved := make([]build.Layer, len(layers))
	for i, l := range layers {
		switch h := l.(type) {
		case build.IPv4:
			h.Src, h.Dst, h.TTL, h.TOS = packettest.Addr4(r), packettest.Addr4(r), h.TTL/2+1, h.TOS^3
			l = h
		case build.IPv6:
			h.Src, h.Dst, h.HopLimit, h.TrafficClass = packettest.Addr6(r), packettest.Addr6(r), h.HopLimit/2+1, h.TrafficClass^3
			l = h
		case build.TCP:
			h.SrcPort, h.DstPort, h.Flags = 1, 2, h.Flags^(packet.ECE|packet.CWR)
			l = h
		case build.UDP:
			h.SrcPort, h.DstPort = 1, 2
			l = h
		case build.SCTP:
			h.SrcPort, h.DstPort = 1, 2
			l = h
		case build.ICMPv4:
			if h.Type == packet.ICMPv4Echo {
				h.ID = 4
			}
			l = h
		case build.ICMPv6:
			if h.Type == packet.ICMPv6Echo {
				h.ID = 4
			}
			l = h
		}
		moved[i] = l
	}
	return moved
}

// A log line of netfilter's LOG gives the same key as the packet.
func TestKeyByHand(t *testing.T) {
	want := packet.Key{Version: 4, Proto: packet.ProtoTCP, Type: uint8(packet.SYN), Window: 64240, ID: 28265, A: 1726587944}
	id := identity(t, build.Packet(eth, ip4, syn))
	if id.Key != want {
		t.Errorf("%+v, want %+v", id.Key, want)
	}
	if got := id.Key.String(); got != "tcp id 28265 seq 1726587944 ack 0 len 0" {
		t.Errorf("%q", got)
	}
	if !(packet.Identity{Key: want}).Same(id) {
		t.Error("an identity without payload is not the same")
	}
}

func TestKeyString(t *testing.T) {
	for want, data := range map[string][]byte{
		"icmp id 28265 type 8 code 0 seq 3 len 8": build.Packet(eth, ip4, build.ICMPv4{Type: 8, Seq: 3}),
		"udp len 9":                build.Packet(eth, ip6, build.UDP{}, build.Payload("x")),
		"udp id 5 offset 16 len 1": build.Packet(eth, ip6, build.Fragment{ID: 5, Offset: 16, NextHeader: packet.ProtoUDP}, build.Payload("x")),
		"arp len 0":                build.Packet(eth, build.ARP{SenderIP: client, TargetIP: server}),
	} {
		if got := identity(t, data).Key.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Digests of prefixes agree with the whole at every length, and those of other
// bytes do not, from the first hash on that covers the difference.
func TestDigestPrefixes(t *testing.T) {
	body := make([]byte, 300)
	for i := range body {
		body[i] = byte(i * 7)
	}
	at := func(b []byte) packet.Digest {
		return identity(t, build.Packet(eth, ip6, build.UDP{}, build.Payload(body))[:14+40+8+len(b)]).Payload
	}
	whole := at(body)
	for n := range body {
		d := at(body[:n])
		if int(d.N) != min(n, 256) || !d.Agrees(whole) || !whole.Agrees(d) {
			t.Errorf("%d bytes: %+v", n, d)
		}
	}
	for _, change := range []int{0, 7, 8, 31, 63, 100, 200, 255} {
		other := append([]byte(nil), body...)
		binary.BigEndian.PutUint16(other[min(change, 254):], 0xffff)
		o := identity(t, build.Packet(eth, ip6, build.UDP{}, build.Payload(other))).Payload
		if o.Agrees(whole) {
			t.Errorf("a change at %d is not noticed", change)
		}
	}
}
