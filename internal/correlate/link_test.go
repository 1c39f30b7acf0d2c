package correlate

import (
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

// A SYN that nobody answers goes out three times, with a new identification
// and a second later each; the fourth is answered.
func TestRetransmissions(t *testing.T) {
	var events []event
	for i := range 3 {
		l := packetOf(inPod, tcp(client, server, 40000, 80, packet.SYN, 1000, 0, 64, uint16(i))...)
		us := int64(i) * 1_000_000
		events = append(events, queue(us, pod1, uint64(i+1), l...))
		if i > 0 { // TCP says so behind the packet's back, by headers that it makes up
			made := build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.SYN, Seq: 1000}
			events = append(events, final(us+1, trail.StageRetransmit, pod1, 500, build.IPv4{Src: client, Dst: server}, made))
		}
		events = append(events, receive(us+2, host1, uint64(i+1), l...), final(us+3, trail.StageDrop, host1, uint64(i+1), l...))
	}
	back := packetOf(inPod, tcp(server, client, 80, 40000, packet.SYN|packet.ACK, 7, 1001, 64, 0)...)
	ack := []build.Layer{inPod, build.IPv4{Src: client, Dst: server, ID: 9}, build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.ACK, Seq: 1001, Ack: 8}}
	events = append(events, receive(3_000_000, pod1, 20, back...), queue(3_000_100, pod1, 21, ack...), queue(3_000_200, pod1, 22, ack...))
	tells(t, see(events...), `
1 TCP SYN, seq 1000, 0 bytes ended
node1/pod1/eth0 queue
node1/veth1 receive
node1/veth1 drop
`, `
2 TCP SYN, seq 1000, 0 bytes repeats 1 ended
node1/pod1/eth0 queue
node1/pod1/eth0 retransmit
node1/veth1 receive
node1/veth1 drop
`, `
3 TCP SYN, seq 1000, 0 bytes repeats 1 ended
node1/pod1/eth0 queue
node1/pod1/eth0 retransmit
node1/veth1 receive
node1/veth1 drop
`, `
4 TCP SYN-ACK, seq 7, 0 bytes answers 3
node1/pod1/eth0 receive
`, `
5 TCP ACK, seq 1001, 0 bytes answers 4
node1/pod1/eth0 queue
`, `
6 TCP ACK, seq 1001, 0 bytes answers 4
node1/pod1/eth0 queue
`)
}

