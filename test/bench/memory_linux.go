package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// Limits of what a million observations cost in memory, and of the agents'
// sizes, in bytes.
const (
	millionLimit = 400_000_000
	agentLimit   = 15_000_000
	liteLimit    = 5_000_000
)

// million prints what trails of 100,000 and of 1,000,000 observations cost, by
// the benchmark of internal/correlate.
func million(ctx context.Context, o options, out io.Writer) error {
	b, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkProbe$", "-benchtime", "1x", "./internal/correlate").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, b)
	}
	fmt.Fprintf(out, "%-10s %14s %9s %10s  %s\n", "", "observations", "seconds", "MB live", "wanted")
	line := regexp.MustCompile(`(?m)^BenchmarkProbe/(kept|closed)/(\d+)\S*\s+\d+\s+(\d+) ns/op(.*)$`)
	live := regexp.MustCompile(`([\d.e+]+) (B/observation|B-live)`)
	perOne := map[string]float64{}
	for _, m := range line.FindAllSubmatch(b, -1) {
		how := string(m[1])
		n, _ := strconv.Atoi(string(m[2]))
		ns, _ := strconv.ParseFloat(string(m[3]), 64)
		l := live.FindSubmatch(m[4])
		if l == nil {
			return fmt.Errorf("no memory in %q", m[0])
		}
		bytes, _ := strconv.ParseFloat(string(l[1]), 64)
		if string(l[2]) == "B/observation" {
			bytes *= float64(n)
		}
		verdict := ""
		if one, ok := perOne[how]; ok {
			verdict = fmt.Sprintf("%.0f MB %s; %.2f times the time for each", millionLimit/1e6, met(bytes <= millionLimit), ns/float64(n)/one)
		} else {
			perOne[how] = ns / float64(n)
		}
		fmt.Fprintf(out, "%-10s %14d %9.2f %10.1f  %s\n", how, n, ns/1e9, bytes/1e6, verdict)
	}
	if len(perOne) != 2 {
		return fmt.Errorf("no figures in %s", b)
	}
	fmt.Fprint(out, "\nkept: all trails are held until the end; closed: each is handed out when it is over.\n")
	return nil
}

// sizes prints what the agents weigh, as they are built here.
func sizes(ctx context.Context, o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "pktrail-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Fprintf(out, "%-22s %8s  %s\n", "MB", "size", "wanted")
	for _, a := range []struct {
		name, tags string
		limit      int64
	}{{"pktrail-agent", "", agentLimit}, {"pktrail-agent-lite", "pktrail_lite", liteLimit}} {
		file := dir + "/" + a.name
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", a.tags, "-ldflags", "-s -w", "-o", file, "./cmd/pktrail-agent")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if b, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, b)
		}
		st, err := os.Stat(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-22s %8.1f  %.0f %s\n", a.name, float64(st.Size())/1e6, float64(a.limit)/1e6, met(st.Size() <= a.limit))
	}
	return nil
}
