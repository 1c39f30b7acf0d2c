package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
)

// What a snapshot is measured on: a node with as many pods, and kube-proxy's
// rules of as many services, about eight each.
const (
	snapshotPods     = 250
	snapshotServices = 5000
	snapshotLimit    = 150_000_000 // bytes of memory
)

// snapshots compares a snapshot of a node and all its pods with what the tools
// take to print the node's own part.
func snapshots(ctx context.Context, o options, out io.Writer) error {
	pods, services, runs := snapshotPods, snapshotServices, 5
	if o.quick {
		pods, services, runs = 20, 500, 2
	}
	if o.pairs > 0 {
		runs = o.pairs
	}
	l, err := lab.Up(ctx, lab.Options{Name: "bench" + strconv.FormatInt(int64(os.Getpid()), 36), Nodes: 1, Pods: min(pods, lab.MaxPods)})
	if err != nil {
		return fmt.Errorf("make lab: %w", err)
	}
	defer func() {
		if _, err := lab.Down(l.Name); err != nil {
			fmt.Fprintln(os.Stderr, "bench: remove lab:", err)
		}
	}()
	dir, err := os.MkdirTemp("", "pktrail-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	node := l.Nodes[0].Name
	rules, n := proxyRules(services)
	load := exec.CommandContext(ctx, "ip", "netns", "exec", node, "iptables-nft-restore")
	load.Stdin = strings.NewReader(rules)
	if b, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("load rules: %w: %s", err, b)
	}
	fmt.Fprintf(out, "%d pods, %d rules of %d services\n\n", len(l.Pods), n, services)
	tools := [][]string{
		{"ip", "-j", "route", "show", "table", "all"},
		{"ip", "-j", "-d", "link"},
		{"ip", "-j", "neigh"},
		{"iptables-save"},
		{"nft", "-j", "list", "ruleset"},
	}
	var ratios, mine, theirs, peaks []float64
	for range runs {
		one, err := spend(ctx, o.pktrail, "snapshot", "netns:"+node, "-o", filepath.Join(dir, "s.pcapng"))
		if err != nil {
			return err
		}
		var sum usage
		for _, t := range tools {
			u, err := spend(ctx, "ip", append([]string{"netns", "exec", node}, t...)...)
			if err != nil {
				return err
			}
			sum.cpu += u.cpu
			sum.peak = max(sum.peak, u.peak)
			if o.verbose {
				fmt.Fprintf(os.Stderr, "%v: %v, %d MB\n", t, u.cpu, u.peak/1e6)
			}
		}
		ratios = append(ratios, float64(one.cpu)/float64(sum.cpu))
		mine, theirs, peaks = append(mine, one.cpu.Seconds()), append(theirs, sum.cpu.Seconds()), append(peaks, float64(one.peak))
	}
	show, err := spend(ctx, o.pktrail, "snapshot", "show", filepath.Join(dir, "s.pcapng"), "chains", "--in", node)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%-10s %8s %8s %7s %9s\n", "", "pktrail", "tools", "ratio", "wanted")
	fmt.Fprintf(out, "%-10s %8.2f %8.2f %7.2f %9s %s\n", "CPU, s", median(mine), median(theirs), median(ratios), "1.00", met(median(ratios) <= 1))
	fmt.Fprintf(out, "%-10s %8.1f %8s %7s %9.0f %s\n", "peak, MB", median(peaks)/1e6, "", "", snapshotLimit/1e6, met(median(peaks) <= snapshotLimit))
	fmt.Fprintf(out, "%-10s %8.2f\n", "show, s", show.cpu.Seconds())
	fmt.Fprint(out, `
pktrail: user and system time of a snapshot of the node and all its pods into a file. tools: the sum of ip -j route, link and neigh,
iptables-save and nft -j list ruleset, of the node alone. Medians; the ratio is that of runs side by side. show: printing the chains.
`)
	return nil
}

// usage is what a process took.
type usage struct {
	cpu  time.Duration // user and system
	peak int64         // resident, bytes
}

// spend runs a program to its end.
func spend(ctx context.Context, name string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, talk.Bytes())
	}
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("no resource usage")
	}
	return usage{time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss * 1024}, nil
}

// proxyRules are what kube-proxy writes for services of two endpoints each, as
// iptables-restore takes them, and how many rules that are.
func proxyRules(services int) (string, int) {
	var chains, rules strings.Builder
	n := 0
	rule := func(format string, args ...any) {
		n++
		fmt.Fprintf(&rules, format+"\n", args...)
	}
	for _, c := range []string{"KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"} {
		fmt.Fprintf(&chains, ":%s - [0:0]\n", c)
	}
	rule(`-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES`)
	rule(`-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES`)
	rule(`-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING`)
	rule(`-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000`)
	rule(`-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN`)
	rule(`-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0`)
	rule(`-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully`)
	for i := range services {
		svc := fmt.Sprintf("KUBE-SVC-%016X", i)
		name := fmt.Sprintf("shop/service-%d:http", i)
		ip := fmt.Sprintf("10.%d.%d.%d", 96+i/62500, i/250%250, 1+i%250)
		fmt.Fprintf(&chains, ":%s - [0:0]\n", svc)
		rule(`-A KUBE-SERVICES -d %s/32 -p tcp -m comment --comment "%s cluster IP" -m tcp --dport 80 -j %s`, ip, name, svc)
		rule(`-A %s ! -s 10.244.0.0/16 -d %s/32 -p tcp -m comment --comment "%s cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`, svc, ip, name)
		for e := range 2 {
			sep := fmt.Sprintf("KUBE-SEP-%015X%d", i, e)
			pod := fmt.Sprintf("10.244.%d.%d", i/125%250, 1+2*(i%125)+e)
			fmt.Fprintf(&chains, ":%s - [0:0]\n", sep)
			if e == 0 {
				rule(`-A %s -m comment --comment "%s -> %s:8080" -m statistic --mode random --probability 0.50000000000 -j %s`, svc, name, pod, sep)
			} else {
				rule(`-A %s -m comment --comment "%s -> %s:8080" -j %s`, svc, name, pod, sep)
			}
			rule(`-A %s -s %s/32 -m comment --comment "%s" -j KUBE-MARK-MASQ`, sep, pod, name)
			rule(`-A %s -p tcp -m comment --comment "%s" -m tcp -j DNAT --to-destination %s:8080`, sep, name, pod)
		}
	}
	return "*nat\n" + chains.String() + rules.String() + "COMMIT\n", n
}
