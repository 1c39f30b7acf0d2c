package correlate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

// Rules see the first 40 bytes of a packet in a tunnel: they find it by its
// outer header, also where they come first.
func TestRulesOfOuterHeader(t *testing.T) {
	wire := packetOf(onWire, join(outerIP(9), echo(63, 54853, 7, 1))...)
	events := []event{
		queue(85, over1, 5, packetOf(inVXLAN, echo(63, 54853, 7, 1)...)...),
		queue(102, up1, 5, wire...),
		receive(111, up2, 5, wire...),
		receive(132, over2, 5, packetOf(inVXLAN, echo(63, 54853, 7, 1)...)...),
		traced(300, over1, "POSTROUTING", "nat", "accept", echo(63, 54853, 7, 1)...),
		traced(310, up1, "OUTPUT", "filter", "accept", wire[1:]...),
		traced(320, up1, "POSTROUTING", "nat", "accept", wire[1:]...),
		traced(330, up2, "INPUT", "filter", "accept", wire[1:]...),
		traced(335, over2, "PREROUTING", "nat", "accept", echo(63, 54853, 7, 1)...),
	}
	want := `
1 ICMP echo request, id 7, seq 1
node1/flannel.1 rules POSTROUTING nat
node1/flannel.1 queue: MAC -> 02:00:00:00:00:04
node1/eth0 rules OUTPUT filter: VXLAN 1, 10.99.0.11:50000 -> 10.99.0.12:8472
node1/eth0 rules POSTROUTING nat
node1/eth0 queue: MAC -> 02:00:00:00:00:06
node2/eth0 receive
node2/eth0 rules INPUT filter
node2/flannel.1 receive: VXLAN 1 removed
node2/flannel.1 rules PREROUTING nat
`
	tells(t, see(events...), want)
	late := slices.Concat(events[4:], events[:4])
	tells(t, see(late...), want)
	// Another packet of the tunnel is not this one.
	stranger := traced(340, up1, "OUTPUT", "filter", "accept", join(outerIP(10), echo(63, 54854, 7, 1))...)
	tells(t, see(append(events, stranger)...), want, `
2 VXLAN 1 packet, 10.99.0.11:50000 -> 10.99.0.12:8472
node1/eth0 rules OUTPUT filter
`)
}

// A bridge floods: clones are other sk_buffs with the same bytes.
func TestFlood(t *testing.T) {
	arp := build.ARP{SenderIP: client, TargetIP: server}
	all := packet.MAC{255, 255, 255, 255, 255, 255}
	l := []build.Layer{build.Ethernet{Src: macPod, Dst: all}, arp}
	portC := trail.Point{Node: "node1", Interface: "veth8", Index: 8, Netns: 10}
	podC := trail.Point{Node: "node1", Target: "podc", Interface: "eth0", Netns: 13}
	tells(t, see(
		queue(0, pod1, 1, l...),
		receive(2, host1, 1, l...),
		queue(5, hostB, 2, l...),
		queue(6, portC, 3, l...),
		receive(7, bridge1, 1, l...),
		final(8, trail.StageConsume, bridge1, 1, l...),
		receive(9, podB, 2, l...),
		receive(10, podC, 3, l...),
		final(11, trail.StageDrop, podC, 3, l...),
	), `
1 ARP request ended
node1/pod1/eth0 queue
node1/veth1 receive
node1/veth7 queue copy 1
node1/veth8 queue copy 2
node1/cni0 receive
node1/cni0 consume
node1/podb/eth0 receive copy 1
node1/podc/eth0 receive copy 2
node1/podc/eth0 drop copy 2
`)
}

func big(n int) build.Payload { return build.Payload(strings.Repeat("0123456789abcdef", n/16)) }

// datagram3 is a whole datagram of 3200 bytes, and its three fragments behind a
// link header.
func datagram3() (whole []build.Layer, parts [3][]build.Layer) {
	ip := build.IPv4{Src: client, Dst: server, ID: 300}
	whole = []build.Layer{ip, build.UDP{SrcPort: 5000, DstPort: 6000}, big(3200)}
	raw := build.Packet(whole...)[20:]
	for i := range parts {
		f := ip
		f.Proto, f.Offset, f.MF = packet.ProtoUDP, i*1480, i < 2
		parts[i] = []build.Layer{onWire, f, build.Payload(raw[i*1480 : min(len(raw), (i+1)*1480)])}
	}
	return whole, parts
}

