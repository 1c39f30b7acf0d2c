package packet_test

import (
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

var benchPackets = map[string][]byte{
	"tcp":   build.Packet(eth, ip4, syn, build.Payload(make([]byte, 1000))),
	"tcp6":  build.Packet(eth, ip6, syn, build.Payload(make([]byte, 1000))),
	"vxlan": build.Packet(eth, build.IPv4{Src: node1, Dst: node2}, build.UDP{DstPort: 8472}, build.VXLAN{VNI: 1}, eth, ip4, syn, build.Payload(make([]byte, 1000))),
}

func BenchmarkDecode(b *testing.B) {
	for name, data := range benchPackets {
		b.Run(name, func(b *testing.B) {
			var p packet.Packet
			b.ReportAllocs()
			for b.Loop() {
				p.Decode(packet.LinkEthernet, data)
			}
		})
	}
}

func BenchmarkIdentity(b *testing.B) {
	for name, data := range benchPackets {
		b.Run(name, func(b *testing.B) {
			p := decode(packet.LinkEthernet, data)
			b.ReportAllocs()
			for b.Loop() {
				p.Identity()
			}
		})
	}
}

func BenchmarkFlow(b *testing.B) {
	p := decode(packet.LinkEthernet, benchPackets["vxlan"])
	b.ReportAllocs()
	for b.Loop() {
		p.Flow()
	}
}
