package correlate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
	"github.com/pktrail/pktrail/internal/trail"
)

func datagramOf(payload string) []build.Layer {
	return []build.Layer{inPod, build.IPv4{Src: client, Dst: server, DF: true}, build.UDP{SrcPort: 999, DstPort: 4000}, build.Payload(payload)}
}

// A thousand datagrams in a second that are equal to the byte, some of which
// are lost: flights keep them apart on each kernel, and the time that the way
// takes, once known, between kernels, however far the clocks are apart.
func TestEqualDatagrams(t *testing.T) {
	for _, shift := range []int64{0, 400, -400} {
		var events []event
		l := datagramOf("again")
		for i := range int64(1000) {
			f := uint64(i + 1)
			events = append(events, queue(i*1000, pod1, f, l...), receive(i*1000+3, host1, f, l...))
			if i%7 == 3 { // lost on the wire
				events = append(events, queue(i*1000+10, up1, f, l...))
				continue
			}
			events = append(events, queue(i*1000+10, up1, f, l...))
			events = append(events, on("boot2", shift, receive(i*1000+200, up2, f+5000, l...), final(i*1000+220, trail.StageDeliver, pod2, f+5000, l...))...)
		}
		got := see(events...).All()
		if len(got) != 1000 {
			t.Fatalf("shift of %d us: %d trails", shift, len(got))
		}
		for _, tr := range got {
			var flights []uint64
			for _, o := range tr.Observations {
				flights = append(flights, o.Flight)
			}
			first := flights[0]
			lost := first%7 == 4
			if lost != (len(flights) == 3) || !lost && flights[len(flights)-1] != first+5000 {
				t.Fatalf("shift of %d us: flights %v", shift, flights)
			}
		}
	}
}

// The number of an sk_buff that turns up with another packet is no reason to
// glue the two together; nor is an address that was used again.
func TestFlightUsedAgain(t *testing.T) {
	one := packetOf(inPod, echo(64, 1, 7, 1)...)
	two := packetOf(inPod, echo(64, 2, 7, 2)...)
	got := see(
		queue(0, pod1, 5, one...), receive(2, host1, 5, one...),
		queue(100, pod1, 5, two...), receive(102, host1, 5, two...),
		queue(200, pod1, 6, one...), receive(202, host1, 6, one...), // the same bytes in another sk_buff
	).All()
	var lens []int
	for _, tr := range got {
		lens = append(lens, len(tr.Observations))
	}
	if !slices.Equal(lens, []int{2, 2, 2}) {
		t.Errorf("trails of %v sightings", lens)
	}
	// Two kernels give the same number to different packets.
	got = see(queue(0, pod1, 5, one...), on("boot2", 0, receive(10, pod2, 5, two...))[0]).All()
	if len(got) != 2 {
		t.Errorf("%d trails", len(got))
	}
}

// Routes that lead in a circle: the packet comes by with a lower TTL each time.
func TestCircle(t *testing.T) {
	all := &Trails{}
	for i := range 10 {
		s := step{at: up1, dir: trail.In, layers: packetOf(onWire, echo(uint8(60-2*i), 9, 7, 1)...)}
		all.Add(s.at, s.frame(start+int64(i)*20_000))
		s = step{at: up1, dir: trail.Out, layers: packetOf(onWire, echo(uint8(59-2*i), 9, 7, 1)...)}
		all.Add(s.at, s.frame(start+int64(i)*20_000+10_000))
	}
	if got := all.All(); len(got) != 1 || len(got[0].Observations) != 20 || got[0].Observations[19].Changes[0] != "TTL 42 -> 41" {
		t.Errorf("%d trails: %s", len(got), tell(got[0]))
	}
}

// A line of a log has no bytes, but what it prints makes a key.
func TestKeys(t *testing.T) {
	syn := tcp(client, server, 40000, 80, packet.SYN, 1000, 0, 64, 5)
	flow := packet.Flow{Proto: packet.ProtoTCP, Src: client, Dst: server, SrcPort: 40000, DstPort: 80}
	var p packet.Packet
	p.Decode(packet.LinkRaw, build.Packet(syn...))
	id, ok := p.Identity()
	if !ok {
		t.Fatal("no identity")
	}
	all := see(queue(0, pod1, 1, packetOf(inPod, syn...)...), receive(2, host1, 1, packetOf(inPod, syn...)...))
	line := trail.Observation{
		Time: start + 900_000, Late: true, Stage: trail.StageRules, Hook: &trail.Hook{Name: "FORWARD"},
		Rules: []trail.Rule{{Table: "filter", Chain: "FORWARD", Kind: trail.RulePolicy}}, Seen: trail.Headers{Flow: flow, TTL: 63},
	}
	all.See(&Sighting{Boot: "lab", At: host1, Key: id.Key, Seen: line})
	tells(t, all, `
1 TCP SYN, seq 1000, 0 bytes
node1/pod1/eth0 queue
node1/veth1 receive
node1/veth1 rules FORWARD filter: TTL 64 -> 63
`)
	all.See(&Sighting{At: host1, Seen: trail.Observation{Time: start}})
	if all.Others() != 1 {
		t.Errorf("%d others", all.Others())
	}
}

