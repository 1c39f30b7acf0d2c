package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What is wanted from start to the first packet in the file.
const (
	ownLimit  = 200 * time.Millisecond
	coldLimit = 2500 * time.Millisecond
	// quietEcho is what an exec of echo takes where nothing else runs: 106 to
	// 121 ms. A limit in ms holds at that pace.
	quietEcho = 115 * time.Millisecond
)

// way is one way to a first packet.
type way struct {
	name  string
	limit time.Duration // 0: none of its own
	run   func(context.Context) (time.Duration, error)
	took  []time.Duration
}

// first prints how long it takes to the first packet.
func (b *bench) first(ctx context.Context) error {
	f, err := b.flood(ctx, b.pods[0], 1000, 2000)
	if err != nil {
		return err
	}
	own, cold := b.pods[:1], b.pods[:1]
	ways := []*way{
		{name: "kubectl exec echo", run: b.echo},
		{name: "exec, binary absent", run: func(ctx context.Context) (time.Duration, error) {
			return b.packet(ctx, b.pods[:1], "--method", "exec")
		}},
		{name: "as ksniff", run: b.asKsniff},
		{name: "node, own session open", limit: ownLimit, run: func(ctx context.Context) (time.Duration, error) { return b.withOwn(ctx, own) }},
		{name: "node, cold", limit: coldLimit, run: func(ctx context.Context) (time.Duration, error) {
			if err := b.noAgents(ctx); err != nil {
				return 0, err
			}
			return b.packet(ctx, cold, "--method", "node")
		}},
	}
	if b.Tcpdump == "" {
		ways = slices.Delete(ways, 2, 3)
	}
	rounds := 15
	if b.Pairs > 0 {
		rounds = b.Pairs
	}
	for round := range rounds + 1 {
		for _, w := range ways {
			d, err := w.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if b.Verbose {
				fmt.Fprintf(os.Stderr, "%s: %v\n", w.name, d.Round(time.Millisecond))
			}
			if round > 0 { // the first round warms caches up
				w.took = append(w.took, d)
			}
		}
	}
	b.firstTable(ways)
	_, err = f.end()
	return err
}

func (b *bench) firstTable(ways []*way) {
	echo := median(ways[0].took)
	fmt.Fprintf(b.out, "%-24s %7s %7s %7s  %7s  %s\n", "start to first packet", "ms", "least", "most", "echoes", "wanted")
	for _, w := range ways {
		m, verdict := median(w.took), ""
		paced := time.Duration(float64(m) * float64(quietEcho) / float64(echo))
		switch {
		case w.limit > 0:
			verdict = fmt.Sprintf("%d ms %s; at the pace of a quiet machine %d ms, %s", w.limit.Milliseconds(), met(m <= w.limit), paced.Milliseconds(), met(paced <= w.limit))
		case w == ways[1] && len(ways) > 4:
			ratio := float64(m) / float64(median(ways[2].took))
			verdict = fmt.Sprintf("as ksniff: %.2f of it %s, pair by pair %.2f", ratio, met(ratio <= 1), ratios(w.took, ways[2].took))
		}
		fmt.Fprintf(b.out, "%-24s %7d %7d %7d  %7.2f  %s\n", w.name, m.Milliseconds(), slices.Min(w.took).Milliseconds(), slices.Max(w.took).Milliseconds(), float64(m)/float64(echo), verdict)
	}
	fmt.Fprint(b.out, "\nms: median, from the start of the process to a packet in its file, at 2,000 packets/s. echoes: the same in times of an exec\nof echo in the same turns, which takes 106 to 121 ms on a quiet machine.\n\n")
}

// echo is what everything is compared with.
func (b *bench) echo(ctx context.Context) (time.Duration, error) {
	r, err := b.start(ctx, b.cluster.Kubectl(), "exec", "-n", b.space, b.pods[0].name, "--", "echo")
	if err != nil {
		return 0, err
	}
	err = <-r.done
	return time.Since(r.began), err
}

// packet runs a capture until its file has a packet.
func (b *bench) packet(ctx context.Context, pods []pod, args ...string) (time.Duration, error) {
	file := filepath.Join(b.dir, "first.pcapng")
	r, err := b.capture(ctx, pods, append(args, "-o", file)...)
	if err != nil {
		return 0, err
	}
	took, err := r.filled(ctx, file)
	return took, errors.Join(err, r.end(), os.Remove(file))
}

// filled waits until a file has a packet, and says how long that took from the
// process's start.
func (r *running) filled(ctx context.Context, file string) (took time.Duration, err error) {
	err = until(ctx, time.Minute, "a packet", func() (bool, error) {
		yes, err := holdsPacket(file)
		took = time.Since(r.began)
		return yes, errors.Join(err, r.alive())
	})
	return took, err
}

// withOwn runs a capture beside another one, whose agent it uses.
func (b *bench) withOwn(ctx context.Context, pods []pod) (time.Duration, error) {
	r, err := b.capture(ctx, pods, "--method", "node", "-o", os.DevNull)
	if err != nil {
		return 0, err
	}
	if err := r.says(ctx, "whole packets"); err != nil {
		return 0, err
	}
	took, err := b.packet(ctx, pods, "--method", "node")
	return took, errors.Join(err, r.end())
}

// noAgents waits until no agent is left that a capture could use.
func (b *bench) noAgents(ctx context.Context) error {
	return until(ctx, time.Minute, "agents to go", func() (bool, error) {
		time.Sleep(50 * time.Millisecond)
		list, err := b.client.CoreV1().Pods(b.agents).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		return !slices.ContainsFunc(list.Items, func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning }), nil
	})
}

// asKsniff runs the stand-in for ksniff until its file has a packet, and
// removes what that leaves, as ksniff does not.
func (b *bench) asKsniff(ctx context.Context) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	file := filepath.Join(b.dir, "ksniff.pcap")
	p := b.pods[0].name
	r, err := b.start(ctx, self, "-ksniff", b.cluster.Kubeconfig(), b.space, p, b.Tcpdump, file)
	if err != nil {
		return 0, err
	}
	took, err := r.filled(ctx, file)
	r.kill()
	left := execute(ctx, b.config, b.client, b.space, p, nil, new(talk), []string{"sh", "-c", "killall " + filepath.Base(remoteTcpdump) + "; rm -f " + remoteTcpdump})
	return took, errors.Join(err, left, os.Remove(file))
}
