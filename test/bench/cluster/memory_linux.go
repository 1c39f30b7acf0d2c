package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// agentMemory is what an agent may have resident beside its rings, KiB.
const agentMemory = 30_000_000 / 1024

// memory prints what agents have resident on a node.
func (b *bench) memory(ctx context.Context) error {
	fmt.Fprintf(b.out, "%-34s %8s %8s %8s %8s  %s\n", "agent on a node", "MB", "rings", "beside", "peak", "wanted")
	if err := b.whileCapturing(ctx, 32); err != nil {
		return err
	}
	if err := b.whileCapturing(ctx, 8); err != nil {
		return err
	}
	if err := b.whileTracing(ctx); err != nil {
		return err
	}
	fmt.Fprint(b.out, "\nMB: what the agent's first process has resident under load, its file's pages included. rings: of that, packet rings and the BPF\nring, whose pages are mapped twice. peak: the most it had beside those, arming included.\n\n")
	return nil
}

func (b *bench) whileCapturing(ctx context.Context, ring int) error {
	if err := b.noAgents(ctx); err != nil {
		return err
	}
	r, err := b.capture(ctx, b.pods[:1], "--method", "node", "-o", os.DevNull, "--buffer", fmt.Sprintf("%dMiB", ring))
	if err != nil {
		return err
	}
	defer r.kill()
	if err := r.says(ctx, "whole packets"); err != nil {
		return err
	}
	proc, err := b.agent(ctx, b.pods[0].node)
	if err != nil {
		return err
	}
	if _, err := b.window(ctx, r, b.pods[:1], 1472, 300e6); err != nil {
		return err
	}
	return errors.Join(b.agentRow(fmt.Sprintf("capture, flood of 1.5 KB, %d MiB", ring), proc), r.end())
}

func (b *bench) agentRow(name, proc string) error {
	now, peak := Status(proc, "VmRSS"), Status(proc, "VmHWM")
	rings, err := ringsOf(proc)
	mb := func(kib int) float64 { return float64(kib) * 1.024 / 1e3 }
	fmt.Fprintf(b.out, "%-34s %8.1f %8.1f %8.1f %8.1f  30 MB %s\n", name, mb(now), mb(rings), mb(now-rings), mb(peak-rings), met(now-rings <= agentMemory))
	return err
}

// ringsOf is how much of a process's resident memory are rings that it shares
// with the kernel, in KiB.
func ringsOf(proc string) (kib int, err error) {
	b, err := os.ReadFile(filepath.Join(proc, "smaps"))
	ring := false
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		switch {
		case len(words) >= 5 && strings.Contains(words[0], "-"):
			ring = strings.Contains(line, "anon_inode:bpf-map") || strings.Contains(line, "socket:[")
		case ring && words[0] == "Rss:":
			n, e := strconv.Atoi(words[1])
			kib, err = kib+n, errors.Join(err, e)
		}
	}
	return kib, err
}

// whileTracing traces what two pods of different nodes say to each other: 200
// echoes each second.
func (b *bench) whileTracing(ctx context.Context) error {
	if err := b.noAgents(ctx); err != nil {
		return err
	}
	from, to := b.pods[0], b.pods[1]
	r, err := b.start(ctx, b.Pktrail, "trace", "-n", b.space, "--agent-namespace", b.agents, "--count", "0", "--duration", "0", "-o", os.DevNull, from.name, to.name)
	if err != nil {
		return err
	}
	defer r.kill()
	if err := until(ctx, time.Minute, "the trace", func() (bool, error) {
		return strings.Contains(r.talk.String(), "armed") || strings.Contains(r.talk.String(), "waiting"), r.alive()
	}); err != nil {
		return errors.Join(err, errors.New(r.talk.String()))
	}
	proc, err := b.agent(ctx, from.node)
	if err != nil {
		return err
	}
	address, err := b.address(ctx, to)
	if err != nil {
		return err
	}
	ping, err := b.start(ctx, b.cluster.Kubectl(), "exec", "-n", b.space, from.name, "--", "ping", "-i", "0.005", "-q", "-c", "2000", address)
	if err != nil {
		return err
	}
	time.Sleep(3 * b.length())
	err = b.agentRow("trace, 200 packets/s", proc)
	ping.kill()
	return errors.Join(err, r.end())
}

// agent finds the agent on a node: its pod's first process but the sandbox's.
func (b *bench) agent(ctx context.Context, node string) (proc string, err error) {
	err = until(ctx, time.Minute, "the agent's process", func() (bool, error) {
		list, err := b.client.CoreV1().Pods(b.agents).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node + ",status.phase=Running"})
		if err != nil {
			return false, err
		}
		for i := range list.Items {
			if proc, err = b.process(node, "/pod"+string(list.Items[i].UID), "serve"); proc != "" || err != nil {
				break
			}
		}
		return proc != "", err
	})
	return proc, err
}

func (b *bench) address(ctx context.Context, p pod) (string, error) {
	got, err := b.client.CoreV1().Pods(b.space).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return got.Status.PodIP, nil
}
