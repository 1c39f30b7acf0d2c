package agent

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
	"github.com/pktrail/pktrail/internal/trail"
)

// secret must never be kept. It has a repeating form, so that any 4 bytes of
// it are found.
const secret = "SECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecret" +
	"SECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecretSECRETsecret"

func leaks(b []byte) bool {
	for i := range 12 {
		if bytes.Contains(b, []byte(secret[i:i+4])) {
			return true
		}
	}
	return false
}

var (
	eth  = build.Ethernet{Src: packet.MAC{2, 0, 0, 0, 0, 1}, Dst: packet.MAC{2, 0, 0, 0, 0, 2}}
	ip4  = build.IPv4{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}
	ip6  = build.IPv6{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2")}
	data = build.Payload(secret)
	dns  = build.Payload("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x04shop\x00\x00\x01\x00\x01")
	udp  = build.UDP{SrcPort: 40000, DstPort: 9}
)

func proto4(p packet.Proto) build.IPv4 { h := ip4; h.Proto = p; return h }

// cutCases are packets with the number of bytes that KeepHeaders leaves; of
// them, names leaves the ones in inNames whole up to that many bytes.
var cutCases = []struct {
	name   string
	link   packet.LinkType
	layers []build.Layer
	want   int
	names  int // 0: the same as want
}{
	{"udp", 1, []build.Layer{eth, ip4, udp, data}, 42, 0},
	{"tcp", 1, []build.Layer{eth, ip4, build.TCP{Options: build.MSS(1460)}, data}, 58, 0},
	{"http", 1, []build.Layer{eth, ip6, build.TCP{DstPort: 80}, build.Payload("GET /" + secret + " HTTP/1.1\r\n\r\n")}, 74, 0},
	{"raw", packet.LinkRaw, []build.Layer{ip4, udp, data}, 28, 0},
	{"vlan", 1, []build.Layer{eth, build.VLAN{ID: 7}, ip4, udp, data}, 46, 0},
	{"dns over udp", 1, []build.Layer{eth, ip4, build.UDP{SrcPort: 4000, DstPort: 53}, dns}, 42, 42 + len(dns)},
	{"dns answer", 1, []build.Layer{eth, ip6, build.UDP{SrcPort: 53, DstPort: 4000}, dns}, 62, 62 + len(dns)},
	{"dns over tcp", 1, []build.Layer{eth, ip4, build.TCP{SrcPort: 53}, dns}, 54, 54 + len(dns)},
	{"mdns", 1, []build.Layer{eth, ip4, build.UDP{SrcPort: 5353, DstPort: 5353}, dns}, 42, 42 + len(dns)},
	{"tcp port 68 is not dhcp", 1, []build.Layer{eth, ip4, build.TCP{DstPort: 68}, data}, 54, 0},
	{"dhcp", 1, []build.Layer{eth, ip4, build.UDP{SrcPort: 68, DstPort: 67}, build.Payload(append(make([]byte, 44), secret...))}, 42, 86},
	{"dns in vxlan", 1, []build.Layer{eth, ip4, build.UDP{DstPort: 8472}, build.VXLAN{VNI: 1}, eth, ip4, build.UDP{DstPort: 53}, dns}, 92, 92 + len(dns)},
	{"udp in vxlan", 1, []build.Layer{eth, ip6, build.UDP{DstPort: 4789}, build.VXLAN{VNI: 1}, eth, ip6, udp, data}, 132, 0},
	{"geneve", 1, []build.Layer{eth, ip4, build.UDP{DstPort: 6081}, build.Geneve{Options: make([]byte, 8)}, eth, ip4, udp, data}, 100, 0},
	{"gre", 1, []build.Layer{eth, ip4, build.GRE{}, ip6, udp, data}, 86, 0},
	{"ipip", 1, []build.Layer{eth, ip4, ip4, build.TCP{}, data}, 74, 0},
	{"esp", 1, []build.Layer{eth, ip4, build.ESP{}, data}, 42, 0},
	{"no vxlan, by its flags", 1, []build.Layer{eth, ip4, build.UDP{DstPort: 8472}, data}, 42, 0},
	{"no tunnel inside of vxlan", 1, []build.Layer{eth, ip4, build.UDP{DstPort: 8472}, build.VXLAN{VNI: 1}, eth, proto4(packet.ProtoTCP), data[:8]}, 84, 0},
	{"igmp", 1, []build.Layer{eth, proto4(packet.ProtoIGMP), build.Payload("\x16\x00\x00\x00\xef\x01\x02\x03")}, 42, 0},
	{"igmp, a long one", 1, []build.Layer{eth, proto4(packet.ProtoIGMP), build.Payload(make([]byte, 400))}, 154, 0},
	{"echo", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 8}, data}, 42, 0},
	{"echo reply 6", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 129}, data}, 62, 0},
	{"unreachable", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 3, Code: 3}, ip4, udp, data}, 70, 0},
	{"unreachable, a quoted tcp", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 3}, ip4, build.TCP{Seq: 9}, data}, 70, 0},
	{"unreachable, a quoted fragment", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 3}, build.IPv4{Src: ip4.Src, Dst: ip4.Dst, Offset: 80, Proto: 17}, data}, 62, 0},
	{"unreachable without a packet", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 3}, data}, 42, 0},
	{"too big 6", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 2}, ip6, udp, data}, 110, 0},
	{"error 6 without a packet", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 1}, data}, 62, 0},
	{"unknown error 6", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 100}, ip6, udp, data}, 62, 0},
	{"timestamp", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 13}, build.Payload(append(make([]byte, 12), secret...))}, 54, 0},
	{"unknown icmp", 1, []build.Layer{eth, ip4, build.ICMPv4{Type: 253}, data}, 42, 0},
	{"unknown icmp 6", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 200}, data}, 62, 0},
	{"neighbour solicitation", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 135}, build.Payload(make([]byte, 24))}, 86, 0},
	{"redirect 6", 1, []build.Layer{eth, ip6, build.ICMPv6{Type: 137}, build.Payload(append(make([]byte, 32), secret...))}, 94, 0},
	{"arp with padding", 1, []build.Layer{eth, build.ARP{SenderIP: ip4.Src, TargetIP: ip4.Dst}, data}, 42, 0},
	{"padding behind udp", 1, []build.Layer{eth, proto4(17), build.Payload("\x00\x01\x00\x02\x00\x08\x00\x00")}, 42, 0},
	{"sctp data", 1, []build.Layer{eth, ip4, build.SCTP{}, build.Chunk{Body: append(make([]byte, 12), secret...)}}, 62, 0},
	{"sctp cookie", 1, []build.Layer{eth, ip4, build.SCTP{}, build.Chunk{Type: 10, Body: []byte(secret)}}, 50, 0},
	{"fragment", 1, []build.Layer{eth, build.IPv4{Src: ip4.Src, Dst: ip4.Dst, Offset: 1480, Proto: 17}, data}, 34, 0},
	{"first fragment", 1, []build.Layer{eth, build.IPv4{Src: ip4.Src, Dst: ip4.Dst, MF: true}, udp, data}, 42, 0},
	{"fragment 6", 1, []build.Layer{eth, ip6, build.Fragment{Offset: 1480, NextHeader: 17}, data}, 62, 0},
	{"unknown above ip", 1, []build.Layer{eth, proto4(200), data}, 34, 0},
	{"unknown ethertype", 1, []build.Layer{build.Ethernet{Type: 0x88b5}, data}, 14, 0},
	{"802.2", 1, []build.Layer{eth, data}, 17, 0},
	{"spanning tree", 1, []build.Layer{eth, build.Payload("\x42\x42\x03" + string(make([]byte, 35)))}, 52, 0},
	{"raw and not ip", packet.LinkRaw, []build.Layer{data}, 0, 0},
	{"tcp with a bad length", 1, []build.Layer{eth, proto4(6), build.Payload("12345678abcd\x10\x00\x00\x00\x00\x00\x00\x00" + secret)}, 54, 0},
}

