package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// lossless is how many followed packets per second nothing may be lost of.
const lossless = 5000

// chased is a run in which every packet of a load is followed.
type chased struct {
	rate, sent int
	seen       *seen
	said       said
	cpu        time.Duration // user and system, from start to end
	peak       int           // VmHWM in KiB
	ended      time.Duration // from the last packet to the process's end
	failed     error         // of the process, at its end
}

// rates prints what is lost while packets are followed at several rates.
func rates(ctx context.Context, r *road, o options, out io.Writer) error {
	seconds := 5.0
	if o.quick {
		seconds = 1
	}
	if o.seconds > 0 {
		seconds = o.seconds
	}
	fmt.Fprintf(out, "%9s %8s %8s %8s %8s %9s %9s %8s %8s %9s\n",
		"packets/s", "sent", "whole", "partly", "unseen", "missed", "short of", "trails", "CPU s", "peak MiB")
	var notes []string
	for _, rate := range []int{lossless, 10_000, 20_000, 50_000} {
		c, err := r.chase(ctx, o, rate, int(float64(rate)*seconds))
		if err != nil {
			return fmt.Errorf("%d/s: %w", rate, err)
		}
		whole, partly, unseen, short := c.seen.sum()
		missed := c.said.missed()
		fmt.Fprintf(out, "%9d %8d %8d %8d %8d %9d %9d %8d %8.2f %9.1f\n",
			rate, c.sent, whole, partly, unseen, missed, short, c.said.trails, c.cpu.Seconds(), float64(c.peak)/1024)
		notes = append(notes, c.notes(missed, short)...)
		if o.verbose {
			fmt.Fprintf(os.Stderr, "%d/s: %+v, ended after %v; usual %d frames; %v\n", rate, c.said, c.ended, c.seen.usual(), c.seen.points)
		}
	}
	fmt.Fprint(out, `
Every packet sent matches. whole, partly, unseen: packets by how many of the usual sightings the stream holds. missed:
what the verdict says was lost of BPF events; lookups are events too, and stand beside sightings. short of: sightings
that are not there; more than missed is a loss in silence. trails: in the JSON. CPU: user and system, start to end.
`)
	for _, n := range notes {
		fmt.Fprintln(out, "note:", n)
	}
	return nil
}

// notes say what is not as it should be.
func (c *chased) notes(missed, short int) (list []string) {
	at := strconv.Itoa(c.rate) + "/s: "
	if c.rate <= lossless && missed > 0 {
		list = append(list, at+fmt.Sprintf("MISSED %d events: %v", missed, c.said.verdict.Missed))
	}
	if c.failed != nil {
		list = append(list, at+c.failed.Error())
	}
	if c.failed == nil && short > missed {
		list = append(list, at+fmt.Sprintf("SILENCE: %d sightings are not there, %d events are said to be missed", short, missed))
	}
	if n := c.said.trails; n != c.sent {
		list = append(list, at+fmt.Sprintf("%d trails in the JSON, of %d packets", n, c.sent))
	}
	if c.ended > time.Second {
		list = append(list, at+fmt.Sprintf("the process ended %.1f s after it was asked to", c.ended.Seconds()))
	}
	return list
}

// chase sends count packets at a rate while all of them are followed.
func (r *road) chase(ctx context.Context, o options, rate, count int) (*chased, error) {
	s, err := r.datagrams()
	if err != nil {
		return nil, err
	}
	defer s.close()
	c := &chased{rate: rate, seen: newSeen(count)}
	stream, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	verdicts, out, err := os.Pipe()
	if err != nil {
		_ = end.Close()
		return nil, err
	}
	defer func() { _ = verdicts.Close() }()
	t, err := o.launch(ctx, out, end, between(r.from, r.to, "-f", fmt.Sprint("port ", mainPort), "--count", "0", "--json", "-o", "/dev/fd/3")...)
	_ = out.Close() // the child has them
	_ = end.Close()
	if err != nil {
		return nil, err
	}
	read, heard := make(chan error, 1), make(chan error, 1)
	go func() { read <- c.seen.read(stream) }()
	go func() { heard <- c.said.read(verdicts) }()
	select {
	case <-c.seen.armed:
	case err := <-read:
		return nil, fmt.Errorf("the stream ended before it was armed: %w: %w", err, t.stop())
	case <-ctx.Done():
		return nil, t.stop()
	}
	d := s.trickle(ctx, count, rate)
	for d.sent.Load() < int64(count) && !d.broken() && ctx.Err() == nil {
		pause(ctx, 10*time.Millisecond)
	}
	if err := d.stop(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, t.stop())
	}
	c.sent = int(d.sent.Load())
	pause(ctx, 100*time.Millisecond) // what is under way
	peak := watchPeak(t.cmd.Process.Pid)
	asked := time.Now()
	c.failed = t.stop()
	c.ended = time.Since(asked)
	c.peak, c.cpu = peak(), t.spent()
	for _, ch := range []chan error{read, heard} {
		if e := <-ch; err == nil {
			err = e
		}
	}
	return c, err
}

// watchPeak looks at a process's peak of memory until it is asked for it.
func watchPeak(pid int) func() int {
	stop, peak := make(chan struct{}), make(chan int)
	go func() {
		most := peakOf(pid)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
				most = max(most, peakOf(pid))
			}
		}
	}()
	return func() int {
		close(stop)
		return <-peak
	}
}
