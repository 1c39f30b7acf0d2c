package text

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

func sctpSamples() []sample {
	ten := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i + 1)
		}
		return b
	}
	h := build.SCTP{SrcPort: 5000, DstPort: 6000, Tag: 9}
	var all []sample
	for typ := range uint8(16) {
		all = append(all, on(fmt.Sprintf("sctp chunk %d", typ), ip4, h, build.Chunk{Type: typ, Flags: typ, Body: ten(20)}))
	}
	for flags := range uint8(8) {
		all = append(all, on(fmt.Sprintf("sctp data flags %d", flags), ip6, h, build.Chunk{Flags: flags, Body: append(make([]byte, 11), append([]byte{46}, "payload"...)...)}))
	}
	for _, ppid := range []byte{0, 1, 18, 27, 60} {
		all = append(all, on(fmt.Sprintf("sctp ppid %d", ppid), ip4, h, build.Chunk{Flags: 3, Body: append(append(ten(11), ppid), "payload"...)}))
	}
	sack := append(ten(8), 0, 2, 0, 1, 0, 2, 0, 3, 0, 5, 0, 6, 0, 0, 0, 9)
	broken := on("sctp bad chunk length", ip4, h, build.Chunk{Type: 4, Body: ten(4)})
	binary.BigEndian.PutUint16(broken.data[14+20+12+2:], 3)
	beyond := on("sctp chunk beyond the packet", ip4, h, build.Chunk{Type: 4, Body: ten(4)})
	binary.BigEndian.PutUint16(beyond.data[14+20+12+2:], 100)
	return append(
		all,
		on("sctp two chunks", ip4, h, build.Chunk{Type: 10, Body: ten(5)}, build.Chunk{Flags: 3, Body: ten(15)}), on("sctp no chunk", ip4, h),
		on("sctp sack", ip4, h, build.Chunk{Type: 3, Body: append(ten(8), 0, 0, 0, 0)}), on("sctp sack with gaps", ip4, h, build.Chunk{Type: 3, Body: sack}),
		on("sctp short sack", ip4, h, build.Chunk{Type: 3, Body: ten(8)}), on("sctp short init", ip4, h, build.Chunk{Type: 1, Body: ten(8)}), on("sctp short data", ip4, h, build.Chunk{Body: ten(8)}),
		on("sctp data without payload", ip4, h, build.Chunk{Flags: 3, Body: ten(12)}), on("sctp chunk 0xc0", ip4, h, build.Chunk{Type: 0xc0, Body: ten(4)}),
		on("sctp unknown chunk", ip4, h, build.Chunk{Type: 0x99, Body: ten(4)}), broken, beyond,
		on("sctp behind an extension header", ip6, build.Extension{Proto: packet.ProtoDestination}, h, build.Chunk{Type: 11}),
		on("sctp rest of 2 bytes", ip4, h, build.Payload("12")), on("sctp short", build.IPv4{Src: client, Dst: server, Proto: packet.ProtoSCTP}, build.Payload("12345678")),
	)
}

