package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

// FuzzReceiver holds that any bytes end in an error, that the numbers go up by
// one, and that pieces do not change what is read.
func FuzzReceiver(f *testing.F) {
	for _, mode := range []Compress{CompressOn, CompressOff} {
		f.Add(session(f, mode, 1), uint64(0))
	}
	f.Add([]byte("sh: not found\n"), uint64(5))
	f.Fuzz(func(t *testing.T, b []byte, from uint64) {
		var ends [2]error
		var all [2][]Frame
		for i, r := range []io.Reader{bytes.NewReader(b), oneByOne{bytes.NewReader(b)}} {
			in := NewReceiver(r, from)
			seq := from
			for {
				f, err := in.Next()
				if err != nil {
					ends[i] = err
					break
				}
				if f.Kind != Beat {
					seq++
				}
				if f.Seq != seq || in.Seq() != seq || len(f.Payload) > MaxPayload {
					t.Fatalf("frame %d has %d bytes and number %d", seq, len(f.Payload), f.Seq)
				}
				f.Payload = bytes.Clone(f.Payload)
				all[i] = append(all[i], f)
			}
		}
		if len(all[0]) != len(all[1]) {
			t.Fatalf("%d frames at once (%v), %d byte by byte (%v)", len(all[0]), ends[0], len(all[1]), ends[1])
		}
		for i, f := range all[0] {
			if g := all[1][i]; f.Kind != g.Kind || f.Code != g.Code || !bytes.Equal(f.Payload, g.Payload) {
				t.Fatalf("frame %d differs byte by byte", i)
			}
		}
		whole := len(all[0]) > 0 && all[0][len(all[0])-1].Kind == Exit
		if plain := errors.Is(ends[0], io.EOF) && !errors.Is(ends[0], io.ErrUnexpectedEOF); plain != whole {
			t.Fatalf("whole: %v, but it ended with %v", whole, ends[0])
		}
	})
}

// FuzzUp holds that any bytes end in an error, and that what is read can be
// written and read again.
func FuzzUp(f *testing.F) {
	f.Add([]byte("{\"request\":{\"version\":1}}\n{\"ack\":3}\n\n{\"stop\":\"x\"}\n"))
	f.Add([]byte("hello\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := NewUpReader(bytes.NewReader(b))
		for {
			m, err := in.Next()
			if err != nil {
				return
			}
			var again bytes.Buffer
			if err := NewUpWriter(&again).Write(m); err != nil {
				t.Fatal(err)
			}
			n, err := NewUpReader(&again).Next()
			if err != nil || n.Ack != m.Ack || n.Stop != m.Stop {
				t.Fatalf("%+v became %+v, %v", m, n, err)
			}
			var was, is bytes.Buffer
			_, _ = json.Compact(&was, m.Request), json.Compact(&is, n.Request)
			if len(m.Request) > 0 && !json.Valid(n.Request) {
				t.Fatalf("request %s became %s", m.Request, n.Request)
			}
		}
	})
}
