package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// programs prints where the time of an armed trace goes that follows nothing
// of a flood: what each BPF program takes of each packet.
func programs(ctx context.Context, r *road, o options, out io.Writer) error {
	length := time.Second
	if o.quick {
		length /= 2
	}
	s, err := r.datagrams()
	if err != nil {
		return err
	}
	defer s.close()
	for _, b := range burdens() {
		if b.flood == 0 {
			continue
		}
		list, sent, err := r.spend(ctx, o, b, &s, length)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		fmt.Fprintf(out, "%-22s %11s %11s %11s\n", b.name, "runs/packet", "ns/run", "ns/packet")
		var sum int
		for _, p := range list {
			sum += p.Time
			if p.Runs*1000 > sent {
				fmt.Fprintf(out, "  %-20s %11.2f %11.0f %11.0f\n", p.Name, float64(p.Runs)/float64(sent), float64(p.Time)/float64(p.Runs), float64(p.Time)/float64(sent))
			}
		}
		fmt.Fprintf(out, "  %-20s %11s %11s %11.0f  of about %.0f that the packet takes\n\n", "sum", "", "", float64(sum)/float64(sent), length.Seconds()*1e9/float64(sent))
	}
	fmt.Fprint(out, "The kernel's own count, which adds some 20 ns to each run; calls into programs and nft tables are not in it.\n")
	return nil
}

// spent is what a program has taken since statistics were switched on.
type spent struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Time int    `json:"run_time_ns"`
	Runs int    `json:"run_cnt"`
}

// spend runs a flood beside a trace, and says what its programs took and how
// many packets were sent.
func (r *road) spend(ctx context.Context, o options, b burden, s *sockets, length time.Duration) (list []spent, sent int, err error) {
	t, err := o.launch(ctx, nil, nil, b.args(r)...)
	if err != nil {
		return nil, 0, err
	}
	if _, err := t.await(ctx); err != nil {
		return nil, 0, err
	}
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME) // while somebody has it open
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("count run times: %w", err), t.stop())
	}
	d := s.flood()
	pause(ctx, length)
	err = errors.Join(d.stop(), stats.Close())
	if err == nil {
		list, err = bpftool[spent]("prog")
	}
	held := heldBy(t.cmd.Process.Pid)
	list = slices.DeleteFunc(list, func(p spent) bool { return !held["prog_id"][p.ID] || p.Runs == 0 })
	slices.SortFunc(list, func(a, b spent) int { return b.Time - a.Time })
	_ = t.stop() // how it ends is another figure
	return list, int(d.sent.Load()), err
}
