package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// turns are the runs of one burden.
type turns struct {
	without, with []flow
	failed        []error // traces that did not end well
}

func rateOf(f flow) float64 { return f.rate }

// ratios are what was left, run by run.
func (t turns) ratios() []float64 {
	out := make([]float64, len(t.with))
	for i := range out {
		out[i] = t.with[i].rate / t.without[i].rate
	}
	return out
}

// cheaper are the same by CPU time, which does not see what else runs.
func (t turns) cheaper() []float64 {
	out := make([]float64, len(t.with))
	for i := range out {
		out[i] = t.without[i].cpu / t.with[i].cpu
	}
	return out
}

func medianOf(flows []flow, figure func(flow) float64) float64 {
	v := make([]float64, len(flows))
	for i, f := range flows {
		v[i] = figure(f)
	}
	return median(v)
}

// takeTurns runs a load without and with each trace in turn, several times
// around: without, first trace, without, second trace, ... without.
func (r *road) takeTurns(ctx context.Context, o options, list []burden, start func() *drive) ([]turns, error) {
	rounds, length := 5, time.Second
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
	measure := func() (flow, error) {
		d := start()
		f := d.flow(ctx, length)
		if err := d.stop(); err != nil {
			return f, err
		}
		return f, ctx.Err()
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
			out[i].without = append(out[i].without, flow{(before.rate + after.rate) / 2, (before.cpu + after.cpu) / 2})
			if o.verbose {
				fmt.Fprintf(os.Stderr, "%s: %.0f, %.0f, %.0f; %.2f, %.2f, %.2f ns\n", b.name, before.rate, with.rate, after.rate, before.cpu, with.cpu, after.cpu)
			}
			before = after
		}
	}
	return out, nil
}

// burdened measures while a trace is armed. failed is how the trace ended, if
// not well.
func (r *road) burdened(ctx context.Context, o options, b burden, measure func() (flow, error)) (f flow, failed, err error) {
	if b.args == nil {
		f, err = measure()
		return f, nil, err
	}
	t, err := o.launch(ctx, nil, nil, b.args(r)...)
	if err != nil {
		return f, nil, err
	}
	if _, err := t.await(ctx); err != nil {
		return f, nil, err
	}
	f, err = measure()
	return f, t.stop(), err
}
