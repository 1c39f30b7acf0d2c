package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// soon is how long it may take until packets are seen.
const soon = 300 * time.Millisecond

// arming prints how long traces take from their start until they see packets.
func arming(ctx context.Context, r *road, o options, out io.Writer) error {
	runs := 10
	if o.quick {
		runs = 4
	}
	if o.pairs > 0 {
		runs = o.pairs
	}
	fmt.Fprintf(out, "%-22s %8s %14s  %8s %14s  %6s\n", "ms", "inside", "from    to", "outside", "from    to", "wanted")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"pod to pod", between(r.from, r.to)},
		{"pod to pod, full", between(r.from, r.to, "--full")},
		{"pod to any", []string{"netns:" + r.from.Name, "any", "--port", "80"}},
		{"pod to pod, no BPF", between(r.from, r.to, "--no-bpf")},
	} {
		var inside, outside []float64
		for range runs {
			in, all, err := o.arm(ctx, c.args)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			inside, outside = append(inside, in.Seconds()*1e3), append(outside, all.Seconds()*1e3)
			if o.verbose {
				fmt.Fprintf(os.Stderr, "%s: %v, %v\n", c.name, in, all)
			}
		}
		fmt.Fprintf(out, "%-22s %8.0f %7.0f %6.0f  %8.0f %7.0f %6.0f  %6d %s\n", c.name, median(inside), slices.Min(inside), slices.Max(inside),
			median(outside), slices.Min(outside), slices.Max(outside), soon.Milliseconds(), met(median(outside) <= float64(soon.Milliseconds())))
	}
	fmt.Fprint(out, `
inside: what the session says, from its request until packets are seen. outside: from exec until the line that says so.
Median, least and most of the runs.
`)
	return nil
}

// arm starts a trace, and ends it as soon as it is armed.
func (o *options) arm(ctx context.Context, args []string) (inside, outside time.Duration, err error) {
	stream, end, err := os.Pipe()
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = stream.Close() }()
	t, err := o.launch(ctx, nil, end, append(slices.Clone(args), "-o", "/dev/fd/3")...)
	_ = end.Close()
	if err != nil {
		return 0, 0, err
	}
	type result struct {
		session trail.Session
		err     error
	}
	read := make(chan result, 1)
	go func() {
		s, err := sessionOf(stream)
		read <- result{s, err}
	}()
	if outside, err = t.await(ctx); err != nil {
		return 0, 0, err
	}
	err = t.stop()
	got := <-read
	if err == nil {
		err = got.err
	}
	return got.session.ArmedIn, outside, err
}

// sessionOf reads a stream to its end for what it says of the run.
func sessionOf(r io.Reader) (trail.Session, error) {
	in, err := record.NewReader(r)
	if err != nil {
		return trail.Session{}, fmt.Errorf("read stream: %w", err)
	}
	var f trail.Frame
	for err == nil {
		err = in.Read(&f)
	}
	if err != io.EOF { //nolint:errorlint // Read returns it bare
		return trail.Session{}, fmt.Errorf("read stream: %w", err)
	}
	s, ok := in.Session()
	if !ok {
		return s, fmt.Errorf("read stream: no session in it")
	}
	return s, nil
}
