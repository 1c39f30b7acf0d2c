package agent

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// failing takes some bytes and then fails, with or without a part of the last
// write.
type failing struct {
	bytes.Buffer
	left int
	err  error
}

func (f *failing) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.left -= n
	f.Buffer.Write(b[:n])
	if n < len(b) {
		return n, f.err
	}
	return n, nil
}

// Whenever the output fails, the capture ends with the output's error, told
// once, and leaves nothing open.
func TestOutputFails(t *testing.T) {
	p := newPair(t)
	before := descriptors()
	for i, err := range []error{syscall.ENOSPC, syscall.EPIPE, io.ErrShortWrite} {
		for _, after := range []int{0, 27, 400, 1500, 6000} {
			w := &failing{left: after + 4*i, err: err}
			k := newTalk()
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			done := make(chan error, 1)
			go func() {
				done <- Run(ctx, Request{Version: Version, Capture: &Capture{Targets: []string{"netns:" + p.a, "netns:" + p.b}}}, w, k.hear)
			}()
			var got error
			for got == nil {
				select {
				case got = <-done:
				default:
					p.ping(t, 1)
				}
			}
			stop()
			if !errors.Is(got, err) || strings.Count(got.Error(), err.Error()) != 1 {
				t.Errorf("after %d bytes: %q, want %v once", after, got, err)
			}
			armed, ended := len(k.of(KindArmed)), k.of(KindEnded)
			if armed != len(ended) || armed > 1 || armed == 0 && after > 400 {
				t.Errorf("after %d bytes: armed %d times, ended %q", after, armed, ended)
			}
		}
	}
	if after := descriptors(); len(after) != len(before) {
		t.Errorf("open before: %v, after: %v", before, after)
	}
}

// watched is a buffer that is read as it grows.
type watched struct {
	tb     testing.TB
	mu     sync.Mutex
	all    bytes.Buffer
	writes int
	slow   time.Duration
}

func (w *watched) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Len()
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	if err := record.Walk(b, func(pcapng.BlockType, []byte) bool { return true }); err != nil {
		w.tb.Errorf("write %d: %v", w.writes, err)
	}
	w.all.Write(b)
	if w.slow > 0 {
		time.Sleep(w.slow) // a disk, or a reader
		return len(b), nil
	}
	in, err := record.NewReader(bytes.NewReader(w.all.Bytes()))
	if err != nil {
		w.tb.Fatal(err)
	}
	var f trail.Frame
	for err == nil {
		err = in.Read(&f)
	}
	if !errors.Is(err, io.EOF) {
		w.tb.Errorf("after write %d: %v", w.writes, err)
	}
	return len(b), nil
}

// Who reads along always has whole packets, and soon.
func TestReadableAtEachFlush(t *testing.T) {
	p := newPair(t)
	w := &watched{tb: t}
	r := begin(t, Capture{Targets: []string{"netns:" + p.a}, Filter: "icmp"}, w)
	for range 20 {
		p.ping(t, 1)
	}
	labtest.Wait(t, 5*time.Second, "packets in the output without an end", func() bool { return w.len() > 40*128 })
	n := w.len()
	labtest.Wait(t, 5*time.Second, "counters in the output", func() bool { return w.len() > n })
	r.end(t)
	if s := read(t, w.all.Bytes()); len(s.frames) != 40 {
		t.Errorf("%d frames", len(s.frames))
	}
}

// flood sends datagrams from a to b, and says how many.
func (p pair) flood(tb testing.TB, n int) int {
	tb.Helper()
	c := labtest.Dial(tb, p.a, "udp", "10.7.0.2:99")
	sent := 0
	message := make([]byte, 400)
	for range n {
		if _, err := c.Write(message); err == nil {
			sent++ // ECONNREFUSED is of a datagram before
		} else if !errors.Is(err, syscall.ECONNREFUSED) {
			tb.Fatal(err)
		}
	}
	return sent
}

// A ring that is too small and a writer that is too slow: every packet is
// either in the stream or among the missed.
func TestEveryPacketIsCounted(t *testing.T) {
	p := newPair(t)
	labtest.ListenPacket(t, p.b, "udp", ":99")
	w := &watched{tb: t, slow: 5 * time.Millisecond}
	r := begin(t, Capture{Targets: []string{"netns:" + p.a}, Filter: "udp port 99", Buffer: 512 << 10}, w)
	sent := p.flood(t, 40_000)
	r.end(t)
	s := read(t, w.all.Bytes())
	told := uint64(0)
	for _, f := range s.frames {
		told += f.Missed
	}
	var received, missed uint64
	end, _ := s.End()
	for _, p := range end.Points {
		received += p.Received
		missed += p.Missed
	}
	if received != uint64(sent) || missed == 0 || missed != uint64(sent-len(s.frames)) {
		t.Errorf("%d sent, %d in the stream, %d received, %d missed", sent, len(s.frames), received, missed)
	}
	// What was missed after the last frame has no frame to tell it.
	if told > missed || told == 0 {
		t.Errorf("the frames tell of %d missed, the end of %d", told, missed)
	}
	var l record.Ledger
	if _, err := l.Write(w.all.Bytes()); err != nil || l.Sum().Missed != missed || l.Sum().Packets != int64(len(s.frames)) {
		t.Errorf("the ledger has %+v, %v", l.Sum(), err)
	}
}

