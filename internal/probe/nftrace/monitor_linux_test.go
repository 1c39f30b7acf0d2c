//go:build !pktrail_lite

package nftrace

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// monitored is `nft monitor trace` in a namespace.
type monitored struct {
	mu    sync.Mutex
	steps []string
}

// monitor starts it, and waits until it listens.
func monitor(t *testing.T, ns string) *monitored {
	t.Helper()
	labtest.RequireTool(t, "nft")
	before := listeners(t, ns)
	cmd := exec.CommandContext(t.Context(), "nft", "-nn", "-a", "monitor", "trace")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Do(ns, cmd.Start); err != nil {
		t.Fatal(err)
	}
	m := &monitored{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for s := bufio.NewScanner(out); s.Scan(); {
			m.line(s.Text())
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		<-ended
		cmd.Wait() //nolint:errcheck // killed
	})
	labtest.Wait(t, 5*time.Second, "nft monitor to listen", func() bool { return listeners(t, ns) > before })
	return m
}

// listeners counts sockets of NETLINK_NETFILTER (12) in NFNLGRP_NFTRACE.
func listeners(t *testing.T, ns string) int {
	t.Helper()
	n := 0
	err := lab.Do(ns, func() error {
		b, err := os.ReadFile("/proc/thread-self/net/netlink")
		for l := range strings.Lines(string(b)) {
			if f := strings.Fields(l); len(f) > 3 && f[1] == "12" && f[3] == "00000100" {
				n++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	tracedRule   = regexp.MustCompile(`^trace id \S+ (\S+) (\S+) (\S+) rule .*?(?:# handle (\d+) )?\(verdict ([^)]*)\)`)
	tracedPolicy = regexp.MustCompile(`^trace id \S+ (\S+) (\S+) (\S+) policy (\S+)`)
)

func (m *monitored) line(s string) {
	step := ""
	if r := tracedRule.FindStringSubmatch(s); r != nil {
		step = fmt.Sprintf("%s %s %s %s %s", r[1], r[2], r[3], r[4], r[5])
	} else if r := tracedPolicy.FindStringSubmatch(s); r != nil {
		step = fmt.Sprintf("%s %s %s policy %s", r[1], r[2], r[3], r[4])
	}
	if step == "" || strings.Contains(step, " "+tablePrefix) {
		return
	}
	m.mu.Lock()
	m.steps = append(m.steps, step)
	m.mu.Unlock()
}

// same waits until nft has printed the rules and policies of the events. It
// does not print where a chain ends.
func (m *monitored) same(t *testing.T, events []Event) {
	t.Helper()
	var want []string
	for _, e := range events {
		for _, r := range e.Rules {
			switch r.Kind {
			case trail.RuleMatched:
				s := fmt.Sprintf("%s %s %s %d %s", r.Family, r.Table, r.Chain, r.Handle, r.Verdict)
				if r.To != "" {
					s += " " + r.To
				}
				want = append(want, s)
			case trail.RulePolicy:
				want = append(want, fmt.Sprintf("%s %s %s policy %s", r.Family, r.Table, r.Chain, r.Verdict))
			}
		}
	}
	var got []string
	end := time.Now().Add(5 * time.Second)
	for time.Now().Before(end) {
		m.mu.Lock()
		got = slices.Clone(m.steps)
		m.mu.Unlock()
		if slices.Equal(got, want) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Errorf("nft monitor trace:\n%s\npktrail:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
}
