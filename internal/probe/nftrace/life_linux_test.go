//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// counted is a ruleset that counts what passes, to know when all has.
const counted = `table inet t {
	counter passed {
	}
	chain f { type filter hook forward priority 0; policy accept; udp dport 80 counter name passed
	}
}`

// flood sends n datagrams, and waits until the router has seen them all.
func flood(t *testing.T, b bed, n int) {
	t.Helper()
	c := labtest.Dial(t, b.client, "udp", "10.9.2.2:80")
	for range n {
		// The server's ICMP errors come back as errors of Write; each sends
		// no packet.
		for {
			if _, err := c.Write([]byte("flood")); err == nil {
				break
			}
		}
	}
	want := fmt.Sprintf("packets %d ", n)
	labtest.Wait(t, 10*time.Second, want, func() bool {
		return strings.Contains(run(t, b.router, "", "nft", "list", "counters"), want)
	})
}

// A flood is not marked but for the rate.
func TestRate(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, counted, "nft", "-f", "-")
	start := time.Now()
	tr := open(t, b.router, Options{Matches: []Match{toServer}})
	flood(t, b, 1000)
	most := uint64(DefaultRate * (1 + time.Since(start).Seconds()))
	events := tr.stop(t)
	st, err := tr.Stats()
	if err != nil || st.Marked < DefaultRate || st.Marked > most || uint64(len(events)) != st.Marked || st.Overruns != 0 {
		t.Errorf("%d events, %+v, %v; want %d to %d", len(events), st, err, DefaultRate, most)
	}
}

func TestTotal(t *testing.T) {
	t.Parallel()
	for _, total := range []int{1, 5, 25} {
		b := newBed(t)
		run(t, b.router, counted, "nft", "-f", "-")
		tr := open(t, b.router, Options{Matches: []Match{toServer}, Rate: 1000, Total: total})
		flood(t, b, 100)
		if events := tr.stop(t); len(events) != total {
			t.Errorf("%d events, want %d", len(events), total)
		}
	}
}

