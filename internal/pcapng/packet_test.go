package pcapng

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func packetOptions() []byte {
	var b []byte
	b = AppendOption(b, OptComment, "one")
	b = AppendOption(b, OptHash, []byte{2, 0xde, 0xad, 0xbe, 0xef})
	b = AppendOption(b, OptPacketID, []byte{8, 7, 6, 5, 4, 3, 2, 1})
	b = AppendOption(b, OptQueue, []byte{3, 0, 0, 0})
	b = AppendOption(b, OptVerdict, []byte{2, 1, 0, 0, 0, 0, 0, 0, 0})
	b = AppendOption(b, OptComment, "two")
	b = AppendCustom(b, Custom{PEN: 32473, Text: true, Data: []byte("{}")})
	return AppendOption(b, 0x7abc, "unknown")
}

// packetFile holds packets of all sizes up to 9 bytes, two interfaces.
func packetFile(tb testing.TB) ([]byte, []Packet) {
	tb.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, &Section{})
	if err != nil {
		tb.Fatal(err)
	}
	for _, i := range []Interface{{LinkType: 1, Resolution: Nanoseconds}, {LinkType: 101}} {
		if err := w.Write(&i); err != nil {
			tb.Fatal(err)
		}
	}
	var list []Packet
	data := []byte{0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9}
	for n := range len(data) + 1 {
		p := Packet{Interface: n % 2, Ticks: 1700000000_123456789, Len: n + 100, Data: data[:n]}
		p.Time = 1700000000_123456789
		if p.Interface == 1 {
			p.Ticks, p.Time = 1700000000_123456, 1700000000_123456000
		}
		if n&2 != 0 {
			p.Flags = FlagOutbound | 1<<9
		}
		if n&4 != 0 {
			p.Drops = 1<<33 + uint64(n)
		}
		if n > 5 {
			p.Options = LittleEndianOptions(packetOptions())
		}
		list = append(list, p)
		if err := w.WritePacket(&p); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes(), list
}

// TestPackets reads what was written in both byte orders, writes it again and
// gets the first file.
func TestPackets(t *testing.T) {
	file, list := packetFile(t)
	for _, in := range [][]byte{file, bigEndian(t, file)} {
		r, err := NewReader(bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		w, _ := NewWriter(&again, &Section{})
		_ = w.Write(&Interface{LinkType: 1, Resolution: Nanoseconds})
		_ = w.Write(&Interface{LinkType: 101})
		for i, want := range list {
			var p Packet
			if err := r.ReadPacket(&p); err != nil {
				t.Fatal(err)
			}
			if p.Interface != want.Interface || p.Time != want.Time || p.Ticks != want.Ticks || p.Len != want.Len ||
				p.Flags != want.Flags || p.Drops != want.Drops || !bytes.Equal(p.Data, want.Data) {
				t.Errorf("packet %d: got %+v, want %+v", i, p, want)
			}
			if v, ok := p.Options.Get(OptHash); ok != (i > 5) || ok && string(v) != "\x02\xde\xad\xbe\xef" {
				t.Errorf("packet %d: hash % x, %v", i, v, ok)
			}
			id, ok := p.Options.Uint(OptPacketID)
			queue, _ := p.Options.Uint(OptQueue)
			if ok != (i > 5) || ok && (id != 0x0102030405060708 || queue != 3) {
				t.Errorf("packet %d: id %#x of queue %d, %v", i, id, queue, ok)
			}
			if err := w.WritePacket(&p); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.ReadPacket(&Packet{}); !errors.Is(err, io.EOF) {
			t.Errorf("%v, want io.EOF", err)
		}
		if err := w.Flush(); err != nil || !bytes.Equal(again.Bytes(), file) {
			t.Errorf("written again it differs (%v)", err)
		}
	}
}

func TestSimpleAndOldPackets(t *testing.T) {
	file := bytes.Join([][]byte{
		sectionBlock(),
		block(false, TypeInterface, u16s(1, 0), u32s(6)),
		block(false, TypeSimplePacket, u32s(3), []byte("abc\x00")),
		block(false, TypeSimplePacket, u32s(60), []byte("abcdef\x00\x00")),
		block(false, TypeOldPacket, u16s(0, 7), u32s(0x60000, 1, 3, 4), []byte("abc\x00"), option(OptFlags, u32s(1)), u32s(0)),
		block(false, TypeOldPacket, u16s(0, 0xffff), u32s(0, 2, 4, 4), []byte("abcd")),
	}, nil)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Packet{
		{Len: 3, Data: []byte("abc")},
		{Len: 60, Data: []byte("abcdef")},
		{Len: 4, Data: []byte("abc"), Flags: 1, Drops: 7, Time: (0x60000<<32 + 1) * 1000},
		{Len: 4, Data: []byte("abcd"), Time: 2000},
	} {
		var p Packet
		if err := r.ReadPacket(&p); err != nil {
			t.Fatal(err)
		}
		if p.Len != want.Len || !bytes.Equal(p.Data, want.Data) || p.Flags != want.Flags || p.Drops != want.Drops || p.Time != want.Time {
			t.Errorf("%d: got %+v, want %+v", i, p, want)
		}
	}
}

// TestMalformedPacket says that an error in one packet's block leaves the
// next ones, and that a broken option list leaves the packet.
func TestMalformedPacket(t *testing.T) {
	head := bytes.Join([][]byte{sectionBlock(), block(false, TypeInterface, u16s(1, 0), u32s(0))}, nil)
	good := block(false, TypePacket, u32s(0, 0, 5, 4, 4), []byte("good"))
	for name, bad := range map[string][]byte{
		"interface":  block(false, TypePacket, u32s(1, 0, 5, 4, 4), []byte("abcd")),
		"interface2": block(false, TypePacket, u32s(0xffffffff, 0, 5, 4, 4), []byte("abcd")),
		"length":     block(false, TypePacket, u32s(0, 0, 5, 5, 5), []byte("abcd")),
		"huge":       block(false, TypePacket, u32s(0, 0, 5, 0xffffffff, 5), []byte("abcd")),
		"short":      block(false, TypePacket, u32s(0, 0, 5, 0)),
		"simple":     block(false, TypeSimplePacket, u32s(9), []byte("abcd")),
		"simple2":    block(false, TypeSimplePacket),
		"old":        block(false, TypeOldPacket, u32s(0, 0, 5, 0)),
	} {
		r, err := NewReader(bytes.NewReader(bytes.Join([][]byte{head, bad, good}, nil)))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		err = r.ReadPacket(&p)
		if fe, ok := errors.AsType[*FormatError](err); !ok || fe.Offset != int64(len(head)) {
			t.Errorf("%s: %v, want a FormatError at %d", name, err, len(head))
		}
		if err := r.ReadPacket(&p); err != nil || string(p.Data) != "good" {
			t.Errorf("%s: then %q, %v", name, p.Data, err)
		}
	}
	broken := block(false, TypePacket, u32s(0, 0, 5, 4, 4), []byte("data"), option(OptFlags, u32s(2)), u16s(1, 100))
	r, _ := NewReader(bytes.NewReader(append(head, broken...)))
	var p Packet
	if err := r.ReadPacket(&p); err != nil || p.Flags != 2 || string(p.Data) != "data" {
		t.Errorf("broken options: %+v, %v", p, err)
	}
}
