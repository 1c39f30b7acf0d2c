package carry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/wire"
)

// stand is an agent's end without an agent: a log that says what it is given.
type stand struct {
	log *wire.Log

	mu       sync.Mutex
	requests []string
	stops    []string
	pid      int
	attaches int
	// cut gives how many bytes the next connection carries; 0 is no end.
	cut func(attach int) int
	// refuse fails a connection before it begins.
	refuse func(attach int) error
	onStop func(reason string)
}

func (s *stand) Rejoin(pid int) { s.pid = pid }

// Attach carries frames until the connection is cut or everything was
// acknowledged.
func (s *stand) Attach(ctx context.Context, _ string, seq uint64, ends place.Stdio) error {
	s.mu.Lock()
	s.attaches++
	n := s.attaches
	s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(n); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	asked := make(chan struct{})
	go func() {
		defer cancel()
		up := wire.NewUpReader(ends.In)
		first := sync.OnceFunc(func() { close(asked) })
		defer first()
		for {
			m, err := up.Next()
			if err != nil {
				return
			}
			s.mu.Lock()
			if len(m.Request) > 0 {
				s.requests = append(s.requests, string(m.Request))
			}
			if m.Stop != "" {
				s.stops = append(s.stops, m.Stop)
			}
			s.mu.Unlock()
			if m.Stop != "" && s.onStop != nil {
				s.onStop(m.Stop)
			}
			s.log.Ack(m.Ack)
			first()
		}
	}()
	<-asked // a session begins with its request
	w := &cutting{w: ends.Out, left: -1}
	if s.cut != nil {
		if left := s.cut(n); left > 0 {
			w.left = left
		}
	}
	err := s.log.SendTo(ctx, w, seq, wire.CompressOff)
	switch {
	case err == nil: // an agent waits for the last acknowledgement
		select {
		case <-s.log.Drained():
		case <-ctx.Done():
		}
		return nil
	case errors.Is(err, errCut):
		return nil // as exec does: it may end without a word
	}
	return err
}

var errCut = errors.New("cut")

// cutting is a connection that ends in the middle of a write.
type cutting struct {
	w    io.Writer
	left int
}

func (c *cutting) Write(b []byte) (int, error) {
	if c.left < 0 || len(b) <= c.left {
		if c.left >= 0 {
			c.left -= len(b)
		}
		return c.w.Write(b)
	}
	n, _ := c.w.Write(b[:c.left])
	c.left = 0
	return n, errCut
}

// speak fills the log from the agent's side.
func (s *stand) speak(t *testing.T, data []byte) {
	t.Helper()
	go func() {
		say := func(k wire.Kind, b []byte) {
			if err := s.log.Append(k, b); err != nil && !errors.Is(err, errCut) {
				t.Errorf("append: %v", err)
			}
		}
		say(wire.Talk, []byte(`{"kind":"hello","hello":{"pid":42}}`))
		for rest := data; len(rest) > 0; {
			n := min(1+rand.IntN(70_000), len(rest))
			say(wire.Stream, rest[:n])
			rest = rest[n:]
		}
		say(wire.Talk, []byte(`{"kind":"ended"}`))
		if err := s.log.Finish(7); err != nil {
			t.Errorf("finish: %v", err)
		}
	}()
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b) // never fails
	return b
}

