package correlate

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// point is a sighting as `cilium monitor` tells it: without a time.
func point(node, word string, f packet.Flow, k packet.Key, ttl uint8) *Sighting {
	k.Version, k.Proto = 4, f.Proto
	return &Sighting{
		At: trail.Point{Node: node}, Key: k,
		Seen: trail.Observation{Stage: trail.StageDatapath, Datapath: &trail.Datapath{Point: word}, Seen: trail.Headers{Flow: f, TTL: ttl}},
	}
}

func tcpFlow(src, dst string) packet.Flow {
	a, b := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return packet.Flow{Proto: packet.ProtoTCP, Src: a.Addr(), Dst: b.Addr(), SrcPort: a.Port(), DstPort: b.Port()}
}

func gathered(o Options, all ...*Sighting) []trail.Trail {
	t := New(o)
	var out []trail.Trail
	if o.Closed != nil {
		t.o.Closed = func(x trail.Trail) { out = append(out, x) }
	}
	for _, s := range all {
		t.See(s)
	}
	t.Flush()
	return append(out, t.All()...)
}

var streamed = Options{Closed: func(trail.Trail) {}}

// Whichever node is read first: the way begins where the packet did not come
// from elsewhere, and visits follow as the TTL falls.
func TestPointsOrder(t *testing.T) {
	f, k := tcpFlow("10.0.0.1:4000", "10.0.2.2:80"), packet.Key{ID: 7, Type: uint8(packet.SYN), A: 9}
	a := []*Sighting{point("a", "from-endpoint", f, k, 64), point("a", "to-network", f, k, 63)}
	b := []*Sighting{point("b", "from-network", f, k, 62), point("b", "to-network", f, k, 61)}
	c := []*Sighting{point("c", "from-network", f, k, 60), point("c", "to-endpoint", f, k, 59)}
	for _, o := range []Options{{}, streamed} {
		for _, in := range [][][]*Sighting{{a, b, c}, {c, b, a}, {b, c, a}, {c, a, b}} {
			var flat []*Sighting
			for _, x := range in {
				flat = append(flat, x...)
			}
			all := gathered(o, flat...)
			if len(all) != 1 {
				t.Fatalf("%d trails", len(all))
			}
			text := ""
			for _, x := range all[0].Observations {
				text += x.Point.Node + " " + x.Datapath.Point + ", "
				if x.Time != 0 || x.Late {
					t.Errorf("%s has a time", x.Datapath.Point)
				}
			}
			if text != "a from-endpoint, a to-network, b from-network, b to-network, c from-network, c to-endpoint, " {
				t.Error(text)
			}
		}
	}
}

// Sightings of datapaths that have a time are late: those of two nodes may be
// in the wrong order.
func TestPointsLate(t *testing.T) {
	f, k := tcpFlow("10.0.0.1:4000", "10.0.2.2:80"), packet.Key{Bare: 1, Type: uint8(packet.SYN)}
	at := func(s *Sighting, ns int64) *Sighting {
		s.Seen.Time, s.Seen.Late = ns, true
		return s
	}
	const begin, ms = int64(1e18), int64(1e6)
	all := gathered(Options{}, at(point("a", "from-endpoint", f, k, 0), begin), at(point("b", "from-network", f, k, 0), begin-ms/3),
		at(point("a", "to-overlay", f, k, 0), begin+ms), at(point("b", "to-endpoint", f, k, 0), begin-ms/4),
		at(point("a", "from-endpoint", f, k, 0), begin+500*ms), at(point("b", "to-endpoint", f, k, 0), begin+501*ms))
	if len(all) != 2 || len(all[0].Observations) != 4 || len(all[1].Observations) != 2 {
		t.Fatalf("%+v", all)
	}
	if o := all[0].Observations; o[1].Datapath.Point != "to-overlay" || o[2].Datapath.Point != "from-network" || !o[0].Late || o[0].Time != begin {
		t.Errorf("%+v", o)
	}
	if all[1].Repeats != 1 {
		t.Errorf("the second SYN repeats %d", all[1].Repeats)
	}
}

