package correlate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

const start = 1_700_000_000_000_000_000

// add puts one way into t, 10 us from point to point, in the given order.
func add(t *Trails, from int64, way []step, order []int) {
	for _, i := range order {
		t.Add(way[i].at, way[i].frame(from+int64(i)*10_000))
	}
}

func forward(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// holds checks that a trail is the way, with its changes.
func holds(t *testing.T, got trail.Trail, way []step) {
	t.Helper()
	var want, have []string
	for i, s := range way {
		want = append(want, s.at.Path()+" "+s.dir.String())
		if i < len(got.Observations) {
			o := got.Observations[i]
			have = append(have, o.Point.Path()+" "+o.Dir.String())
			if d := cmp.Diff(s.changes, o.Changes); d != "" {
				t.Errorf("changes at %s (-want +got):\n%s", s.at.Path(), d)
			}
		}
	}
	if d := cmp.Diff(want, have); d != "" || len(got.Observations) != len(way) {
		t.Errorf("way of %q has %d sightings (-want +got):\n%s", got.Packet, len(got.Observations), d)
	}
}

// Each way is one trail, in its order, whatever the order of its frames in
// the file, and also where all of its points have the same time.
func TestWays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			orders := [][]int{forward(len(way)), forward(len(way)), r.Perm(len(way)), r.Perm(len(way))}
			slices.Reverse(orders[1])
			for _, order := range orders {
				var all Trails
				add(&all, start, way, order)
				got := all.All()
				if len(got) != 1 || all.Others() != 0 {
					t.Fatalf("order %v: %d trails and %d others", order, len(got), all.Others())
				}
				holds(t, got[0], way)
				holds(t, all.All()[0], way) // asking changes nothing
			}
		})
	}
}

// While any socket asks for timestamps, stacked devices see a packet at the
// same nanosecond: the place decides then.
func TestEqualTimes(t *testing.T) {
	for _, name := range []string{"vxlan", "between two pods of a node"} {
		way := ways()[name]
		for _, order := range [][]int{{3, 2, 1, 0}, {0, 1, 2, 3}, {2, 0, 3, 1}} {
			var all Trails
			for _, i := range order {
				all.Add(way[i].at, way[i].frame(start))
			}
			got := all.All()
			if len(got) != 1 {
				t.Fatalf("%d trails", len(got))
			}
			holds(t, got[0], way[:4])
		}
	}
	way := ways()["vxlan"]
	var all Trails
	for i := range way { // the receiving node, from the wire to the pod
		s := way[len(way)-1-i]
		all.Add(s.at, s.frame(start))
	}
	holds(t, all.All()[0], way)
}

// What must not become one packet.
func TestApart(t *testing.T) {
	six := func(payload string) []build.Layer {
		return []build.Layer{inPod, build.IPv6{Src: client6, Dst: server6}, build.UDP{SrcPort: 1, DstPort: 53}, build.Payload(payload)}
	}
	out := func(l ...build.Layer) step { return step{at: pod1, dir: trail.Out, layers: l} }
	in := func(l ...build.Layer) step { return step{at: host1, dir: trail.In, layers: l} }
	for name, c := range map[string]struct {
		steps []step
		every time.Duration
		want  []int // sightings of each trail
	}{
		"two pings of one seq and id": {
			[]step{
				out(packetOf(inPod, echo(64, 1, 7, 1)...)...), in(packetOf(inPod, echo(64, 1, 7, 1)...)...),
				out(packetOf(inPod, echo(64, 2, 7, 1)...)...), in(packetOf(inPod, echo(64, 2, 7, 1)...)...),
			}, time.Millisecond, []int{2, 2},
		},
		"repeated to the byte":         {[]step{out(six("a")...), in(six("a")...), out(six("a")...), in(six("a")...)}, time.Millisecond, []int{2, 2}},
		"repeated, the first was lost": {[]step{out(six("a")...), out(six("a")...), in(six("a")...)}, time.Second, []int{1, 2}},
		"under way together":           {[]step{out(six("a")...), out(six("a")...), in(six("a")...), in(six("a")...)}, time.Microsecond, []int{2, 2}},
		"same time, another payload":   {[]step{out(six("a")...), in(six("b")...)}, 0, []int{1, 1}},
		"after the window":             {[]step{out(six("a")...), in(six("a")...)}, Window + 1, []int{1, 1}},
		"within the window":            {[]step{out(six("a")...), in(six("a")...)}, Window, []int{2}},
		"request and reply": {
			[]step{
				out(packetOf(inPod, echo(64, 1, 7, 1)...)...),
				in(inPod, build.IPv4{Src: server, Dst: client, ID: 1}, build.ICMPv4{Type: packet.ICMPv4EchoReply, ID: 7, Seq: 1}, build.Payload("some data of fifty-six bytes, as ping sends them: 0123456")),
			}, time.Millisecond, []int{1, 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var all Trails
			for i, s := range c.steps {
				all.Add(s.at, s.frame(start+int64(i)*int64(c.every)))
			}
			var got []int
			for _, tr := range all.All() {
				got = append(got, len(tr.Observations))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("trails of %v sightings, want %v", got, c.want)
			}
		})
	}
}

