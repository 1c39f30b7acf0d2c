package record

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestRefused(t *testing.T) {
	w, _ := NewWriter(io.Discard, Header{})
	for name, err := range map[string]error{
		"no point":    w.WriteFrame(&trail.Frame{}),
		"stats":       w.WriteStats(0, started, trail.Counters{}),
		"empty names": w.WriteNames([]Name{{}}), // left out, no error
	} {
		if (err == nil) != (name == "empty names") {
			t.Errorf("%s: %v", name, err)
		}
	}
	id, _ := w.AddPoint(trail.Point{}, PointOptions{})
	if err := w.WriteFrame(&trail.Frame{Point: id, Time: -1}); err == nil {
		t.Error("a time before 1970 was written")
	}
	long := strings.Repeat("ä", MaxText)
	if err := w.WriteAnnotated(&trail.Frame{}, Annotation{Observation: []byte(long)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("%v, want ErrTooLong", err)
	}
	if _, err := w.AddPoint(trail.Point{Interface: long}, PointOptions{}); !errors.Is(err, ErrTooLong) {
		t.Errorf("%v, want ErrTooLong", err)
	}
	for in, want := range map[string]string{
		"":                 "empty file",
		"ab":               "neither pcapng nor pcap",
		"GIF89a":           "neither pcapng nor pcap",
		"\x1f\x8b\x08\x00": "gzip",
		"\x28\xb5\x2f\xfd": "zstd",
		"\x34\xcd\xb2\xa1": "Kuznetzov",
		"\x0a\x0d\x0d\x0a": "cut short",
	} {
		if _, err := NewReader(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func TestLongComment(t *testing.T) {
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	if err := w.WriteAnnotated(&trail.Frame{Data: echo}, Annotation{Comments: []string{strings.Repeat("x", 1) + strings.Repeat("ä", MaxText)}}); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	_, notes, _ := readFrames(open(t, out.Bytes()))
	if c := notes[0].Comments[0]; len(c) != MaxText-1 || !strings.HasSuffix(c, "ä") {
		t.Errorf("%d bytes", len(c))
	}
}

// TestLargeFrames: larger than the buffer is whole, larger than MaxFrame cut.
func TestLargeFrames(t *testing.T) {
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	data := bytes.Repeat([]byte{1, 2, 3, 4}, 100000)
	for _, n := range []int{10, 262100, MaxFrame, 300000, 10} {
		if err := w.WriteFrame(&trail.Frame{Data: data[:n]}); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush()
	list, _, err := readFrames(open(t, out.Bytes()))
	if !errors.Is(err, io.EOF) || len(list) != 5 {
		t.Fatal(len(list), err)
	}
	for i, want := range []int{10, 262100, MaxFrame, 300000, 10} {
		if f := list[i]; len(f.Data) != min(want, MaxFrame) || f.Len != want {
			t.Errorf("%d of %d bytes, want %d", len(f.Data), f.Len, want)
		}
	}
}

func TestManyNames(t *testing.T) {
	var list []Name
	for i := range 5000 {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		list = append(list, Name{Addr: a, Names: []string{strings.Repeat("n", 100)}})
	}
	list = append(list, Name{Addr: list[0].Addr, Names: []string{"", "a\x00b", strings.Repeat("x", 70000), "good"}})
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	if err := w.WriteNames(list); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	r := open(t, out.Bytes())
	_, _, _ = readFrames(r)
	list[5000].Names = []string{"good"}
	equal(t, "names", r.Names(), list)
}

func TestNoAllocations(t *testing.T) {
	w, _ := NewWriter(io.Discard, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	f := frames()[1]
	f.Point = 0
	if n := testing.AllocsPerRun(1000, func() { _ = w.WriteFrame(&f) }); n != 0 {
		t.Errorf("writing: %v allocations", n)
	}
	var out bytes.Buffer
	w, _ = NewWriter(&out, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	for range 2002 {
		_ = w.WriteFrame(&f)
	}
	_ = w.Flush()
	file := bytes.Clone(out.Bytes())
	r := open(t, file)
	if n := testing.AllocsPerRun(2000, func() {
		if err := r.Read(&f); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("reading: %v allocations", n)
	}
	frames := 0
	count := func(_ pcapng.BlockType, block []byte) bool {
		if _, ok := Info(block); ok {
			frames++
		}
		return true
	}
	if n := testing.AllocsPerRun(10, func() { _ = Walk(file, count) }); n != 0 || frames != 11*2002 {
		t.Errorf("walking: %v allocations, %d frames", n, frames)
	}
}
