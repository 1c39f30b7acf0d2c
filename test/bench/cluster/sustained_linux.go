package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// What is wanted of a stream.
const (
	shareLimit  = 0.80
	clientLimit = 100_000 // KB
)

// carried is one run of a client that takes bytes out of the cluster.
type carried struct {
	rate     float64 // bytes each second, while a flood runs
	cpu      float64 // of the client, ns for each KiB
	peak     int     // of the client, KiB
	sent     int64   // datagrams of the flood
	captured int64
	missed   int64
}

// load is a kind of flood.
type load struct {
	name string
	size int // of a datagram's payload
}

// sustained prints how much of a bare exec's rate a capture reaches.
func (b *bench) sustained(ctx context.Context) error {
	pairs := 5
	if b.Pairs > 0 {
		pairs = b.Pairs
	}
	full, err := b.bare(ctx, nil, 0, 0)
	if err != nil {
		return err
	}
	// More than can be carried by anybody, and not much more: what the flood
	// takes of the machine is missing at both.
	pace := 2.5 * full.rate
	fmt.Fprintf(b.out, "exec of cat alone: %.0f MB/s; floods of %.0f MB/s\n\n", full.rate/1e6, pace/1e6)
	fmt.Fprintf(b.out, "%-22s %8s %8s %6s %8s %8s %6s %8s  %s\n", "capture | exec of cat", "A MB/s", "B MB/s", "A/B", "A ns/KB", "B ns/KB", "A/B", "A MB", "wanted")
	var inexact []string
	for _, l := range []load{{"64 KB", 65_000}, {"1.5 KB", 1472}} {
		for _, method := range []string{"node", "exec"} {
			var rate, cpu [2][]float64
			peak := 0
			for range pairs {
				a, err := b.carry(ctx, b.pods[:1], l.size, pace, method)
				if err != nil {
					return err
				}
				bare, err := b.bare(ctx, b.pods[:1], l.size, pace)
				if err != nil {
					return err
				}
				rate[0], rate[1] = append(rate[0], a.rate), append(rate[1], bare.rate)
				cpu[0], cpu[1] = append(cpu[0], a.cpu), append(cpu[1], bare.cpu)
				peak = max(peak, a.peak)
				inexact = append(inexact, a.inexact(l.name+" "+method)...)
			}
			share := ratios(rate[0], rate[1])
			fmt.Fprintf(b.out, "%-22s %8.0f %8.0f %6.2f %8.0f %8.0f %6.2f %8.1f  %.2f %s; %d MB %s\n", l.name+", "+method,
				median(rate[0])/1e6, median(rate[1])/1e6, share, median(cpu[0]), median(cpu[1]), ratios(cpu[0], cpu[1]), float64(peak)*1024/1e6,
				shareLimit, met(share >= shareLimit), clientLimit/1000, met(peak*1024 <= clientLimit*1000))
		}
	}
	several, err := b.carry(ctx, b.pods, 65_000, pace/float64(len(b.pods)), "exec")
	if err != nil {
		return err
	}
	inexact = append(inexact, several.inexact("several")...)
	fmt.Fprintf(b.out, "%-22s %8.0f %8s %6s %8.0f %8s %6s %8.1f  %d MB %s\n", fmt.Sprintf("64 KB, %d agents", len(b.pods)), several.rate/1e6, "", "", several.cpu, "", "",
		float64(several.peak)*1024/1e6, clientLimit/1000, met(several.peak*1024 <= clientLimit*1000))
	fmt.Fprint(b.out, "\nMB/s: what the client writes to /dev/null, with the same flood beside both. ns/KB: CPU time of the client. A MB: its peak of\nresident memory. In each run captured and missed packets were counted against those sent.\n\n")
	for _, s := range inexact {
		fmt.Fprintln(b.out, "note:", s)
	}
	return nil
}

func (c *carried) inexact(name string) []string {
	if c.captured+c.missed == c.sent {
		return nil
	}
	return []string{fmt.Sprintf("%s: %d captured and %d missed are not the %d that were sent", name, c.captured, c.missed, c.sent)}
}

func (b *bench) length() time.Duration {
	if b.Seconds > 0 {
		return time.Duration(b.Seconds * float64(time.Second))
	}
	return 2 * time.Second
}

// settle is how long a stream may take to its pace.
const settle = 500 * time.Millisecond

// window measures a running client while floods run in some pods.
func (b *bench) window(ctx context.Context, r *running, pods []pod, size int, pace float64) (out carried, err error) {
	var floods []*flood
	for _, p := range pods {
		f, err := b.flood(ctx, p, size, pace/float64(size))
		if err != nil {
			return out, err
		}
		floods = append(floods, f)
	}
	proc := filepath.Join("/proc", strconv.Itoa(r.cmd.Process.Pid))
	time.Sleep(settle)
	n, spent, began := written(r.cmd.Process.Pid), Ran(r.cmd.Process.Pid), time.Now()
	time.Sleep(b.length())
	took, bytes := time.Since(began), float64(written(r.cmd.Process.Pid)-n)
	out.cpu = float64(Ran(r.cmd.Process.Pid)-spent) / max(bytes/1024, 1)
	out.rate = bytes / took.Seconds()
	for _, f := range floods {
		n, e := f.end()
		out.sent += n
		err = errors.Join(err, e)
	}
	out.peak = Status(proc, "VmHWM")
	return out, errors.Join(err, r.alive())
}

// carry runs a capture into /dev/null.
func (b *bench) carry(ctx context.Context, pods []pod, size int, pace float64, method string) (out carried, err error) {
	r, err := b.capture(ctx, pods, "--method", method, "-o", os.DevNull)
	if err != nil {
		return out, err
	}
	defer r.kill()
	if err := r.says(ctx, "whole packets"); err != nil {
		return out, err
	}
	if out, err = b.window(ctx, r, pods, size, pace); err != nil {
		return out, err
	}
	time.Sleep(1200 * time.Millisecond) // what is in the last block
	if err := r.end(); err != nil {
		return out, err
	}
	out.captured, out.missed, err = counts(r.talk.String())
	if b.Verbose {
		fmt.Fprintf(os.Stderr, "%s %d B, %d pods: %.0f MB/s, %.0f ns/KB, %d KiB; sent %d captured %d missed %d, %v\n", method, size, len(pods), out.rate/1e6, out.cpu, out.peak, out.sent, out.captured, out.missed, err)
	}
	return out, err
}

// bare runs `kubectl exec cat` into /dev/null.
func (b *bench) bare(ctx context.Context, floods []pod, size int, pace float64) (out carried, err error) {
	r, err := b.start(ctx, b.cluster.Kubectl(), "exec", "-n", b.space, b.pods[0].name, "--", "cat", "/dev/zero")
	if err != nil {
		return out, err
	}
	defer r.kill()
	err = until(ctx, time.Minute, "the first bytes", func() (bool, error) {
		return written(r.cmd.Process.Pid) > 1<<20, r.alive()
	})
	if err != nil {
		return out, err
	}
	out, err = b.window(ctx, r, floods, size, pace)
	if b.Verbose {
		fmt.Fprintf(os.Stderr, "bare %d B: %.0f MB/s, %.0f ns/KB\n", size, out.rate/1e6, out.cpu)
	}
	return out, err
}
