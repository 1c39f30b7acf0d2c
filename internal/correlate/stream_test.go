package correlate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

// arrival is an event with the source that tells it.
type arrival struct {
	event
	source int
}

// traffic is n packets and their answers under way at once: pings through a
// tunnel between two machines and connections to a service on one.
func traffic(r *rand.Rand, n int, shift int64) []arrival {
	var all []arrival
	add := func(source int, events ...event) {
		for _, e := range events {
			all = append(all, arrival{e, source})
		}
	}
	for i := range n {
		us, f := 100_000+int64(i)*37, uint64(i*10+1)
		if i%2 == 0 {
			seq := uint16(i)
			ip, ip63 := echo(64, 100+seq, 7, seq), echo(63, 100+seq, 7, seq)
			wire := packetOf(onWire, join(outerIP(9+seq), ip63)...)
			add(0, on("boot1", us, queue(0, pod1, f, packetOf(inPod, ip...)...), receive(5, host1, f, packetOf(inPod, ip...)...),
				queue(20, over1, f, packetOf(inVXLAN, ip63...)...), queue(30, up1, f, wire...))...)
			add(1, on("boot2", us+shift, receive(50+int64(r.IntN(20)), up2, f, wire...), receive(80, over2, f, packetOf(inVXLAN, ip63...)...),
				receive(110, pod2, f, packetOf(inPod, ip63...)...))...)
			add(2, on("boot1", us, traced(200+int64(r.IntN(20_000)), up1, "OUTPUT", "filter", "accept", wire[1:]...))...)
			add(3, on("boot2", us+shift, traced(400+int64(r.IntN(20_000)), up2, "INPUT", "filter", "accept", wire[1:]...))...)
			back := []build.Layer{build.IPv4{Src: server, Dst: client, ID: 900 + seq}, build.ICMPv4{ID: 7, Seq: seq}, build.Payload("x")}
			bw := packetOf(onWire, join(outerBack(9+seq), back)...)
			add(1, on("boot2", us+shift, queue(300, pod2, f+1, packetOf(inPod, back...)...), queue(320, up2, f+1, bw...))...)
			add(0, on("boot1", us, receive(340+int64(r.IntN(20)), up1, f+2, bw...), final(380, trail.StageDeliver, pod1, f+2, back...))...)
			continue
		}
		port := uint16(30000 + i)
		syn, dnat := tcp(client, service, port, 80, packet.SYN, 1000, 0, 64, uint16(i)), tcp(client, server, port, 8080, packet.SYN, 1000, 0, 63, uint16(i))
		add(0, on("boot1", us, queue(0, pod1, f, packetOf(inPod, syn...)...), receive(2, host1, f, packetOf(inPod, syn...)...),
			queue(20, hostB, f, packetOf(inPod, dnat...)...), final(25, trail.StageConsume, podB, f, dnat...))...)
		add(2, on("boot1", us, traced(500+int64(r.IntN(20_000)), host1, "PREROUTING", "nat", "dnat", syn...),
			traced(600+int64(r.IntN(20_000)), host1, "FORWARD", "filter", "accept", dnat...))...)
		e := queue(3, host1, 0, packetOf(inPod, syn...)...)
		e.stage, e.dir = "", trail.In
		add(4, on("boot1", us, e)...)
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.us, b.us) })
	return all
}

// shuffle lets each source be late by as much as it may, and no source be out
// of its own order.
func shuffle(r *rand.Rand, all []arrival) []arrival {
	var delay [5]int64
	for i := range delay {
		delay[i] = r.Int64N(40_000)
	}
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b arrival) int { return cmp.Compare(a.us+delay[a.source], b.us+delay[b.source]) })
	return out
}

// However the sources are interleaved, the trails are the same.
func TestShuffled(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		all := traffic(r, 40, []int64{0, 400, -400, 70}[seed%4])
		run := func(order []arrival) (kept, streamed []string) {
			k := New(Options{Reference: "node1"})
			s := New(Options{Reference: "node1", Closed: func(tr trail.Trail) {
				_, rest, _ := strings.Cut(tell(tr), " ")
				rest = strings.Replace(rest, fmt.Sprintf(" answers %d", tr.AnswerTo), " answers", 1)
				streamed = append(streamed, rest)
			}})
			for _, a := range order {
				k.See(a.sighting())
				s.See(a.sighting())
			}
			s.Flush()
			for tr := range k.Each() {
				kept = append(kept, tell(tr))
			}
			slices.Sort(streamed)
			return kept, streamed
		}
		kept, streamed := run(all)
		if len(kept) != 60 || len(streamed) != 60 {
			t.Fatalf("seed %d: %d and %d trails", seed, len(kept), len(streamed))
		}
		for range 5 {
			k, s := run(shuffle(r, all))
			if d := gocmp.Diff(kept, k); d != "" {
				t.Fatalf("seed %d (-in order +shuffled):\n%s", seed, d)
			}
			if d := gocmp.Diff(streamed, s); d != "" {
				t.Fatalf("seed %d, streamed (-in order +shuffled):\n%s", seed, d)
			}
		}
	}
}