// Who answers whom, by protocol.
func TestAnswers(t *testing.T) {
	udp := func(back bool, payload string) []build.Layer {
		if back {
			return []build.Layer{inPod, build.IPv4{Src: server, Dst: client, ID: 1}, build.UDP{SrcPort: 53, DstPort: 999}, build.Payload(payload)}
		}
		return []build.Layer{inPod, build.IPv4{Src: client, Dst: server, ID: 1}, build.UDP{SrcPort: 999, DstPort: 53}, build.Payload(payload)}
	}
	plain := func(back bool, payload string) []build.Layer {
		l := udp(back, payload)
		l[2] = build.UDP{SrcPort: 1000, DstPort: 4000}
		if back {
			l[2] = build.UDP{SrcPort: 4000, DstPort: 1000}
		}
		return l
	}
	ping := packetOf(inPod, echo(64, 1, 7, 1)...)
	pong := func(seq uint16) []build.Layer {
		return []build.Layer{inPod, build.IPv4{Src: server, Dst: client, ID: 1}, build.ICMPv4{ID: 7, Seq: seq}, build.Payload("x")}
	}
	syn := packetOf(inPod, tcp(client, server, 40000, 80, packet.SYN, 1000, 0, 63, 5)...)
	data := []build.Layer{inPod, build.IPv4{Src: client, Dst: server, ID: 9}, build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.ACK, Seq: 1001, Ack: 8}}
	router := build.IPv4{Src: node1, Dst: client, ID: 44}
	refused := func(l []build.Layer) []build.Layer {
		quoted := build.Payload(build.Packet(l[1:]...)[:28])
		return []build.Layer{inPod, router, build.ICMPv4{Type: packet.ICMPv4Unreachable, Code: 3}, quoted}
	}
	for name, c := range map[string]struct {
		packets [][]build.Layer
		want    []int
	}{
		"dns by identifier":    {[][]build.Layer{udp(false, "\x00\x01aaaa"), udp(false, "\x00\x02bbbb"), udp(true, "\x00\x01cccc"), udp(true, "\x00\x02dddd")}, []int{0, 0, 1, 2}},
		"datagrams":            {[][]build.Layer{plain(false, "1"), plain(true, "22"), plain(false, "333"), plain(true, "4444"), plain(true, "55555")}, []int{0, 1, 0, 3, 0}},
		"latest datagram":      {[][]build.Layer{plain(false, "1"), plain(false, "22"), plain(true, "333")}, []int{0, 0, 2}},
		"echo":                 {[][]build.Layer{ping, pong(2), pong(1)}, []int{0, 0, 1}},
		"echo refused":         {[][]build.Layer{ping, refused(ping)}, []int{0, 1}},
		"syn refused":          {[][]build.Layer{syn, data, refused(syn)}, []int{0, 0, 1}},
		"datagram refused":     {[][]build.Layer{udp(false, "\x00\x01aaaa"), refused(udp(false, "\x00\x01aaaa"))}, []int{0, 1}},
		"refusal of a strange": {[][]build.Layer{ping, refused(udp(false, "\x00\x01aaaa"))}, []int{0, 0}},
		"reset of a data":      {[][]build.Layer{data, packetOf(inPod, tcp(server, client, 80, 40000, packet.RST, 8, 0, 64, 0)...)}, []int{0, 1}},
		"a connection":         {conversation(), []int{0, 1, 2, 0, 4, 4, 0, 7, 8, 9}},
		"syn-ack of another":   {[][]build.Layer{syn, packetOf(inPod, tcp(server, client, 80, 40000, packet.SYN|packet.ACK, 7, 2001, 64, 0)...)}, []int{0, 0}},
	} {
		t.Run(name, func(t *testing.T) { answers(t, c.packets, c.want) })
	}
}

// answers checks who answers whom, for all in the end and one by one.
func answers(t *testing.T, packets [][]build.Layer, want []int) {
	t.Helper()
	var streamed []trail.Trail
	all, live := &Trails{}, New(Options{Closed: func(tr trail.Trail) { streamed = append(streamed, tr) }})
	for i, l := range packets {
		e := queue(int64(i)*1000, pod1, uint64(i+1), l...)
		all.See(e.sighting())
		live.See(e.sighting())
	}
	live.Flush()
	for way, got := range map[string][]trail.Trail{"all": all.All(), "closed": streamed} {
		if len(got) != len(want) {
			t.Fatalf("%s: %d trails", way, len(got))
		}
		for i := range got {
			if got[i].AnswerTo != want[i] || got[i].Number != i+1 {
				t.Errorf("%s: %d, %s, answers %d, want %d", way, got[i].Number, got[i].Packet, got[i].AnswerTo, want[i])
			}
		}
	}
}

// An ICMP error about a translated packet: what it quotes is as it was where
// it was refused, and after its own translation as it was sent.
func TestRefusedBehindNAT(t *testing.T) {
	sent := tcp(client, service, 41822, 80, packet.SYN, 1000, 0, 64, 77)
	dnat := tcp(client, server, 41822, 8080, packet.SYN, 1000, 0, 63, 77)
	refuse := func(l []build.Layer) []build.Layer {
		return []build.Layer{inPod, build.IPv4{Src: server, Dst: client, ID: 44}, build.ICMPv4{Type: packet.ICMPv4Unreachable, Code: 1}, build.Payload(build.Packet(l...)[:28])}
	}
	tells(t, see(
		queue(0, pod1, 1, packetOf(inPod, sent...)...),
		queue(10, hostB, 1, packetOf(inPod, dnat...)...),
		final(20, trail.StageDrop, podB, 1, dnat...),
		queue(25, podB, 2, refuse(dnat)...),
		queue(35, host1, 2, refuse(sent)...),
	), `
1 TCP SYN, seq 1000, 0 bytes ended
node1/pod1/eth0 queue
node1/veth7 queue: DNAT 10.96.68.194:80 -> 10.244.2.3:8080; TTL 64 -> 63
node1/podb/eth0 drop
`, `
2 ICMP type 3 code 1 answers 1
node1/podb/eth0 queue
node1/veth1 queue
`)
}

