package pcapng

import (
	"bytes"
	"runtime"
	"testing"
)

// FuzzReader reads anything, decodes each block, and writes the packets again.
// No input makes it panic, or hold more memory than its buffer and a multiple
// of the input.
func FuzzReader(f *testing.F) {
	file, _ := packetFile(f)
	f.Add(file)
	var all []byte
	iface, stats, names := fullInterface(), fullStatistics(), fullNames()
	for _, a := range []Appender{&Section{Extra: extra()}, &iface, &names, &stats, &Secrets{Data: []byte("x")}, &CustomBlock{PEN: 1, Data: []byte("y")}} {
		all, _ = a.Append(all)
	}
	f.Add(all)
	f.Add(append(sectionBlock(), block(true, TypeSection, []byte{0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0}, u32s(0xffffffff, 0xffffffff))...))
	f.Add(append(sectionBlock(), u32s(6, MaxBlock, 0)...))
	f.Add(append(sectionBlock(), u32s(0x77, 0xfffffffc, 0)...))
	f.Fuzz(func(t *testing.T, in []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readAll(t, in)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+200*len(in)); got > limit {
			t.Errorf("%d bytes were allocated for an input of %d", got, len(in))
		}
	})
}

func readAll(t *testing.T, in []byte) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		return
	}
	var b Block
	var again []byte
	for r.Next(&b) == nil {
		v, err := decode(r, &b)
		if err != nil {
			continue
		}
		if p, ok := v.(Packet); ok {
			if len(p.Data) > len(b.Raw) {
				t.Fatalf("%d bytes of data from a block of %d", len(p.Data), len(b.Raw))
			}
			if again, err = p.Append(again[:0]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// FuzzClock compares with arithmetic without limits.
func FuzzClock(f *testing.F) {
	f.Add(byte(9), int64(0), uint64(1700000000_123456789))
	f.Add(byte(0xa0), int64(-1), uint64(1))
	f.Fuzz(func(t *testing.T, resolution byte, offset int64, ticks uint64) {
		r := resolutionGiven | Resolution(resolution)
		c := newClock(r, offset)
		if got, want := c.time(ticks), exact(r, offset, ticks); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	})
}
