package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Append blocks while the room is taken, and goes on when a frame is
// acknowledged.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const frames = 20
		l := NewLog(4*chunkLen, 0)
		appended := make(chan int, frames)
		go func() {
			for i := range frames {
				if err := l.Append(Stream, noise(gather)); err != nil {
					t.Error(err)
				}
				appended <- i
			}
			if err := l.Finish(0); err != nil {
				t.Error(err)
			}
		}()
		a, b := net.Pipe()
		go func() { _ = l.SendTo(t.Context(), a, 0, CompressOff); _ = a.Close() }()
		r := NewReceiver(b, 0)
		for i := range frames {
			if f, err := r.Next(); err != nil || len(f.Payload) != gather {
				t.Fatalf("%v, %v", f.Seq, err)
			}
			synctest.Wait()
			if got, most := len(appended), min(frames, i+4); got != most {
				t.Fatalf("%d frames appended after %d were acknowledged, want %d", got, i, most)
			}
			l.Ack(r.Seq())
			synctest.Wait()
			if l.used > 5*chunkLen || l.used > 4*chunkLen && i < frames-5 { // the exit code needs no room
				t.Fatalf("%d bytes used", l.used)
			}
		}
		f, err := r.Next()
		if err != nil || f.Kind != Exit {
			t.Fatalf("%+v, %v", f, err)
		}
		select {
		case <-l.Drained():
			t.Error("drained before the exit code was acknowledged")
		default:
		}
		l.Ack(r.Seq())
		<-l.Drained()
	})
}

// A frame that is larger than the room passes alone.
func TestLargerThanRoom(t *testing.T) {
	l := NewLog(100, 0)
	must(t, l.Append(Stream, noise(MaxPayload)))
	blocked := make(chan error, 1)
	go func() { blocked <- l.Append(Talk, []byte("x")) }()
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.SendTo(ctx, &out, 0, CompressOff); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	l.Ack(1)
	must(t, <-blocked)
	if out.Len() != headLen+MaxPayload {
		t.Errorf("%d bytes", out.Len())
	}
}

// What is longer than a frame becomes several.
func TestLongStream(t *testing.T) {
	l := NewLog(plenty, 0)
	b := noise(3*MaxPayload + 5)
	must(t, l.Append(Stream, b))
	must(t, l.Append(Stream, nil))
	must(t, l.Finish(0))
	if err := l.Append(Talk, b); err == nil {
		t.Error("a talk of 3 MiB was taken")
	}
	if err := l.Append(Exit, nil); err == nil {
		t.Error("an exit was taken")
	}
	if err := l.Append(Talk, []byte("x")); !errors.Is(err, ErrFinished) {
		t.Error(err)
	}
	if err := l.Finish(1); !errors.Is(err, ErrFinished) {
		t.Error(err)
	}
	var out bytes.Buffer
	must(t, l.SendTo(t.Context(), &out, 0, CompressAuto))
	var g got
	if err := g.read(&out); !errors.Is(err, io.EOF) || !bytes.Equal(g.stream.Bytes(), b) || g.seq != 5 {
		t.Errorf("%v, %d bytes, frame %d", err, g.stream.Len(), g.seq)
	}
}

