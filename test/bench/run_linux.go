package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/test/bench/cluster"
)

// result is one capture's run.
type result struct {
	arrived  int
	captured int
	missed   int
	cpu      time.Duration // user and system, from start to end
	flow     time.Duration // of it, from before the first packet to after the last
	peak     int           // VmHWM in KiB, ring included
}

func (r result) perPacket() float64 { return float64(r.cpu) / float64(max(r.captured, 1)) }
func (r result) flowing() float64   { return float64(r.flow) / float64(max(r.captured, 1)) }

// pair is all runs of one load: a[i] and b[i] ran one after the other.
type pair struct{ a, b []result }

// ratio is the median of A's figure over B's.
func (p pair) ratio(figure func(result) float64) float64 {
	rs := make([]float64, len(p.a))
	for i := range p.a {
		rs[i] = figure(p.a[i]) / max(figure(p.b[i]), 1e-9)
	}
	return median(rs)
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

func compare(ctx context.Context, b *bed, o options, l load) (p pair, err error) {
	for range l.pairs {
		for _, side := range []struct {
			command string
			results *[]result
		}{{o.command, &p.a}, {o.against, &p.b}} {
			r, err := once(ctx, b, o, l, side.command)
			if err != nil {
				return p, fmt.Errorf("%s: %w", strings.Fields(side.command)[0], err)
			}
			*side.results = append(*side.results, r)
			if o.verbose {
				fmt.Fprintf(os.Stderr, "%s: %s: %+v\n", l.name, strings.Fields(side.command)[0], r)
			}
		}
	}
	return p, nil
}

// once runs a capture under the load.
func once(ctx context.Context, b *bed, o options, l load, command string) (r result, err error) {
	fill := strings.NewReplacer("{if}", rxName, "{buffer}", strconv.Itoa(o.buffer), "{kib}", strconv.Itoa(o.buffer>>10))
	argv := strings.Fields(fill.Replace(command))
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &talk, &talk
	cmd.WaitDelay = 5 * time.Second
	if err := b.inside(b.rx, cmd.Start); err != nil {
		return r, err
	}
	defer func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	if err := b.awaitArmed(ctx, cmd.Process.Pid); err != nil {
		return r, fmt.Errorf("%w: %s", err, talk.Bytes())
	}
	started := cluster.Ran(cmd.Process.Pid)
	before, err := b.arrived()
	if err != nil {
		return r, err
	}
	if _, err := b.send(ctx, l); err != nil {
		return r, err
	}
	after, err := b.arrived()
	if err != nil {
		return r, err
	}
	r.arrived = after - before
	pause(ctx, 1200*time.Millisecond) // tcpdump's block timeout is a second, and it leaves the last block at its end
	r.flow = cluster.Ran(cmd.Process.Pid) - started
	r.peak = peakOf(cmd.Process.Pid)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return r, err
	}
	if err := cmd.Wait(); err != nil {
		return r, fmt.Errorf("%w: %s", err, talk.Bytes())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return r, errors.New("no resource usage")
	}
	r.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	r.captured, r.missed, err = counts(talk.String())
	return r, err
}

func (b *bed) awaitArmed(ctx context.Context, pid int) error {
	for range 500 {
		yes, err := b.armed()
		if yes || err != nil {
			pause(ctx, 50*time.Millisecond) // the rest of its start
			return err
		}
		if ctx.Err() != nil || syscall.Kill(pid, 0) != nil {
			break
		}
		pause(ctx, 10*time.Millisecond)
	}
	return errors.New("it did not begin to capture")
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// counts reads the summaries of tcpdump and of pktrail (one line per target).
func counts(talk string) (captured, missed int, err error) {
	if m := regexp.MustCompile(`(\d+) packets? captured`).FindStringSubmatch(talk); m != nil {
		captured, _ = strconv.Atoi(m[1])
		if m := regexp.MustCompile(`(\d+) packets? dropped by kernel`).FindStringSubmatch(talk); m != nil {
			missed, _ = strconv.Atoi(m[1])
		}
		return captured, missed, nil
	}
	m := regexp.MustCompile(`(?m)([\d,]+) packets.*missed ([\d,]+)`).FindStringSubmatch(talk)
	if m == nil {
		return 0, 0, fmt.Errorf("no counts in what it said: %s", talk)
	}
	captured, _ = strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	missed, _ = strconv.Atoi(strings.ReplaceAll(m[2], ",", ""))
	return captured, missed, nil
}

// peakOf is VmHWM in KiB. Rusage is of no use: it starts with what the parent
// had at the fork.
func peakOf(pid int) int { return cluster.Status(fmt.Sprintf("/proc/%d", pid), "VmHWM") }
