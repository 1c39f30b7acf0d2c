package packet_test

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// Each transport over each IP: right, with a byte wrong, and as the kernel
// leaves it for the device to complete.
func TestChecksum(t *testing.T) {
	odd := build.Payload("an odd number of b")
	for _, v6 := range []bool{false, true} {
		var ip build.Layer = ip4
		if v6 {
			ip = ip6
		}
		for name, tc := range map[string]struct {
			layers []build.Layer
			field  int // offset of the checksum in the header, -1 if it is no sum with pseudo header
		}{
			"tcp":  {[]build.Layer{syn, odd[:17]}, 16},
			"udp":  {[]build.Layer{build.UDP{SrcPort: 1, DstPort: 2}, odd}, 6},
			"sctp": {[]build.Layer{build.SCTP{SrcPort: 1, DstPort: 2}, build.Chunk{Body: odd}}, -1},
			"icmp": {[]build.Layer{build.ICMPv6{Type: 128}, odd[:17]}, 2},
		} {
			data := build.Packet(join([]build.Layer{eth, ip}, tc.layers...)...)
			if name == "icmp" && !v6 {
				data, tc.field = build.Packet(eth, ip, build.ICMPv4{Type: 8}, odd[:17]), -1
			}
			if got := decode(packet.LinkEthernet, data).Checksum(2); got != packet.SumGood {
				t.Errorf("%s: %v, want good", name, got)
			}
			data[len(data)-1]++
			if got := decode(packet.LinkEthernet, data).Checksum(2); got != packet.SumBad {
				t.Errorf("%s, a byte changed: %v, want bad", name, got)
			}
			if tc.field < 0 {
				continue
			}
			p := decode(packet.LinkEthernet, data)
			l := p.Layers()[2]
			src, dst := data[l.Off-8:l.Off-4], data[l.Off-4:l.Off]
			proto := p.Proto()
			if v6 {
				src, dst = data[l.Off-32:l.Off-16], data[l.Off-16:l.Off]
			}
			binary.BigEndian.PutUint16(data[l.Off+tc.field:], uint16(packet.AddPseudo(0, src, dst, proto, len(data)-l.Off)))
			if got := decode(packet.LinkEthernet, data).Checksum(2); got != packet.SumPartial {
				t.Errorf("%s, pseudo header alone: %v, want partial", name, got)
			}
		}
	}
}

func TestChecksumUnknown(t *testing.T) {
	text := build.Payload("text")
	udp := build.UDP{SrcPort: 1, DstPort: 2}
	cut := build.Packet(eth, ip4, udp, text)
	for name, data := range map[string][]byte{
		"cut":              cut[:len(cut)-1],
		"no udp checksum":  build.Packet(eth, ip4, build.UDP{NoChecksum: true}, text),
		"first fragment":   build.Packet(eth, build.IPv4{Src: client, Dst: server, MF: true}, udp, text),
		"first fragment 6": build.Packet(eth, ip6, build.Fragment{More: true}, udp, text),
		"gre without":      build.Packet(eth, ip4, build.GRE{}, ip4),
		"arp":              build.Packet(eth, build.ARP{SenderIP: client, TargetIP: server}),
	} {
		p := decode(packet.LinkEthernet, data)
		for i, l := range p.Layers() {
			if l.Kind != packet.KindIPv4 && p.Checksum(i) != packet.SumUnknown {
				t.Errorf("%s: %v is %v", name, l.Kind, p.Checksum(i))
			}
		}
	}
	bad := build.Packet(eth, ip4, build.GRE{Checksum: true}, ip4, udp)
	bad[len(bad)-1]++
	bad[14+8]++ // TTL
	p := decode(packet.LinkEthernet, bad)
	for i, want := range []packet.Sum{packet.SumUnknown, packet.SumBad, packet.SumBad, packet.SumGood, packet.SumBad} {
		if got := p.Checksum(i); got != want {
			t.Errorf("layer %d: %v, want %v", i, got, want)
		}
	}
}

// The pseudo header of a packet that has still to visit nodes holds the last
// of them (RFC 8200 section 8.1).
func TestChecksumRouting(t *testing.T) {
	text := build.Payload("text")
	final := server6.AsSlice()
	for _, head := range [][]byte{{0, 1, 0, 0, 0, 0}, {4, 1, 0, 0, 0, 0}} {
		data := build.Packet(ip6, build.UDP{SrcPort: 1, DstPort: 2}, text)
		routing := build.Extension{Proto: packet.ProtoRouting, Body: append(head, final...)}
		via := build.IPv6{Src: client6, Dst: client6}
		data = build.Packet(via, routing, build.Payload(data[40:]))
		data[6], data[40] = byte(packet.ProtoRouting), byte(packet.ProtoUDP)
		p := decode(packet.LinkIPv6, data)
		if got := p.Checksum(2); got != packet.SumGood {
			t.Errorf("routing type %d: %v of %s", head[0], got, kinds(p))
		}
	}
}

// Against a sum by 16-bit words, and hash/crc32 over a copy.
func TestSums(t *testing.T) {
	b := make([]byte, 70)
	for i := range b {
		b[i] = byte(i*37 + 200)
	}
	for n := range b {
		var want uint32
		for i := range n {
			want += uint32(b[i]) << (8 * (1 - i%2))
			want = want>>16 + want&0xffff
		}
		if got := packet.Add16(0, b[:n]); got != want {
			t.Errorf("sum of %d bytes: %#x, want %#x", n, got, want)
		}
	}
	for n := 12; n < len(b); n++ {
		zeroed := append([]byte(nil), b[:n]...)
		clear(zeroed[8:12])
		if got, want := packet.SCTPSum(b[:n]), crc32.Checksum(zeroed, crc32.MakeTable(crc32.Castagnoli)); got != want {
			t.Errorf("crc of %d bytes: %#x, want %#x", n, got, want)
		}
	}
}