func TestCut(t *testing.T) {
	for _, c := range cutCases {
		whole := build.Packet(c.layers...)
		for _, keep := range []Keep{KeepHeaders, KeepNames} {
			t.Run(fmt.Sprintf("%s/%s", c.name, keep), func(t *testing.T) {
				want := c.want
				if keep == KeepNames && c.names > 0 {
					want = c.names
				}
				f := trail.Frame{Len: len(whole), Data: whole}
				k := cutter{keep: keep}
				k.cut(c.link, &f)
				if len(f.Data) != want || f.Len != len(whole) {
					t.Errorf("%d of %d bytes kept, want %d", len(f.Data), len(whole), want)
				}
				if leaks(f.Data) {
					t.Errorf("payload is kept: %q", f.Data)
				}
				same(t, c.link, whole, f.Data, f.Len)
				samePacket(t, c.link, whole, f.Data, f.Len)
			})
		}
	}
}

// same checks that the cut frame begins as the whole one and decodes to the
// same headers.
func same(t *testing.T, link packet.LinkType, whole, cut []byte, wire int) {
	t.Helper()
	if !bytes.HasPrefix(whole, cut) {
		t.Fatalf("%x is no beginning of %x", cut, whole)
	}
	var a, b packet.Packet
	a.DecodeLen(link, whole, wire)
	b.DecodeLen(link, cut, wire)
	if !slices.EqualFunc(a.Layers(), b.Layers(), func(x, y packet.Layer) bool { return x.Kind == y.Kind && x.Off == y.Off && x.Len == y.Len }) {
		t.Fatalf("headers %v became %v\nof %x\ncut %x", a.Layers(), b.Layers(), whole, cut)
	}
	fa, oka := a.Flow()
	fb, okb := b.Flow()
	if a.Stop() != packet.StopMalformed && (fa != fb || oka != okb) {
		t.Fatalf("flow %v became %v", fa, fb)
	}
}

