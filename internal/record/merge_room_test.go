package record

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// gate blocks writes while it is shut.
type gate struct {
	mu   sync.Mutex
	open sync.Cond
	shut bool
	n    int64
	err  error
}

func newGate() *gate {
	g := &gate{}
	g.open.L = &g.mu
	return g
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.shut {
		g.open.Wait()
	}
	g.n += int64(len(b))
	return len(b), g.err
}

func (g *gate) set(shut bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.err = shut, err
	g.open.Broadcast()
}

// TestMergeRoom: while the output takes nothing, inputs are taken up to the
// room and block then; nothing is lost when it goes on.
func TestMergeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room = 1 << 20
		g := newGate()
		m := NewMerge(g, time.Second, room)
		x, y := newLive(t, m.Add("a"), "a"), newLive(t, m.Add("b"), "b")
		synctest.Wait()
		g.set(true, nil)
		one := make([]byte, 1000)
		written := make([]int, 2)
		stop := false
		var done sync.WaitGroup
		for i, l := range []*live{x, y} {
			done.Go(func() {
				for !stop {
					_ = l.w.WriteFrame(&trail.Frame{Time: int64(written[i]), Len: 1000, Data: one})
					written[i] += 1000
				}
				_ = l.w.End(End{})
			})
		}
		synctest.Wait() // both block
		stop = true
		if n := written[0] + written[1]; n < room*3/4 || n > room+6*pcapng.WriteBuffer || m.held > room {
			t.Errorf("%d bytes were taken, %d held, with room for %d", n, m.held, room)
		}
		g.set(false, nil)
		done.Wait()
		must(t, m.Close())
		if want := int64(written[0] + written[1]); g.n < want {
			t.Errorf("%d bytes came out, %d went in", g.n, want)
		}
	})
}

// TestMergeSinkGone: after an error of the output every Write returns it, also
// one that is blocked, and Close does.
func TestMergeSinkGone(t *testing.T) {
	errGone := errors.New("the disk is full")
	for _, streams := range []int{1, 3} {
		g := newGate()
		m := NewMerge(g, 0, 256<<10)
		inputs := make([]*live, streams)
		for i := range inputs {
			inputs[i] = newLive(t, m.Add("x"), "x")
		}
		g.set(true, nil)
		var done sync.WaitGroup
		for _, l := range inputs {
			done.Go(func() {
				for {
					if err := l.w.WriteFrame(&trail.Frame{Time: 1, Len: 5000, Data: make([]byte, 5000)}); err != nil {
						if !errors.Is(err, errGone) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		g.set(false, errGone)
		done.Wait()
		if err := m.Close(); !errors.Is(err, errGone) {
			t.Error(err)
		}
	}
}

// TestMergeClosed: what is closed takes nothing more; Close does not wait for
// inputs that nobody writes.
func TestMergeClosed(t *testing.T) {
	var out bytes.Buffer
	m := NewMerge(&out, time.Hour, 0)
	a, b := m.Add("a"), m.Add("b")
	x := newLive(t, a, "a")
	x.frame(1)
	must(t, b.Close())
	if err := b.Close(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if _, err := b.Write(out.Bytes()); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	must(t, m.Close())
	if err := m.Close(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := errors.Join(x.w.WriteFrame(&trail.Frame{Time: 2}), x.w.Flush()); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if _, err := m.Add("late").Write(make([]byte, 32)); err == nil {
		t.Error("a late stream was taken")
	}
	r := open(t, out.Bytes())
	list, _, _ := readFrames(r)
	if e, ok := r.End(); len(list) != 1 || !ok || !strings.Contains(e.Reason, "a: it was not ended") {
		t.Errorf("%d frames, %+v", len(list), e)
	}
}

// TestMergeMemory: at any rate, and beside a stream that says nothing, memory
// stays below 100 MB.
func TestMergeMemory(t *testing.T) {
	m := NewMerge(io.Discard, time.Second, 0)
	m.Add("silent")
	piece := stream(1500, 20000)
	var done sync.WaitGroup
	for range 4 {
		s := m.Add("busy")
		done.Go(func() {
			head := 0
			_ = Walk(piece, func(kind pcapng.BlockType, block []byte) bool {
				if IsHead(kind) {
					head += len(block)
				}
				return IsHead(kind)
			})
			_, _ = s.Write(piece[:head])
			for range 10 {
				for at := head; at < len(piece); at += 32 << 10 {
					_, _ = s.Write(piece[at:min(at+32<<10, len(piece))])
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { done.Wait(); close(finished) }()
	var most uint64
	for running := true; running; {
		select {
		case <-finished:
			running = false
		case <-time.After(5 * time.Millisecond):
		}
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		most = max(most, s.HeapInuse)
	}
	must(t, m.Close())
	if most > 100e6 {
		t.Errorf("%d bytes of heap", most)
	}
	t.Logf("at most %d MB of heap", most>>20)
}