// Rules show 40 bytes of an ICMP error, which end within what it quotes.
func TestRulesOfRefusal(t *testing.T) {
	quoted := build.Payload(build.Packet(echo(60, 3, 7, 1)...)[:28])
	l := []build.Layer{build.IPv4{Src: node1, Dst: client, ID: 44}, build.ICMPv4{Type: packet.ICMPv4TimeExceeded}, quoted}
	events := []event{
		queue(0, pod1, 1, packetOf(inPod, echo(64, 3, 7, 1)...)...),
		queue(25, host1, 2, packetOf(inPod, l...)...),
		receive(26, pod1, 2, packetOf(inPod, l...)...),
		traced(300, host1, "OUTPUT", "filter", "accept", l...),
	}
	want := `
2 ICMP type 11 code 0 answers 1
node1/veth1 rules OUTPUT filter
node1/veth1 queue: MAC -> 02:00:00:00:00:02
node1/pod1/eth0 receive
`
	one := "1 ICMP echo request, id 7, seq 1\nnode1/pod1/eth0 queue\n"
	tells(t, see(events...), one, want)
	tells(t, see(events[3], events[0], events[1], events[2]), one, want)
	tells(t, see(events[0], events[3]), one, "2 ICMP type 11 code 0\nnode1/veth1 rules OUTPUT filter\n")
}

// conversation is SYN, SYN-ACK, ACK, a request, its acknowledgement, an answer
// in two packets, and both ends.
func conversation() [][]build.Layer {
	c := func(flags packet.TCPFlags, seq, ack uint32, n int) []build.Layer {
		return []build.Layer{inPod, build.IPv4{Src: client, Dst: server, ID: 9}, build.TCP{SrcPort: 40000, DstPort: 80, Flags: flags, Seq: seq, Ack: ack}, big(n)}
	}
	s := func(flags packet.TCPFlags, seq, ack uint32, n int) []build.Layer {
		return []build.Layer{inPod, build.IPv4{Src: server, Dst: client, ID: 9}, build.TCP{SrcPort: 80, DstPort: 40000, Flags: flags, Seq: seq, Ack: ack}, big(n)}
	}
	return [][]build.Layer{
		c(packet.SYN, 100, 0, 0), s(packet.SYN|packet.ACK, 500, 101, 0), c(packet.ACK, 101, 501, 0),
		c(packet.ACK, 101, 501, 64), s(packet.ACK, 501, 165, 0), s(packet.ACK, 501, 165, 160), s(packet.ACK, 661, 165, 160),
		c(packet.ACK|packet.FIN, 165, 821, 0), s(packet.ACK|packet.FIN, 821, 166, 0), c(packet.ACK, 166, 822, 0),
	}
}

// An echo over IPv6 has no identification and says the same: it is the answer,
// also where rules saw no more of the request than the tunnel's header.
func TestEchoOfDatagram6(t *testing.T) {
	forth := []build.Layer{build.IPv6{Src: client6, Dst: server6, HopLimit: 63}, build.UDP{SrcPort: 48781, DstPort: 53}, build.Payload("hello")}
	back := []build.Layer{build.IPv6{Src: server6, Dst: client6, HopLimit: 64}, build.UDP{SrcPort: 53, DstPort: 48781}, build.Payload("hello")}
	wire := packetOf(onWire, join(outerIP(0), forth)...)
	events := []event{
		queue(0, over1, 1, packetOf(inVXLAN, forth...)...),
		traced(5, up1, "OUTPUT", "filter", "accept", wire[1:]...),
		queue(10, up1, 1, wire...),
		receive(20, pod2, 1, packetOf(inPod, forth...)...),
		final(30, trail.StageDeliver, pod2, 1, forth...),
	}
	answers := func(flight uint64) []event {
		return []event{
			queue(100, pod2, flight, packetOf(inPod, back...)...),
			receive(120, pod1, flight, packetOf(inPod, back...)...),
		}
	}
	want := []string{`
1 UDP, 5 bytes ended
node1/flannel.1 queue
node1/eth0 rules OUTPUT filter: VXLAN 1, 10.99.0.11:50000 -> 10.99.0.12:8472
node1/eth0 queue: MAC -> 02:00:00:00:00:06
node2/pod2/eth0 receive: VXLAN 1 removed
node2/pod2/eth0 deliver
`, `
2 UDP, 5 bytes answers 1
node2/pod2/eth0 queue
node1/pod1/eth0 receive
`}
	tells(t, see(append(events, answers(2)...)...), slices.Clone(want)...)
	// Nor where the same sk_buff is sent back.
	tells(t, see(append(events, answers(1)...)...), slices.Clone(want)...)
}

