package correlate

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

func tcp(src, dst netip.Addr, from, to uint16, flags packet.TCPFlags, seq, ack uint32, ttl uint8, id uint16) []build.Layer {
	return []build.Layer{
		build.IPv4{Src: src, Dst: dst, ID: id, TTL: ttl, DF: true},
		build.TCP{SrcPort: from, DstPort: to, Flags: flags, Seq: seq, Ack: ack, Options: build.Options(build.MSS(1410), build.SACKOK(), build.Timestamps(1, 0), build.NOP(), build.WScale(7))},
	}
}

// A service: DNAT by a rule that nft tells of late, and the answer, whose
// translation back no rule shows. samples/kernel/tp_case_dnat_ok.txt and
// nft_trace_netlink.txt have the events.
func TestService(t *testing.T) {
	syn := tcp(client, service, 41822, 80, packet.SYN, 1000, 0, 64, 77)
	dnat := tcp(client, server, 41822, 8080, packet.SYN, 1000, 0, 63, 77)
	synack := tcp(server, client, 8080, 41822, packet.SYN|packet.ACK, 5000, 1001, 64, 0)
	undone := tcp(service, client, 80, 41822, packet.SYN|packet.ACK, 5000, 1001, 63, 0)
	toPod := build.Ethernet{Src: macGate, Dst: macPod}
	all := see(
		queue(10, pod1, 5, packetOf(inPod, syn...)...),
		receive(12, host1, 5, packetOf(inPod, syn...)...),
		queue(40, hostB, 5, packetOf(inPod, dnat...)...).with(lookup(20, host1, 5, "10.244.2.3", "veth7")),
		receive(42, podB, 5, packetOf(inPod, dnat...)...),
		queue(60, podB, 6, packetOf(inPod, synack...)...),
		traced(3000, host1, "PREROUTING", "nat", "dnat", syn...),
		receive(62, hostB, 6, packetOf(inPod, synack...)...),
		traced(3001, host1, "PREROUTING", "raw", "accept", syn...),
		queue(70, host1, 6, packetOf(toPod, undone...)...),
		traced(3100, host1, "FORWARD", "filter", "accept", dnat...),
		traced(3150, hostB, "POSTROUTING", "mangle", "accept", dnat...),
		receive(75, pod1, 6, packetOf(toPod, undone...)...),
		traced(3200, hostB, "FORWARD", "filter", "accept", undone...),
		final(45, trail.StageConsume, podB, 5, dnat...),
	)
	tells(t, all, `
1 TCP SYN, seq 1000, 0 bytes ended
node1/pod1/eth0 queue
node1/veth1 receive
node1/veth1 rules PREROUTING raw
node1/veth1 rules PREROUTING nat: DNAT 10.96.68.194:80 -> 10.244.2.3:8080
node1/veth1 route dev veth7
node1/veth1 rules FORWARD filter: TTL 64 -> 63
node1/veth7 rules POSTROUTING mangle
node1/veth7 queue
node1/podb/eth0 receive
node1/podb/eth0 consume
`, `
2 TCP SYN-ACK, seq 5000, 0 bytes answers 1
node1/podb/eth0 queue
node1/veth7 receive
node1/veth7 rules FORWARD filter: SNAT 10.244.2.3:8080 -> 10.96.68.194:80; TTL 64 -> 63
node1/veth1 queue: MAC -> 02:00:00:00:00:01
node1/pod1/eth0 receive
`)
}