// However often a connection breaks, and wherever, all bytes come, once and in
// order.
func TestBroken(t *testing.T) {
	data := randomBytes(32 << 20)
	s := &stand{log: wire.NewLog(1<<20, 0), cut: func(n int) int {
		if n > 12 {
			return 0
		}
		return rand.IntN(2_000_000) + 100
	}}
	s.speak(t, data)
	var got bytes.Buffer
	var talk, notes []string
	code, err := Run(t.Context(), s, "id", Options{Request: []byte(`{"a":1}`), Reconnect: time.Minute, Note: func(n string) { notes = append(notes, n) }},
		&got, func(m []byte) { talk = append(talk, string(m)) })
	if err != nil || code != 7 {
		t.Fatalf("code %d, error %v", code, err)
	}
	if !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes came, not the %d that were said", got.Len(), len(data))
	}
	if len(talk) != 2 || !strings.Contains(talk[1], "ended") {
		t.Errorf("talk: %q", talk)
	}
	if s.attaches < 12 {
		t.Errorf("only %d connections", s.attaches)
	}
	if s.pid != 42 {
		t.Errorf("pid %d", s.pid)
	}
	t.Logf("%d connections, notes %q", s.attaches, notes)
	if len(notes) == 0 || len(notes)%2 != 0 {
		t.Errorf("notes of breaking and healing: %q", notes)
	}
	if len(s.requests) == 0 || s.requests[0] != `{"a":1}` {
		t.Errorf("requests %q", s.requests)
	}
	select {
	case <-s.log.Drained():
	case <-time.After(5 * time.Second):
		t.Error("the last frame was not acknowledged")
	}
}

// A reader that takes its time holds the agent back and loses nothing.
func TestSlowWriter(t *testing.T) {
	data := randomBytes(2 << 20)
	s := &stand{log: wire.NewLog(256<<10, 0)}
	s.speak(t, data)
	var got bytes.Buffer
	slow := writerFunc(func(b []byte) (int, error) {
		time.Sleep(5 * time.Millisecond) // the slowness is what is tried
		return got.Write(b)
	})
	if code, err := Run(t.Context(), s, "id", Options{Request: []byte(`{}`)}, slow, func([]byte) {}); err != nil || code != 7 {
		t.Fatalf("code %d, error %v", code, err)
	}
	if !bytes.Equal(got.Bytes(), data) {
		t.Error("bytes differ")
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// The end of the caller's context is a wish, and the stream's end is waited
// for.
func TestStop(t *testing.T) {
	s := &stand{log: wire.NewLog(1<<20, 0)}
	s.onStop = func(string) {
		_ = s.log.Append(wire.Stream, []byte(" and the end"))
		_ = s.log.Finish(0)
	}
	if err := s.log.Append(wire.Stream, []byte("beginning")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	var got bytes.Buffer
	w := writerFunc(func(b []byte) (int, error) {
		cancel(errors.New("Ctrl-C"))
		return got.Write(b)
	})
	code, err := Run(ctx, s, "id", Options{Request: []byte(`{}`)}, w, func([]byte) {})
	if err != nil || code != 0 {
		t.Fatalf("code %d, error %v", code, err)
	}
	if got.String() != "beginning and the end" || len(s.stops) != 1 || s.stops[0] != "Ctrl-C" {
		t.Errorf("got %q, stops %q", got.String(), s.stops)
	}
}

// Errors: a program that is missing, a server that is away for good, a writer
// that fails.
func TestFails(t *testing.T) {
	full := errors.New("no space left on device")
	for name, c := range map[string]struct {
		s    *stand
		w    io.Writer
		say  bool
		want string
	}{
		"another program": {s: &stand{refuse: func(int) error { return &place.ExitError{Code: 126} }}, want: "exit code 126"},
		"server away":     {s: &stand{refuse: func(int) error { return syscall.ECONNREFUSED }}, want: "refuses the connection"},
		"output full":     {w: writerFunc(func([]byte) (int, error) { return 0, full }), say: true, want: "no space left"},
		"cut and gone": {s: &stand{cut: func(int) int { return 30_000 }, refuse: func(n int) error {
			if n > 1 {
				return &place.ExitError{Code: 137}
			}
			return nil
		}}, say: true, want: "the agent is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.s
			if s == nil {
				s = &stand{}
			}
			s.log = wire.NewLog(16<<20, 0)
			defer s.log.Close(errCut)
			if c.say {
				s.speak(t, randomBytes(1<<20))
			}
			w := c.w
			if w == nil {
				w = io.Discard
			}
			_, err := Run(t.Context(), s, "id", Options{Request: []byte(`{}`), Reconnect: 300 * time.Millisecond}, w, func([]byte) {})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v", err)
			}
		})
	}
}
