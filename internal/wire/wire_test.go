package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const plenty = 8 << 20

// text packs well, noise does not.
func text(n int) []byte {
	const request = "GET /products/17 HTTP/1.1\r\nHost: shop\r\n\r\n"
	return bytes.Repeat([]byte(request), n/len(request)+1)[:n]
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// sample is a short session: what is appended, in order.
func sample() (kinds []Kind, payloads [][]byte) {
	return []Kind{Talk, Stream, Talk, Stream, Stream, Talk},
		[][]byte{[]byte(`{"kind":"hello"}`), text(1000), []byte("x"), noise(300), text(5), []byte("the end")}
}

// session is the whole of a Log's output.
func session(tb testing.TB, mode Compress, code int) []byte {
	tb.Helper()
	l := NewLog(plenty, 0)
	kinds, payloads := sample()
	for i, k := range kinds {
		must(tb, l.Append(k, payloads[i]))
	}
	must(tb, l.Finish(code))
	var out bytes.Buffer
	must(tb, l.SendTo(tb.Context(), &out, 0, mode))
	return out.Bytes()
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// got is what a client has taken, over any number of connections.
type got struct {
	stream bytes.Buffer
	talk   []string
	code   int
	exits  int
	seq    uint64
}

// read takes frames until an error.
func (g *got) read(r io.Reader) error {
	in := NewReceiver(r, g.seq)
	for {
		f, err := in.Next()
		if err != nil {
			return err
		}
		g.take(f, in.Seq())
	}
}

// take keeps one frame, after which seq is the number of the last.
func (g *got) take(f Frame, seq uint64) {
	g.seq = seq
	switch f.Kind {
	case Stream:
		g.stream.Write(f.Payload)
	case Talk:
		g.talk = append(g.talk, string(f.Payload))
	case Exit:
		g.exits++
		g.code = f.Code
	}
}

func (g *got) check(tb testing.TB, code int) {
	tb.Helper()
	kinds, payloads := sample()
	var want got
	for i, k := range kinds {
		if k == Stream {
			want.stream.Write(payloads[i])
		} else {
			want.talk = append(want.talk, string(payloads[i]))
		}
	}
	if !bytes.Equal(g.stream.Bytes(), want.stream.Bytes()) || fmt.Sprint(g.talk) != fmt.Sprint(want.talk) {
		tb.Errorf("%d bytes of stream and talk %q, want %d and %q", g.stream.Len(), g.talk, want.stream.Len(), want.talk)
	}
	if g.code != code || g.exits != 1 {
		tb.Errorf("%d exits, code %d", g.exits, g.code)
	}
}

func TestWhole(t *testing.T) {
	for _, mode := range []Compress{CompressAuto, CompressOn, CompressOff} {
		for _, code := range []int{0, 1, -1, 255} {
			b := session(t, mode, code)
			if packed := len(b) < 1000; packed == (mode == CompressOff) {
				t.Errorf("%s: %d bytes", mode, len(b))
			}
			var g got
			if err := g.read(bytes.NewReader(b)); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %v", mode, err)
			}
			g.check(t, code)
		}
	}
}

// A connection that breaks at any byte is told as such, and the rest comes on
// a second one: nothing twice, nothing lost.
func TestCutAnywhere(t *testing.T) {
	l := NewLog(plenty, 0)
	kinds, payloads := sample()
	for i, k := range kinds {
		must(t, l.Append(k, payloads[i]))
	}
	must(t, l.Finish(7))
	var whole bytes.Buffer
	must(t, l.SendTo(t.Context(), &whole, 0, CompressAuto))
	for cut := range whole.Len() {
		var g got
		err := g.read(bytes.NewReader(whole.Bytes()[:cut]))
		var e *TruncatedError
		if !errors.As(err, &e) || !errors.Is(err, io.ErrUnexpectedEOF) || e.Seq != g.seq {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		var rest bytes.Buffer
		must(t, l.SendTo(t.Context(), &rest, g.seq, CompressAuto))
		if boundary := rest.Len() == whole.Len()-cut; boundary == e.Inside {
			t.Errorf("cut at %d, %d bytes before the end of the rest: %+v", cut, rest.Len(), e)
		}
		if err := g.read(&rest); !errors.Is(err, io.EOF) {
			t.Fatalf("after a cut at %d: %v", cut, err)
		}
		g.check(t, 7)
	}
}

// What is no frame is quoted.
func TestGarbage(t *testing.T) {
	whole := session(t, CompressOff, 0)
	for _, c := range []struct {
		in   string
		text string
		why  bool
	}{
		{"sh: 1: /tmp/pktrail-agent: not found\n", "sh: 1: /tmp/pktrail-agent: not found\n", false},
		{"no", "no", false},
		{"x", "x", false},
		{"\xd7x", "?x", false},
		{string(whole[:headLen+16]) + "Killed\n", "Killed\n", false},
		{"\xd7P\x09" + string(make([]byte, 20)), "", true},
		{"\xd7P\x01\x80" + string(make([]byte, 20)), "", true},
		{"\xd7P\x01\x00\xff\xff\xff\xff" + string(make([]byte, 20)), "", true},
		{"\xd7P\x03\x00\x05\x00\x00\x00" + string(make([]byte, 20)), "", true},
		{"\xd7P\x04\x00\x05\x00\x00\x00" + string(make([]byte, 20)), "", true},
		{"\xd7P\x01\x01\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00abc", "", true},
	} {
		var g got
		err := g.read(bytes.NewReader([]byte(c.in)))
		var e *GarbageError
		if !errors.As(err, &e) || e.Text != c.text || (e.Why != nil) != c.why || e.Error() == "" {
			t.Errorf("%.40q: %v (%+v)", c.in, err, e)
		}
	}
	// A frame that pretends to have been short unpacks to more than there may be.
	l := NewLog(plenty, 0)
	must(t, l.Append(Stream, make([]byte, gather)))
	var out bytes.Buffer
	must(t, l.Finish(0))
	must(t, l.SendTo(t.Context(), &out, 0, CompressOn))
	if out.Len() > 1000 {
		t.Errorf("zeros packed to %d bytes", out.Len())
	}
}

// Words without an end of the connection are told at once.
func TestGarbageOpen(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() { _, _ = io.WriteString(a, "hi") }()
	var e *GarbageError
	if _, err := NewReceiver(b, 0).Next(); !errors.As(err, &e) || e.Text != "hi" {
		t.Error(err)
	}
}

func TestGap(t *testing.T) {
	b := session(t, CompressOff, 0)
	r := NewReceiver(bytes.NewReader(b), 3)
	var e *GapError
	for range 2 { // an error stays
		if _, err := r.Next(); !errors.As(err, &e) || e.Want != 4 || e.Have != 1 {
			t.Error(err)
		}
	}
	l := NewLog(plenty, 0)
	must(t, l.Append(Talk, []byte("a")))
	if err := l.SendTo(t.Context(), io.Discard, 5, CompressOff); !errors.As(err, &e) || e.Want != 6 || e.Have != 2 {
		t.Error(err)
	}
	must(t, l.Finish(0))
	must(t, l.SendTo(t.Context(), io.Discard, 0, CompressOff))
	l.Ack(1)
	if err := l.SendTo(t.Context(), io.Discard, 0, CompressOff); !errors.As(err, &e) || e.Want != 1 || e.Have != 2 {
		t.Error(err)
	}
	must(t, l.SendTo(t.Context(), io.Discard, 1, CompressOff))
}

func TestReadError(t *testing.T) {
	b := session(t, CompressOff, 0)
	var g got
	err := g.read(io.MultiReader(bytes.NewReader(b[:40]), failing{os.ErrDeadlineExceeded}))
	if !errors.Is(err, os.ErrDeadlineExceeded) || g.seq != 1 {
		t.Errorf("%v after %d", err, g.seq)
	}
	if err := g.read(failing{nil}); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A silent session gives signs of life.
func TestBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(plenty, 4)
		a, b := net.Pipe()
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.SendTo(ctx, a, 4, CompressAuto) }()
		r := NewReceiver(b, 4)
		began := time.Now()
		for i := range 5 {
			if i == 3 {
				time.Sleep(BeatEvery / 2)
				must(t, l.Append(Talk, []byte("now")))
			}
			f, err := r.Next()
			must(t, err)
			want := time.Duration(i+1) * BeatEvery
			if i >= 3 {
				want -= BeatEvery / 2
			}
			if (f.Kind == Beat) != (i != 3) || time.Since(began) != want {
				t.Errorf("%d: %v after %v, want %v", i, f.Kind, time.Since(began), want)
			}
		}
		if r.Seq() != 5 {
			t.Errorf("frame %d", r.Seq())
		}
		cancel(errEnough)
		if err := <-done; !errors.Is(err, errEnough) {
			t.Error(err)
		}
	})
}

var errEnough = errors.New("enough")
