package filter

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// differs are the expressions on which this package differs from libpcap
// 1.10.3 on purpose, with the reason.
func differs(expr string, link Link) string {
	words := strings.FieldsFunc(expr, func(r rune) bool { return strings.ContainsRune(" ()", r) })
	has := func(w ...string) bool {
		return slices.ContainsFunc(words, func(s string) bool { return slices.Contains(w, s) })
	}
	switch {
	case has("vxlan"):
		return "our own addition"
	case has("inbound", "outbound", "ifindex") && link != LinuxSLL2:
		return "tcpdump -y is no file and compiles metadata, which files do not have"
	case strings.HasPrefix(expr, "byte ") && strings.ContainsAny(expr, "&|"):
		return "libpcap forgets to load the byte"
	}
	return ""
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// verdicts counts what a comparison saw.
type verdicts struct {
	yes, no, odd int
}

// noMatterWhat says that the program has this verdict whatever the bytes are
// that are missing at the packet's end.
func noMatterWhat(program Program, p *Packet, verdict uint32) bool {
	for _, pad := range []byte{0, 0xff, 0x08, 0x50, 0x86} {
		whole := *p
		whole.Data = append(slices.Clone(p.Data), bytes.Repeat([]byte{pad}, 1500)...)
		if program.Match(&whole) != verdict {
			return false
		}
	}
	return true
}

// compareVerdicts runs our program and tcpdump's on generated packets. On a
// packet cut short within the headers, either optimiser can change the
// verdict, because it leaves out loads that would fail; there the verdict of
// tcpdump's plain program is right, too, and the one that the missing bytes
// could not have changed.
func compareVerdicts(t *testing.T, o *oracle, expr string, link Link, packets int) (v verdicts) {
	t.Helper()
	reason := differs(expr, link)
	e, err := Parse(expr)
	var ours Program
	if err == nil {
		ours, err = e.Compile(Options{Link: link})
	}
	if reason != "" {
		return v
	}
	theirs := o.forLink(t, expr, link)
	never := strings.Contains(theirs.refusal, "rejects all packets")
	switch {
	case err != nil && theirs.refusal != "":
		return v
	case err != nil && strings.Contains(err.Error(), "no packet can match"):
		ours = Program{instruction(codeRET, 0)}
	case err != nil:
		t.Errorf("%s %q: we refuse it (%v), tcpdump does not", link, expr, err)
		return v
	case never:
		theirs.program = Program{instruction(codeRET, 0)}
	case theirs.refusal != "":
		t.Errorf("%s %q: %s; we do not refuse it", link, expr, theirs.refusal)
		return v
	}
	g := newGenerator(interestIn(expr), hash(expr)+uint64(link))
	for range packets {
		p := g.packet(link)
		got, want := ours.Match(&p), theirs.program.Match(&p)
		if got > 0 {
			v.yes++
		} else {
			v.no++
		}
		if got == want {
			continue
		}
		if plain := o.plain(t, expr, link); plain.refusal == "" && plain.program.Match(&p) == got || noMatterWhat(theirs.program, &p, got) {
			v.odd++
			continue
		}
		t.Errorf("%s %q: verdict %d, tcpdump's %d, on %s (length %d)\nours:\n%stcpdump's:\n%s", link, expr, got, want,
			hex.EncodeToString(p.Data), p.WireLen, ours.Dump(), theirs.program.Dump())
		return v
	}
	return v
}

func TestCorpusHasVerdictsOfTcpdump(t *testing.T) {
	o := newOracle(t)
	packets := 5000
	if *long {
		packets = 50000
	}
	oneSided, compared, odd := 0, 0, 0
	for _, expr := range corpus(t) {
		for link := Ethernet; link <= Raw; link++ {
			v := compareVerdicts(t, o, expr, link, packets)
			if v.yes+v.no == 0 {
				continue
			}
			compared++
			odd += v.odd
			if link == Ethernet && (v.yes == 0 || v.no == 0) {
				oneSided++
				t.Logf("%s %q: only one verdict in %d packets", link, expr, packets)
			}
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d programs compared, %d packets on which an optimiser changes the verdict", compared, odd)
	if oneSided*10 > compared/3 { // the links have about as many each
		t.Errorf("%d expressions saw only one verdict", oneSided)
	}
}

// combine makes a random expression of those in the list.
func combine(r *rand.Rand, list []string, depth int) string {
	if depth == 0 || r.IntN(4) == 0 {
		return list[r.IntN(len(list))]
	}
	a, b := combine(r, list, depth-1), combine(r, list, depth-1)
	switch r.IntN(6) {
	case 0:
		return "not (" + a + ")"
	case 1:
		return fmt.Sprintf("(%s) or (%s)", a, b)
	case 2:
		return fmt.Sprintf("(%s) and (%s)", a, b)
	case 3:
		return fmt.Sprintf("%s and not (%s)", a, b)
	case 4:
		return a + " or " + b
	default:
		return a + " and " + b
	}
}

func TestRandomCombinationsHaveVerdictsOfTcpdump(t *testing.T) {
	o := newOracle(t)
	n, packets := 400, 5000
	if *long {
		n = 5000
	}
	var list []string
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil || differs(expr, Ethernet) != "" || strings.Contains(expr, "geneve") || strings.Contains(expr, "[len") {
			continue // an offset beyond any packet, left out where it decides nothing
		}
		if _, err = e.Compile(Options{}); err == nil {
			list = append(list, expr)
		}
	}
	seed := uint64(1)
	if *long {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 7))
	compared, both := 0, 0
	for i := range n {
		link := []Link{Ethernet, Ethernet, LinuxSLL2, Raw}[i%4]
		v := compareVerdicts(t, o, combine(r, list, 1+r.IntN(3)), link, packets)
		if v.yes+v.no > 0 {
			compared++
		}
		if v.yes > 0 && v.no > 0 {
			both++
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d of %d expressions compared, %d saw both verdicts", compared, n, both)
}

func TestInterpreterAgreesWithVM(t *testing.T) {
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil || differs(expr, Ethernet) != "" {
			continue
		}
		program, err := e.Compile(Options{})
		if err != nil {
			continue
		}
		if slices.ContainsFunc(program, func(i bpf.RawInstruction) bool {
			return i.Op == codeALU|aluNEG || i.Op&0xe7 == codeLD|modeIND && int32(i.K) < 0
		}) {
			continue // x/net/bpf's VM has no NEG, and its offsets do not wrap around
		}
		instructions, _ := bpf.Disassemble(program)
		vm, err := bpf.NewVM(instructions)
		if err != nil {
			t.Errorf("%q: %v\n%s", expr, err, program.Dump())
			continue
		}
		g := newGenerator(interestIn(expr), hash(expr))
		for range 300 {
			p := g.packet(Ethernet)
			p.WireLen = len(p.Data)
			got := program.Match(&p)
			want, err := vm.Run(p.Data)
			if err != nil || (got > 0) != (want > 0) {
				t.Fatalf("%q: verdict %d, x/net/bpf's %d (%v), on %x\n%s", expr, got, want, err, p.Data, program.Dump())
			}
		}
	}
}
