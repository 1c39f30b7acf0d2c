package record

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// seeds are streams of ours and of others, whole and with hostile lengths.
func seeds(f *testing.F) {
	f.Helper()
	var ours, classic bytes.Buffer
	small(f, &ours)
	c := NewClassicWriter(&classic)
	w, _ := NewWriter(c, header)
	_, _ = w.AddPoint(points[0], PointOptions{})
	_ = w.WriteFrame(&frames()[0])
	_ = w.Flush()
	head := ours.Bytes()[:le.Uint32(ours.Bytes()[4:])]
	for _, in := range [][]byte{ours.Bytes(), foreign(f), classic.Bytes()} {
		f.Add(in)
	}
	for _, block := range [][]uint32{{6, pcapng.MaxBlock}, {0x77, 0xfffffffc}, {1, 20, 1, 0, 20}, {4, 1 << 24, 1}, {5, 0x7ffffffc}} {
		in := bytes.Clone(head)
		for _, v := range block {
			in = le.AppendUint32(in, v)
		}
		f.Add(in)
	}
}

// FuzzReader reads anything in every way there is. No input makes it panic,
// or allocate more than its buffers and a multiple of the input.
func FuzzReader(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readWays(t, in)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4<<20+400*len(in)); got > limit {
			t.Errorf("%d bytes were allocated for an input of %d", got, len(in))
		}
	})
}

func readWays(t *testing.T, in []byte) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		return
	}
	var f trail.Frame
	total := 0
	for range 3 { // an error of one block does not end it
		for r.Read(&f) == nil {
			total += len(f.Data)
			if f.Len < len(f.Data) || f.Point >= len(r.points) {
				t.Fatalf("%+v", f)
			}
			_ = r.Annotation()
		}
	}
	if total > len(in) {
		t.Fatalf("%d bytes of frames from %d", total, len(in))
	}
	_, _, _ = r.Points(), r.Names(), r.Whole()
	_, _ = r.End()
	if r, err = NewReader(bytes.NewReader(in)); err == nil {
		_ = Copy(io.Discard, r, func(f *trail.Frame) bool { return f.Dir != trail.In })
	}
}

// FuzzBlocks gives anything to what takes blocks from a transport.
func FuzzBlocks(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		dst := &wholeBlocks{t: t}
		a := NewAligner(dst)
		for b := in; len(b) > 0; {
			n := min(1+int(b[0])*7, len(b))
			if _, err := a.Write(b[:n]); err != nil {
				break
			}
			b = b[n:]
		}
		_ = a.Close()
		if !bytes.HasPrefix(in, dst.out.Bytes()) {
			t.Error("the blocks are not those of the input")
		}
		c := NewClassicWriter(io.Discard)
		_, _ = c.Write(dst.out.Bytes())
		_ = c.Close()
	})
}
