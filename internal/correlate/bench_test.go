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

// fill adds n sightings of captured packets that pass a number of points each.
// Equal packets cannot be told apart by their bytes.
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

// way40 is what a kernel probe tells with everything armed of a packet that
// goes from one node to the other: 36 sightings and 4 lookups, with its
// connection.
func way40() []*Sighting {
	ct := &trail.Conntrack{State: "established"}
	var all []*Sighting
	add := func(e event) {
		s := e.sighting()
		if e.hook != "" {
			s.Seen.Conntrack = ct
		}
		all = append(all, s)
	}
	for _, e := range sender(1) {
		if e.hook == "" {
			add(e)
			continue
		}
		for i := range 3 {
			e.us++
			e.prio += 10 * i
			add(e)
		}
	}
	for _, e := range receiver(1) {
		if e.hook == "" {
			add(e)
			continue
		}
		for i := range 2 {
			e.us++
			e.prio += 10 * i
			add(e)
		}
	}
	add(event{us: 180, at: pod2, stage: trail.StageDeliver, flight: 1, layers: echo(62, 54853, 7, 1)})
	return all
}

// flood adds about n observations by a kernel probe, of packets 200 us apart.
func flood(t *Trails, n int) (added int) {
	way := way40()
	for i := range n / 40 {
		for _, s := range way {
			e := *s
			f := *s.Frame
			e.Frame = &f
			e.Seen.Flight += uint64(i) * 10_000
			ip := 0
			switch {
			case f.Data[0] == 0x45 && f.Data[9] == 17:
				ip = 20 + 8 + 8 + 14
			case f.Data[0] == 0x45:
			case f.Data[23] == 17:
				ip = 14 + 20 + 8 + 8 + 14
			default:
				ip = 14
			}
			binary.BigEndian.PutUint16(f.Data[ip+4:], uint16(i))
			binary.BigEndian.PutUint16(f.Data[ip+26:], uint16(i)) // sequence number
			e.Seen.Time += int64(i) * 200_000
			if e.Seen.Conntrack != nil { // each sighting brings its own
				ct := *e.Seen.Conntrack
				e.Seen.Conntrack = &ct
			}
			if e.Seen.Hook != nil {
				h := *e.Seen.Hook
				e.Seen.Hook = &h
			}
			e.Also = nil
			for _, o := range s.Also {
				r := *o.Route
				o.Route, o.Flight = &r, e.Seen.Flight
				o.Time += int64(i) * 200_000
				e.Also = append(e.Also, o)
			}
			t.See(&e)
			added += 1 + len(e.Also)
		}
	}
	return added
}

// measure runs what it is given and says how much is live afterwards.
func measure(run func() any) (live uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	kept := run()
	took = time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return after.HeapAlloc - min(after.HeapAlloc, before.HeapAlloc), took
}

func BenchmarkTrails(b *testing.B) {
	for _, n := range []int{50_000, 200_000} {
		for _, c := range []struct {
			name   string
			points int
			equal  bool
		}{{"path", 10, false}, {"single", 1, false}, {"equal", 2, true}} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				var live uint64
				for b.Loop() {
					live, _ = measure(func() any { return fill(n, c.points, c.equal) })
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sighting")
				b.ReportMetric(float64(live)/float64(n), "B/sighting")
			})
		}
	}
}

// BenchmarkProbe is of what the kernel probe tells: kept until All, and handed
// out.
func BenchmarkProbe(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("kept/%d", n), func(b *testing.B) {
			var live uint64
			for b.Loop() {
				live, _ = measure(func() any {
					t := &Trails{}
					flood(t, n)
					return t
				})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/observation")
			b.ReportMetric(float64(live)/float64(n), "B/observation")
		})
		b.Run(fmt.Sprintf("closed/%d", n), func(b *testing.B) {
			var live uint64
			for b.Loop() {
				live, _ = measure(func() any {
					t := New(Options{Closed: func(trail.Trail) {}})
					flood(t, n)
					return t
				})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/observation")
			b.ReportMetric(float64(live), "B-live")
		})
	}
}

// A million observations stay within 400 MB, also if all are kept, and the
// time grows no faster than their number.
func TestMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	spend := func(n int) (uint64, time.Duration, int) {
		added := 0
		live, took := measure(func() any {
			all := &Trails{}
			added = flood(all, n)
			for tr := range all.Each() {
				if len(tr.Observations) < 40 {
					t.Fatalf("a trail of %d observations", len(tr.Observations))
				}
			}
			return all
		})
		return live, took, added
	}
	_, small, few := spend(100_000)
	live, large, many := spend(1_000_000)
	t.Logf("%d observations: %d MB live, %d B and %d ns each; %d ns each of %d", many, live>>20, live/uint64(many), large.Nanoseconds()/int64(many), small.Nanoseconds()/int64(few), few)
	if live > 400<<20 {
		t.Errorf("%d MB for %d observations", live>>20, many)
	}
	if large > 30*small { // linear would be 10
		t.Errorf("%d observations in %v, %d in %v", few, small, many, large)
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
