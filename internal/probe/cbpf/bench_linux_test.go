package cbpf

import (
	"net/netip"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// traffic is what a node sees: half of it in VXLAN, nearly all of it of others.
func traffic() [][]byte {
	var list [][]byte
	for i := range 32 {
		a, b := netip.AddrFrom4([4]byte{10, 244, 1, byte(i)}), netip.AddrFrom4([4]byte{10, 244, 2, byte(7 * i)})
		p := []build.Layer{
			build.IPv4{Src: a, Dst: b},
			build.TCP{SrcPort: uint16(40000 + i), DstPort: 8080, Flags: packet.ACK},
			build.Payload(make([]byte, 100)),
		}
		if i%2 == 0 {
			p = append([]build.Layer{
				build.IPv4{Src: netip.MustParseAddr("172.18.0.2"), Dst: netip.MustParseAddr("172.18.0.3")},
				build.UDP{SrcPort: 50000, DstPort: packet.PortVXLANLinux},
				build.VXLAN{VNI: 1},
				build.Ethernet{},
			}, p...)
		}
		list = append(list, build.Packet(p...))
	}
	return list
}

// BenchmarkTranslated measures the time for a packet without that for calling
// the function, which a function that matches all shows.
func BenchmarkTranslated(b *testing.B) {
	packets := traffic()
	k := newBench(b, len(packets))
	for _, p := range packets {
		k.add(b, p, len(p))
	}
	exprs := []string{
		"host 10.244.1.5", "host 10.244.1.5 and tcp port 8080", "tcp port 80", "udp port 53",
		"src net 10.244.7.0/24 and not port 22", "host 10.244.1.5 and host 10.244.2.35 and tcp port 8080 and tcp[tcpflags] & tcp-syn != 0",
	}
	everything := filter.Program{bpf.RawInstruction{Op: 6, K: 1}}
	for _, w := range ways(b) {
		none := k.time(b, everything, w)
		for _, expr := range exprs {
			for _, inner := range []bool{false, true} {
				name := w.name + "/" + expr
				if inner {
					name += "/inner"
				}
				b.Run(name, func(b *testing.B) {
					p := compile(expr, filter.Options{Link: filter.Raw, Inner: inner})
					insns, err := Translate(p, Options{Load: w.load})
					if err != nil {
						b.Fatal(err)
					}
					var best time.Duration
					for b.Loop() {
						if took := k.time(b, p, w); best == 0 || took < best {
							best = took
						}
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(float64((best-none).Nanoseconds())/rounds, "ns/packet")
					b.ReportMetric(float64(len(p)), "classic")
					b.ReportMetric(float64(len(insns)), "insns")
				})
			}
		}
		b.Logf("%s: %.1f ns for calling the function", w.name, float64(none.Nanoseconds())/rounds)
	}
}

const rounds = 1 << 18

func (k *bench) time(b *testing.B, p filter.Program, w way) time.Duration {
	b.Helper()
	prog, _, err := k.load(p, w, Options{}, rounds)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = prog.Close() }()
	best := time.Hour
	for range 5 {
		start := time.Now()
		if _, err := prog.Run(&ebpf.RunOptions{}); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	return best
}