// fragmenting is what the sender's kernel tells of it.
func fragmenting(us int64, flight uint64) []event {
	whole, parts := datagram3()
	events := []event{
		bracket(us, up1, flight, "OUTPUT", -300, whole...),
		bracket(us+1, up1, flight, "POSTROUTING", 101, whole...),
	}
	for i := range parts {
		events = append(events, queue(us+3+int64(i), up1, flight+uint64(i), parts[i]...))
	}
	return events
}

// A datagram that is cut into fragments after POSTROUTING, and put together
// by connection tracking on the other node.
func TestFragments(t *testing.T) {
	whole, parts := datagram3()
	events := fragmenting(0, 1)
	other := on("boot2", 0,
		receive(20, up2, 7, parts[0]...),
		receive(21, up2, 8, parts[1]...),
		receive(22, up2, 9, parts[2]...),
		bracket(23, up2, 7, "PREROUTING", -300, whole...),
		final(30, trail.StageDeliver, up2, 7, whole...),
	)
	want := `
1 UDP, 3200 bytes ended
node1/eth0 hook OUTPUT -300
node1/eth0 hook POSTROUTING 101
node1/eth0 queue copy 1: fragment 1 of 3: bytes 0 to 1480; MAC -> 02:00:00:00:00:06
node1/eth0 queue copy 2: fragment 2 of 3: bytes 1480 to 2960; MAC -> 02:00:00:00:00:06
node1/eth0 queue copy 3: fragment 3 of 3: bytes 2960 to 3208; MAC -> 02:00:00:00:00:06
node2/eth0 receive copy 1
node2/eth0 receive copy 2
node2/eth0 receive copy 3
node2/eth0 hook PREROUTING -300: reassembled from 3
node2/eth0 deliver
`
	tells(t, see(append(events, other...)...), want)
	tells(t, see(append(slices.Clone(other), events...)...), want)
}

// Fragments alone, out of order, as packet sockets catch them.
func TestFragmentsCaptured(t *testing.T) {
	_, parts := datagram3()
	all := &Trails{}
	for i, n := range []int{1, 0, 2, 1, 0, 2} {
		s := step{at: []trail.Point{up1, up2}[i/3], dir: []trail.Direction{trail.Out, trail.In}[i/3], layers: parts[n]}
		all.Add(s.at, s.frame(start+int64(i)*1000))
	}
	tells(t, all, `
1 UDP, 3200 bytes
node1/eth0 capture copy 2: fragment 2 of 3: bytes 1480 to 2960
node1/eth0 capture copy 1: fragment 1 of 3: bytes 0 to 1480
node1/eth0 capture copy 3: fragment 3 of 3: bytes 2960 to 3208
node2/eth0 capture copy 2
node2/eth0 capture copy 1
node2/eth0 capture copy 3
`)
}