// The largest limits are taken by the kernel.
func TestLimits(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	open(t, ns, Options{Rate: MaxRate, Total: MaxTotal, Buffer: MaxBuffer})
	for _, o := range []Options{
		{Rate: MaxRate + 1},
		{Rate: -1},
		{Total: -1},
		{Total: MaxTotal + 1},
		{Buffer: 1},
		{Buffer: MaxBuffer + 1},
		{Legacy: 9},
		{Matches: []Match{{Version: 5}}},
	} {
		if tr, err := Open(o); err == nil {
			tr.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}

// A killed process leaves no table and no socket. What it changed for
// iptables-legacy is listed and can be put back.
func TestKilled(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, "", "iptables-legacy", "-P", "FORWARD", "ACCEPT")
	run(t, b.router, "", "ip6tables-legacy", "-P", "FORWARD", "ACCEPT")
	set(t, b.router, loggerPath(nfprotoIPv6), loggerNone)
	state := t.TempDir()
	cmd, table := child(t, b.router, state)
	if out := run(t, b.router, "", "nft", "list", "tables"); !strings.Contains(out, table) {
		t.Fatalf("table %s is not there: %s", table, out)
	}
	if l, err := Leftovers(state); err != nil || len(l) != 0 {
		t.Errorf("a running process left %v, %v", l, err)
	}
	if n := listeners(t, b.router); n != 1 {
		t.Errorf("%d listeners", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // killed
	labtest.Wait(t, 5*time.Second, "the kernel to remove the table", func() bool {
		return run(t, b.router, "", "nft", "list", "tables") == "" && listeners(t, b.router) == 0
	})

	left, err := Leftovers(state)
	if err != nil || len(left) != 1 || left[0].PID != cmd.Process.Pid || !strings.Contains(left[0].String(), "NFLOG") {
		t.Fatalf("%+v, %v", left, err)
	}
	if got := loggers(t, b.router); got != [2]string{loggerNFLOG, loggerNFLOG} {
		t.Errorf("loggers %v", got)
	}
	other, err := os.Open("/run/netns/" + b.client)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := Restore(other, left[0]); err == nil {
		t.Error("restored in another namespace")
	}
	ns, err := os.Open("/run/netns/" + b.router)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	if err := Restore(ns, left[0]); err != nil {
		t.Fatal(err)
	}
	if got := loggers(t, b.router); got != [2]string{"nf_log_ipv4", loggerNone} {
		t.Errorf("loggers %v", got)
	}
	if left, err = Leftovers(state); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// Tables of the same name, of one process or another, are left alone, and
// nobody else's flush takes ours away.
func TestNames(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	name := func(n int) string { return fmt.Sprintf("pktrail-%d-%d", os.Getpid(), n) }
	run(t, b.router, "", "nft", "add", "table", "inet", name(0))
	one := open(t, b.router, Options{Matches: []Match{toServer}})
	two := open(t, b.router, Options{Matches: []Match{toServer}})
	if one.Table() != name(1) || two.Table() != name(2) {
		t.Fatalf("tables %s, %s", one.Table(), two.Table())
	}
	run(t, b.router, "", "nft", "flush", "ruleset")
	run(t, b.router, counted, "nft", "-f", "-")
	run(t, b.router, "", "nft", "add", "table", "inet", name(0))
	sendUDP(t, b.client, "10.9.2.2:80")
	const want = "FORWARD cl>sv inet t: f continue, f policy accept\n"
	expect(t, one, want)
	expect(t, two, want)
	one.stop(t)
	if err := two.Close(); err != nil {
		t.Error(err)
	}
	tables := strings.Split(strings.TrimSpace(run(t, b.router, "", "nft", "list", "tables")), "\n")
	slices.Sort(tables)
	if !slices.Equal(tables, []string{"table inet " + name(0), "table inet t"}) {
		t.Errorf("left: %q", tables)
	}
}

// A queue that is too small: what the kernel could not tell is counted.
func TestOverrun(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, counted, "nft", "-f", "-")
	f, err := os.Open("/run/netns/" + b.router)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr, err := Open(Options{Netns: f, Matches: []Match{toServer}, Rate: 1000, Buffer: MinBuffer})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	flood(t, b, 200) // nobody reads
	tr.Stop()
	n := 0
	for ; ; n++ {
		var e Event
		if err = tr.Read(&e); err != nil {
			break
		}
	}
	st, statsErr := tr.Stats()
	if !errors.Is(err, io.EOF) || statsErr != nil || n == 0 || n >= 200 || st.Overruns == 0 || st.Marked >= 200 {
		t.Errorf("%d events, %+v, %v, %v", n, st, err, statsErr)
	}
}

// As many matches as anybody may want, twice: where the name of the first table
// is taken, all of the kernel's refusals do not fit into the socket's buffer.
func TestManyMatches(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, counted, "nft", "-f", "-")
	many := make([]Match, 0, 301)
	for i := range 300 {
		many = append(many, Match{Dst: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 32), DstPort: uint16(1000 + i)})
	}
	o := Options{Matches: append(many, toServer)}
	one, two := open(t, b.router, o), open(t, b.router, o)
	sendUDP(t, b.client, "10.9.2.2:80")
	for _, tr := range []*tracer{one, two} {
		expect(t, tr, "FORWARD cl>sv inet t: f continue, f policy accept\n")
		tr.stop(t)
	}
}

// What nft prints of our table, nft reads: somebody may save a ruleset meanwhile.
func TestReadBack(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	open(t, ns, Options{Matches: []Match{
		{Dst: prefixes("10.9.2.2/32")[0], Port: 80},
		{Dst: prefixes("fd09:2::2/128")[0], Src: prefixes("fd09:2::/64")[0], Proto: protoTCP, SrcPort: 80},
		{Dst: prefixes("fd09:3::2/128")[0]},
		{HasID: true, ICMPID: 7},
		{Dst: prefixes("10.9.2.3/32")[0], Fragment: true},
	}})
	list := run(t, ns, "", "nft", "list", "ruleset")
	if !strings.Contains(list, "vmap") {
		t.Errorf("no map in %s", list)
	}
	run(t, labtest.Namespace(t), list, "nft", "-c", "-f", "-")
}

func TestClose(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	tr := open(t, ns, Options{Matches: []Match{{}}}) // its Read waits
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-tr.ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("a waiting Read: %v", err)
	}
	if err := tr.Read(new(Event)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	tr.Stop()
	if out := run(t, ns, "", "nft", "list", "tables"); out != "" {
		t.Errorf("left: %s", out)
	}
}

// Without rights the error names the one that is missing.
func TestPermission(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends without its rights
		none := [2]unix.CapUserData{}
		if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
			result <- err
			return
		}
		_, err := Open(Options{})
		result <- err
	}()
	err := <-result
	var p *PermissionError
	if !errors.As(err, &p) || p.Capability != "CAP_NET_ADMIN" || !errors.Is(err, fs.ErrPermission) || p.Hint() == "" {
		t.Errorf("%v", err)
	}
}

func loggers(t *testing.T, ns string) [2]string {
	t.Helper()
	out := strings.Fields(run(t, ns, "", "cat", loggerPath(nfprotoIPv4), loggerPath(nfprotoIPv6)))
	if len(out) != 2 {
		t.Fatalf("loggers %q", out)
	}
	return [2]string(out)
}
