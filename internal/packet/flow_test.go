package packet_test

import (
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

func TestFlow(t *testing.T) {
	data := build.Packet(eth, build.IPv4{Src: node1, Dst: node2}, build.UDP{SrcPort: 40000, DstPort: 8472}, build.VXLAN{VNI: 1}, eth, ip4, syn)
	p := decode(packet.LinkEthernet, data)
	inner, _ := p.Flow()
	outer, _ := p.OuterFlow()
	if inner.String() != "10.244.1.7:41822 -> 10.244.2.3:80" || outer.String() != "10.99.0.11:40000 -> 10.99.0.12:8472" {
		t.Errorf("%v in %v", inner, outer)
	}
	if r := inner.Reverse(); r.String() != "10.244.2.3:80 -> 10.244.1.7:41822" || r.Reverse() != inner {
		t.Errorf("reversed %v", r)
	}
	if inner.Canonical() != inner.Reverse().Canonical() || inner.Canonical() != inner {
		t.Errorf("canonical %v and %v", inner.Canonical(), inner.Reverse().Canonical())
	}
	same := packet.Flow{Proto: packet.ProtoUDP, Src: client, Dst: client, SrcPort: 9, DstPort: 7}
	if c := same.Canonical(); c.SrcPort != 7 || c != same.Reverse().Canonical() {
		t.Errorf("canonical of one host with itself: %v", c)
	}
}

// Flows of packets without ports, or with ports that were cut.
func TestFlowString(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		data       []byte
	}{
		{"echo", "10.244.1.7 -> 10.244.2.3 id 7", build.Packet(eth, ip4, build.ICMPv4{Type: 8, ID: 7})},
		{"timestamp request", "10.244.1.7 -> 10.244.2.3 id 7", build.Packet(eth, ip4, build.ICMPv4{Type: 13, ID: 7}, build.Payload(make([]byte, 12)))},
		{"neighbour solicitation", "fd00:244:1::7 -> fd00:244:2::3", build.Packet(eth, ip6, build.ICMPv6{Type: 135, ID: 7}, build.Payload(make([]byte, 16)))},
		{"fragment", "10.244.1.7 -> 10.244.2.3", build.Packet(eth, build.IPv4{Src: client, Dst: server, Offset: 8, Proto: packet.ProtoTCP}, syn)},
		{"fragment 6", "fd00:244:1::7 -> fd00:244:2::3", build.Packet(eth, ip6, build.Fragment{Offset: 8}, syn)},
		{"first fragment", "[fd00:244:1::7]:41822 -> [fd00:244:2::3]:80", build.Packet(eth, ip6, build.Fragment{More: true}, syn)},
		{"cut behind the ports", "10.244.1.7:41822 -> 10.244.2.3:80", build.Packet(eth, ip4, syn)[:14+20+4]},
		{"cut in the ports", "10.244.1.7 -> 10.244.2.3", build.Packet(eth, ip4, syn)[:14+20+3]},
		{"unknown protocol", "10.244.1.7 -> 10.244.2.3", build.Packet(eth, build.IPv4{Src: client, Dst: server, Proto: 89}, build.Payload("12345"))},
		{"arp", "none", build.Packet(eth, build.ARP{SenderIP: client, TargetIP: server})},
		{"no network", "none", build.Packet(build.Ethernet{Type: packet.TypeLLDP})},
	} {
		if got := flow(decode(packet.LinkEthernet, tc.data)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// The packet that an ICMP error is about, cut as RFC 792 allows.
func TestQuoted(t *testing.T) {
	quote := build.Packet(ip4, syn)[:28]
	p := decode(packet.LinkEthernet, build.Packet(eth, build.IPv4{Src: node2, Dst: client}, build.ICMPv4{Type: 3, Code: 1}, build.Payload(quote)))
	var q packet.Packet
	if !p.Quoted(&q) || flow(&q) != "10.244.1.7:41822 -> 10.244.2.3:80" || q.Stop() != packet.StopCut {
		t.Errorf("quote %q, %v", flow(&q), q.Stop())
	}
	p = decode(packet.LinkEthernet, build.Packet(eth, ip6, build.ICMPv6{Type: 2, Seq: 1280}, ip6, syn))
	if !p.Quoted(&q) || flow(&q) != "[fd00:244:1::7]:41822 -> [fd00:244:2::3]:80" {
		t.Errorf("quote %q, %v", flow(&q), q.Stop())
	}
	for name, l := range map[string][]build.Layer{
		"echo":       {eth, ip4, build.ICMPv4{Type: 8}, ip4, syn},
		"no quote":   {eth, ip4, build.ICMPv4{Type: 3}},
		"no network": {build.Ethernet{Type: packet.TypeLLDP}},
	} {
		if decode(packet.LinkEthernet, build.Packet(l...)).Quoted(&q) {
			t.Errorf("%s: quotes %s", name, kinds(&q))
		}
	}
}
