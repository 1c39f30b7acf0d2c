package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// wholeBlocks fails the test at a Write that is not a whole number of blocks.
type wholeBlocks struct {
	t      testing.TB
	out    bytes.Buffer
	writes int
	most   int
}

func (w *wholeBlocks) Write(b []byte) (int, error) {
	w.writes++
	w.most = max(w.most, len(b))
	for at := 0; at < len(b); {
		n := 0
		if len(b)-at >= MinBlock {
			n = int(binary.LittleEndian.Uint32(b[at+4:]))
		}
		if n < MinBlock || n > len(b)-at || int(binary.LittleEndian.Uint32(b[at+n-4:])) != n {
			w.t.Fatalf("write %d of %d bytes: no whole block at %d", w.writes, len(b), at)
		}
		at += n
	}
	return w.out.Write(b)
}

func TestWholeBlocks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	dst := &wholeBlocks{t: t}
	w, err := NewWriter(dst, &Section{})
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Write(&Interface{LinkType: 1})
	data := make([]byte, 3*WriteBuffer)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	sizes := []int{}
	for i := range 3000 {
		n := rnd.IntN(2000)
		if i%500 == 99 {
			n = rnd.IntN(len(data))
		}
		sizes = append(sizes, n)
		p := Packet{Len: n, Data: data[:n], Flags: uint32(i % 3)}
		switch i % 5 {
		case 1:
			err = w.Write(&p)
		case 2:
			raw, aerr := p.Append(nil)
			err = errors.Join(aerr, w.WriteRaw(raw))
		default:
			err = w.WritePacket(&p)
		}
		if err != nil {
			t.Fatal(err)
		}
		if i%700 == 0 {
			if err := w.Flush(); err != nil || w.Buffered() != 0 {
				t.Fatal(err, w.Buffered())
			}
		}
		if cap(w.buf) > 2*WriteBuffer {
			t.Fatalf("packet %d: the buffer stays at %d", i, cap(w.buf))
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(&dst.out)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range sizes {
		var p Packet
		if err := r.ReadPacket(&p); err != nil || !bytes.Equal(p.Data, data[:n]) {
			t.Fatalf("packet %d: %d bytes, %v; want %d", i, len(p.Data), err, n)
		}
	}
	if dst.writes > 200 {
		t.Errorf("%d writes", dst.writes)
	}
}

func TestWriterErrors(t *testing.T) {
	full := errors.New("disk full")
	w, _ := NewWriter(failing{full}, &Section{})
	p := Packet{Data: make([]byte, 1000)}
	var err error
	for range 1000 {
		if err = w.WritePacket(&p); err != nil {
			break
		}
	}
	for i, got := range []error{err, w.Flush(), w.WritePacket(&p), w.Write(&p), w.WriteRaw(sectionBlock())} {
		if !errors.Is(got, full) {
			t.Errorf("call %d: %v, want the destination's error", i, got)
		}
	}
	w, _ = NewWriter(failing{}, &Section{})
	if err := w.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v, want ErrShortWrite", err)
	}
	w, _ = NewWriter(io.Discard, nil)
	for _, raw := range [][]byte{nil, make([]byte, 12), sectionBlock()[:24]} {
		if w.WriteRaw(raw) == nil {
			t.Errorf("% x was written", raw)
		}
	}
	for _, p := range []Packet{{Interface: -1}, {Len: -1}} {
		if w.WritePacket(&p) == nil {
			t.Errorf("%+v was written", p)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestNoAllocations(t *testing.T) {
	w, _ := NewWriter(io.Discard, &Section{})
	data := make([]byte, 1500)
	plain := Packet{Len: 1500, Data: data, Flags: FlagInbound, Drops: 1}
	rich := plain
	rich.Options = LittleEndianOptions(packetOptions())
	for name, p := range map[string]*Packet{"plain": &plain, "options": &rich} {
		if n := testing.AllocsPerRun(1000, func() { _ = w.WritePacket(p) }); n != 0 {
			t.Errorf("writing %s: %v allocations", name, n)
		}
	}
	var out bytes.Buffer
	w, _ = NewWriter(&out, &Section{})
	_ = w.Write(&Interface{})
	for range 2002 {
		_ = w.WritePacket(&rich)
	}
	_ = w.Flush()
	r, err := NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	_ = r.ReadPacket(&p)
	if n := testing.AllocsPerRun(2000, func() {
		if err := r.ReadPacket(&p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("reading: %v allocations", n)
	}
}