// Repetitions that are under way together keep their order.
func TestOldestFirst(t *testing.T) {
	var all Trails
	s := step{layers: []build.Layer{inPod, build.IPv6{Src: client6, Dst: server6}, build.UDP{SrcPort: 1, DstPort: 53}, build.Payload("again")}}
	for i := range int64(5) {
		s.at, s.dir = pod1, trail.Out
		all.Add(s.at, s.frame(start+i*1000))
	}
	for i := range int64(5) {
		s.at, s.dir = pod2, trail.In
		all.Add(s.at, s.frame(start+10_000+i*1000))
	}
	got := all.All()
	if len(got) != 5 {
		t.Fatalf("%d trails", len(got))
	}
	for _, tr := range got {
		if d := tr.Observations[1].Time - tr.Observations[0].Time; d != 10_000 {
			t.Errorf("a way of %d ns", d)
		}
	}
}

// A sighting that was cut to its headers agrees with everything; the whole
// ones that came to it do not agree with each other.
func TestCutIsNoBridge(t *testing.T) {
	six := func(payload string) []build.Layer {
		return []build.Layer{inPod, build.IPv6{Src: client6, Dst: server6}, build.UDP{SrcPort: 1, DstPort: 53}, build.Payload(payload)}
	}
	var all Trails
	for i, s := range []step{
		{at: pod1, dir: trail.Out, layers: six("one"), snap: 62},
		{at: host1, dir: trail.In, layers: six("one")},
		{at: bridge1, dir: trail.In, layers: six("two")},
	} {
		all.Add(s.at, s.frame(start+int64(i)*1000))
	}
	if got := all.All(); len(got) != 2 || len(got[0].Observations) != 2 {
		t.Errorf("%d trails", len(got))
	}
}

func TestOthers(t *testing.T) {
	var all Trails
	all.Add(pod1, &trail.Frame{Time: start, Len: 60, Data: build.Packet(build.Ethernet{Type: 0x88cc}, build.Payload("lldp"))})
	all.Add(pod1, step{layers: packetOf(inPod, echo(64, 1, 7, 1)...), snap: 36}.frame(start))
	all.Add(pod1, &trail.Frame{Time: start})
	if len(all.All()) != 0 || all.Others() != 3 {
		t.Errorf("%d trails, %d others", len(all.All()), all.Others())
	}
	var none Trails
	if got := none.All(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Trails come in the order of their first sightings.
func TestOrder(t *testing.T) {
	var all Trails
	for _, seq := range []uint16{3, 1, 2} {
		s := step{at: pod1, dir: trail.Out, layers: packetOf(inPod, echo(64, seq, 7, seq)...)}
		all.Add(s.at, s.frame(start+int64(seq)*1000))
	}
	var got []string
	for _, tr := range all.All() {
		got = append(got, tr.Packet)
	}
	if want := []string{"ICMP echo request, id 7, seq 1", "ICMP echo request, id 7, seq 2", "ICMP echo request, id 7, seq 3"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestDescribe(t *testing.T) {
	v4 := build.IPv4{Src: client, Dst: server}
	v6 := build.IPv6{Src: client6, Dst: server6}
	for want, layers := range map[string][]build.Layer{
		"ICMP echo request, id 0, seq 5":    {inPod, v4, build.ICMPv4{Type: 8, Seq: 5}},
		"ICMP echo reply, id 0, seq 5":      {inPod, v6, build.ICMPv6{Type: 129, Seq: 5}},
		"ICMP type 3 code 1":                {inPod, v4, build.ICMPv4{Type: 3, Code: 1}, v4, build.UDP{}},
		"TCP without flags, seq 9, 3 bytes": {inPod, v4, build.TCP{Seq: 9}, build.Payload("abc")},
		"TCP SYN-ACK, seq 9, 0 bytes":       {inPod, v4, build.TCP{Seq: 9, Flags: packet.SYN | packet.ACK}},
		"UDP, 3 bytes":                      {inPod, v4, build.UDP{}, build.Payload("abc")},
		"sctp":                              {inPod, v4, build.SCTP{}, build.Chunk{Type: 1, Body: make([]byte, 8)}},
		"ARP request":                       {inPod, build.ARP{SenderIP: client, TargetIP: server}},
		"ARP reply":                         {inPod, build.ARP{Op: 2, SenderIP: client, TargetIP: server}},
		"ospf":                              {inPod, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoOSPF}, build.Payload("hello")},
		"udp":                               {inPod, build.IPv4{Src: client, Dst: server, Proto: packet.ProtoUDP, Offset: 1480}, build.Payload("the rest of it")},
	} {
		var all Trails
		s := step{at: pod1, layers: layers}
		all.Add(s.at, s.frame(start))
		if got := all.All(); len(got) != 1 || got[0].Packet != want {
			t.Errorf("%+v, want %q", got, want)
		}
	}
}

// A fragment behind the first has no ports, so none are told of it.
func TestFragmentChanges(t *testing.T) {
	h := build.IPv4{Src: client, Dst: server, ID: 3, Proto: packet.ProtoUDP, Offset: 1480}
	snat := h
	snat.Src = node1
	var all Trails
	for i, ip := range []build.IPv4{h, snat} {
		s := step{at: []trail.Point{pod1, up1}[i], dir: trail.Out, layers: []build.Layer{inPod, ip, build.Payload("the rest of it")}}
		all.Add(s.at, s.frame(start+int64(i)))
	}
	got := all.All()
	if len(got) != 1 || !slices.Equal(got[0].Observations[1].Changes, []string{"SNAT 10.244.1.2 -> 10.99.0.11"}) {
		t.Errorf("%+v", got)
	}
}