// Masquerade, the answer to it, and a reset; and a pod that reaches itself by
// its service: the same bridge port in and out.
func TestMasqueradeAndHairpin(t *testing.T) {
	out := tcp(client, server, 40000, 443, packet.SYN, 1, 0, 64, 9)
	masq := tcp(node1, server, 1025, 443, packet.SYN, 1, 0, 63, 9)
	rst := tcp(server, node1, 443, 1025, packet.RST|packet.ACK, 0, 2, 60, 0)
	back := tcp(server, client, 443, 40000, packet.RST|packet.ACK, 0, 2, 59, 0)
	all := see(
		queue(0, pod1, 1, packetOf(inPod, out...)...),
		receive(1, host1, 1, packetOf(inPod, out...)...),
		queue(9, up1, 1, packetOf(onWire, masq...)...),
		traced(900, up1, "POSTROUTING", "nat", "masquerade", out...),
		receive(2000, up1, 2, packetOf(onWire, rst...)...),
		queue(2009, host1, 2, packetOf(inPod, back...)...),
	)
	tells(t, all, `
1 TCP SYN, seq 1, 0 bytes
node1/pod1/eth0 queue
node1/veth1 receive
node1/eth0 rules POSTROUTING nat: SNAT 10.244.1.2:40000 -> 10.99.0.11:1025
node1/eth0 queue: TTL 64 -> 63; MAC -> 02:00:00:00:00:06
`, `
2 TCP RST-ACK, seq 0, 0 bytes answers 1
node1/eth0 receive
node1/veth1 queue: DNAT 10.99.0.11:1025 -> 10.244.1.2:40000; TTL 60 -> 59; MAC -> 02:00:00:00:00:02
`)

	self := tcp(client, service, 40000, 80, packet.SYN, 1, 0, 64, 9)
	turned := tcp(client, client, 40000, 8080, packet.SYN, 1, 0, 63, 9)
	hair := tcp(node1, client, 40000, 8080, packet.SYN, 1, 0, 63, 9)
	all = see(
		queue(0, pod1, 1, packetOf(inPod, self...)...),
		receive(1, host1, 1, packetOf(inPod, self...)...),
		queue(9, host1, 1, packetOf(inPod, hair...)...),
		receive(10, pod1, 1, packetOf(inPod, hair...)...),
		traced(500, bridge1, "PREROUTING", "nat", "dnat", self...),
		traced(501, bridge1, "POSTROUTING", "nat", "masquerade", turned...),
	)
	tells(t, all, `
1 TCP SYN, seq 1, 0 bytes
node1/pod1/eth0 queue
node1/veth1 receive
node1/cni0 rules PREROUTING nat: DNAT 10.96.68.194:80 -> 10.244.1.2:8080
node1/cni0 rules POSTROUTING nat: TTL 64 -> 63; SNAT 10.244.1.2:40000 -> 10.99.0.11:40000
node1/veth1 queue
node1/pod1/eth0 receive
`)
}

// With bridge netfilter PREROUTING comes before the bridge receives the
// packet, which shows it translated already: the rules saw it before.
func TestBridgeNetfilter(t *testing.T) {
	syn := tcp(client, service, 41822, 80, packet.SYN, 1000, 0, 64, 77)
	dnat := tcp(client, server, 41822, 8080, packet.SYN, 1000, 0, 64, 77)
	sent := tcp(client, server, 41822, 8080, packet.SYN, 1000, 0, 63, 77)
	masq := tcp(node1, server, 41822, 8080, packet.SYN, 1000, 0, 63, 77)
	want := `
1 TCP SYN, seq 1000, 0 bytes
node1/veth1 receive
%snode1/cni0 rules PREROUTING nat: DNAT 10.96.68.194:80 -> 10.244.2.3:8080
%snode1/veth1 route dev flannel.1
node1/cni0 receive
node1/cni0 rules FORWARD filter: TTL 64 -> 63
node1/flannel.1 rules POSTROUTING nat: SNAT 10.244.1.2:41822 -> 10.99.0.11:41822
node1/flannel.1 queue: MAC -> 02:00:00:00:00:04
`
	events := []event{
		receive(53, host1, 1, packetOf(inPod, syn...)...),
		receive(81, bridge1, 1, packetOf(inPod, dnat...)...).with(lookup(77, host1, 1, "10.244.2.3", "flannel.1")),
		queue(137, over1, 1, packetOf(inVXLAN, masq...)...),
		traced(500, bridge1, "PREROUTING", "nat", "dnat", syn...),
		traced(510, bridge1, "FORWARD", "filter", "accept", sent...),
		traced(520, over1, "POSTROUTING", "nat", "masquerade", sent...),
	}
	tells(t, see(events...), fmt.Sprintf(want, "", ""))
	// The same with brackets, by which the translation was seen in time.
	events = append(events,
		bracket(60, bridge1, 1, "PREROUTING", -300, syn...), bracket(61, bridge1, 1, "PREROUTING", -151, syn...),
		bracket(70, bridge1, 1, "PREROUTING", -99, dnat...), bracket(71, bridge1, 1, "PREROUTING", 1, dnat...))
	before := "node1/cni0 hook PREROUTING -300\nnode1/cni0 hook PREROUTING -151\n"
	after := "node1/cni0 hook PREROUTING -99\nnode1/cni0 hook PREROUTING 1\n"
	tells(t, see(events...), fmt.Sprintf(want, before, after))
}
