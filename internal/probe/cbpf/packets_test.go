package cbpf

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

// corpus reads the expressions on which package filter is tested.
func corpus(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile("../../filter/testdata/corpus.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

// compile gives the program, nil if the link type has none for it.
func compile(expr string, o filter.Options) filter.Program {
	e, err := filter.Parse(expr)
	if err != nil {
		return nil
	}
	p, err := e.Compile(o)
	if err != nil {
		return nil
	}
	return p
}

var (
	numberIn = regexp.MustCompile(`\b(0x[0-9a-fA-F]+|[0-9]+)\b`)
	addr4In  = regexp.MustCompile(`\b[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\b`)
	addr6In  = regexp.MustCompile(`\b[0-9a-f]{1,4}:[0-9a-f:]*`)
)

// generator makes packets on which an expression has a say.
type generator struct {
	rand    *rand.Rand
	numbers []uint32
	v4, v6  []netip.Addr
}

func newGenerator(expr string) *generator {
	h := fnv.New64a()
	h.Write([]byte(expr))
	g := &generator{rand: rand.New(rand.NewPCG(h.Sum64(), 5)), numbers: []uint32{0, 1, 6, 17, 22, 53, 80, 132, 443}}
	for _, s := range numberIn.FindAllString(expr, -1) {
		if n, err := strconv.ParseUint(s, 0, 32); err == nil {
			g.numbers = append(g.numbers, uint32(n), uint32(n), uint32(n)+1)
		}
	}
	for _, s := range addr4In.FindAllString(expr, -1) {
		if a, err := netip.ParseAddr(s); err == nil {
			g.v4 = append(g.v4, a, a.Next())
		}
	}
	for _, s := range addr6In.FindAllString(expr, -1) {
		if a, err := netip.ParseAddr(s); err == nil {
			g.v6 = append(g.v6, a, a.Next())
		}
	}
	return g
}

func (g *generator) number() uint32 { return g.numbers[g.rand.IntN(len(g.numbers))] }

// packet makes the next packet, cut and spoilt now and then.
func (g *generator) packet(link filter.Link) []byte {
	var layers []build.Layer
	if link == filter.Raw {
		layers = packettest.IP(g.rand, 2)
	} else {
		layers = packettest.Random(g.rand)
	}
	for i, l := range layers {
		layers[i] = g.adapt(l)
	}
	b := build.Packet(layers...)
	if link == filter.LinuxSLL2 {
		b = append(make([]byte, 6), b...)
		copy(b, b[18:20])
	}
	if len(b) == 0 {
		return b
	}
	for range g.rand.IntN(3) {
		at, n := g.rand.IntN(min(len(b), 80)), g.number()
		if g.rand.IntN(4) == 0 {
			n = g.rand.Uint32()
		}
		word := binary.BigEndian.AppendUint32(nil, n)
		copy(b[at:], word[g.rand.IntN(4):])
	}
	if g.rand.IntN(6) == 0 {
		b = b[:g.rand.IntN(min(len(b), 120)+1)]
	}
	return b
}

// adapt puts the expression's addresses and ports into a header.
func (g *generator) adapt(l build.Layer) build.Layer {
	port := func(p *uint16) {
		if g.rand.IntN(2) == 0 {
			*p = uint16(g.number())
		}
	}
	addr := func(a *netip.Addr, from []netip.Addr) {
		if len(from) > 0 && g.rand.IntN(2) == 0 {
			*a = from[g.rand.IntN(len(from))]
		}
	}
	switch h := l.(type) {
	case build.IPv4:
		addr(&h.Src, g.v4)
		addr(&h.Dst, g.v4)
		return h
	case build.IPv6:
		addr(&h.Src, g.v6)
		addr(&h.Dst, g.v6)
		return h
	case build.TCP:
		port(&h.SrcPort)
		port(&h.DstPort)
		return h
	case build.UDP:
		port(&h.SrcPort)
		if h.DstPort >= 30000 && h.DstPort < 32000 { // no tunnel's
			port(&h.DstPort)
		}
		return h
	case build.SCTP:
		port(&h.SrcPort)
		port(&h.DstPort)
		return h
	}
	return l
}
