//go:build !pktrail_lite

package ask

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
)

// TestNexthopObjects: routes that name their hops by a number.
func TestNexthopObjects(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, line := range []string{
		"nexthop add id 1 via 10.0.0.2 dev eth0", "nexthop add id 2 via 10.1.0.2 dev eth1", "nexthop add id 3 blackhole",
		"nexthop add id 10 group 1/2", "route add 10.81.0.0/16 nhid 2", "route add 10.82.0.0/16 nhid 10", "route add 10.83.0.0/16 nhid 3",
	} {
		b.ip(line)
	}
	for _, dst := range []string{"10.81.0.1", "10.82.0.1", "10.83.0.1"} {
		q := Question{Dst: addr(dst), Proto: packet.ProtoTCP, DstPort: 80}
		got, err := b.Lookup(q)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := b.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		last := steps[len(steps)-1]
		if !last.Decides || int(last.Errno) != got.Errno || got.Errno == 0 && last.Entry.String() != got.Match.String() {
			t.Errorf("%s: %s (%d), kernel %d %s", dst, last.Text, last.Errno, got.Errno, got.Match)
		}
		list := oneLine(b.ip("route show " + dst[:6] + "0.0/16"))
		if list != last.Entry.String() {
			t.Errorf("%s\n got %s\nwant %s", dst, last.Entry, list)
		}
	}
}

// TestLinkDown: a route by a device without carrier counts, unless a setting
// says otherwise.
func TestLinkDown(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ip("route add 10.84.0.0/16 via 10.1.0.2 metric 10")
	b.ip("route add 10.84.0.0/16 via 10.0.0.2 metric 20")
	b.do("ip -n " + b.peers[1] + " link set eth0 down")
	for _, ignore := range []int{0, 1} {
		b.in(fmt.Sprintf("sysctl -qw net.ipv4.conf.eth1.ignore_routes_with_linkdown=%d", ignore))
		q := Question{Dst: addr("10.84.0.1")}
		got, err := b.Lookup(q)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := b.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		last := steps[len(steps)-1]
		if want := []string{"eth1", "eth0"}[ignore]; last.Entry.Devices()[0] != want || got.Route.Device != want {
			t.Errorf("%d: %s, kernel %s", ignore, last.Text, got.Text)
		}
	}
}

// BenchmarkAnswers says what questions cost.
func BenchmarkAnswers(b *testing.B) {
	bed := newBed(b)
	q := Question{Dst: addr("10.0.0.2"), Src: addr("10.1.0.2"), In: "eth1"}
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			if err := openAndClose(bed.ns); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Route", func(b *testing.B) {
		for b.Loop() {
			if _, err := bed.Route(q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Explain", func(b *testing.B) {
		for b.Loop() {
			if _, err := bed.Explain(q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ReversePath", func(b *testing.B) {
		for b.Loop() {
			if _, err := bed.ReversePath(q.Src, q.Dst, q.In, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Socket", func(b *testing.B) {
		bed.listenWith("tcp4", "0.0.0.0:90", 0, "")
		for b.Loop() {
			if _, ok, err := bed.Socket(packet.ProtoTCP, at("10.0.0.1:90"), at("10.0.0.2:1")); err != nil || !ok {
				b.Fatal(ok, err)
			}
		}
	})
}

// TestEntryText compares routes with all that they may have with what `ip
// route show` prints.
func TestEntryText(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ip("rule add lookup 9 priority 9")
	b.ip("-6 rule add lookup 9 priority 9")
	for dst, route := range map[string]string{
		"10.101.0.0/16": "via 10.0.0.2 mtu lock 1400 window 1000 rtt 2s rttvar 30ms ssthresh 5 cwnd lock 6 advmss 1200 reordering 4",
		"10.102.0.0/16": "via 10.0.0.2 hoplimit 5 initcwnd 20 rto_min 50ms initrwnd 30 quickack 1 fastopen_no_cookie 1",
		"10.103.0.0/16": "via 10.0.0.2 congctl reno realms 3/4 proto bird metric 7",
		"10.104.0.0/16": "via 10.0.0.2 realms 4 proto 77 scope site",
		"10.105.0.0/16": "dev eth1 scope host tos 0x04",
		"10.106.0.0/16": "nexthop via 10.0.0.2 weight 2 nexthop via inet6 fd01::2 dev eth1 onlink",
		"fd11::/32":     "via fd00::2 from fd22::/64 pref high",
		"fd12::/32":     "via fd00::2 hoplimit 5 pref low proto ra expires 1000",
		"anycast":       "10.107.0.1/32 dev eth0",
	} {
		family, kind := "", ""
		if dst == "anycast" {
			kind, dst, route = "local ", "10.107.0.1", strings.TrimPrefix(route, "10.107.0.1/32 ")
		}
		q := Question{TOS: 4}
		if strings.Contains(dst, ":") {
			family, q.Src = "-6 ", addr("fd22::1")
		}
		b.ip(family + "route add " + kind + dst + " table 9 " + route)
		at, _, _ := strings.Cut(dst, "/")
		q.Dst = addr(strings.Replace(at, ".0.0", ".0.1", 1))
		if strings.Contains(at, "::") {
			q.Dst = addr(at + "7")
		}
		steps, err := b.Explain(q)
		if err != nil || len(steps) == 0 {
			t.Fatal(steps, err)
		}
		last := steps[len(steps)-1]
		got := last.Entry
		if got.Table != 9 {
			t.Errorf("%s: %s", q, last.Text)
		}
		got.Table = 0
		want := oneLine(b.ip(family + "route show table 9 exact " + dst))
		cut := func(s string) string { // the clock runs
			before, after, ok := strings.Cut(s, " expires ")
			if _, after, _ = strings.Cut(after, " "); ok {
				return before + " expires " + after
			}
			return s
		}
		if cut(got.String()) != cut(want) {
			t.Errorf("%s\n got %s\nwant %s", dst, got, want)
		}
	}
}

// TestSuppressGroup: a route by a device of a group is refused.
func TestSuppressGroup(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ip("link set eth1 group 7")
	b.ip("route add 10.110.0.0/16 via 10.1.0.2 table 9")
	b.ip("route add 10.110.0.0/15 via 10.0.0.2")
	b.ip("rule add lookup 9 suppress_ifgroup 7 priority 9")
	q := Question{Dst: addr("10.110.0.1")}
	got, err := b.Lookup(q)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := b.Explain(q)
	if err != nil || len(steps) != 3 {
		t.Fatal(steps, err)
	}
	if !strings.HasSuffix(steps[1].Text, "suppressed: its device is in group 7") || steps[2].Entry.String() != got.Match.String() {
		t.Errorf("%s; %s; kernel %s", steps[1].Text, steps[2].Text, got.Match)
	}
}