// Each fragment has an end of its own, and none is translated because it has
// no ports.
func TestFragmentsLost(t *testing.T) {
	whole, parts := datagram3()
	sent := func(except int) []event {
		var events []event
		for i := range parts {
			if i != except {
				events = append(events, queue(int64(10*i), pod1, uint64(i+1), parts[i]...), receive(int64(10*i+2), up2, uint64(i+1), parts[i]...))
			}
		}
		return events
	}
	tells(t, see(append(sent(-1), final(50, trail.StageDeliver, up2, 3, whole...))...), `
1 UDP, 3200 bytes ended
node1/pod1/eth0 queue copy 1: fragment 1 of 3: bytes 0 to 1480
node2/eth0 receive copy 1
node1/pod1/eth0 queue copy 2: fragment 2 of 3: bytes 1480 to 2960
node2/eth0 receive copy 2
node1/pod1/eth0 queue copy 3: fragment 3 of 3: bytes 2960 to 3208
node2/eth0 receive copy 3
node2/eth0 deliver: reassembled from 3
`)
	tells(t, see(append(sent(-1), final(13, trail.StageDrop, up2, 2, parts[1]...))...), `
1 UDP, 3200 bytes
node1/pod1/eth0 queue copy 1: fragment 1 of 3: bytes 0 to 1480
node2/eth0 receive copy 1
node1/pod1/eth0 queue copy 2: fragment 2 of 3: bytes 1480 to 2960
node2/eth0 receive copy 2
node2/eth0 drop copy 2
node1/pod1/eth0 queue copy 3: fragment 3 of 3: bytes 2960 to 3208
node2/eth0 receive copy 3
`)
	// Fragments that were never seen.
	tells(t, see(sent(1)...), `
1 UDP, 3200 bytes
node1/pod1/eth0 queue copy 1: fragment 1: bytes 0 to 1480
node2/eth0 receive copy 1
node1/pod1/eth0 queue copy 2: fragment: bytes 2960 to 3208, the last
node2/eth0 receive copy 2
`)
	tells(t, see(sent(2)...), `
1 UDP, 3200 bytes
node1/pod1/eth0 queue copy 1: fragment 1: bytes 0 to 1480
node2/eth0 receive copy 1
node1/pod1/eth0 queue copy 2: fragment 2: bytes 1480 to 2960
node2/eth0 receive copy 2
`)
	tells(t, see(sent(-1)[4:]...), `
1 udp
node1/pod1/eth0 queue copy 1: fragment: bytes 2960 to 3208, the last
node2/eth0 receive copy 1
`)
}

// Connection tracking puts a datagram together, and it is cut again behind
// that: when the whole is freed its fragments are still on their way.
func TestFragmentsTwice(t *testing.T) {
	whole, parts := datagram3()
	var events []event
	for i := range parts {
		events = append(events, queue(int64(i), pod1, uint64(i+1), parts[i]...))
	}
	events = append(events, bracket(10, bridge1, 4, "FORWARD", -150, whole...))
	for i := range parts {
		events = append(events, queue(20+int64(i), up1, uint64(i+5), parts[i]...))
	}
	events = append(events, final(30, trail.StageConsume, up1, 4, whole...))
	tells(t, see(events...), `
1 UDP, 3200 bytes
node1/pod1/eth0 queue copy 1: fragment 1 of 3: bytes 0 to 1480
node1/pod1/eth0 queue copy 2: fragment 2 of 3: bytes 1480 to 2960
node1/pod1/eth0 queue copy 3: fragment 3 of 3: bytes 2960 to 3208
node1/cni0 hook FORWARD -150: reassembled from 3
node1/eth0 queue copy 1: fragment 1 of 3: bytes 0 to 1480
node1/eth0 queue copy 2: fragment 2 of 3: bytes 1480 to 2960
node1/eth0 queue copy 3: fragment 3 of 3: bytes 2960 to 3208
node1/eth0 consume
`)
}

// The same identification for another datagram: each fragment passes once.
func TestIdentificationUsedAgain(t *testing.T) {
	got := see(append(fragmenting(0, 1), fragmenting(100_000, 101)...)...).All()
	if len(got) != 2 || len(got[0].Observations) != 5 {
		t.Errorf("%d trails of two datagrams", len(got))
	}
}

// IPv6 gives fragments an identification that the whole has not.
func TestFragments6(t *testing.T) {
	ip := build.IPv6{Src: client6, Dst: server6}
	whole := []build.Layer{ip, build.UDP{SrcPort: 5000, DstPort: 6000}, big(3200)}
	raw := build.Packet(whole...)[40:]
	f1 := []build.Layer{onWire, ip, build.Fragment{ID: 99, More: true, NextHeader: packet.ProtoUDP}, build.Payload(raw[:1448])}
	f2 := []build.Layer{onWire, ip, build.Fragment{ID: 99, Offset: 1448, NextHeader: packet.ProtoUDP}, build.Payload(raw[1448:])}
	events := []event{
		bracket(0, up1, 1, "OUTPUT", -300, whole...),
		queue(3, up1, 2, f1...),
		queue(4, up1, 3, f2...),
	}
	events = append(events, on("boot2", 0, receive(20, up2, 7, f1...), receive(21, up2, 8, f2...), bracket(23, up2, 7, "PREROUTING", -300, whole...))...)
	tells(t, see(events...), `
1 UDP, 3200 bytes
node1/eth0 hook OUTPUT -300
node1/eth0 queue copy 1: fragment 1 of 2: bytes 0 to 1448; MAC -> 02:00:00:00:00:06
node1/eth0 queue copy 2: fragment 2 of 2: bytes 1448 to 3208; MAC -> 02:00:00:00:00:06
node2/eth0 receive copy 1
node2/eth0 receive copy 2
node2/eth0 hook PREROUTING -300: reassembled from 2
`)
}

