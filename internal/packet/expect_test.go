package packet_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

var (
	macA = packet.MAC{2, 0, 0, 0, 0, 0xa}
	macB = packet.MAC{2, 0, 0, 0, 0, 0xb}

	eth     = build.Ethernet{Dst: macA, Src: macB}
	node1   = netip.MustParseAddr("10.99.0.11")
	node2   = netip.MustParseAddr("10.99.0.12")
	client  = netip.MustParseAddr("10.244.1.7")
	service = netip.MustParseAddr("10.96.68.194")
	server  = netip.MustParseAddr("10.244.2.3")
	client6 = netip.MustParseAddr("fd00:244:1::7")
	server6 = netip.MustParseAddr("fd00:244:2::3")

	ip4 = build.IPv4{Src: client, Dst: server, ID: 28265}
	ip6 = build.IPv6{Src: client6, Dst: server6}
	syn = build.TCP{SrcPort: 41822, DstPort: 80, Seq: 1726587944, Flags: packet.SYN}
)

// kinds writes the layers of a packet: "ethernet ipv4 tcp".
func kinds(p *packet.Packet) string {
	var names []string
	for _, l := range p.Layers() {
		names = append(names, l.Kind.String())
	}
	return strings.Join(names, " ")
}

func decode(link packet.LinkType, data []byte) *packet.Packet {
	p := new(packet.Packet)
	p.Decode(link, data)
	return p
}

func flow(p *packet.Packet) string {
	f, ok := p.Flow()
	if !ok {
		return "none"
	}
	return fmt.Sprint(f)
}
