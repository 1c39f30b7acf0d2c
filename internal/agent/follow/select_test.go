package follow

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

var (
	a4 = netip.MustParseAddr("10.244.1.2")
	b4 = netip.MustParseAddr("10.244.2.2")
	c4 = netip.MustParseAddr("10.244.2.3")
	a6 = netip.MustParseAddr("fd00:1::2")
	b6 = netip.MustParseAddr("fd00:2::2")
	r6 = netip.MustParseAddr("fd00:3::1")
)

// What is selected, and what is not, by the program that the kernel runs.
func TestSelection(t *testing.T) {
	tcp := func(src netip.Addr, sport uint16, dst netip.Addr, dport uint16) []byte {
		return build.Packet(ip(src, dst), build.TCP{SrcPort: sport, DstPort: dport, Flags: packet.SYN})
	}
	refused := build.Packet(build.IPv4{Src: c4, Dst: a4}, build.ICMPv4{Type: 3, Code: 1}, build.Payload(tcp(a4, 40000, b4, 80)))
	refused6 := build.Packet(build.IPv6{Src: r6, Dst: a6}, build.ICMPv6{Type: 2, Seq: 1280}, build.Payload(tcp(a6, 40000, b6, 80)))
	fragment := build.Packet(build.IPv4{Src: a4, Dst: b4, Proto: packet.ProtoUDP, Offset: 1480}, build.Payload(make([]byte, 100)))
	inner := build.Packet(build.IPv4{Src: c4, Dst: r4()}, build.UDP{SrcPort: 5, DstPort: 8472}, build.VXLAN{VNI: 1}, build.Ethernet{}, ip(a4, b4), build.TCP{SrcPort: 40000, DstPort: 80})
	ends := Selection{Src: []netip.Addr{a4, a6}, Dst: []netip.Addr{b4, b6}, DstPort: 80}
	probe := Selection{HasProbe: true, Probe: packet.Flow{Proto: packet.ProtoTCP, Src: a4, Dst: b4, SrcPort: 40000, DstPort: 80}}
	detour := probe
	detour.Back = []Detour{{From: []netip.Addr{c4}, To: netip.AddrPortFrom(b4, 8080)}}
	ping := Selection{HasProbe: true, Probe: packet.Flow{Proto: packet.ProtoICMP, Src: a4, Dst: b4, ID: 7}}
	echo := func(id uint16) []byte {
		return build.Packet(ip(a4, b4), build.ICMPv4{Type: 8, ID: id})
	}
	for _, c := range []struct {
		name string
		s    Selection
		b    []byte
		want bool
	}{
		{"there", ends, tcp(a4, 40000, b4, 80), true},
		{"back", ends, tcp(b4, 80, a4, 40000), true},
		{"another port", ends, tcp(a4, 40000, b4, 81), false},
		{"port on the wrong side", ends, tcp(a4, 80, b4, 40000), false},
		{"another pod", ends, tcp(a4, 40000, c4, 80), false},
		{"IPv6", ends, tcp(a6, 40000, b6, 80), true},
		{"ICMP error", ends, refused, true},
		{"ICMPv6 error", ends, refused6, true},
		{"fragment", ends, fragment, true},
		{"in a tunnel", ends, inner, true},
		{"probe there", probe, tcp(a4, 40000, b4, 80), true},
		{"probe, translated", probe, tcp(a4, 40000, c4, 8080), true},
		{"probe, other port", probe, tcp(a4, 40001, b4, 80), false},
		{"probe's error", probe, refused, true},
		{"echo", ping, echo(7), true},
		{"echo of another", ping, echo(8), false},
		{"come back, translated", detour, tcp(c4, 4000, b4, 8080), true},
		{"its answer", detour, tcp(b4, 8080, c4, 4000), true},
		{"come back, another port", detour, tcp(c4, 4000, b4, 81), false},
		{"any", Selection{Src: []netip.Addr{a4}}, tcp(a4, 1, c4, 2), true},
		{"any, not", Selection{Src: []netip.Addr{a4}}, tcp(b4, 1, c4, 2), false},
		{"filter alone", Selection{Filter: "port 80"}, tcp(b4, 1, c4, 80), true},
		{"narrowed", Selection{Src: []netip.Addr{a4}, Filter: "port 81"}, tcp(a4, 1, c4, 80), false},
		{"port of anybody", Selection{DstPort: 53}, tcp(a4, 53, c4, 80), true},
	} {
		text := c.s.Expression()
		expr, err := filter.Parse(text)
		if err != nil {
			t.Errorf("%s: %q: %v", c.name, text, err)
			continue
		}
		prog, err := expr.Compile(filter.Options{Link: filter.Raw, Inner: true})
		if err != nil {
			t.Errorf("%s: %q: %v", c.name, text, err)
			continue
		}
		if got := prog.Match(&filter.Packet{Data: c.b}) != 0; got != c.want {
			t.Errorf("%s: %v, want %v by %s", c.name, got, c.want, text)
		}
	}
}

func r4() netip.Addr { return netip.MustParseAddr("10.99.0.12") }

func ip(src, dst netip.Addr) build.Layer {
	if src.Is4() {
		return build.IPv4{Src: src, Dst: dst}
	}
	return build.IPv6{Src: src, Dst: dst}
}