// A trail is handed out when it is over: soon after its end, late when nothing
// is heard of it any more, or when there are too many.
func TestClosed(t *testing.T) {
	var got []string
	all := New(Options{MaxOpen: 3, Closed: func(tr trail.Trail) {
		got = append(got, fmt.Sprintf("%d of %d, ended %v", tr.Number, len(tr.Observations), tr.Ended))
	}})
	says := func(want ...string) {
		t.Helper()
		if d := gocmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		got = nil
	}
	ping := func(us int64, seq uint16) event {
		return queue(us, pod1, uint64(seq), packetOf(inPod, echo(64, seq, 7, seq)...)...)
	}
	all.See(ping(0, 1).sighting())
	all.See(final(10, trail.StageDrop, host1, 1, echo(64, 1, 7, 1)...).sighting())
	all.See(traced(99_000, host1, "FORWARD", "filter", "drop", echo(64, 1, 7, 1)...).sighting())
	all.See(ping(100_020, 2).sighting())
	says()
	all.See(ping(200_000, 3).sighting())
	says("1 of 3, ended true")
	all.Advance(start + (4 * time.Second).Nanoseconds())
	says()
	all.See(ping(5_100_021, 4).sighting())
	says("2 of 1, ended true")
	all.See(ping(5_100_030, 5).sighting())
	all.See(ping(5_100_040, 6).sighting())
	says("3 of 1, ended false")
	if all.Forgotten() != 1 {
		t.Errorf("%d forgotten", all.Forgotten())
	}
	all.Advance(start + (20 * time.Second).Nanoseconds())
	says("4 of 1, ended true", "5 of 1, ended true", "6 of 1, ended true")
	all.See(ping(20_000_000, 7).sighting())
	all.Flush()
	says("7 of 1, ended false")
	all.Flush()
	says()
	if n := len(all.All()); n != 0 {
		t.Errorf("%d trails kept", n)
	}
}

// Nothing of a trail that was handed out stays in the books.
func TestBooksAreEmpty(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	all := New(Options{Closed: func(trail.Trail) {}})
	for _, a := range traffic(r, 200, 100) {
		all.See(a.sighting())
	}
	for _, events := range [][]event{floodOfPieces()} {
		for _, e := range events {
			all.See(e.sighting())
		}
	}
	all.Flush()
	if n := len(all.flights) + len(all.kin) + len(all.outer) + len(all.strangers) + len(all.datagrams) + len(all.streams) + all.open.n + all.ending.n + all.held; n != 0 {
		t.Errorf("flights %d, keys %d, outer headers %d, datagrams %d, streams %d, open %d, ending %d, sightings %d",
			len(all.flights), len(all.kin), len(all.outer), len(all.datagrams), len(all.streams), all.open.n, all.ending.n, all.held)
	}
}

// Not only packets are bounded, but their sightings, and the points that they
// were seen at.
func TestBounds(t *testing.T) {
	closed := 0
	all := New(Options{MaxOpen: 10, Closed: func(tr trail.Trail) { closed += len(tr.Observations) }})
	const packets, each = 40, 200
	for i := range packets {
		e := queue(int64(i), pod1, 0, packetOf(inPod, echo(64, uint16(i), 7, uint16(i))...)...)
		for n := range each {
			e.at.Interface = fmt.Sprint("veth", n)
			all.See(e.sighting())
			if all.held > 11*usualSights {
				t.Fatalf("%d sightings are held", all.held)
			}
		}
	}
	if all.open.n > 3 || all.Forgotten() < packets-3 {
		t.Errorf("%d packets of %d sightings are open, %d forgotten", all.open.n, each, all.Forgotten())
	}
	l := packetOf(inPod, echo(64, 999, 7, 999)...)
	for n := range maxPoints + 10 {
		e := queue(1000+int64(n), pod1, 0, l...)
		e.at.Netns = uint64(n)
		all.See(e.sighting())
		if len(all.points) > maxPoints || len(all.number) > maxPoints {
			t.Fatalf("%d points", len(all.points))
		}
	}
	all.Flush()
	if want := packets*each + maxPoints + 10; closed != want || all.held != 0 {
		t.Errorf("%d of %d sightings handed out, %d held", closed, want, all.held)
	}
}

// floodOfPieces is segments, merged packets and fragments.
func floodOfPieces() []event {
	var events []event
	for i := range 3 {
		events = append(events, queue(int64(1_000_000+i), up1, uint64(10_000+i), packetOf(onWire, segment(1000+uint32(i*1440), 1440, uint16(5+i))...)...))
	}
	m := receive(1_000_050, up1, 10_090, packetOf(onWire, segment(1000, 3*1440, 5)...)...)
	ip := build.IPv4{Src: client, Dst: server, ID: 300, MF: true, Proto: packet.ProtoUDP}
	last := ip
	last.MF, last.Offset = false, 1480
	return append(events, m,
		queue(1_000_060, up1, 20_000, onWire, ip, big(1472), build.Payload("12345678")),
		queue(1_000_061, up1, 20_001, onWire, last, big(320)),
	)
}