func ipSamples() []sample {
	udp := build.UDP{SrcPort: 5000, DstPort: 6000}
	text := build.Payload("0123456789abcdef")
	proto := func(p packet.Proto) build.IPv4 { return build.IPv4{Src: client, Dst: server, Proto: p} }
	first := on("first fragment", build.IPv4{Src: client, Dst: server, MF: true}, udp, text)
	binary.BigEndian.PutUint16(first.data[14+20+4:], 3000)
	first6 := on("first fragment 6", ip6, build.Fragment{ID: 1, More: true}, udp, text)
	binary.BigEndian.PutUint16(first6.data[14+40+8+4:], 3000)
	longer := on("total length beyond the frame", ip4, udp, text)
	binary.BigEndian.PutUint16(longer.data[14+2:], 100)
	longer6 := on("payload length beyond the frame", ip6, udp, text)
	binary.BigEndian.PutUint16(longer6.data[14+4:], 100)
	tso := named("before segmentation", "length 0", ip4, build.TCP{SrcPort: 40003, DstPort: 9000, Flags: packet.ACK, Ack: 1}, text)
	binary.BigEndian.PutUint16(tso.data[14+2:], 0)
	tso6 := named("before segmentation 6", "length 0 6", ip6, build.TCP{SrcPort: 40003, DstPort: 9000, Flags: packet.ACK, Ack: 1}, text)
	binary.BigEndian.PutUint16(tso6.data[14+4:], 0)
	hlen := on("bad header length", ip4, udp)
	hlen.data[14] = 0x44
	length := on("bad total length", ip4, udp)
	binary.BigEndian.PutUint16(length.data[14+2:], 19)
	version := on("bad version", ip4, udp)
	version.data[14] = 0x75
	version6 := on("bad version 6", ip6, udp)
	version6.data[14] = 0x75
	wrong := on("ipv6 as ipv4", ip4, udp, text)
	wrong.data[14] = 0x65
	doff := on("bad data offset", ip4, build.TCP{SrcPort: 40004, DstPort: 9000, Flags: packet.SYN})
	doff.data[14+20+12] = 0x40
	doff2 := on("data offset beyond the packet", ip4, build.TCP{SrcPort: 40004, DstPort: 9000, Flags: packet.SYN})
	doff2.data[14+20+12] = 0x80
	routing := func(typ byte, body ...byte) build.Layer {
		return build.Extension{Proto: packet.ProtoRouting, Body: append([]byte{typ}, body...)}
	}
	seg := server6.AsSlice()
	return []sample{
		first, first6, longer, longer6, tso, tso6, hlen, length, version, version6, wrong, doff, doff2,
		on("fragment", build.IPv4{Src: client, Dst: server, Offset: 1480, Proto: packet.ProtoUDP}, text), on("fragment, more", build.IPv4{Src: client, Dst: server, MF: true, Offset: 8, Proto: packet.ProtoICMP}, text),
		on("fragment 6", ip6, build.Fragment{ID: 1, Offset: 1448, NextHeader: packet.ProtoUDP}, text), on("atomic fragment 6", ip6, build.Fragment{ID: 1}, udp, text),
		on("first fragment of icmp", build.IPv4{Src: client, Dst: server, MF: true}, build.ICMPv4{Type: 8, ID: 1, Seq: 2}, text),
		on("options", build.IPv4{Src: client, Dst: server, Options: []byte{7, 7, 4, 0, 0, 0, 0}}, udp, text),
		on("proto 253", proto(253), text), on("proto 253 in ipv6", build.IPv6{Src: client6, Dst: server6, NextHeader: 253}, text), on("proto 253 without payload", proto(253)),
		on("no next header", build.IPv6{Src: client6, Dst: server6, NextHeader: packet.ProtoNoNext}, text),
		on("hop-by-hop", ip6, build.Extension{Proto: packet.ProtoHopByHop}, udp, text), on("destination options", ip6, build.Extension{Proto: packet.ProtoDestination}, build.TCP{SrcPort: 40005, DstPort: 1, Flags: packet.SYN}),
		on("all extensions", ip6, build.Extension{Proto: packet.ProtoHopByHop}, build.Extension{Proto: packet.ProtoDestination}, routing(0, append(make([]byte, 5), seg...)...), build.Fragment{ID: 3}, build.AH{SPI: 5, Seq: 6}, udp, text),
		named("options behind ah", "behind ah", ip6, build.AH{}, build.Extension{Proto: packet.ProtoDestination}, udp, text),
		on("routing 2", ip6, routing(2, append([]byte{1, 0, 0, 0, 0}, seg...)...), udp, text), on("routing 0, reserved", ip6, routing(0, append([]byte{1, 0, 0, 1, 2}, seg...)...), udp, text),
		on("segment routing", ip6, routing(4, append([]byte{1, 1, 0, 0, 7}, append(append([]byte(nil), seg...), seg...)...)...), udp, text),
		on("segment routing, flags", ip6, routing(4, append([]byte{1, 0, 8, 1, 7}, seg...)...), udp, text),
		on("ah in ipv4", ip4, build.AH{SPI: 0x100, Seq: 2}, udp, text), on("esp", ip4, build.ESP{SPI: 0xc0ffee, Seq: 7}, text), on("esp 6", ip6, build.ESP{SPI: 0xc0ffee, Seq: 0x77}, text),
	}
}

