package record_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// ledgerStream writes a stream whose losses move from point to point: what a
// socket has missed is told at its busiest point until a frame carries it.
func ledgerStream(t *testing.T, dst io.Writer) {
	t.Helper()
	w, err := record.NewWriter(dst, record.Header{Application: "test"})
	check(t, err)
	at := time.Unix(1_700_000_000, 0)
	for _, name := range []string{"eth0", "lo"} {
		_, err := w.AddPoint(trail.Point{Node: "n", Target: "pod", Interface: name, Link: 1}, record.PointOptions{})
		check(t, err)
	}
	frame := func(point, length, captured int, missed uint64) {
		check(t, w.WriteFrame(&trail.Frame{Time: at.UnixNano(), Point: point, Dir: trail.In, Len: length, Missed: missed, Data: make([]byte, captured)}))
	}
	stats := func(c ...trail.Counters) {
		for i, c := range c {
			check(t, w.WriteStats(i, at, c))
		}
		check(t, w.Flush())
	}
	frame(0, 1500, 64, 0)
	stats(trail.Counters{Received: 11, Missed: 10}, trail.Counters{})
	frame(1, 60, 60, 10)
	stats(trail.Counters{Received: 1}, trail.Counters{Received: 11, Missed: 10})
	_, err = w.AddPoint(trail.Point{Node: "n", Target: "pod", Interface: "eth1", Link: 1}, record.PointOptions{})
	check(t, err)
	frame(2, 0, 0, 0)
	frame(0, 70_000, 70_000, 3)
	stats(trail.Counters{Received: 5, Missed: 3}, trail.Counters{Received: 11, Missed: 10}, trail.Counters{Received: 6, Missed: 5})
	check(t, w.End(record.End{Reason: "Ctrl-C", At: at}))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// totals reads a stream by the Reader, as the Ledger should see it.
func totals(t *testing.T, stream io.Reader) ([]trail.PointTotal, string) {
	t.Helper()
	r, err := record.NewReader(stream)
	check(t, err)
	packets, octets := map[int]int64{}, map[int]int64{}
	var f trail.Frame
	for {
		err := r.Read(&f)
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		packets[f.Point]++
		octets[f.Point] += int64(f.Len)
	}
	if !r.Whole() {
		t.Error("the stream is not whole")
	}
	var all []trail.PointTotal
	for id, p := range r.Points() {
		c, _ := r.Counters(id)
		all = append(all, trail.PointTotal{Point: p, Packets: packets[id], Bytes: octets[id], Missed: c.Missed})
	}
	end, _ := r.End()
	return all, end.Reason
}

// What the Ledger says of a stream is what a Reader finds in it.
func TestLedgerAgreesWithReader(t *testing.T) {
	var stream bytes.Buffer
	var l record.Ledger
	ledgerStream(t, io.MultiWriter(&l, &stream))
	want, reason := totals(t, &stream)
	if d := cmp.Diff(want, l.Totals()); d != "" {
		t.Errorf("(-reader +ledger):\n%s", d)
	}
	var sum trail.PointTotal
	for _, p := range want {
		sum.Packets += p.Packets
		sum.Bytes += p.Bytes
		sum.Missed += p.Missed
	}
	if l.Sum() != sum || sum.Missed != 18 || sum.Packets != 4 {
		t.Errorf("sum %+v, want %+v", l.Sum(), sum)
	}
	if got, ok := l.Ended(); !ok || got != reason || got != "Ctrl-C" {
		t.Errorf("ended %q, %v; the reader says %q", got, ok, reason)
	}
}

// The books are right at any block, whatever the writes are cut into.
func TestLedgerBlockByBlock(t *testing.T) {
	var stream bytes.Buffer
	ledgerStream(t, &stream)
	var whole, single record.Ledger
	_, err := whole.Write(stream.Bytes())
	check(t, err)
	blocks := 0
	check(t, record.Walk(stream.Bytes(), func(_ pcapng.BlockType, block []byte) bool {
		blocks++
		if n, err := single.Write(block); err != nil || n != len(block) {
			t.Errorf("block %d: %d, %v", blocks, n, err)
		}
		var sum trail.PointTotal
		for _, p := range single.Totals() {
			sum.Packets += p.Packets
			sum.Bytes += p.Bytes
			sum.Missed += p.Missed
		}
		if sum != single.Sum() {
			t.Errorf("after block %d: the points have %+v, the sum is %+v", blocks, sum, single.Sum())
		}
		return true
	}))
	if d := cmp.Diff(whole.Totals(), single.Totals()); d != "" || blocks < 10 {
		t.Errorf("%d blocks: %s", blocks, d)
	}
}

// A stream without points has its end record among the names.
func TestLedgerWithoutPoints(t *testing.T) {
	var l record.Ledger
	w, err := record.NewWriter(&l, record.Header{})
	check(t, err)
	check(t, w.Flush())
	if _, ok := l.Ended(); ok {
		t.Error("ended before the end")
	}
	check(t, w.End(record.End{Reason: "nothing to do"}))
	if reason, ok := l.Ended(); !ok || reason != "nothing to do" {
		t.Errorf("%q, %v", reason, ok)
	}
	if len(l.Totals()) != 0 || l.Sum() != (trail.PointTotal{}) {
		t.Errorf("%+v, %+v", l.Totals(), l.Sum())
	}
}

// A file that was not written to its end: the books hold what there was.
func TestLedgerOfHalfAStream(t *testing.T) {
	var stream bytes.Buffer
	ledgerStream(t, &stream)
	b := stream.Bytes()
	for n := range len(b) - 1 {
		if n > 2000 && n%501 != 0 {
			continue
		}
		var l record.Ledger
		_, err := l.Write(b[:n])
		whole := 0
		_ = record.Walk(b[:n], func(_ pcapng.BlockType, block []byte) bool { whole += len(block); return true })
		if (err == nil) != (whole == n) {
			t.Fatalf("%d bytes, %d of them whole blocks: %v", n, whole, err)
		}
		var same record.Ledger
		_, err = same.Write(b[:whole])
		check(t, err)
		if d := cmp.Diff(same.Totals(), l.Totals()); d != "" {
			t.Fatalf("%d bytes: %s", n, d)
		}
		if _, ok := l.Ended(); ok {
			t.Fatalf("%d of %d bytes are an end", n, len(b))
		}
	}
}

// Frames and counters of points that were never introduced do no harm.
func TestLedgerStrangers(t *testing.T) {
	var stream bytes.Buffer
	ledgerStream(t, &stream)
	var l record.Ledger
	err := record.Walk(stream.Bytes(), func(kind pcapng.BlockType, block []byte) bool {
		if kind == pcapng.TypeInterface {
			return true
		}
		_, err := l.Write(block)
		check(t, err)
		return true
	})
	check(t, err)
	if _, ok := l.Ended(); ok || len(l.Totals()) != 0 || l.Sum().Packets != 4 || l.Sum().Missed != 0 {
		t.Errorf("%+v of %+v", l.Sum(), l.Totals())
	}
}

// The stream is written on one goroutine and looked at on others.
func TestLedgerAtOnce(t *testing.T) {
	var l record.Ledger
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for last := int64(0); ; {
				sum := l.Sum()
				if sum.Packets < last {
					t.Errorf("%d packets after %d", sum.Packets, last)
				}
				last = sum.Packets
				for _, p := range l.Totals() {
					_ = p.Point.Path()
				}
				l.Ended()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	w, err := record.NewWriter(&l, record.Header{})
	check(t, err)
	for i := range 20 {
		id, err := w.AddPoint(trail.Point{Interface: "eth0", Index: i + 1, Link: 1}, record.PointOptions{})
		check(t, err)
		for range 50 {
			check(t, w.WriteFrame(&trail.Frame{Time: 1, Point: id, Len: 60, Data: make([]byte, 60)}))
		}
		check(t, w.WriteStats(id, time.Now(), trail.Counters{Received: 50}))
		check(t, w.Flush())
	}
	check(t, w.End(record.End{}))
	close(done)
	readers.Wait()
	if s := l.Sum(); s.Packets != 1000 || s.Bytes != 60_000 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkLedger(b *testing.B) {
	var stream bytes.Buffer
	w, err := record.NewWriter(&stream, record.Header{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.AddPoint(trail.Point{Interface: "eth0", Link: 1}, record.PointOptions{}); err != nil {
		b.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	var l record.Ledger
	if _, err := l.Write(stream.Bytes()); err != nil {
		b.Fatal(err)
	}
	stream.Reset()
	const frames = 1000
	for range frames {
		if err := w.WriteFrame(&trail.Frame{Time: 1, Len: 1500, Data: make([]byte, 96)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Write(stream.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/frames, "ns/block")
}

// lender hands what a Writer lends out to a Ledger, and copies it.
type lender struct {
	ledger record.Ledger
	all    bytes.Buffer
}

func (l *lender) Write(b []byte) (int, error) {
	l.all.Write(b)
	return l.ledger.Write(b)
}

func (l *lender) WriteBuffers(bufs [][]byte) error {
	for _, b := range bufs {
		l.all.Write(b)
	}
	return l.ledger.WriteBuffers(bufs)
}

// TestLedgerOfBuffers keeps the same books when frames are lent as a Reader
// finds in the stream.
func TestLedgerOfBuffers(t *testing.T) {
	var l lender
	w, err := record.NewWriter(&l, record.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if !w.Lend() {
		t.Fatal("a Gatherer is not lent to")
	}
	id, err := w.AddPoint(trail.Point{Interface: "eth0", Link: 1}, record.PointOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for i := range 5000 {
		n := []int{60, 300, 1514, 257, 9000}[i%5]
		f := trail.Frame{Time: int64(i) + 1, Point: id, Dir: trail.In, Len: n, Data: make([]byte, n)}
		if err := w.WriteFrame(&f); err != nil {
			t.Fatal(err)
		}
		want += int64(n)
		if i%700 == 0 {
			if err := w.WriteStats(id, time.Unix(1, 0), trail.Counters{Received: 7, Missed: uint64(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.End(record.End{Reason: "done", At: time.Unix(2, 0)}); err != nil {
		t.Fatal(err)
	}
	if sum := l.ledger.Sum(); sum.Packets != 5000 || sum.Bytes != want || sum.Missed != 4900 {
		t.Errorf("the ledger has %+v; want 5000 packets, %d bytes, 4900 missed", sum, want)
	}
	if reason, ok := l.ledger.Ended(); !ok || reason != "done" {
		t.Errorf("ended: %q, %v", reason, ok)
	}
	r, err := record.NewReader(&l.all)
	if err != nil {
		t.Fatal(err)
	}
	var f trail.Frame
	n := 0
	for ; err == nil; n++ {
		err = r.Read(&f)
	}
	if n != 5001 || !errors.Is(err, io.EOF) || !r.Whole() {
		t.Errorf("the stream has %d frames and ends with %v, whole: %v", n-1, err, r.Whole())
	}
	if err := l.ledger.WriteBuffers([][]byte{{1, 2, 3}}); err == nil {
		t.Error("three bytes are no block")
	}
}