// Writes that wait become one frame, but nothing is added to what was sent.
func TestGather(t *testing.T) {
	l := NewLog(plenty, 0)
	var want []byte
	for range 1000 {
		b := text(100)
		want = append(want, b...)
		must(t, l.Append(Stream, b))
	}
	if l.last() != 1 {
		t.Errorf("%d frames wait, want 1", l.last())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = l.SendTo(ctx, io.Discard, 0, CompressOff)
	must(t, l.Append(Stream, want))
	if l.last() != 2 {
		t.Errorf("%d frames, want 2", l.last())
	}
	must(t, l.Finish(0))
	var out bytes.Buffer
	must(t, l.SendTo(t.Context(), &out, 0, CompressAuto))
	var g got
	if err := g.read(&out); !errors.Is(err, io.EOF) || !bytes.Equal(g.stream.Bytes(), append(want, want...)) {
		t.Errorf("%v, %d bytes", err, g.stream.Len())
	}
}

// Nothing that a client says makes the log forget what was not sent.
func TestAckTooMuch(t *testing.T) {
	l := NewLog(plenty, 0)
	l.Ack(17)
	must(t, l.Append(Talk, []byte("a")))
	l.Ack(17)
	must(t, l.Finish(3))
	l.Ack(17)
	var out bytes.Buffer
	must(t, l.SendTo(t.Context(), &out, 0, CompressOff))
	var g got
	if err := g.read(&out); !errors.Is(err, io.EOF) || len(g.talk) != 1 || g.code != 3 {
		t.Errorf("%v, %+v", err, g)
	}
	l.Ack(0)
	l.Ack(17)
	l.Ack(17)
	<-l.Drained()
}

// Close wakes everybody, with what it was given.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(1, 0)
		must(t, l.Append(Talk, noise(chunkLen)))
		ends := make(chan error, 2)
		go func() { ends <- l.Append(Talk, []byte("b")) }()
		go func() { ends <- l.SendTo(t.Context(), io.Discard, 0, CompressOff) }()
		synctest.Wait()
		l.Close(errEnough)
		l.Close(io.EOF)
		for range 2 {
			if err := <-ends; !errors.Is(err, errEnough) {
				t.Error(err)
			}
		}
		if err := l.Finish(0); !errors.Is(err, errEnough) {
			t.Error(err)
		}
	})
}

// A writer that blocks is broken off with the context, and one that fails says
// so.
func TestStuckWriter(t *testing.T) {
	l := NewLog(plenty, 0)
	must(t, l.Append(Stream, noise(1000)))
	a, b := net.Pipe()
	defer b.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(errEnough) })
	if err := l.SendTo(ctx, a, 0, CompressOff); !errors.Is(err, errEnough) {
		t.Error(err)
	}
	if err := l.SendTo(t.Context(), failing{io.ErrClosedPipe}, 0, CompressOff); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

// A session over connections that all break sooner or later, with a client
// that acknowledges now and then, and old senders that still write while the
// new one does: each byte arrives once.
func TestBrokenConnections(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		l := NewLog(3*chunkLen, 0)
		var want bytes.Buffer
		talks := 0
		pieces := make([][]byte, 300)
		for i := range pieces {
			if rnd.IntN(4) == 0 {
				talks++
				continue // talk
			}
			n := 1 + rnd.IntN(1<<rnd.IntN(19))
			if pieces[i] = noise(n); rnd.IntN(2) == 0 {
				pieces[i] = text(n)
			}
			want.Write(pieces[i])
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, p := range pieces {
				if p == nil {
					must(t, l.Append(Talk, []byte("note")))
				} else {
					must(t, l.Append(Stream, p))
				}
			}
			must(t, l.Finish(9))
		})
		var g got
		breaks := 0
		ctx, cancel := context.WithCancel(t.Context())
		for {
			a, b := net.Pipe()
			wg.Go(func() { _ = l.SendTo(ctx, a, g.seq, CompressAuto); _ = a.Close() })
			limit := int64(rnd.IntN(1 << 18))
			r := NewReceiver(io.LimitReader(b, limit), g.seq)
			err := g.some(r, l, rnd)
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				_ = b.Close()
				break
			}
			if e := (*TruncatedError)(nil); !errors.As(err, &e) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if breaks++; rnd.IntN(2) == 0 {
				_ = b.Close()
			} else { // the old sender hangs on for a while
				time.AfterFunc(5*time.Millisecond, func() { _ = b.Close() })
			}
		}
		l.Ack(g.seq)
		<-l.Drained()
		cancel()
		wg.Wait()
		if !bytes.Equal(g.stream.Bytes(), want.Bytes()) || len(g.talk) != talks || g.code != 9 || g.exits != 1 {
			t.Errorf("seed %d: %d of %d bytes, %d of %d talks, after %d breaks", seed, g.stream.Len(), want.Len(), len(g.talk), talks, breaks)
		}
		if breaks < 5 || l.used > chunkLen {
			t.Errorf("seed %d: %d breaks, %d bytes used at the end", seed, breaks, l.used)
		}
	}
}

// some reads frames and acknowledges some.
func (g *got) some(r *Receiver, l *Log, rnd *rand.Rand) error {
	for {
		f, err := r.Next()
		if err != nil {
			// Whoever cuts the connection loses the acknowledgement, not the frame.
			l.Ack(g.seq)
			return err
		}
		g.take(f, r.Seq())
		if rnd.IntN(3) == 0 {
			l.Ack(g.seq)
		}
	}
}