// A frame that was captured where the kernel probe saw the packet too stands
// beside that, whatever the two clocks say.
func TestCaptureBesideProbe(t *testing.T) {
	l := packetOf(inPod, echo(64, 1, 7, 1)...)
	capture := func(us int64, at trail.Point, dir trail.Direction) event {
		return event{us: us, at: at, dir: dir, layers: l}
	}
	tells(t, see(
		capture(3, pod1, trail.Out), capture(1, host1, trail.In),
		queue(4, pod1, 1, l...), receive(6, host1, 1, l...), queue(9, bridge1, 1, l...),
		capture(8, podB, trail.In),
	), `
1 ICMP echo request, id 7, seq 1
node1/pod1/eth0 queue
node1/pod1/eth0 capture
node1/veth1 receive
node1/veth1 capture
node1/podb/eth0 capture
node1/cni0 queue
`)
}

// Two conversations that say the same at the same time, with nothing that
// counts their packets: each sighting goes to its own.
func TestSameWords(t *testing.T) {
	say := func(src, dst string) []build.Layer {
		return []build.Layer{inPod, build.IPv4{Src: addr(src), Dst: addr(dst), DF: true}, build.UDP{SrcPort: 999, DstPort: 4000}, build.Payload("hello, world")}
	}
	a, b, c := say("10.244.1.2", "10.244.2.3"), say("10.244.1.9", "10.244.2.9"), say("10.244.1.2", "10.244.2.9")
	var all Trails
	at := []trail.Point{pod1, up1, up2}
	for i, p := range at {
		for j, l := range [][]build.Layer{a, b, c} {
			// The later one comes by first.
			s := step{at: p, dir: trail.Out, layers: l}
			all.Add(s.at, s.frame(start+int64(i)*10_000-int64(j*(i-1))*500))
		}
	}
	got := all.All()
	if len(got) != 3 {
		t.Fatalf("%d trails", len(got))
	}
	for _, tr := range got {
		for _, o := range tr.Observations {
			if o.Seen.Flow != tr.Flow {
				t.Errorf("%v and %v in one trail", tr.Flow, o.Seen.Flow)
			}
		}
	}
}

// Whatever comes, in whatever order, each sighting is in one trail, or counted.
func TestNothingGoesMissing(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		links := []packet.LinkType{packet.LinkEthernet, packet.LinkRaw}
		stages := []trail.Stage{"", trail.StageReceive, trail.StageQueue, trail.StageConsume, trail.StageRules, trail.StageRetransmit, "other"}
		closed, told := 0, 0
		count := func(tr trail.Trail) {
			closed += len(tr.Observations)
			for _, o := range tr.Observations {
				if o.Stage == "other" {
					told++
				}
			}
		}
		stream, kept := New(Options{Closed: count, MaxOpen: 200}), &Trails{}
		var frames [][]byte
		for range 100 {
			frames = append(frames, build.Packet(packettest.Random(r)...))
		}
		const sightings = 2000
		also, other := 0, 0
		for i := range sightings {
			data := frames[r.IntN(len(frames))]
			s := &Sighting{Boot: []string{"", "a", "b"}[r.IntN(3)], At: []trail.Point{pod1, up1, up2, pod2}[r.IntN(4)]}
			s.At.Link = links[r.IntN(2)]
			s.Frame = &trail.Frame{Time: start + int64(i)*100_000 - r.Int64N(1_000_000), Len: len(data), Data: data[:r.IntN(len(data)+1)]}
			s.Seen = trail.Observation{Stage: stages[r.IntN(len(stages))], Flight: uint64(r.IntN(300)), Late: r.IntN(5) == 0}
			if s.Seen.Stage == trail.StageRules {
				s.Seen.Hook = &trail.Hook{Name: []string{"INPUT", "OUTPUT", "strange"}[r.IntN(3)]}
			}
			if r.IntN(4) == 0 && s.Seen.Stage != trail.StageRetransmit {
				s.Also = []trail.Observation{{Time: s.Frame.Time, Stage: trail.StageRoute, Route: &trail.Route{Table: 254}}}
			}
			before := kept.Others()
			kept.See(s)
			stream.See(s)
			if kept.Others() == before {
				also += len(s.Also)
				if s.Seen.Stage == "other" {
					other++
				}
			}
		}
		stream.Flush()
		n := 0
		for _, tr := range kept.All() {
			n += len(tr.Observations)
		}
		if n+kept.Others() != sightings+also || closed+stream.Others() != sightings+also || told != other || kept.Forgotten() != 0 {
			t.Errorf("seed %d: %d sightings, %d in trails, %d handed out", seed, sightings+also, n, closed)
		}
	}
}
