package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

// table prints a row for each load as soon as it has run.
type table struct {
	out  io.Writer
	held []string
}

func newTable(out io.Writer) *table {
	fmt.Fprintf(out, "%-13s %9s %7s %7s %6s %6s  %9s %9s  %7s %7s\n", "load", "packets/s", "A ns", "B ns", "A/B", "whole", "A missed", "B missed", "A MiB", "B MiB")
	return &table{out: out}
}

func (t *table) row(l load, p pair) {
	sum := func(rs []result, figure func(result) int) (n int) {
		for _, r := range rs {
			n += figure(r)
		}
		return n
	}
	med := func(rs []result, figure func(result) float64) float64 {
		v := make([]float64, len(rs))
		for i, r := range rs {
			v[i] = figure(r)
		}
		return median(v)
	}
	lost := func(r result) int { return r.arrived - r.captured }
	peak := func(r result) float64 { return float64(r.peak) / 1024 }
	rate := func(r result) float64 { return float64(r.arrived) / l.lasts.Seconds() }
	fmt.Fprintf(t.out, "%-13s %9.0f %7.1f %7.1f %6.2f %6.2f  %9d %9d  %7.1f %7.1f\n", l.name, med(p.a, rate),
		med(p.a, result.flowing), med(p.b, result.flowing), p.ratio(result.flowing), p.ratio(result.perPacket),
		sum(p.a, lost), sum(p.b, lost), med(p.a, peak), med(p.b, peak))
	for side, rs := range map[string][]result{"A": p.a, "B": p.b} {
		for _, r := range rs {
			if r.missed != lost(r) {
				t.held = append(t.held, fmt.Sprintf("%s: %s said it missed %d, but %d of %d are not there", l.name, side, r.missed, lost(r), r.arrived))
			}
		}
	}
}

func (t *table) end() {
	fmt.Fprint(t.out, `
ns: CPU time of the process, user and system, per captured packet while packets flow; median of the runs.
A/B: median of the ratios of runs side by side; whole: the same from the process's start to its end, where the
kernel's work for the ring's memory outweighs a short run's packets.
missed: frames that arrived and were not captured, all runs together. MiB: peak resident memory, ring included.
`)
	for _, s := range t.held {
		fmt.Fprintln(t.out, "note:", s)
	}
}

// packages runs the benchmarks of what handles every packet.
func packages(ctx context.Context, o options, out io.Writer) error {
	length := "300ms"
	if o.quick {
		length = "100ms"
	}
	args := []string{"test", "-run", "^$", "-bench", ".", "-benchmem", "-benchtime", length}
	for _, dir := range []string{"filter", "pcapng", "record", "packet", "probe/afpacket"} {
		if fileExists("internal/" + dir) {
			args = append(args, "./internal/"+dir)
		}
	}
	b, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for line := range bytes.Lines(b) {
		if bytes.HasPrefix(line, []byte("Benchmark")) {
			fmt.Fprintln(w, strings.TrimSpace(string(line)))
		}
	}
	if flushed := w.Flush(); flushed != nil {
		return flushed
	}
	if err != nil {
		err = fmt.Errorf("benchmarks of packages: %w: %s", err, b)
	}
	return err
}

// machine is what the figures were taken on.
func machine() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	model := "unknown processor"
	b, _ := os.ReadFile("/proc/cpuinfo")
	if _, rest, ok := strings.Cut(string(b), "model name"); ok {
		line, _, _ := strings.Cut(rest, "\n")
		model = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
	}
	return fmt.Sprintf("Linux %s, %d CPUs (%s), %s", unix.ByteSliceToString(u.Release[:]), runtime.NumCPU(), model, runtime.Version())
}