// The counters in the stream are exact at any time, not only at the end.
func TestCountersInBetween(t *testing.T) {
	p := newPair(t)
	labtest.ListenPacket(t, p.b, "udp", ":99")
	var l record.Ledger
	w := io.MultiWriter(&l, writerFunc(func(b []byte) (int, error) {
		time.Sleep(5 * time.Millisecond) // a slow disk
		return len(b), nil
	}))
	r := begin(t, Capture{Targets: []string{"netns:" + p.a}, Filter: "udp port 99", Buffer: 512 << 10}, w)
	sent := p.flood(t, 20_000)
	labtest.Wait(t, 10*time.Second, "the counters of a quiet capture", func() bool {
		s := l.Sum()
		return s.Packets+int64(s.Missed) == int64(sent)
	})
	r.end(t)
	if s := l.Sum(); s.Packets+int64(s.Missed) != int64(sent) || s.Missed == 0 {
		t.Errorf("%d sent, %+v", sent, s)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// The stream of many points is one: frames of all rings in the order of time.
func TestOrderOfRings(t *testing.T) {
	l := labtest.Lab(t, lab.Options{Nodes: 2, Pods: 1})
	s, _ := capture(t, Capture{
		Targets: []string{"netns:" + l.Pods[0].Name, "netns:" + l.Pods[1].Name}, Points: []string{"path"}, Filter: "icmp",
	}, func() {
		r, err := lab.Ping(t.Context(), l.Pods[0].Name, l.Pods[1].IPv4, lab.PingOptions{Count: 20})
		if err != nil || r[0].Err != nil {
			t.Fatal(err, r)
		}
	})
	if len(s.frames) != 20*2*10 { // pod, host, bridge, overlay, uplink on either side
		t.Errorf("%d frames", len(s.frames))
	}
	for i := range s.frames[1:] {
		if s.frames[i+1].Time < s.frames[i].Time {
			t.Errorf("frame %d is older than the one before", i+1)
		}
	}
	perPoint := map[string]int{}
	for _, f := range s.frames {
		perPoint[s.Point(f.Point).Path()+" "+f.Dir.String()]++
	}
	if len(perPoint) != 20 {
		t.Errorf("%v", perPoint)
	}
	for where, n := range perPoint {
		if n != 20 {
			t.Errorf("%d frames at %s", n, where)
		}
	}
}

// gathering takes packets from the ring's own memory.
type gathering struct{ watched }

func (g *gathering) WriteBuffers(bufs [][]byte) error {
	_, err := g.Write(bytes.Join(bufs, nil))
	return err
}

// Packets that are lent from the ring to the writer are whole when they are
// written, however slow that is and however small the ring.
func TestLentPackets(t *testing.T) {
	p := newPair(t)
	labtest.ListenPacket(t, p.b, "udp", ":99")
	for _, keep := range []Keep{KeepAll, KeepHeaders} {
		w := &gathering{watched{tb: t, slow: 2 * time.Millisecond}}
		r := begin(t, Capture{Targets: []string{"netns:" + p.a, "netns:" + p.b}, Filter: "udp port 99", Buffer: 512 << 10, Keep: keep}, w)
		c := labtest.Dial(t, p.a, "udp", "10.7.0.2:99")
		message := make([]byte, 1400)
		for i := range 6000 {
			// Small and large by turns, each filled with its own number.
			m := message[:200+(i%3)*600]
			for j := 0; j+4 <= len(m); j += 4 {
				binary.BigEndian.PutUint32(m[j:], uint32(i))
			}
			_, _ = c.Write(m)
		}
		r.end(t)
		s := read(t, w.all.Bytes())
		if len(s.frames) < 100 {
			t.Errorf("%d frames", len(s.frames))
		}
		for _, f := range s.frames {
			if keep != KeepAll {
				if len(f.Data) != 42 {
					t.Fatalf("%d bytes were kept", len(f.Data))
				}
				continue
			}
			m := f.Data[42:]
			if n := binary.BigEndian.Uint32(m); len(m) != 200+int(n%3)*600 || !bytes.Equal(m, bytes.Repeat(m[:4], len(m)/4)) {
				t.Fatalf("packet %d is not what was sent: %x", n, m)
			}
		}
	}
}
