package pcapng

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// gather is a Gatherer that remembers, and fails when told to.
type gather struct {
	bytes.Buffer
	gathered int
	fail     error
}

func (g *gather) WriteBuffers(bufs [][]byte) error {
	if g.fail != nil {
		return g.fail
	}
	g.gathered++
	for _, b := range bufs {
		g.Write(b)
	}
	return nil
}

// plainBuffer hides that a bytes.Buffer could be more than an io.Writer.
type plainBuffer struct{ b *bytes.Buffer }

func (p plainBuffer) Write(b []byte) (int, error) { return p.b.Write(b) }

// TestWriteFrame writes the same frames by WritePacket, by WriteFrame, and by
// WriteFrame that lends, and wants the same bytes.
func TestWriteFrame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var slow, fast bytes.Buffer
	lent := &gather{}
	writers := make([]*Writer, 3)
	for i, dst := range []interface{ Write([]byte) (int, error) }{plainBuffer{&slow}, plainBuffer{&fast}, lent} {
		w, err := NewWriter(dst, &Section{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&Interface{LinkType: 1, Resolution: Nanoseconds}); err != nil {
			t.Fatal(err)
		}
		writers[i] = w
	}
	if writers[1].Lend() || !writers[2].Lend() {
		t.Fatal("only a Gatherer is lent to")
	}
	for i := range 3000 {
		data := make([]byte, []int{0, 1, 60, 64, 255, 256, 257, 258, 1514, 9000, 70000}[r.IntN(11)])
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		p := Packet{Ticks: r.Uint64() >> 1, Data: data, Len: len(data) + r.IntN(3), Flags: uint32(r.IntN(3)), Drops: uint64(max(0, r.IntN(40)-38))}
		if err := writers[0].WritePacket(&p); err != nil {
			t.Fatal(err)
		}
		for _, w := range writers[1:] {
			if err := w.WriteFrame(p.Interface, p.Ticks, p.Data, p.Len, p.Flags, p.Drops); err != nil {
				t.Fatal(err)
			}
		}
		if i%97 == 0 { // a block of another kind, and one that does not fit the buffer
			for _, w := range writers {
				if err := w.Write(&CustomBlock{PEN: 32473, Data: data}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i%50 == 0 {
			for _, w := range writers {
				if err := w.Flush(); err != nil || w.Buffered() != 0 {
					t.Fatal(err, w.Buffered())
				}
			}
		}
	}
	for _, w := range writers {
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(slow.Bytes(), fast.Bytes()) {
		t.Error("WriteFrame writes other bytes than WritePacket")
	}
	if !bytes.Equal(slow.Bytes(), lent.Bytes()) {
		t.Error("lending writes other bytes than copying")
	}
	if lent.gathered == 0 {
		t.Error("nothing was lent")
	}
}

func TestLendFails(t *testing.T) {
	g := &gather{}
	w, err := NewWriter(g, &Section{})
	if err != nil {
		t.Fatal(err)
	}
	w.Lend()
	if err := w.Write(&Interface{LinkType: 1, Resolution: Nanoseconds}); err != nil {
		t.Fatal(err)
	}
	frame := func() error { return w.WriteFrame(0, 1, make([]byte, 2*LendMin), 2*LendMin, 1, 0) }
	if err := frame(); err != nil {
		t.Fatal(err)
	}
	g.fail = errors.New("full")
	if err := w.Flush(); !errors.Is(err, g.fail) {
		t.Errorf("Flush: %v", err)
	}
	g.fail = nil
	if err := frame(); err == nil {
		t.Error("a frame after an error was taken")
	}
	if g.gathered != 0 {
		t.Error("a row of buffers was written after an error")
	}
}

func TestLendAllocates(t *testing.T) {
	w, err := NewWriter(&discard{}, &Section{})
	if err != nil {
		t.Fatal(err)
	}
	w.Lend()
	data := make([]byte, 1514)
	if n := testing.AllocsPerRun(5000, func() {
		if err := w.WriteFrame(0, 1, data, 1514, 1, 0); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

type discard struct{}

func (*discard) Write(b []byte) (int, error) { return len(b), nil }
func (*discard) WriteBuffers([][]byte) error { return nil }
