package netlink_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// manyRoutes makes a namespace with half of n routes of IPv4 and half of IPv6,
// as a large cluster's nodes have them.
func manyRoutes(tb testing.TB, n int) (namespace string) {
	tb.Helper()
	ns := labtest.Namespace(tb)
	var batch bytes.Buffer
	fmt.Fprintln(&batch, "link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\naddr add 10.1.0.1/16 dev v0\naddr add fd00:1::1/64 dev v0 nodad")
	for i := range n / 2 {
		fmt.Fprintf(&batch, "route add 10.%d.%d.0/24 via 10.1.%d.%d dev v0 proto bird\n", 100+i/256, i%256, i/256, i%250+2)
		fmt.Fprintf(&batch, "route add fd00:2:%x::/64 via fd00:1::%x dev v0 proto bird\n", i, i+2)
	}
	labtest.RequireTool(tb, "ip")
	cmd := exec.CommandContext(tb.Context(), "ip", "-n", ns, "-batch", "-")
	cmd.Stdin = &batch
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return ns
}

// used is what this process has used of the processors.
func used(tb testing.TB) time.Duration {
	tb.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// 5,000 routes are dumped and decoded for less than `ip -j route` needs, which
// writes them too. Both figures are of user and system time, the least of some
// rounds; no other test runs meanwhile.
func TestCostOfRoutes(t *testing.T) {
	const n, rounds = 5000, 20
	ns := manyRoutes(t, n)
	f, err := os.Open(filepath.Join("/run/netns", ns))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var ours, theirs, shown []time.Duration
	for range rounds {
		begin := used(t)
		got, err := netlink.Take(t.Context(), f, netlink.Options{Parts: []netstate.Part{netstate.PartRoutes}})
		ours = append(ours, used(t)-begin)
		if err != nil || len(got.Routes) < n {
			t.Fatalf("%v, %d routes", err, len(got.Routes))
		}
		begin = used(t)
		iproute.Routes(got, iproute.Options{JSON: true})
		shown = append(shown, used(t)-begin)
		cmd := exec.CommandContext(t.Context(), "ip", "-n", ns, "-j", "route", "show", "table", "all")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no figures of ip")
		}
		theirs = append(theirs, time.Duration(r.Utime.Nano()+r.Stime.Nano()))
	}
	a, b, c := slices.Min(ours), slices.Min(theirs), slices.Min(shown)
	t.Logf("%d routes: %v, ip -j route %v, ratio %.2f; to write them as ip -j does %v", n, a, b, float64(a)/float64(b), c)
	if a > b {
		t.Errorf("dumping and decoding %d routes costs %v, ip -j route %v", n, a, b)
	}
}
