package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/lab"
)

// burden is a trace whose cost for others is measured.
type burden struct {
	name string
	args func(*road) []string // nil: no trace at all
	// What must be left of a stream and of a flood; 0 is no matter.
	stream, flood float64
}

// burdens are traces of pods that send nothing, of a port between the two pods
// that nothing uses, and of the hundredth of the load.
func burdens() []burden {
	ends := func(a, b *lab.Pod, port string, more ...string) []string {
		return append([]string{"netns:" + a.Name, b.IPv4.String() + port, "--count", "0"}, more...)
	}
	pods := func(more ...string) func(*road) []string {
		return func(r *road) []string { return ends(r.idle[0], r.idle[1], ":80", more...) }
	}
	port := func(more ...string) func(*road) []string {
		return func(r *road) []string { return ends(r.from, r.to, fmt.Sprint(":", quietPort), more...) }
	}
	mark := func(more ...string) func(*road) []string {
		more = append(more, "-f", fmt.Sprint("port ", markPort))
		return func(r *road) []string { return ends(r.from, r.to, "", more...) }
	}
	return []burden{
		{"nothing", nil, 0, 0}, // how far chance goes
		{"other pods", pods(), 0.95, 0.85},
		{"other port", port(), 0.95, 0.85},
		{"1 % followed", mark(), 0, 0},
		{"other pods, full", pods("--full"), 0.90, 0.75},
		{"other port, full", port("--full"), 0.90, 0.75},
		{"1 % followed, full", mark("--full"), 0, 0},
	}
}

// traffic is what is measured while traces are armed.
type traffic struct {
	name   string
	open   func(*road) (sockets, error)
	run    func(*sockets) *drive
	unit   string
	scale  float64
	wanted func(burden) float64
	// chains puts chains of netfilter into the nodes first: those that
	// kube-proxy and a NetworkPolicy need, with connection tracking. Brackets
	// of --full are set around chains only.
	chains bool
}

func traffics() []traffic {
	flood := traffic{"flood", (*road).datagrams, (*sockets).flood, "k/s", 1e-3, func(b burden) float64 { return b.flood }, false}
	behind := flood
	behind.name, behind.chains, behind.wanted = "flood, chains", true, func(burden) float64 { return 0 }
	return []traffic{
		{"stream", (*road).streams, (*sockets).stream, "Gbit/s", 8e-9, func(b burden) float64 { return b.stream }, false},
		flood, behind,
	}
}

// overhead prints what traces leave of a TCP stream and of a flood.
func overhead(ctx context.Context, r *road, o options, out io.Writer) error {
	fmt.Fprintf(out, "%-19s %-19s %9s %9s  %6s %10s  %6s  %s\n", "load", "armed", "without", "with", "ratio", "from  to", "by CPU", "wanted")
	var notes []string
	for _, l := range traffics() {
		var list []burden
		for _, b := range burdens() {
			if strings.Contains(l.name+": "+b.name, o.only) {
				list = append(list, b)
			}
		}
		if len(list) == 0 {
			continue
		}
		runs, err := r.loaded(ctx, o, l, list)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		for i, b := range list {
			rs := runs[i].ratios()
			verdict := ""
			if w := l.wanted(b); w > 0 {
				verdict = fmt.Sprintf("%.2f %s", w, met(median(rs) >= w))
			}
			fmt.Fprintf(out, "%-19s %-19s %9.1f %9.1f  %6.2f  %.2f  %.2f  %6.2f  %s\n", l.name+" "+l.unit, b.name,
				medianOf(runs[i].without, rateOf)*l.scale, medianOf(runs[i].with, rateOf)*l.scale,
				median(rs), slices.Min(rs), slices.Max(rs), median(runs[i].cheaper()), verdict)
			for _, failed := range runs[i].failed {
				notes = append(notes, fmt.Sprintf("note: %s, %s: %v", l.name, b.name, failed))
			}
		}
	}
	fmt.Fprint(out, `
without and with: what arrives per second, median of the runs. ratio: median of each armed run over the mean of the
runs before and after it. by CPU: the same by the CPU time for each packet (of the sender, in which the way is) or
byte (of both ends), which does not change with other programs' share of the machine. The sender is pinned to a CPU,
the receiver to another (flood) or the same one (stream); pktrail goes where the scheduler puts it.
chains: both nodes track connections and have nat and filter chains, without traces too.
`)
	for _, n := range notes {
		fmt.Fprintln(out, n)
	}
	return nil
}

// loaded measures one load.
func (r *road) loaded(ctx context.Context, o options, l traffic, list []burden) ([]turns, error) {
	if l.chains {
		remove, err := r.withChains(ctx)
		if err != nil {
			return nil, err
		}
		defer remove()
	}
	s, err := l.open(r)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return r.takeTurns(ctx, o, list, func() *drive { return l.run(&s) })
}

// chains are where kube-proxy and a NetworkPolicy have theirs.
const chains = `table ip bench {
	chain prerouting { type nat hook prerouting priority dstnat; ip daddr 10.96.0.0/12 counter; }
	chain output { type nat hook output priority -100; ip daddr 10.96.0.0/12 counter; }
	chain postrouting { type nat hook postrouting priority srcnat; meta mark and 0x4000 == 0x4000 masquerade; }
	chain input { type filter hook input priority filter; ct state invalid drop; }
	chain forward { type filter hook forward priority filter; ct state established,related accept; ct state invalid drop; }
}
`

// withChains puts the chains into both nodes. remove takes them out; where it
// cannot, the lab goes too.
func (r *road) withChains(ctx context.Context) (remove func(), err error) {
	if err := r.nft(ctx, chains); err != nil {
		return nil, err
	}
	return func() { _ = r.nft(context.WithoutCancel(ctx), "delete table ip bench\n") }, nil
}

// nft gives commands to nft(8) in both nodes.
func (r *road) nft(ctx context.Context, commands string) error {
	for _, n := range r.lab.Nodes {
		var talk strings.Builder
		code, err := r.lab.Exec(ctx, n.Name, []string{"nft", "-f", "-"}, lab.Stdio{In: strings.NewReader(commands), Out: &talk, Err: &talk})
		if err != nil {
			return err
		}
		if code != 0 {
			return fmt.Errorf("nft in %s: exit %d: %s", n.Name, code, talk.String())
		}
	}
	return nil
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "MISSED"
}
