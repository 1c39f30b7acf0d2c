package record

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/pcap"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// wholeBlocks fails the test at a Write that is not a whole number of blocks.
type wholeBlocks struct {
	t   testing.TB
	out bytes.Buffer
}

func (w *wholeBlocks) Write(b []byte) (int, error) {
	if err := Walk(b, func(pcapng.BlockType, []byte) bool { return true }); err != nil {
		w.t.Fatal(err)
	}
	return w.out.Write(b)
}

// flood writes some thousand frames, large ones among them.
func flood(tb testing.TB, dst io.Writer) (frames int, bytesOnWire uint64) {
	tb.Helper()
	w, err := NewWriter(dst, header)
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = w.AddPoint(points[0], PointOptions{})
	rnd := rand.New(rand.NewPCG(1, 1))
	data := make([]byte, MaxFrame+1000)
	for i := range 3000 {
		n := rnd.IntN(1600)
		if i%300 == 0 {
			n = rnd.IntN(len(data))
		}
		if i == 1500 {
			_, _ = w.AddPoint(points[1], PointOptions{})
		}
		f := trail.Frame{Time: int64(i), Data: data[:n], Missed: uint64(i % 2)}
		if err := w.WriteFrame(&f); err != nil {
			tb.Fatal(err)
		}
		frames, bytesOnWire = frames+1, bytesOnWire+uint64(n)
		if i%1000 == 0 {
			_ = w.Flush()
		}
	}
	if err := w.End(End{}); err != nil {
		tb.Fatal(err)
	}
	return frames, bytesOnWire
}

func TestWholeBlocks(t *testing.T) {
	dst := &wholeBlocks{t: t}
	frames, size := flood(t, dst)
	var got int
	var sum uint64
	heads := 0
	err := Walk(dst.out.Bytes(), func(kind pcapng.BlockType, block []byte) bool {
		if IsHead(kind) {
			heads++
		}
		if info, ok := Info(block); ok {
			if info.Point != 0 || info.Time != int64(got) || info.Captured != min(info.Len, MaxFrame) {
				t.Fatalf("frame %d: %+v", got, info)
			}
			got, sum = got+1, sum+uint64(info.Len)
		}
		return true
	})
	if err != nil || got != frames || sum != size || heads != 3 {
		t.Errorf("%v: %d frames of %d bytes, %d heads; want %d, %d, 3", err, got, sum, heads, frames, size)
	}
	r := open(t, dst.out.Bytes())
	if _, _, err := readFrames(r); !errors.Is(err, io.EOF) || !r.Whole() {
		t.Errorf("%v, whole %v", err, r.Whole())
	}
}

func TestWalkRefuses(t *testing.T) {
	for _, b := range [][]byte{{1}, make([]byte, 12), le.AppendUint32(le.AppendUint32(nil, 6), 12), le.AppendUint32(le.AppendUint32(nil, 6), 1<<31)} {
		if Walk(b, func(pcapng.BlockType, []byte) bool { return true }) == nil {
			t.Errorf("% x was taken for blocks", b)
		}
	}
	if _, ok := Info([]byte{6, 0, 0, 0}); ok {
		t.Error("four bytes were taken for a packet")
	}
}

// TestAligner cuts a stream into pieces of random size.
func TestAligner(t *testing.T) {
	var in bytes.Buffer
	flood(t, &in)
	rnd := rand.New(rand.NewPCG(2, 2))
	for _, most := range []int{1, 7, 100, 5000, 1 << 20} {
		dst := &wholeBlocks{t: t}
		a := NewAligner(dst)
		rest := in.Bytes()
		if most == 1 {
			rest = rest[:100000]
		}
		total := len(rest)
		for len(rest) > 0 {
			n := min(1+rnd.IntN(most), len(rest))
			if m, err := a.Write(rest[:n]); err != nil || m != n {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		got := dst.out.Len()
		if err := a.Close(); (err == nil) != (got == total) || err != nil && !IsTruncated(err) {
			t.Errorf("pieces of %d: %d of %d bytes, %v", most, got, total, err)
		}
		if !bytes.Equal(dst.out.Bytes(), in.Bytes()[:got]) || most > 1 && got != total {
			t.Errorf("pieces of %d: %d bytes differ", most, got)
		}
	}
	for _, pieces := range [][]string{{"GET / HTTP/1.1\r\n"}, {"GET", " / HTTP/1.1\r\n"}} {
		a := NewAligner(io.Discard)
		for _, p := range pieces {
			_, _ = a.Write([]byte(p))
		}
		if err := a.Close(); err == nil || IsTruncated(err) {
			t.Errorf("text: %v", err)
		}
	}
}

func TestClassicWriter(t *testing.T) {
	var out bytes.Buffer
	c := NewClassicWriter(&out)
	w, _ := NewWriter(c, header)
	p := points[0]
	_, _ = w.AddPoint(points[1], PointOptions{}) // of another link type, without frames
	_, _ = w.AddPoint(p, PointOptions{SnapLen: 96})
	p.Interface = "eth1"
	_, _ = w.AddPoint(p, PointOptions{})
	want := frames()
	for i := range want {
		want[i].Point = 1 + i%2
		if err := w.WriteAnnotated(&want[i], annotation); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.End(End{}), c.Close()); err != nil {
		t.Fatal(err)
	}
	r := open(t, out.Bytes())
	list, _, err := readFrames(r)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Point, want[i].Dir, want[i].Missed = 0, trail.DirUnknown, 0
	}
	equal(t, "frames", list, want)
	equal(t, "points", r.Points(), []trail.Point{{Interface: "interface 0", Link: packet.LinkEthernet}})
	if old, _ := pcap.NewReader(bytes.NewReader(out.Bytes())); old.Header() != (pcap.Header{LinkType: 1, SnapLen: 96, Nano: true}) {
		t.Errorf("%+v", old.Header())
	}
}

func TestClassicWriterRefuses(t *testing.T) {
	var out bytes.Buffer
	c := NewClassicWriter(&out)
	w, _ := NewWriter(c, header)
	for _, p := range points {
		_, _ = w.AddPoint(p, PointOptions{})
	}
	for _, f := range frames()[:2] {
		_ = w.WriteFrame(&f)
	}
	err := w.Flush()
	lt, ok := errors.AsType[*LinkTypesError](err)
	if want := (LinkTypesError{First: "node1/client/eth0", Other: "node1/tun0", FirstType: 1, OtherType: 101}); !ok || *lt != want {
		t.Errorf("%v, want %v", err, &want)
	}
	if list, _, err := readFrames(open(t, out.Bytes())); len(list) != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("%d frames before the other link type, %v; want 1", len(list), err)
	}
	if _, err := c.Write(nil); err == nil || c.Close() == nil {
		t.Error("the error does not stay")
	}
	out.Reset()
	c = NewClassicWriter(&out)
	if err := c.Close(); err != nil || out.Len() != 24 {
		t.Errorf("without a frame: %d bytes, %v", out.Len(), err)
	}
	for _, b := range [][]byte{{1, 2, 3}, le.AppendUint32(append(le.AppendUint32(le.AppendUint32(nil, 6), 32), make([]byte, 20)...), 32)} {
		if _, err := NewClassicWriter(io.Discard).Write(b); err == nil {
			t.Errorf("% x was converted", b)
		}
	}
}
