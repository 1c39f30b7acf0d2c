package netlink

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
)

// crowd makes a namespace with that many links: veth pairs, half of them ports
// of a bridge, as on a node with many pods.
func crowd(tb testing.TB, links int) string {
	tb.Helper()
	ns := labtest.Namespace(tb)
	var b strings.Builder
	b.WriteString("link add br0 type bridge\n")
	for i := range links / 2 {
		fmt.Fprintf(&b, "link add a%d type veth peer name b%d\nlink set a%d master br0\n", i, i, i)
	}
	cmd := exec.CommandContext(tb.Context(), labtest.RequireTool(tb, "ip"), "-n", ns, "-batch", "-")
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return ns
}

// BenchmarkLinks takes the 500 links of a namespace, and has ip list them for
// comparison. cpu-us is processor time for one, in microseconds.
func BenchmarkLinks(b *testing.B) {
	ns := crowd(b, 500)
	f := open(b, ns)
	parts := []netstate.Part{netstate.PartLinks}
	b.Run("Take", func(b *testing.B) {
		b.ReportAllocs()
		before := used(b, syscall.RUSAGE_SELF)
		for b.Loop() {
			got, err := Take(context.Background(), f, Options{Parts: parts})
			if err != nil || len(got.Links) != 502 {
				b.Fatal(len(got.Links), err)
			}
		}
		b.ReportMetric(float64((used(b, syscall.RUSAGE_SELF)-before).Microseconds())/float64(b.N), "cpu-us/op")
	})
	b.Run("Everything", func(b *testing.B) {
		before := used(b, syscall.RUSAGE_SELF)
		for b.Loop() {
			if _, err := Take(context.Background(), f, Options{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((used(b, syscall.RUSAGE_SELF)-before).Microseconds())/float64(b.N), "cpu-us/op")
	})
	tool := labtest.RequireTool(b, "ip")
	b.Run("ip", func(b *testing.B) {
		before := used(b, syscall.RUSAGE_CHILDREN)
		for b.Loop() {
			cmd := exec.Command(tool, "-n", ns, "-j", "-d", "link") //nolint:noctx // ends by itself
			cmd.Stdout = nil
			if err := cmd.Run(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((used(b, syscall.RUSAGE_CHILDREN)-before).Microseconds())/float64(b.N), "cpu-us/op")
	})
}

// BenchmarkPod takes all of a namespace as a pod has it: what a node with many
// pods has to pay for each.
func BenchmarkPod(b *testing.B) {
	ns := labtest.Namespace(b)
	ip(b, ns, "link add eth0 type veth peer name peer", "addr add 10.0.0.1/24 dev eth0", "link set eth0 up", "link set peer up",
		"route add default via 10.0.0.2")
	f := open(b, ns)
	b.ReportAllocs()
	before := used(b, syscall.RUSAGE_SELF)
	for b.Loop() {
		if _, err := Take(context.Background(), f, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((used(b, syscall.RUSAGE_SELF)-before).Microseconds())/float64(b.N), "cpu-us/op")
}

// used is how much processor time was used so far.
func used(tb testing.TB, who int) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestCheaperThanIP: links cost less processor time than `ip -j -d link`.
func TestCheaperThanIP(t *testing.T) {
	ns := crowd(t, 500)
	f, tool := open(t, ns), labtest.RequireTool(t, "ip")
	const rounds = 15
	var ours, theirs time.Duration
	for range rounds {
		before := used(t, syscall.RUSAGE_SELF)
		if _, err := Take(t.Context(), f, Options{Parts: []netstate.Part{netstate.PartLinks}}); err != nil {
			t.Fatal(err)
		}
		ours += used(t, syscall.RUSAGE_SELF) - before
		before = used(t, syscall.RUSAGE_CHILDREN)
		if err := exec.CommandContext(t.Context(), tool, "-n", ns, "-j", "-d", "link").Run(); err != nil {
			t.Fatal(err)
		}
		theirs += used(t, syscall.RUSAGE_CHILDREN) - before
	}
	t.Logf("ours %s, ip %s for each of %d", ours/rounds, theirs/rounds, rounds)
	if ours >= theirs {
		t.Errorf("%s, ip %s", ours, theirs)
	}
}
