package pcapng

import (
	"bytes"
	"reflect"
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

// FuzzBlock puts any body into a sound frame, so that what decodes blocks is
// reached. What is decoded is written and decoded again to the same.
func FuzzBlock(f *testing.F) {
	file, _ := packetFile(f)
	var all []byte
	iface, stats, names := fullInterface(), fullStatistics(), fullNames()
	for _, a := range []Appender{&Section{Extra: extra()}, &iface, &names, &stats, &Secrets{Data: []byte("x")}, &CustomBlock{PEN: 1, Data: []byte("y")}} {
		all, _ = a.Append(all)
	}
	for in := append(file, all...); len(in) > 0; {
		n := order(false).u32(in[4:])
		f.Add(order(false).u32(in), false, in[8:n-4])
		in = in[n:]
	}
	f.Add(uint32(TypeOldPacket), true, make([]byte, 28))
	f.Add(uint32(TypeSimplePacket), true, make([]byte, 8))
	f.Fuzz(func(t *testing.T, typ uint32, big bool, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		body = append(body, make([]byte, pad4(len(body))-len(body))...)
		b := Block{Type: BlockType(typ), BigEndian: big, Raw: block(order(big), BlockType(typ), body)}
		i := Interface{clock: newClock(0, 0)}
		r := &Reader{ifaces: []Interface{i, i, i}}
		v, err := decode(r, &b)
		if err != nil {
			return
		}
		a, ok := appender(v)
		if !ok {
			return
		}
		raw, err := a.Append(nil)
		if err != nil { // e.g. what was big-endian in Other cannot grow, names can be empty
			return
		}
		again := Block{Type: BlockType(order(false).u32(raw)), Raw: raw}
		w, err := decode(r, &again)
		if err != nil {
			t.Fatalf("%+v, written and read again: %v", v, err)
		}
		if x, y := comparable(v), comparable(w); !reflect.DeepEqual(x, y) {
			t.Fatalf("written and read again it differs:\n%+v\n%+v", x, y)
		}
	})
}

func appender(v any) (Appender, bool) {
	switch v := v.(type) {
	case Section:
		return &v, true
	case Interface:
		return &v, true
	case Names:
		return &v, true
	case Statistics:
		return &v, true
	case Secrets:
		return &v, true
	case CustomBlock:
		return &v, true
	case Packet:
		return &v, true
	}
	return nil, false
}

// comparable leaves out what is not kept: byte order, version, the list of
// options in place, and numbers of unknown options in the other byte order.
func comparable(v any) any {
	switch v := v.(type) {
	case Section:
		v.BigEndian, v.Major, v.Minor, v.Length = false, 1, 0, -1
		return v
	case Interface:
		v.SnapLen &= 0xffffffff
		return v
	case Packet:
		return []any{v.Interface, v.Ticks, v.Len, string(v.Data), v.Flags, v.Drops}
	}
	return v
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
