package cbpf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pktrail/pktrail/internal/filter"
)

// TestVerdictsAreThoseOfTheFilter runs every program of the corpus in the
// kernel, on packets of its own, and compares with filter.Program.Match.
func TestVerdictsAreThoseOfTheFilter(t *testing.T) {
	const packets = 2000
	b := newBench(t, packets)
	programs, classic, translated, oneSided := 0, 0, 0, 0
	modes := []filter.Options{
		{Link: filter.Raw, Inner: true}, {Link: filter.Raw}, {Link: filter.Ethernet, Inner: true}, {Link: filter.LinuxSLL2},
	}
	ways := ways(t)
	for i, expr := range corpus(t) {
		g := newGenerator(expr)
		for _, mode := range modes {
			p := compile(expr, mode)
			if p == nil {
				continue
			}
			o := Options{PacketLength: programs%2 == 0, Usual: usual(programs, mode.Link)}
			w := ways[(i+programs)%len(ways)]
			want := b.fill(t, g, p, mode.Link, o.PacketLength)
			name := fmt.Sprintf("%s %q inner=%v %s", mode.Link, expr, mode.Inner, w.name)
			n, err := b.run(p, w, o)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, p.Dump())
			}
			programs, classic, translated = programs+1, classic+len(p), translated+n
			if !b.compare(t, name, p, want) {
				oneSided++
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d programs, %d instructions of classic BPF became %d; %d saw one verdict only", programs, classic, translated, oneSided)
	t.Logf("the verifier went through %d instructions at most", b.hardest)
	if programs < 1500 || oneSided > programs/3 {
		t.Error("too little was compared")
	}
}

// usual is IPv4 without options that is no later fragment, for two programs of
// three.
func usual(i int, link filter.Link) Usual {
	at := map[filter.Link]uint32{filter.Raw: 0, filter.Ethernet: 14, filter.LinuxSLL2: 20}[link]
	u := Usual{Bytes: at + 24, Facts: []Fact{{at, 1, 0xff, 0x45}, {at + 6, 2, 0x1fff, 0}}}
	if i%3 == 0 {
		return Usual{}
	}
	if link == filter.Ethernet {
		u.Facts = append(u.Facts, Fact{12, 2, 0xffff, 0x0800})
	}
	return u
}

// TestRandomPrograms does the same with programs that nobody would write.
func TestRandomPrograms(t *testing.T) {
	const packets = 300
	b := newBench(t, packets)
	ways := ways(t)
	programs, oneSided := 3000, 0
	for i := range programs {
		g := newGenerator("ip[0]")
		g.rand = rand.New(rand.NewPCG(uint64(i), 11))
		p := randomProgram(g.rand)
		o := Options{PacketLength: i%2 == 0, Usual: randomUsual(g.rand)}
		w := ways[i/2%len(ways)]
		want := b.fill(t, g, p, filter.Raw, o.PacketLength)
		name := fmt.Sprintf("program %d, %s", i, w.name)
		if _, err := b.run(p, w, o); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, p.Dump())
		}
		if !b.compare(t, name, p, want) {
			oneSided++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d programs saw one verdict only", oneSided, programs)
	if oneSided > programs*2/3 {
		t.Error("too little was compared")
	}
}

type expected struct {
	data    []byte
	wire    int
	verdict bool
}

// fill puts new packets on the bench.
func (b *bench) fill(t *testing.T, g *generator, p filter.Program, link filter.Link, wire bool) []expected {
	t.Helper()
	b.reset()
	list := make([]expected, b.packets.MaxEntries())
	for i := range list {
		data := g.packet(link)
		data = data[:min(len(data), maxData)]
		e := expected{data: bytes.Clone(data), wire: max(1, len(data))}
		if wire && g.rand.IntN(2) == 0 {
			e.wire += g.rand.IntN(1500)
		}
		pkt := &filter.Packet{Data: data, WireLen: e.wire}
		if len(data) == 0 && !wire {
			pkt = &filter.Packet{}
		}
		e.verdict = p.Match(pkt) > 0
		b.add(t, data, e.wire)
		list[i] = e
	}
	return list
}

// compare reports whether there were both verdicts.
func (b *bench) compare(t *testing.T, name string, p filter.Program, want []expected) bool {
	t.Helper()
	var seen [2]bool
	for i, e := range want {
		v := uint32(0)
		if e.verdict {
			v = 1
		}
		seen[v] = true
		if got := b.verdict(t, i); got != v {
			t.Errorf("%s: verdict %d, the filter's %d, on %x (length %d)\n%s", name, got, v, e.data, e.wire, p.Dump())
			return true
		}
	}
	return seen[0] && seen[1]
}
