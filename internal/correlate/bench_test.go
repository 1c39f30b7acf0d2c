package correlate

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

// fill adds n sightings of packets that pass a number of points each. Equal
// packets cannot be told apart by their bytes.
func fill(n, points int, equal bool) *Trails {
	at := make([]trail.Point, points)
	for i := range at {
		at[i] = up1
		at[i].Index, at[i].Interface = 100+i, fmt.Sprintf("eth%d", i)
	}
	s := step{dir: trail.Out, layers: []build.Layer{inPod, build.IPv6{Src: client6, Dst: server6}, build.UDP{SrcPort: 1, DstPort: 53}, build.Payload("12345678")}}
	if !equal {
		s.layers[1] = build.IPv4{Src: client, Dst: server}
	}
	f := s.frame(0)
	var t Trails
	for i := range n {
		packet := i / points
		if !equal {
			binary.BigEndian.PutUint16(f.Data[14+4:], uint16(packet)) // identification
			binary.BigEndian.PutUint32(f.Data[len(f.Data)-8:], uint32(packet))
		}
		f.Time = start + int64(packet)*2000 + int64(i%points)*100
		t.Add(at[i%points], f)
	}
	return &t
}

func BenchmarkTrails(b *testing.B) {
	for _, n := range []int{50_000, 200_000} {
		for _, c := range []struct {
			name   string
			points int
			equal  bool
		}{{"path", 10, false}, {"single", 1, false}, {"equal", 2, true}} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				var before, after runtime.MemStats
				for b.Loop() {
					runtime.GC()
					runtime.ReadMemStats(&before)
					t := fill(n, c.points, c.equal)
					runtime.GC()
					runtime.ReadMemStats(&after)
					runtime.KeepAlive(t)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sighting")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/sighting")
			})
		}
	}
}

// Time and memory grow with the number of sightings and no faster, also in a
// flood of packets that are equal to the byte.
func TestGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	spend := func(n int) time.Duration {
		best := time.Hour
		for range 3 { // other tests run beside this one
			began := time.Now()
			fill(n, 2, true)
			best = min(best, time.Since(began))
		}
		return best
	}
	small, large := spend(5_000), spend(40_000)
	if large > 24*small { // linear would be 8
		t.Errorf("5,000 sightings in %v, 40,000 in %v", small, large)
	}
}
