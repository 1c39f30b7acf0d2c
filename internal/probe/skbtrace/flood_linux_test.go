//go:build !pktrail_lite

package skbtrace

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// flood sends small datagrams from pod to pod over the two-node lab.
type flood struct {
	lab   *lab.Lab
	conn  *ipv4.PacketConn
	batch []ipv4.Message
}

func newFlood(tb testing.TB) *flood {
	tb.Helper()
	f := &flood{lab: labtest.Lab(tb, lab.Options{})}
	from, to := f.lab.Pods[0], f.lab.Pods[2]
	f.sink(tb, to.Name)
	c := labtest.Dial(tb, from.Name, "udp4", to.IPv4.String()+":9999")
	f.conn = ipv4.NewPacketConn(c.(*net.UDPConn))
	f.batch = make([]ipv4.Message, 64)
	for i := range f.batch {
		f.batch[i].Buffers = [][]byte{make([]byte, 64-42)} // 64 bytes on the wire of the pod
	}
	labtest.Ping(tb, from.Name, to.IPv4)
	return f
}

// sink opens a socket that refuses all packets by a filter: they end where
// they would be queued, in the sending thread, and nobody is woken up.
func (f *flood) sink(tb testing.TB, namespace string) {
	tb.Helper()
	fd := -1
	err := lab.Do(namespace, func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		none := unix.SockFilter{Code: unix.BPF_RET}
		if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &none}); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrInet4{Port: 9999})
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = unix.Close(fd) })
}

// cost sends for a while and returns the sending thread's CPU time per packet:
// all of the path runs in it.
func (f *flood) cost(tb testing.TB, d time.Duration) float64 {
	tb.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var a, b unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &a)
	sent := 0
	for end := time.Now().Add(d); time.Now().Before(end); {
		n, err := f.conn.WriteBatch(f.batch, 0)
		if err != nil {
			tb.Fatal(err)
		}
		sent += n
	}
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &b)
	return float64(b.Nano()-a.Nano()) / float64(sent)
}

// BenchmarkFlood prints what an armed tracer leaves of a flood that it does
// not follow: CPU time per packet without, divided by that with.
func BenchmarkFlood(b *testing.B) {
	f := newFlood(b)
	other := compile(b, "host 10.244.1.3 and host 10.244.2.3 and port 80")
	for _, tier := range []struct {
		name string
		full bool
	}{{"default", false}, {"full", true}} {
		b.Run(tier.name, func(b *testing.B) {
			var off, on []float64
			for range 5 {
				off = append(off, f.slices(b)...)
				tr := f.arm(b, Options{Filter: other, Full: tier.full, Watch: []netip.Addr{netip.MustParseAddr("10.244.1.3"), netip.MustParseAddr("10.244.2.3")}})
				on = append(on, f.slices(b)...)
				if err := tr.Close(); err != nil {
					b.Fatal(err)
				}
			}
			// The fastest quarter: what else runs here only ever adds.
			slices.Sort(off)
			slices.Sort(on)
			q := len(off) / 4
			b.ReportMetric(off[q]/on[q], "ratio")
			b.ReportMetric(off[q], "ns-off")
			b.ReportMetric(on[q], "ns-on")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// slices measures a few times.
func (f *flood) slices(tb testing.TB) []float64 {
	tb.Helper()
	f.cost(tb, 10*time.Millisecond)
	var out []float64
	for range 8 {
		out = append(out, f.cost(tb, 20*time.Millisecond))
	}
	return out
}

// arm opens a tracer, with brackets in all namespaces of the lab.
func (f *flood) arm(tb testing.TB, o Options) *Tracer {
	tb.Helper()
	tr, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	if !o.Full {
		return tr
	}
	for _, name := range f.lab.Namespaces() {
		ns, err := os.Open("/run/netns/" + name)
		if err != nil {
			tb.Fatal(err)
		}
		if err := tr.Netfilter(ns); err != nil {
			tb.Fatal(err)
		}
		_ = ns.Close()
	}
	return tr
}
