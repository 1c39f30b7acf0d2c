package record

import (
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// arrivals notes when each frame was written, and which.
type arrivals struct {
	mu    sync.Mutex
	at    []time.Duration
	times []int64
	since time.Time
}

func (a *arrivals) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := Walk(b, func(_ pcapng.BlockType, block []byte) bool {
		if info, ok := Info(block); ok {
			a.at, a.times = append(a.at, time.Since(a.since)), append(a.times, info.Time)
		}
		return true
	})
	return len(b), err
}

// live is a stream that is written as time goes by.
type live struct {
	t *testing.T
	w *Writer
}

func newLive(t *testing.T, to io.Writer, node string) *live {
	t.Helper()
	w, err := NewWriter(to, Header{Node: node})
	must(t, err)
	_, err = w.AddPoint(trail.Point{Node: node, Interface: "eth0", Link: 1}, PointOptions{})
	must(t, err)
	must(t, w.Flush())
	return &live{t, w}
}

func (l *live) frame(at int64) {
	l.t.Helper()
	must(l.t, l.w.WriteFrame(&trail.Frame{Time: at, Len: 1, Data: []byte{1}}))
	must(l.t, l.w.Flush())
}

// TestMergeHold: a frame waits for a stream that says nothing for as long as
// the hold, and not when all have spoken; who lags less is put in order, who
// lags more goes out at once.
func TestMergeHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hold = 500 * time.Millisecond
		got := &arrivals{since: time.Now()}
		m := NewMerge(got, hold, 0)
		a, b := m.Add("a"), m.Add("b")
		x, y := newLive(t, a, "a"), newLive(t, b, "b")
		x.frame(10) // 0 s: b may have an earlier one
		time.Sleep(hold / 5)
		x.frame(30)
		synctest.Wait()
		if len(got.times) != 0 {
			t.Fatalf("after %v: %v", hold/5, got.times)
		}
		y.frame(20) // 0.1 s: 10 and 20 are in order now
		synctest.Wait()
		time.Sleep(hold) // 0.6 s: 30 has waited long enough
		synctest.Wait()
		y.frame(25) // too late
		x.frame(40)
		time.Sleep(2 * hold) // 1.6 s: 25 has waited as well, then 40
		synctest.Wait()
		must(t, b.Close())
		x.frame(50) // nobody to wait for
		synctest.Wait()
		must(t, a.Close())
		must(t, m.Close())
		wantTimes := []int64{10, 20, 30, 25, 40, 50}
		wantAt := []time.Duration{100, 100, 600, 600, 1100, 1600}
		equal(t, "order", got.times, wantTimes)
		for i, at := range got.at {
			if d := at - wantAt[i]*time.Millisecond; d < -hold/16 || d > hold/16 {
				t.Errorf("frame %d came after %v, want %v ms", got.times[i], at, int(wantAt[i]))
			}
		}
	})
}

// TestMergeSilent: a stream that never says a word costs the others the hold,
// and no order.
func TestMergeSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hold = time.Second
		got := &arrivals{since: time.Now()}
		m := NewMerge(got, hold, 0)
		x, y := newLive(t, m.Add("a"), "a"), newLive(t, m.Add("b"), "b")
		m.Add("silent")
		for i := range int64(200) {
			x.frame(1000 + 2*i)
			time.Sleep(time.Millisecond)
			y.frame(1000 + 2*i - 21) // lags by some ten milliseconds
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * hold)
		synctest.Wait()
		if len(got.times) != 400 {
			t.Fatalf("%d frames", len(got.times))
		}
		for i := 1; i < 400; i++ {
			if got.times[i] < got.times[i-1] {
				t.Fatalf("%d behind %d", got.times[i], got.times[i-1])
			}
		}
		if first, last := got.at[0], got.at[399]; first < hold*15/16 || first > hold*17/16 || last > hold+500*time.Millisecond {
			t.Errorf("the first came after %v, the last after %v", first, last)
		}
		must(t, m.Close())
	})
}
