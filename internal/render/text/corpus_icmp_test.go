package text

import (
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

func icmp4Samples() []sample {
	udp := build.Payload(build.Packet(ip4, build.UDP{SrcPort: 9, DstPort: 33434}, build.Payload("12345678")))
	tcp := build.Payload(build.Packet(ip4, build.TCP{SrcPort: 9, DstPort: 9000, Flags: packet.SYN})[:28])
	sctp := build.Payload(build.Packet(ip4, build.SCTP{SrcPort: 9, DstPort: 132}))
	var all []sample
	for code := range uint8(18) {
		all = append(all, on(fmt.Sprintf("unreachable %d", code), ip4, build.ICMPv4{Type: 3, Code: code, Seq: 1400 * uint16(code%2)}, udp))
	}
	for code := range uint8(5) {
		all = append(
			all,
			on(fmt.Sprintf("redirect %d", code), ip4, build.ICMPv4{Type: 5, Code: code, ID: 0x0af4, Seq: 0x0101}, udp),
			on(fmt.Sprintf("time exceeded %d", code), ip4, build.ICMPv4{Type: 11, Code: code}, udp),
			on(fmt.Sprintf("parameter problem %d", code), ip4, build.ICMPv4{Type: 12, Code: code, ID: 0x1400}, udp),
		)
	}
	for typ := range uint8(20) {
		switch typ {
		case 3, 5, 9, 11, 12:
			continue
		}
		all = append(all, on(fmt.Sprintf("icmp type %d", typ), ip4, build.ICMPv4{Type: typ, ID: 77, Seq: 3}, build.Payload("\x05\x26\x5c\x00\x05\x26\x5c\x07\x01\x02\x03\x04")))
	}
	for _, life := range []uint16{9, 1800, 9000} {
		all = append(all, on(fmt.Sprintf("router advertisement %d", life), ip4, build.ICMPv4{Type: 9, ID: 0x0102, Seq: life}, build.Payload("\x0a\x00\x00\x01\x00\x00\x00\x05")))
	}
	return append(
		all,
		on("need to frag", ip4, build.ICMPv4{Type: 3, Code: 4, Seq: 1450}, udp), on("port unreachable, tcp", ip4, build.ICMPv4{Type: 3, Code: 3}, tcp),
		on("port unreachable, sctp", ip4, build.ICMPv4{Type: 3, Code: 3}, sctp), on("unreachable, quote cut", ip4, build.ICMPv4{Type: 3, Code: 1}, udp[:10]),
		on("port unreachable, quote cut", ip4, build.ICMPv4{Type: 3, Code: 3}, udp[:22]), on("time exceeded, quote cut", ip4, build.ICMPv4{Type: 11}, udp[:10]),
		on("router advertisement, sized", ip4, build.ICMPv4{Type: 9, ID: 0x0103, Seq: 9}), on("router advertisement, cut", ip4, build.ICMPv4{Type: 9, ID: 0x0202, Seq: 9}, udp[:9]),
		on("timestamp reply, cut", ip4, build.ICMPv4{Type: 14}, udp[:9]), on("mask reply, cut", ip4, build.ICMPv4{Type: 18}, udp[:2]),
		on("icmp in ipv6", ip6, build.ICMPv4{Type: 8}), on("ping", ip4, build.ICMPv4{Type: 8, ID: 5, Seq: 65535}, build.Payload(make([]byte, 56))),
	)
}

func icmp6Samples() []sample {
	udp := build.Payload(build.Packet(ip6, build.UDP{SrcPort: 9, DstPort: 33434}, build.Payload("12345678")))
	tcp := build.Payload(build.Packet(ip6, build.Extension{Proto: packet.ProtoDestination}, build.TCP{SrcPort: 9, DstPort: 9000, Flags: packet.SYN}))
	sctp := build.Payload(build.Packet(ip6, build.SCTP{SrcPort: 9, DstPort: 132}))
	var all []sample
	for code := range uint8(6) {
		all = append(
			all,
			on(fmt.Sprintf("unreachable 6 %d", code), ip6, build.ICMPv6{Type: 1, Code: code}, udp),
			on(fmt.Sprintf("time exceeded 6 %d", code), ip6, build.ICMPv6{Type: 3, Code: code}, udp),
			on(fmt.Sprintf("parameter problem 6 %d", code), ip6, build.ICMPv6{Type: 4, Code: code, Seq: 40}, udp),
		)
	}
	for _, typ := range []uint8{0, 5, 100, 127, 128, 129, 133, 134, 141, 142, 143, 144, 145, 146, 147, 151, 199, 202} {
		all = append(all, on(fmt.Sprintf("icmp6 type %d", typ), ip6, build.ICMPv6{Type: typ, ID: 77, Seq: 3}, build.Payload(make([]byte, 32))))
	}
	target := build.Payload(server6.AsSlice())
	all = append(
		all,
		on("port unreachable 6, tcp", ip6, build.ICMPv6{Type: 1, Code: 4}, tcp), on("port unreachable 6, sctp", ip6, build.ICMPv6{Type: 1, Code: 4}, sctp),
		on("unreachable 6, quote cut", ip6, build.ICMPv6{Type: 1}, udp[:30]), on("too big", ip6, build.ICMPv6{Type: 2, Seq: 1280}, udp),
		on("neighbour solicitation", ip6, build.ICMPv6{Type: 135}, target, build.Payload("\x01\x01\x02\x00\x00\x00\x00\x0b")),
		on("neighbour advertisement", ip6, build.ICMPv6{Type: 136, ID: 0x6000}, target), on("neighbour solicitation, cut", ip6, build.ICMPv6{Type: 135}, target[:9]),
		on("redirect 6", ip6, build.ICMPv6{Type: 137}, target, build.Payload(client6.AsSlice())), on("icmp6 in ipv4", ip4, build.ICMPv4{Type: 128}),
		on("mld query", ip6, build.ICMPv6{Type: 130, ID: 1000}, target), on("mld report", ip6, build.ICMPv6{Type: 131}, target), on("mld done", ip6, build.ICMPv6{Type: 132}, target),
		on("mld query v2", ip6, build.Extension{Proto: packet.ProtoHopByHop, Body: []byte{5, 2, 0, 0}}, build.ICMPv6{Type: 130, ID: 1000}, target, build.Payload(make([]byte, 4))),
		on("mld query v2, sources", ip6, build.ICMPv6{Type: 130, ID: 1000}, target, build.Payload("\x02\x7d\x00\x01"), target),
		on("mld query v2, no sources", ip6, build.ICMPv6{Type: 130, ID: 1000}, target, build.Payload("\x02\x7d\x00\x01")),
		on("mld query, odd", ip6, build.ICMPv6{Type: 130, ID: 1000}, target, build.Payload("12")),
		on("ping6", ip6, build.ICMPv6{Type: 128, ID: 5, Seq: 1}, build.Payload(make([]byte, 56))),
	)
	last := &all[len(all)-8]
	if last.name == "icmp6 in ipv4" {
		last.data[14+9] = byte(packet.ProtoICMPv6)
	}
	return all
}

func arpSamples() []sample {
	probe := netip.MustParseAddr("0.0.0.0")
	mac1, mac2 := eth.Src, eth.Dst
	odd := on("arp, other hardware", build.ARP{SenderIP: client, TargetIP: server})
	odd.data[14+1], odd.data[14+5] = 32, 5
	odd.data = append(odd.data, 0, 0)
	all := []sample{
		on("who-has", build.ARP{SenderMAC: mac1, SenderIP: client, TargetIP: server}), on("who-has, unicast", build.ARP{SenderMAC: mac1, SenderIP: client, TargetMAC: mac2, TargetIP: server}),
		on("is-at", build.ARP{Op: 2, SenderMAC: mac1, SenderIP: client, TargetMAC: mac2, TargetIP: server}), on("arp probe", build.ARP{SenderMAC: mac1, SenderIP: probe, TargetIP: server}),
		on("gratuitous", build.ARP{SenderMAC: mac1, SenderIP: client, TargetIP: client}), on("gratuitous reply", build.ARP{Op: 2, SenderMAC: mac1, SenderIP: client, TargetMAC: mac1, TargetIP: client}),
		odd,
	}
	for op := uint16(3); op < 12; op++ {
		all = append(all, on(fmt.Sprintf("arp op %d", op), build.ARP{Op: op, SenderMAC: mac1, SenderIP: client, TargetMAC: mac2, TargetIP: server}))
	}
	return append(all, on("arp, padded", build.ARP{SenderMAC: mac1, SenderIP: client, TargetIP: server}, build.Payload(make([]byte, 18))))
}

func multicastSamples() []sample {
	group := build.IPv4{Src: client, Dst: netip.MustParseAddr("224.0.0.1"), TTL: 1, Proto: packet.ProtoIGMP, Options: []byte{148, 4, 0, 0}}
	igmp := func(name string, b ...byte) sample { return on("igmp "+name, group, build.Payload(b)) }
	all := []sample{
		igmp("query v1", 0x11, 0, 0, 0, 0, 0, 0, 0), igmp("query v2", 0x11, 100, 0, 0, 224, 0, 0, 5), igmp("query v2, slow", 0x11, 50, 0, 0, 0, 0, 0, 0),
		igmp("query v3", 0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0), igmp("query v3, group", 0x11, 20, 0, 0, 224, 0, 0, 5, 2, 125, 0, 0),
		igmp("query v3, slow", 0x11, 0xff, 0, 0, 224, 0, 0, 5, 2, 125, 0, 1, 10, 0, 0, 1), igmp("query v3, no sources", 0x11, 0xff, 0, 0, 224, 0, 0, 5, 2, 125, 0, 1),
		igmp("query v3, odd", 0x11, 1, 0, 0, 224, 0, 0, 5, 2, 125, 0, 1, 9), igmp("report v1", 0x12, 0, 0, 0, 224, 0, 0, 5), igmp("report v1, long", 0x12, 0, 0, 0, 224, 0, 0, 5, 0, 0, 0, 0),
		igmp("report v2", 0x16, 0, 0, 0, 224, 0, 0, 5), igmp("leave", 0x17, 0, 0, 0, 224, 0, 0, 5), igmp("report v3", 0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 224, 0, 0, 5),
		igmp("report v3, short", 0x22, 0, 0, 0, 0, 0, 0, 1), igmp("unknown", 0x77, 0, 0, 0, 0, 0, 0, 1),
		on("igmp in ipv6", build.IPv6{Src: client6, Dst: server6, NextHeader: packet.ProtoIGMP}, build.Payload("12345678")),
	}
	for _, ttl := range []uint8{255, 64} {
		ip := build.IPv4{Src: node1, Dst: netip.MustParseAddr("224.0.0.18"), TTL: ttl, Proto: 112}
		all = append(
			all,
			on(fmt.Sprintf("vrrp 2 ttl %d", ttl), ip, build.Payload("\x21\x33\x64\x01\x00\x01\x00\x00\x0a\x63\x00\x01")),
			on(fmt.Sprintf("vrrp 3 ttl %d", ttl), ip, build.Payload("\x31\x33\x64\x01\x00\x64\x00\x00\x0a\x63\x00\x01")),
		)
	}
	for _, typ := range []byte{1, 2, 3, 4, 5} {
		ip := build.IPv4{Src: node1, Dst: netip.MustParseAddr("224.0.0.5"), TTL: 1, Proto: packet.ProtoOSPF}
		b := append([]byte{2, typ, 0, 44, 10, 99, 0, 11}, make([]byte, 36)...)
		all = append(all, on(fmt.Sprintf("ospf %d", typ), ip, build.Payload(b)))
	}
	return all
}