// TCP's word that it sends once more is no packet: it is of the one that goes
// out then, or else of the last one, or of none.
func TestRetransmissionUnseen(t *testing.T) {
	syn := packetOf(inPod, tcp(client, server, 40000, 80, packet.SYN, 1000, 0, 64, 1)...)
	made := []build.Layer{build.IPv4{Src: client, Dst: server}, build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.ACK, Seq: 1000}}
	first := []event{
		queue(0, pod1, 1, syn...),
		receive(2, host1, 1, syn...),
		final(3, trail.StageDrop, host1, 1, syn...),
	}
	again := final(1_000_000, trail.StageRetransmit, pod1, 0, made...)
	want := `
1 TCP SYN, seq 1000, 0 bytes ended
node1/pod1/eth0 queue
node1/veth1 receive
node1/veth1 drop
node1/pod1/eth0 retransmit
`
	tells(t, see(append(slices.Clone(first), again)...), want)
	tells(t, see(append([]event{again}, first...)...), want)

	// Of a large packet the middle is sent again.
	large := queue(0, pod1, 1, packetOf(inPod, segment(1000, 4320, 5)...)...)
	made[1] = build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.ACK, Seq: 1000 + 1440}
	tells(t, see(large, final(300_000, trail.StageRetransmit, pod1, 0, made...)), `
1 TCP ACK, seq 1000, 4320 bytes
node1/pod1/eth0 queue
node1/pod1/eth0 retransmit
`)
	made[1] = build.TCP{SrcPort: 40000, DstPort: 80, Flags: packet.ACK, Seq: 1000 + 4320}
	tells(t, see(large, final(300_000, trail.StageRetransmit, pod1, 0, made...)), `
1 TCP ACK, seq 1000, 4320 bytes
node1/pod1/eth0 queue
`)

	alone := see(again)
	tells(t, alone)
	if alone.Others() != 1 {
		t.Errorf("%d others", alone.Others())
	}
	stream := New(Options{Closed: func(tr trail.Trail) { t.Errorf("%s", tell(tr)) }})
	stream.See(again.sighting())
	stream.Flush()
	if stream.Others() != 1 {
		t.Errorf("%d others", stream.Others())
	}
}

// A reset that a socket sends on its own is no refusal, and the word of it no
// packet: SO_LINGER 0, whose port is given back by then.
func TestOwnReset(t *testing.T) {
	made := func(port uint16) event {
		e := final(5, trail.StageRefuse, pod1, 0, build.IPv4{Src: client, Dst: server}, build.TCP{SrcPort: port, DstPort: 80, Flags: packet.RST})
		e.refusal = &trail.Refusal{Kind: "reset", Text: "connection reset"}
		return e
	}
	rst := packetOf(inPod, tcp(client, server, 40000, 80, packet.RST|packet.ACK, 1001, 8, 64, 2)...)
	syn := packetOf(inPod, tcp(server, client, 80, 40000, packet.SYN, 7, 0, 64, 3)...)
	refused := final(21, trail.StageRefuse, pod1, 9, syn[1:]...)
	refused.refusal = made(0).refusal
	all := see(queue(0, pod1, 1, rst...), made(0), made(40000), receive(20, pod1, 9, syn...), refused)
	tells(t, all, `
1 TCP RST-ACK, seq 1001, 0 bytes
node1/pod1/eth0 queue
`, `
2 TCP SYN, seq 7, 0 bytes
node1/pod1/eth0 receive
node1/pod1/eth0 refuse
`)
	if all.Others() != 2 {
		t.Errorf("%d others", all.Others())
	}
}