func tunnelSamples() []sample {
	in := layers{ip4, build.UDP{SrcPort: 5000, DstPort: 6000}, build.Payload("hello")}
	in6 := layers{ip6, build.UDP{SrcPort: 5000, DstPort: 6000}, build.Payload("hello")}
	outer6 := build.IPv6{Src: client6, Dst: server6}
	key, seq := uint32(0xbeef), uint32(77)
	tunnel := func(name string, l layers, inner layers) sample {
		return on(name, append(slices.Clip(l), inner...)...)
	}
	udp := func(port uint16) build.UDP { return build.UDP{SrcPort: 40000, DstPort: port} }
	all := []sample{
		tunnel("vxlan", layers{outer4, udp(4789), build.VXLAN{VNI: 1}, eth}, in), tunnel("vxlan over ipv6", layers{outer6, udp(4789), build.VXLAN{VNI: 0xffffff}, eth}, in6),
		on("vxlan of arp", outer4, udp(4789), build.VXLAN{VNI: 1}, eth, build.ARP{SenderIP: client, TargetIP: server}),
		on("vxlan of an unknown type", outer4, udp(4789), build.VXLAN{VNI: 1}, build.Ethernet{Type: 0x1234}, build.Payload("xyz")),
		tunnel("geneve", layers{outer4, udp(6081), build.Geneve{VNI: 0xabc}, eth}, in), tunnel("geneve, options", layers{outer4, udp(6081), build.Geneve{VNI: 5, Critical: true, Control: true, Options: make([]byte, 12)}, eth}, in6),
		tunnel("geneve of ip", layers{outer4, udp(6081), build.Geneve{VNI: 5}}, in), on("geneve of unknown", outer4, udp(6081), build.Geneve{VNI: 5, Type: 0x1234}, build.Payload("xyz")),
		tunnel("ipip", layers{outer4}, in), tunnel("6 in 4", layers{outer4}, in6), tunnel("4 in 6", layers{outer6}, in), tunnel("6 in 6", layers{outer6}, in6),
		tunnel("gre", layers{outer4, build.GRE{}}, in), tunnel("gre key", layers{outer4, build.GRE{Key: &key}}, in6), tunnel("gre all", layers{outer6, build.GRE{Checksum: true, Key: &key, Seq: &seq}}, in),
		tunnel("gretap", layers{outer4, build.GRE{Key: &key}, eth}, in), on("gre of unknown", outer4, build.GRE{Type: 0x1234}, build.Payload("xyz")),
		tunnel("gre of mpls", layers{outer4, build.GRE{}, build.MPLS{Label: 100, TTL: 5}}, in),
	}
	otv := tunnel("flannel", layers{outer4, udp(8472), build.VXLAN{VNI: 1}, eth}, in)
	otv.differs = "otv"
	pptp := named("pptp", "pptp", build.IPv4{Src: client, Dst: server, Proto: packet.ProtoGRE}, build.Payload("\x30\x01\x88\x0b\x00\x04\x00\x07\x00\x00\x00\x01\xff\x03\x00\x21"))
	return append(
		all, otv, pptp,
		named("8472 without VNI", "otv plain", outer4, udp(8472), build.Payload("12345678")), named("4789 without VNI", "vxlan plain", outer4, udp(4789), build.Payload("\x00\x00\x00\x00\x00\x00\x00\x00")),
	)
}

func linkSamples() []sample {
	udp := layers{ip4, build.UDP{SrcPort: 5000, DstPort: 6000}, build.Payload("hello")}
	udp6 := layers{ip6, build.UDP{SrcPort: 5000, DstPort: 6000}, build.Payload("hello")}
	with := func(link packet.LinkType, name string, l layers, head ...build.Layer) sample {
		return sample{name: name, link: link, data: build.Packet(append(head, l...)...)}
	}
	vlan := with(packet.LinkEthernet, "vlan", udp, eth, build.VLAN{ID: 5, Priority: 3, DEI: true})
	qinq := with(packet.LinkEthernet, "qinq", udp6, eth, build.VLAN{TPID: packet.TypeQinQ, ID: 5}, build.VLAN{ID: 6})
	vlan.differs, qinq.differs = "vlan", "vlan"
	sll2 := with(packet.LinkLinuxSLL2, "sll2", udp, build.SLL2{Index: 4000000, PacketType: 4, Hardware: 1})
	sll2.differs = "sll2"
	return []sample{
		vlan, qinq, sll2,
		with(packet.LinkEthernet, "mpls", udp, eth, build.MPLS{Label: 100, TC: 3, TTL: 5}), with(packet.LinkEthernet, "mpls stack", udp6, eth, build.MPLS{Label: 100, TTL: 5}, build.MPLS{Label: 17, TTL: 6}),
		with(packet.LinkEthernet, "pppoe", udp, eth, build.PPPoE{Session: 0x12}), with(packet.LinkEthernet, "pppoe 6", udp6, eth, build.PPPoE{}),
		with(packet.LinkLinuxSLL, "sll", udp, build.SLL{Hardware: 1}), with(packet.LinkLinuxSLL, "sll 6", udp6, build.SLL{Hardware: 1}),
		with(packet.LinkRaw, "raw", udp), with(packet.LinkRaw, "raw 6", udp6), with(packet.LinkRaw, "raw, neither", layers{build.Payload("\x00123")}),
		with(packet.LinkNull, "null", udp, build.Loopback{}), with(packet.LinkNull, "null 6", udp6, build.Loopback{Order: binary.BigEndian}), with(packet.LinkLoop, "loop", udp, build.Loopback{Order: binary.BigEndian}),
		with(packet.LinkEthernet, "unknown type", layers{build.Payload("xyz")}, build.Ethernet{Type: 0x1234, Src: eth.Src, Dst: eth.Dst}),
		{name: "stp", link: packet.LinkEthernet, data: build.Packet(eth, build.Payload("\x42\x42\x03"+string(make([]byte, 35)))), differs: "802.3"},
		{name: "lldp", link: packet.LinkEthernet, data: build.Packet(build.Ethernet{Type: packet.TypeLLDP, Src: eth.Src}, build.Payload("\x02\x07\x04\x02\x00\x00\x00\x00\x0b\x04\x03\x07xy\x06\x02\x00\x78\x00\x00"))},
	}
}

