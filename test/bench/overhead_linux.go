package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// burden is a trace whose cost for others is measured.
type burden struct {
	name string
	args func(*road) []string
	// wanted is what must be left of a stream and of a flood.
	stream, flood float64
}

// burdens are traces of pods that send nothing, of a port between the two pods
// that nothing uses, and of the hundredth of the load.
func burdens() []burden {
	port := func(n int, more ...string) func(*road) []string {
		return func(r *road) []string {
			return between(r.from, r.to, append([]string{"-f", fmt.Sprint("port ", n), "--count", "0"}, more...)...)
		}
	}
	pods := func(more ...string) func(*road) []string {
		return func(r *road) []string {
			return between(r.idle[0], r.idle[1], append([]string{"-f", "port 80", "--count", "0"}, more...)...)
		}
	}
	return []burden{
		{"other pods", pods(), 0.95, 0.85},
		{"other port", port(quietPort), 0.95, 0.85},
		{"1 % followed", port(markPort), 0, 0},
		{"other pods, full", pods("--full"), 0.90, 0.75},
		{"other port, full", port(quietPort, "--full"), 0.90, 0.75},
		{"1 % followed, full", port(markPort, "--full"), 0, 0},
	}
}

// overhead prints what traces leave of a TCP stream and of a flood.
func overhead(ctx context.Context, r *road, o options, out io.Writer) error {
	var notes []string
	fmt.Fprintf(out, "%-15s %-19s %9s %9s  %6s %10s  %s\n", "load", "armed", "without", "with", "ratio", "from  to", "wanted")
	for _, l := range []struct {
		name   string
		open   func() (sockets, error)
		run    func(*sockets) *drive
		unit   string
		scale  float64
		wanted func(burden) float64
	}{
		{"stream", r.streams, (*sockets).stream, "Gbit/s", 8e-9, func(b burden) float64 { return b.stream }},
		{"flood", r.datagrams, (*sockets).flood, "k/s", 1e-3, func(b burden) float64 { return b.flood }},
	} {
		s, err := l.open()
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		var list []burden
		for _, b := range burdens() {
			if strings.Contains(l.name+" "+b.name, o.only) {
				list = append(list, b)
			}
		}
		runs, err := r.takeTurns(ctx, o, list, func() *drive { return l.run(&s) })
		s.close()
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		for i, b := range list {
			rs := runs[i].ratios()
			verdict := ""
			if w := l.wanted(b); w > 0 {
				verdict = fmt.Sprintf("%.2f %s", w, met(median(rs) >= w))
			}
			fmt.Fprintf(out, "%-15s %-19s %9.1f %9.1f  %6.2f  %.2f  %.2f  %s\n", l.name+" "+l.unit, b.name,
				median(runs[i].without)*l.scale, median(runs[i].with)*l.scale, median(rs), slices.Min(rs), slices.Max(rs), verdict)
			for _, failed := range runs[i].failed {
				notes = append(notes, fmt.Sprintf("note: %s, %s: %v", l.name, b.name, failed))
			}
		}
	}
	fmt.Fprint(out, `
without and with: what arrives per second, median of the runs. ratio: median of each armed run over the mean of the
runs before and after it. Receiver and sender are pinned to a CPU each; pktrail goes where the scheduler puts it.
`)
	for _, n := range notes {
		fmt.Fprintln(out, n)
	}
	return nil
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "MISSED"
}

// turns are the runs of one burden.
type turns struct {
	without, with []float64
	failed        []error // traces that did not end well
}

func (t turns) ratios() []float64 {
	out := make([]float64, len(t.with))
	for i := range out {
		out[i] = t.with[i] / t.without[i]
	}
	return out
}

// takeTurns runs a load without and with each trace in turn, several times
// around: without, first trace, without, second trace, ... without.
func (r *road) takeTurns(ctx context.Context, o options, list []burden, start func() *drive) ([]turns, error) {
	rounds, length := 7, time.Second
	if o.quick {
		rounds, length = 3, 500*time.Millisecond
	}
	if o.pairs > 0 {
		rounds = o.pairs
	}
	if o.seconds > 0 {
		length = time.Duration(o.seconds * float64(time.Second))
	}
	out := make([]turns, len(list))
	measure := func() (float64, error) {
		d := start()
		rate := d.rate(ctx, length)
		if err := d.stop(); err != nil {
			return 0, err
		}
		return rate, ctx.Err()
	}
	for range rounds {
		before, err := measure()
		if err != nil {
			return nil, err
		}
		for i, b := range list {
			with, failed, err := r.burdened(ctx, o, b, measure)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", b.name, err)
			}
			if failed != nil {
				out[i].failed = append(out[i].failed, failed)
			}
			after, err := measure()
			if err != nil {
				return nil, err
			}
			out[i].with = append(out[i].with, with)
			out[i].without = append(out[i].without, (before+after)/2)
			if o.verbose {
				fmt.Fprintf(os.Stderr, "%s: %.0f, %.0f, %.0f\n", b.name, before, with, after)
			}
			before = after
		}
	}
	return out, nil
}

// burdened measures while a trace is armed. failed is how the trace ended, if
// not well.
func (r *road) burdened(ctx context.Context, o options, b burden, measure func() (float64, error)) (rate float64, failed, err error) {
	t, err := o.launch(ctx, nil, nil, b.args(r)...)
	if err != nil {
		return 0, nil, err
	}
	if _, err := t.await(ctx); err != nil {
		return 0, nil, err
	}
	rate, err = measure()
	return rate, t.stop(), err
}