// Without a number, a packet is joined within one flow and one node only.
func TestPointsBare(t *testing.T) {
	f, g, k := tcpFlow("10.0.0.1:4000", "10.0.2.2:80"), tcpFlow("10.0.0.1:4001", "10.0.2.2:80"), packet.Key{Bare: 1, Type: uint8(packet.ACK)}
	all := gathered(Options{}, point("a", "from-endpoint", f, k, 0), point("a", "to-stack", g, k, 0), point("b", "from-network", f, k, 0), point("a", "to-stack", f, k, 0))
	if len(all) != 3 || len(all[0].Observations) != 2 {
		t.Errorf("%+v", all)
	}
	masqueraded := point("a", "to-network", tcpFlow("10.9.9.9:31000", "10.0.2.2:80"), k, 0)
	masqueraded.Seen.Datapath.Original = f.Src
	if all := gathered(Options{}, point("a", "from-endpoint", f, k, 0), masqueraded); len(all) != 1 {
		t.Errorf("the source before the translation does not join: %+v", all)
	}
	masqueraded.Seen.Datapath.Original = netip.MustParseAddr("10.0.0.3")
	if all := gathered(Options{}, point("a", "from-endpoint", f, k, 0), masqueraded); len(all) != 2 {
		t.Errorf("another source joins: %+v", all)
	}
}

// The answer to a request that was masqueraded where nobody looks.
func TestPointsHidden(t *testing.T) {
	const syn, ack = uint8(packet.SYN), uint8(packet.SYN | packet.ACK)
	request := func(from string, seq uint32) *Sighting {
		return point("a", "from-endpoint", tcpFlow(from, "10.9.0.50:80"), packet.Key{ID: seq, Type: syn, A: seq}, 64)
	}
	reply := func(acked uint32) *Sighting {
		return point("a", "from-network", tcpFlow("10.9.0.50:80", "10.9.0.11:61000"), packet.Key{Type: ack, A: 5, B: acked}, 64)
	}
	for _, o := range []Options{{}, streamed} {
		for _, c := range []struct {
			in   []*Sighting
			want int
		}{
			{[]*Sighting{request("10.0.0.1:4000", 9), reply(10)}, 1},
			{[]*Sighting{request("10.0.0.1:4000", 9), reply(11)}, 0},
			{[]*Sighting{request("10.0.0.1:4000", 9), request("10.0.0.2:4000", 30), reply(31)}, 2},
			{[]*Sighting{request("10.0.0.1:4000", 9), request("10.0.0.2:4000", 9), reply(10)}, 0},
		} {
			all := gathered(o, c.in...)
			if got := all[len(all)-1].AnswerTo; got != c.want {
				t.Errorf("answers %d, want %d", got, c.want)
			}
		}
	}
}

// Where a capture beside it has times, points stand among its frames by what
// they are.
func TestPointsAmongFrames(t *testing.T) {
	f, k := tcpFlow("10.0.0.1:4000", "10.0.2.2:80"), packet.Key{ID: 7, Type: uint8(packet.SYN), A: 9}
	timed := func(stage trail.Stage, dir trail.Direction, ns int64) *Sighting {
		s := point("a", "", f, k, 64)
		s.At.Interface, s.Seen.Datapath, s.Seen.Stage, s.Seen.Dir, s.Seen.Time = "eth0", nil, stage, dir, ns
		return s
	}
	all := gathered(Options{}, point("a", "from-network", f, k, 64), point("a", "to-endpoint", f, k, 64),
		timed(trail.StageReceive, trail.In, 1e18), timed(trail.StageRoute, trail.DirUnknown, 1e18+50))
	if len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	text := ""
	for _, o := range all[0].Observations {
		text += string(o.Stage) + " "
		if o.Datapath != nil {
			text += o.Datapath.Point + " "
		}
	}
	if text != "receive datapath from-network route datapath to-endpoint " {
		t.Error(text)
	}
}

// Many packets that look alike, one after the other: each keeps its own points.
func TestPointsMany(t *testing.T) {
	var in []*Sighting
	const n = 500
	for i := range n {
		f := tcpFlow("10.0.0.1:4000", "10.0.2.2:80")
		if i%2 == 1 {
			f = tcpFlow("10.0.0.3:4000", "10.0.2.2:80")
		}
		k := packet.Key{Bare: 1, Type: uint8(packet.ACK)}
		in = append(in, point("a", "from-endpoint", f, k, 0), point("a", "to-stack", f, k, 0))
	}
	for _, o := range []Options{{}, streamed} {
		all := gathered(o, in...)
		if len(all) != n {
			t.Fatalf("%d trails of %d packets", len(all), n)
		}
		for _, x := range all {
			if len(x.Observations) != 2 {
				t.Fatalf("%d observations", len(x.Observations))
			}
		}
	}
}
