package filter

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestProgramsAreAsShortAsTcpdumps logs how our programs compare with
// tcpdump's and bounds the worst.
func TestProgramsAreAsShortAsTcpdumps(t *testing.T) {
	o := newOracle(t)
	ours, theirs, shorter, longer := 0, 0, 0, 0
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil || differs(expr, Ethernet) != "" {
			continue
		}
		program, err := e.Compile(Options{})
		a := o.forLink(t, expr, Ethernet)
		if err != nil || a.refusal != "" {
			continue
		}
		n, m := len(program), len(a.program)
		ours, theirs = ours+n, theirs+m
		switch {
		case n < m:
			shorter++
		case n > m:
			longer++
			t.Logf("%d instructions, tcpdump %d: %s", n, m, expr)
		}
		if n > m+m/4+4 {
			t.Errorf("%q: %d instructions, tcpdump's has %d:\n%s", expr, n, m, program.Dump())
		}
	}
	t.Logf("%d instructions in all, tcpdump %d; %d programs are shorter, %d longer", ours, theirs, shorter, longer)
}

// TestCompilesFast bounds the time to parse and compile, generously: a busy
// machine must not fail it. The benchmark shows what it is.
func TestCompilesFast(t *testing.T) {
	const bound = 20 * time.Millisecond
	for _, expr := range corpus(t) {
		if strings.Contains(expr, "geneve") {
			continue
		}
		var took []time.Duration
		for range 3 {
			start := time.Now()
			if e, err := Parse(expr); err == nil {
				_, _ = e.Compile(Options{Link: AnyDevice, Inner: true})
			}
			took = append(took, time.Since(start))
		}
		if d := slices.Min(took); d > bound {
			t.Errorf("%q took %v", expr, d)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, mode := range []struct {
		name string
		o    Options
	}{
		{"EN10MB", Options{}},
		{"live", Options{Live: true}},
		{"any", Options{Link: AnyDevice}},
		{"any_inner", Options{Link: AnyDevice, Inner: true}},
	} {
		b.Run(mode.name, func(b *testing.B) {
			list := corpus(b)
			var longest time.Duration
			slowest, compiled := "", 0
			for b.Loop() {
				for _, expr := range list {
					start := time.Now()
					if e, err := Parse(expr); err == nil {
						_, _ = e.Compile(mode.o)
						compiled++
					}
					if d := time.Since(start); d > longest {
						longest, slowest = d, expr
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(compiled), "µs/expression")
			b.ReportMetric(float64(longest.Microseconds()), "µs/slowest")
			b.Log(slowest)
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	e, err := Parse("tcp port 80 and host 10.1.2.3")
	if err != nil {
		b.Fatal(err)
	}
	p, err := e.Compile(Options{})
	if err != nil {
		b.Fatal(err)
	}
	g := newGenerator(interestIn(e.String()), 1)
	pkt := g.packet(Ethernet)
	b.ReportAllocs()
	for b.Loop() {
		p.Match(&pkt)
	}
}
