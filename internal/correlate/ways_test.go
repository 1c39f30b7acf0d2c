package correlate

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

var key7 = uint32(7)

// ways are packets between pods, and what is told of each step.
func ways() map[string][]step {
	syn := build.TCP{SrcPort: 41822, DstPort: 80, Seq: 1000, Flags: packet.SYN}
	toService := []build.Layer{build.IPv4{Src: client, Dst: service, ID: 77, TTL: 64}, syn}
	dnat := syn
	dnat.DstPort = 8080
	toServer := []build.Layer{build.IPv4{Src: client, Dst: server, ID: 77, TTL: 63}, dnat}
	masq := dnat
	masq.SrcPort = 1025
	masqueraded := []build.Layer{build.IPv4{Src: node1, Dst: server, ID: 77, TTL: 63}, masq}
	outer := func(dst uint16) []build.Layer {
		return []build.Layer{onWire, build.IPv4{Src: node1, Dst: node2, ID: 9}, build.UDP{SrcPort: 50000, DstPort: dst}}
	}
	vxlan := func(inner ...build.Layer) []build.Layer {
		return join(outer(8472), []build.Layer{build.VXLAN{VNI: 1}, inVXLAN}, inner)
	}
	six := func(hops uint8, src netip.Addr, port uint16) []build.Layer {
		return []build.Layer{build.IPv6{Src: src, Dst: server6, HopLimit: hops}, build.UDP{SrcPort: port, DstPort: 53}, build.Payload("query")}
	}
	newMAC := "MAC -> " + inVXLAN.Dst.String()
	wireMAC := "MAC -> " + onWire.Dst.String()
	return map[string][]step{
		"vxlan": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: bridge1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: over1, dir: trail.Out, layers: packetOf(inVXLAN, echo(63, 1, 7, 1)...), changes: []string{"TTL 64 -> 63", newMAC}},
			{at: up1, dir: trail.Out, layers: vxlan(echo(63, 1, 7, 1)...), changes: []string{"VXLAN 1, 10.99.0.11:50000 -> 10.99.0.12:8472"}},
			{at: up2, dir: trail.In, layers: vxlan(echo(63, 1, 7, 1)...)},
			{at: over2, dir: trail.In, layers: packetOf(inVXLAN, echo(63, 1, 7, 1)...), changes: []string{"VXLAN 1 removed"}},
			{at: bridge2, dir: trail.Out, layers: packetOf(inPod, echo(62, 1, 7, 1)...), changes: []string{"TTL 63 -> 62", "MAC -> " + macGate.String()}},
			{at: host2, dir: trail.Out, layers: packetOf(inPod, echo(62, 1, 7, 1)...)},
			{at: pod2, dir: trail.In, layers: packetOf(inPod, echo(62, 1, 7, 1)...)},
		},
		"service": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, toService...)},
			{at: up1, dir: trail.Out, layers: packetOf(onWire, toServer...), changes: []string{"DNAT 10.96.68.194:80 -> 10.244.2.3:8080", "TTL 64 -> 63", wireMAC}},
		},
		"masquerade and service": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, toService...)},
			{at: up1, dir: trail.Out, layers: packetOf(onWire, masqueraded...), changes: []string{
				"SNAT 10.244.1.2:41822 -> 10.99.0.11:1025", "DNAT 10.96.68.194:80 -> 10.244.2.3:8080", "TTL 64 -> 63", wireMAC,
			}},
		},
		"echo id changed by masquerade": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 3)...)},
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 900, 3)...), changes: []string{"id 7 -> 900"}},
		},
		"six": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, six(64, client6, 5353)...)},
			{at: up1, dir: trail.Out, layers: packetOf(inPod, six(63, netip.MustParseAddr("fd00::1"), 999)...), changes: []string{"SNAT [fd00:244:1::2]:5353 -> [fd00::1]:999", "TTL 64 -> 63"}},
		},
		"ipip over a device without link header": {
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: tun1, dir: trail.Out, layers: echo(63, 1, 7, 1), changes: []string{"TTL 64 -> 63"}},
			{at: up1, dir: trail.Out, layers: join([]build.Layer{onWire, build.IPv4{Src: node1, Dst: node2}}, echo(63, 1, 7, 1)), changes: []string{"IPIP, 10.99.0.11 -> 10.99.0.12"}},
		},
		"gre with key": {
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: up1, dir: trail.Out, layers: join([]build.Layer{onWire, build.IPv4{Src: node1, Dst: node2}, build.GRE{Key: &key7}}, echo(64, 1, 7, 1)), changes: []string{"GRE 7, 10.99.0.11 -> 10.99.0.12"}},
			{at: up2, dir: trail.In, layers: join([]build.Layer{onWire, build.IPv4{Src: node1, Dst: node2}, build.GRE{}}, echo(64, 1, 7, 1)), changes: []string{"GRE 7 removed", "GRE, 10.99.0.11 -> 10.99.0.12"}},
		},
		"geneve": {
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: up1, dir: trail.Out, layers: join(outer(6081), []build.Layer{build.Geneve{VNI: 4, Options: make([]byte, 8)}, inVXLAN}, echo(64, 1, 7, 1)), changes: []string{"Geneve 4, 10.99.0.11:50000 -> 10.99.0.12:6081"}},
		},
		"vlan": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: host1, dir: trail.In, layers: join([]build.Layer{inPod, build.VLAN{ID: 100}}, echo(64, 1, 7, 1)), changes: []string{"VLAN 100"}},
			{at: bridge1, dir: trail.In, layers: join([]build.Layer{inPod, build.VLAN{TPID: packet.TypeQinQ, ID: 7}, build.VLAN{ID: 200}}, echo(64, 1, 7, 1)), changes: []string{"VLAN 100 -> 7.200"}},
			{at: up1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...), changes: []string{"VLAN 7.200 removed"}},
		},
		"between two pods of a node": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: hostB, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: podB, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
		},
		"back by the same bridge": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: bridge1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: bridge1, dir: trail.Out, layers: packetOf(inPod, echo(63, 1, 7, 1)...), changes: []string{"TTL 64 -> 63"}},
			{at: podB, dir: trail.In, layers: packetOf(inPod, echo(63, 1, 7, 1)...)},
		},
		"cut shorter at some points": {
			{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, 1, 7, 1)...), snap: 42},
			{at: host1, dir: trail.In, layers: packetOf(inPod, echo(64, 1, 7, 1)...)},
			{at: up1, dir: trail.Out, layers: vxlan(echo(64, 1, 7, 1)...), snap: 96, changes: []string{"VXLAN 1, 10.99.0.11:50000 -> 10.99.0.12:8472"}},
		},
	}
}