// samePacket checks that the cut frame can still be found among others.
func samePacket(t *testing.T, link packet.LinkType, whole, cut []byte, wire int) {
	t.Helper()
	var a, b packet.Packet
	a.DecodeLen(link, whole, wire)
	b.DecodeLen(link, cut, wire)
	ia, oka := a.Identity()
	ib, okb := b.Identity()
	// Some lose theirs, where it lies in what may be payload: SCTP's odd chunks,
	// errors that are not known, what could have been a tunnel.
	if oka && okb && !ia.Same(ib) || !oka && okb {
		t.Fatalf("identity %v %v became %v %v\nof %x\ncut %x", ia, oka, ib, okb, whole, cut)
	}
}

// Random packets: what is left decodes to the same headers and is the same
// packet.
func TestCutRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	known := 0
	for range 5000 {
		whole := build.Packet(packettest.Random(r)...)
		f := trail.Frame{Len: len(whole), Data: whole}
		if r.IntN(4) == 0 {
			f.Data = whole[:r.IntN(len(whole)+1)]
		}
		snapped := f.Data
		c := cutter{keep: []Keep{KeepHeaders, KeepNames}[r.IntN(2)]}
		c.cut(packet.LinkEthernet, &f)
		same(t, packet.LinkEthernet, snapped, f.Data, f.Len)
		samePacket(t, packet.LinkEthernet, snapped, f.Data, f.Len)
		var p packet.Packet
		p.DecodeLen(packet.LinkEthernet, f.Data, f.Len)
		if _, ok := p.Identity(); ok {
			known++
		}
	}
	if known < 3800 { // a quarter was cut before
		t.Errorf("only %d of 5000 packets still have an identity", known)
	}
}

func FuzzCut(f *testing.F) {
	for _, c := range cutCases {
		f.Add(int(c.link), build.Packet(c.layers...), 0, false)
	}
	f.Fuzz(func(t *testing.T, link int, data []byte, more int, names bool) {
		l := []packet.LinkType{packet.LinkEthernet, packet.LinkRaw, packet.LinkLinuxSLL2}[uint(link)%3]
		if link == 1 {
			l = packet.LinkEthernet
		}
		fr := trail.Frame{Len: len(data) + max(0, more%100), Data: data}
		c := cutter{keep: KeepHeaders}
		if names {
			c.keep = KeepNames
		}
		wire := fr.Len
		c.cut(l, &fr)
		if fr.Len != wire || len(fr.Data) > len(data) {
			t.Fatalf("%d bytes of %d", len(fr.Data), len(data))
		}
		same(t, l, data, fr.Data, wire)
	})
}

func BenchmarkCut(b *testing.B) {
	whole := build.Packet(cutCases[12].layers...)
	c := cutter{keep: KeepNames}
	b.ReportAllocs()
	for b.Loop() {
		f := trail.Frame{Len: len(whole), Data: whole}
		c.cut(packet.LinkEthernet, &f)
	}
}
