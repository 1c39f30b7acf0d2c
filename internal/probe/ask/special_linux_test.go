//go:build !pktrail_lite

package ask

import (
	"fmt"
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