func segment(seq uint32, n int, id uint16) []build.Layer {
	return []build.Layer{
		build.IPv4{Src: client, Dst: server, ID: id, DF: true},
		build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.ACK, Seq: seq, Ack: 1},
		big(n),
	}
}

// A large packet of TCP is cut into segments by the kernel, and merged again
// by the receiver's.
func TestSegments(t *testing.T) {
	const n, size = 45, 1440
	super := segment(1000, n*size, 5)
	send := queue(0, pod1, 1, packetOf(inPod, super...)...)
	send.merged = n
	events := []event{send}
	for i := range n {
		l := segment(1000+uint32(i*size), size, uint16(5+i))
		events = append(events, queue(int64(10+i), up1, uint64(10+i), packetOf(onWire, l...)...))
	}
	for i := range 3 {
		e := receive(int64(100+i), up2, uint64(900+i), packetOf(onWire, segment(1000+uint32(i*15*size), 15*size, uint16(5+i*15))...)...)
		e.merged = 15
		events = append(events, on("boot2", 0, e)...)
	}
	all := see(events...).All()
	if len(all) != 1 || len(all[0].Observations) != 1+n+3 {
		t.Fatalf("%d trails, the first of %d sightings", len(all), len(all[0].Observations))
	}
	o := all[0].Observations
	for i, want := range map[int]string{0: "[] 0", 1: "[cut into 45 packets segment 0+1440 MAC -> 02:00:00:00:00:06] 1", 2: "[segment 1440+1440 MAC -> 02:00:00:00:00:06] 2"} {
		if s := fmt.Sprint(o[i].Changes, " ", o[i].Copy); s != want {
			t.Errorf("%d: %s", i, s)
		}
	}
	last := o[len(o)-3:]
	for i := range last {
		if last[i].Point.Node != "node2" {
			t.Errorf("%s", tell(all[0]))
		}
	}
	// Sent again, it is another packet.
	again := make([]event, 0, n)
	for i := range 3 {
		l := segment(1000+uint32(i*size), size, uint16(500+i))
		again = append(again, queue(int64(300_000+i), pod1, uint64(2000+i), packetOf(inPod, l...)...))
	}
	if n := len(see(append(events, again...)...).All()); n != 4 {
		t.Errorf("%d trails with three retransmissions", n)
	}
}

// Three packets of one sender, merged by the receiver.
func TestMerged(t *testing.T) {
	var events []event
	for i := range 3 {
		events = append(events, queue(int64(i), up1, uint64(10+i), packetOf(onWire, segment(1000+uint32(i*1440), 1440, uint16(5+i))...)...))
	}
	m := receive(50, up2, 90, packetOf(onWire, segment(1000, 3*1440, 5)...)...)
	m.merged = 3
	after := queue(55, host2, 90, packetOf(inPod, segment(1000, 3*1440, 5)...)...)
	after.merged = 3
	tells(t, see(append(events, on("boot2", 0, m, after)...)...), `
1 TCP ACK, seq 1000, 1440 bytes
node1/eth0 queue
node1/eth0 queue copy 1
node1/eth0 queue copy 2
node2/eth0 receive: merged from 3
node2/veth2 queue: MAC -> 02:00:00:00:00:02
`)
	// The same without a word of the kernel's.
	m.merged = 0
	if s := tell(see(append(events, on("boot2", 0, m)...)...).All()[0]); !strings.Contains(s, "merged from 3") {
		t.Errorf("%s", s)
	}
}
