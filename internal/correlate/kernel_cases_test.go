package correlate

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

var (
	wire1 = trail.Point{Node: "root", Interface: "v-node1", Index: 20, Netns: 1, Link: packet.LinkEthernet}
	wire2 = trail.Point{Node: "root", Interface: "v-node2", Index: 21, Netns: 1, Link: packet.LinkEthernet}
)

func outerIP(id uint16) []build.Layer {
	return []build.Layer{build.IPv4{Src: node1, Dst: node2, ID: id}, build.UDP{SrcPort: 50000, DstPort: 8472, NoChecksum: true}, build.VXLAN{VNI: 1}, inVXLAN}
}

func outerBack(id uint16) []build.Layer {
	return []build.Layer{build.IPv4{Src: node2, Dst: node1, ID: id}, build.UDP{SrcPort: 50001, DstPort: 8472, NoChecksum: true}, build.VXLAN{VNI: 1}, inVXLAN}
}

// sender is the first half of the way of probes/tracepoints/sample-output.txt.
func sender(flight uint64) []event {
	in := packetOf(inPod, echo(64, 54853, 7, 1)...)
	ip := echo(64, 54853, 7, 1)
	ip63 := echo(63, 54853, 7, 1)
	out := join(outerIP(9), ip63)
	return []event{
		final(38, trail.StageConsume, pod1, flight+1000, in...), // a packet socket's clone
		queue(40, pod1, flight, in...).with(lookup(0, pod1, flight, "10.244.2.3", "eth0")),
		receive(45, host1, flight, in...),
		bracket(51, bridge1, flight, "PREROUTING", -300, ip...),
		bracket(58, bridge1, flight, "PREROUTING", -99, ip...),
		receive(61, bridge1, flight, in...),
		bracket(71, bridge1, flight, "FORWARD", -150, ip63...).with(lookup(67, bridge1, flight, "10.244.2.3", "flannel.1")),
		bracket(83, over1, flight, "POSTROUTING", 101, ip63...),
		queue(85, over1, flight, packetOf(inVXLAN, ip63...)...),
		bracket(92, up1, flight, "OUTPUT", -300, out...),
		bracket(98, up1, flight, "POSTROUTING", 101, out...),
		queue(102, up1, flight, packetOf(onWire, out...)...),
	}
}

// receiver is the second half.
func receiver(flight uint64) []event {
	ip63 := echo(63, 54853, 7, 1)
	in := packetOf(inVXLAN, ip63...)
	out := join(outerIP(9), ip63)
	ip62 := echo(62, 54853, 7, 1)
	return []event{
		receive(111, up2, flight, packetOf(onWire, out...)...),
		bracket(112, up2, flight, "PREROUTING", -300, out...),
		bracket(121, up2, flight, "INPUT", -150, out...),
		receive(132, over2, flight, in...),
		bracket(136, over2, flight, "PREROUTING", -99, ip63...),
		bracket(139, over2, flight, "FORWARD", -150, ip62...).with(lookup(138, over2, flight, "10.244.2.3", "cni0")),
		queue(148, bridge2, flight, packetOf(inPod, ip62...)...),
		receive(160, pod2, flight, packetOf(inPod, ip62...)...),
		final(170, trail.StageConsume, pod2, flight, ip62...),
	}
}

const senderTold = `
node1/pod1/eth0 route dev eth0
node1/pod1/eth0 consume copy 1
node1/pod1/eth0 queue
node1/veth1 receive
node1/cni0 hook PREROUTING -300
node1/cni0 hook PREROUTING -99
node1/cni0 receive
node1/cni0 route dev flannel.1
node1/cni0 hook FORWARD -150: TTL 64 -> 63
node1/flannel.1 hook POSTROUTING 101
node1/flannel.1 queue: MAC -> 02:00:00:00:00:04
node1/eth0 hook OUTPUT -300: VXLAN 1, 10.99.0.11:50000 -> 10.99.0.12:8472
node1/eth0 hook POSTROUTING 101
node1/eth0 queue: MAC -> 02:00:00:00:00:06
`

const receiverTold = `node2/eth0 receive
node2/eth0 hook PREROUTING -300
node2/eth0 hook INPUT -150
node2/flannel.1 receive: VXLAN 1 removed
node2/flannel.1 hook PREROUTING -99
node2/flannel.1 route dev cni0
node2/flannel.1 hook FORWARD -150: TTL 63 -> 62
node2/cni0 queue: MAC -> 02:00:00:00:00:02
node2/pod2/eth0 receive
node2/pod2/eth0 consume
`

// One sk_buff all the way, as in a lab.
func TestOneFlight(t *testing.T) {
	wire := packetOf(onWire, join(outerIP(9), echo(63, 54853, 7, 1))...)
	events := append(sender(5), receive(104, wire1, 5, wire...), queue(110, wire2, 5, wire...))
	all := see(append(events, receiver(5)...)...)
	tells(t, all, "1 ICMP echo request, id 7, seq 1 ended"+senderTold+"root/v-node1 receive\nroot/v-node2 queue\n"+receiverTold)
	if len(all.Offsets()) != 0 {
		t.Errorf("offsets on one kernel: %v", all.Offsets())
	}
}

