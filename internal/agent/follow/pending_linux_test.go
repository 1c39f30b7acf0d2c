package follow

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/nftrace"
	"github.com/pktrail/pktrail/internal/trail"
)

func lookup(at int64, flight uint64, cpu int, netns uint64, dst netip.Addr) trail.Observation {
	return trail.Observation{
		Time: at, Stage: trail.StageRoute, Flight: flight, CPU: cpu, Point: trail.Point{Netns: netns},
		Route: &trail.Route{Table: 254, Dst: dst},
	}
}

// A lookup stands beside the next frame of its packet: by flight, or, before
// there was one, by CPU, namespace and address.
func TestPending(t *testing.T) {
	var p pending
	p.add(lookup(1, 7, 1, 4, b4))
	p.add(lookup(2, 8, 1, 4, b4))
	p.add(lookup(3, 0, 2, 4, b4))
	p.add(lookup(4, 0, 2, 5, b4))
	p.add(lookup(5, 0, 2, 4, c4))
	there := packet.Flow{Src: a4, Dst: b4}
	got := p.take(&trail.Observation{Flight: 7, CPU: 2, Point: trail.Point{Netns: 4}}, there)
	if len(got) != 2 || got[0].Time != 1 || got[1].Time != 3 {
		t.Errorf("took %+v", got)
	}
	if got := p.take(&trail.Observation{Flight: 7, CPU: 2, Point: trail.Point{Netns: 4}}, there); got != nil {
		t.Errorf("took again %+v", got)
	}
	if got := p.older(5); len(got) != 2 || got[0].Time != 2 || got[1].Time != 4 {
		t.Errorf("older %+v", got)
	}
	if got := p.all(); len(got) != 1 || got[0].Time != 5 || len(p.list) != 0 {
		t.Errorf("left %+v, %+v", got, p.list)
	}
	for i := range mostPending + 10 {
		p.add(lookup(int64(i+100), 0, 1, 4, b4))
	}
	if got := p.older(0); len(got) != 10 {
		t.Errorf("%d over the limit, want 10", len(got))
	}
}

func TestMatches(t *testing.T) {
	is := func(s Selection) []nftrace.Match {
		m, err := matches(s)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	from, to := netip.PrefixFrom(a4, 32), netip.PrefixFrom(b4, 32)
	got := is(Selection{Filter: "(src host 10.244.1.2 and dst host 10.244.2.2 and tcp dst port 80) or icmp"})
	want := []nftrace.Match{{Version: 4, Proto: 6, Src: from, Dst: to, DstPort: 80}, {Version: 4, Proto: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, m := range is(Selection{Filter: "host 10.244.1.2 and port 53"}) {
		if m.Port != 53 || m.Src.IsValid() == m.Dst.IsValid() {
			t.Errorf("%+v", m)
		}
	}
	// Fragments have no port, but the rest keeps its.
	got = is(Selection{Src: []netip.Addr{a4}, Dst: []netip.Addr{b4}, DstPort: 80})
	want = []nftrace.Match{
		{Version: 4, Src: from, Dst: to, DstPort: 80},
		{Version: 4, Src: to, Dst: from, SrcPort: 80},
		{Version: 4, Proto: 1, Dst: from},
		{Version: 4, Proto: 1, Dst: to},
		{Src: from, Dst: to, Fragment: true},
		{Src: to, Dst: from, Fragment: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	probe := Selection{HasProbe: true, Probe: packet.Flow{Proto: packet.ProtoTCP, Src: a4, Dst: b4, SrcPort: 40000, DstPort: 80}}
	if m := is(probe); len(m) != 1 || m[0] != (nftrace.Match{Version: 4, Proto: 6, Port: 40000}) {
		t.Errorf("%+v", m)
	}
}

// Equal questions are asked once a second, and not more than so many.
func TestAskedOnce(t *testing.T) {
	a := asked{answers: map[askedKey]askedAnswer{}}
	n := 0
	ask := func() (trail.Observation, bool) { n++; return trail.Observation{Mark: uint32(n)}, true }
	for range 3 {
		if o, ok := a.once(askedKey{what: "route"}, ask); !ok || o.Mark != 1 {
			t.Errorf("%+v, %v", o, ok)
		}
	}
	for i := range askPerSecond + 10 {
		a.once(askedKey{netns: uint64(i + 1)}, ask)
	}
	if n != askPerSecond {
		t.Errorf("%d questions, want %d", n, askPerSecond)
	}
	a.second = a.second.Add(-2 * time.Second)
	if _, ok := a.once(askedKey{what: "another"}, ask); !ok || n != askPerSecond+1 {
		t.Errorf("after a second: %v, %d questions", ok, n)
	}
}