// cutSamples are frames of which a snap length left n bytes.
func cutSamples() []sample {
	tcp := build.TCP{SrcPort: 40006, DstPort: 9000, Flags: packet.SYN, Options: build.Options(build.MSS(1460), build.SACKOK(), build.Timestamps(1, 0), build.NOP(), build.WScale(7))}
	udp := build.UDP{SrcPort: 5000, DstPort: 6000}
	text := build.Payload(make([]byte, 40))
	key := uint32(5)
	var all []sample
	for _, c := range []struct {
		name string
		l    layers
	}{
		{"tcp", layers{ip4, tcp, text}},
		{"tcp6", layers{ip6, tcp, text}},
		{"udp", layers{ip4, udp, text}},
		{"udp6", layers{ip6, udp, text}},
		{"ping", layers{ip4, build.ICMPv4{Type: 8, ID: 1, Seq: 2}, text}},
		{"ping6", layers{ip6, build.ICMPv6{Type: 128, ID: 1, Seq: 2}, text}},
		{"unreachable", layers{ip4, build.ICMPv4{Type: 3, Code: 3}, ip4, udp}},
		{"neighbour", layers{ip6, build.ICMPv6{Type: 135}, build.Payload(server6.AsSlice())}},
		{"arp", layers{build.ARP{SenderIP: client, TargetIP: server}}},
		{"vxlan", layers{outer4, build.UDP{SrcPort: 40000, DstPort: 4789}, build.VXLAN{VNI: 1}, eth, ip4, udp}},
		{"geneve", layers{outer4, build.UDP{SrcPort: 40000, DstPort: 6081}, build.Geneve{VNI: 1, Options: make([]byte, 4)}, eth, ip4, udp}},
		{"gre", layers{outer4, build.GRE{Checksum: true, Key: &key, Seq: &key}, eth, ip6, udp}},
		{"ipip", layers{outer4, ip6, udp}},
		{"sctp", layers{ip4, build.SCTP{SrcPort: 1, DstPort: 2}, build.Chunk{Type: 1, Body: make([]byte, 16)}, build.Chunk{Type: 11}}},
		{"extensions", layers{ip6, build.Extension{Proto: packet.ProtoHopByHop}, build.Extension{Proto: packet.ProtoDestination}, build.Fragment{ID: 1}, udp}},
		{"ah", layers{ip4, build.AH{SPI: 1}, udp}},
		{"mpls", layers{build.MPLS{Label: 16}, build.MPLS{Label: 17}, ip4, udp}},
		{"igmp", layers{build.IPv4{Src: client, Dst: server, Proto: packet.ProtoIGMP}, build.Payload("\x16\x00\x00\x00\xe0\x00\x00\x05")}},
		{"dhcp", layers{ip4, build.UDP{SrcPort: 68, DstPort: 67}, build.Payload("\x01\x01\x06" + string(make([]byte, 60)))}},
	} {
		whole := on(c.name, c.l...)
		for n := 1; n < len(whole.data); n++ {
			s := whole
			if slices.Contains([]string{"vxlan", "geneve", "gre", "ah"}, c.name) {
				s.differs = "cut"
			}
			s.name, s.wire, s.data = fmt.Sprintf("%s cut at %d", c.name, n), len(whole.data), whole.data[:n]
			all = append(all, s)
		}
	}
	return all
}

func randomSamples() []sample {
	r := rand.New(rand.NewPCG(11, 11))
	var all []sample
	for len(all) < 400 {
		data := build.Packet(packettest.Random(r)...)
		var p packet.Packet
		p.Decode(packet.LinkEthernet, data)
		s := sample{name: fmt.Sprintf("random %d", len(all)), link: packet.LinkEthernet, data: data}
		usable := true
		for _, l := range p.Layers() {
			switch l.Kind {
			case packet.KindVLAN:
				s.differs = "vlan"
			case packet.KindUDP:
				usable = usable && packet.UDP(p.Header(l)).DstPort() != packet.PortVXLANLinux
			}
		}
		if usable {
			all = append(all, s)
		}
	}
	return all
}