// The same on two machines: other sk_buffs, other clocks, ours ahead or
// behind by more than the way takes, with answers to measure the clocks by.
func TestTwoMachines(t *testing.T) {
	for _, shift := range []int64{400, -400, 3_000_000} {
		forth := append(on("boot1", 0, sender(5)...), on("boot2", shift, receiver(9)...)...)
		back := answer()
		for i := range back {
			back[i].us += 1000
		}
		events := append(forth, on("boot2", shift, back[:2]...)...)
		events = append(events, on("boot1", 0, back[2:]...)...)
		all := see(events...)
		tells(t, all, "1 ICMP echo request, id 7, seq 1 ended"+senderTold+receiverTold, `
2 ICMP echo reply, id 7, seq 1 answers 1 ended
node2/pod2/eth0 queue
node2/eth0 queue: VXLAN 1, 10.99.0.12:50001 -> 10.99.0.11:8472
node1/eth0 receive
node1/pod1/eth0 receive: VXLAN 1 removed
node1/pod1/eth0 deliver
`)
		got := all.Offsets()["node2"]
		// 9 us there, 11 back.
		if len(all.Offsets()) != 1 || got != (Offset{Nanoseconds: shift*1000 - 1000, Error: 10_000, Samples: 2}) {
			t.Errorf("shift of %d us: %+v", shift, all.Offsets())
		}
		for tr := range all.Each() {
			o := tr.Observations
			if d := o[len(o)-1].Time - o[0].Time; d > 200_000 || d < 0 {
				t.Errorf("shift of %d us: a way of %d ns", shift, d)
			}
		}
	}
}

func answer() []event {
	ip := []build.Layer{build.IPv4{Src: server, Dst: client, ID: 77}, build.ICMPv4{ID: 7, Seq: 1}, build.Payload("some data of fifty-six bytes, as ping sends them: 0123456")}
	toPod := build.Ethernet{Src: macGate, Dst: macPod}
	wire := packetOf(build.Ethernet{Src: onWire.Dst, Dst: onWire.Src}, join(outerBack(10), ip)...)
	return []event{
		queue(0, pod2, 50, packetOf(inPod, ip...)...),
		queue(20, up2, 50, wire...),
		receive(31, up1, 60, wire...),
		receive(50, pod1, 60, packetOf(toPod, ip...)...),
		final(55, trail.StageDeliver, pod1, 60, ip...),
	}
}

// With packets in one direction only, no more is known than that none arrived
// before it left.
func TestOneWayClock(t *testing.T) {
	for shift, want := range map[int64]int64{400: 0, -400: 9000 - 400_000 - 1} {
		all := see(append(on("boot1", 0, sender(5)...), on("boot2", shift, receiver(9)...)...)...)
		tells(t, all, "1 ICMP echo request, id 7, seq 1 ended"+senderTold+receiverTold)
		if got := all.Offsets()["node2"]; got != (Offset{Nanoseconds: want, Samples: 1, Bound: true}) {
			t.Errorf("shift of %d us: %+v", shift, got)
		}
	}
}

// IPv6 that is sent on into a tunnel is copied to make room for the outer
// header, and the old sk_buff freed: the packet goes on in the new one. The
// probe of one kernel tells of both at once.
func TestCopiedForHeadroom(t *testing.T) {
	ping := func(hops uint8) []build.Layer {
		return []build.Layer{build.IPv6{Src: client6, Dst: server6, HopLimit: hops}, build.ICMPv6{Type: packet.ICMPv6Echo, ID: 7, Seq: 1}, build.Payload("x")}
	}
	wire := packetOf(onWire, join(outerIP(0), ping(63))...)
	events := []event{
		final(-1, trail.StageConsume, pod1, 90, packetOf(inPod, ping(64)...)...), // a packet socket's clone
		queue(0, pod1, 1, packetOf(inPod, ping(64)...)...),
		receive(20, host1, 1, packetOf(inPod, ping(64)...)...),
		final(45, trail.StageConsume, over1, 1, ping(63)...).with(lookup(41, over1, 1, "fd00:244:2::3", "flannel.1")),
		queue(47, over1, 2, packetOf(inVXLAN, ping(63)...)...),
		queue(60, up1, 2, wire...),
		receive(66, up2, 2, wire...),
		receive(80, over2, 2, packetOf(inVXLAN, ping(63)...)...),
		final(90, trail.StageConsume, over2, 2, ping(62)...),
		queue(91, bridge2, 3, packetOf(inPod, ping(62)...)...),
		receive(95, pod2, 3, packetOf(inPod, ping(62)...)...),
		final(99, trail.StageConsume, pod2, 3, ping(62)...),
	}
	tells(t, see(events...), `
1 ICMP echo request, id 7, seq 1 ended
node1/pod1/eth0 consume copy 1
node1/pod1/eth0 queue
node1/veth1 receive
node1/flannel.1 route dev flannel.1
node1/flannel.1 consume: TTL 64 -> 63
node1/flannel.1 queue: MAC -> 02:00:00:00:00:04
node1/eth0 queue: VXLAN 1, 10.99.0.11:50000 -> 10.99.0.12:8472
node2/eth0 receive
node2/flannel.1 receive: VXLAN 1 removed
node2/flannel.1 consume: TTL 63 -> 62
node2/cni0 queue: MAC -> 02:00:00:00:00:02
node2/pod2/eth0 receive
node2/pod2/eth0 consume
`)
}
