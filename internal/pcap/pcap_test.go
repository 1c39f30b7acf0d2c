package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func write(tb testing.TB, h Header, list []Packet) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, h)
	for i := range list {
		if err := w.Write(&list[i]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func packets() []Packet {
	list := []Packet{{Time: 0, Len: 0}, {Time: 1700000000_123456789, Len: 100, Data: []byte("abc")}, {Time: 4294967295_999999999, Len: 5, Data: []byte("abcde")}}
	return append(list, Packet{Time: 1700000001_000000001, Len: 70000, Data: bytes.Repeat([]byte("large"), 14000)})
}

// bigEndian turns a file that write has made into the other byte order.
func bigEndian(file []byte) []byte {
	file = bytes.Clone(file)
	le, be := binary.LittleEndian, binary.BigEndian
	for _, at := range []int{0, 8, 12, 16, 20} {
		be.PutUint32(file[at:], le.Uint32(file[at:]))
	}
	be.PutUint16(file[4:], 2)
	be.PutUint16(file[6:], 4)
	for at := fileHeader; at < len(file); {
		n := int(le.Uint32(file[at+8:]))
		for i := range 4 {
			be.PutUint32(file[at+4*i:], le.Uint32(file[at+4*i:]))
		}
		at += recordHeader + n
	}
	return file
}

func TestRoundTrip(t *testing.T) {
	for _, h := range []Header{
		{LinkType: 1, SnapLen: 96, Nano: true},
		{LinkType: 276, SnapLen: DefaultSnapLen},
		{LinkType: 101, SnapLen: 1, Nano: true, HasFCSLen: true, FCSLen: 4},
	} {
		file := write(t, h, packets())
		for _, big := range []bool{false, true} {
			in := file
			if big {
				in = bigEndian(file)
			}
			r, err := NewReader(iotest.HalfReader(bytes.NewReader(in)))
			if err != nil {
				t.Fatal(err)
			}
			want := h
			want.BigEndian = big
			if r.Header() != want {
				t.Errorf("got %+v, want %+v", r.Header(), want)
			}
			var p Packet
			for _, want := range packets() {
				if err := r.Read(&p); err != nil {
					t.Fatal(err)
				}
				if !h.Nano {
					want.Time -= want.Time % 1000
				}
				if p.Time != want.Time || p.Len != want.Len || !bytes.Equal(p.Data, want.Data) {
					t.Errorf("got %d %d, want %d %d", p.Time, p.Len, want.Time, want.Len)
				}
			}
			if err := r.Read(&p); !errors.Is(err, io.EOF) {
				t.Errorf("%v, want io.EOF", err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	header := write(t, Header{Nano: true}, nil)
	with := func(at int, v ...byte) []byte {
		b := bytes.Clone(header)
		copy(b[at:], v)
		return b
	}
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"empty":         {nil, "empty file"},
		"text":          {[]byte("#include <stdio.h> and more text"), "not a pcap file"},
		"short text":    {[]byte("ab"), "not a pcap file"},
		"short header":  {header[:20], "cut short: the record at byte 0 lacks 4 bytes"},
		"version":       {with(4, 3), "version 3.4"},
		"Kuznetzov":     {with(0, 0x34, 0xcd, 0xb2, 0xa1), "Kuznetzov"},
		"Kuznetzov BE":  {with(0, 0xa1, 0xb2, 0xcd, 0x34), "Kuznetzov"},
		"Navtel":        {with(0, 0xcd, 0x34, 0xb2, 0xa1), "Navtel"},
		"Ixia":          {with(0, 0x12, 0xcb, 0xe2, 0xa1), "Ixia"},
		"lcap":          {with(0, 0xac, 0x01, 0x00, 0x1c), "Ixia's lcap"},
		"Kuznetzov cut": {[]byte{0x34, 0xcd, 0xb2, 0xa1}, "Kuznetzov"},
	} {
		if _, err := NewReader(bytes.NewReader(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if !Sniff(header) || Sniff([]byte("abcd")) || Sniff(nil) || Sniff([]byte{0x34, 0xcd, 0xb2, 0xa1}) {
		t.Error("Sniff")
	}
}

// TestTruncated cuts a file at each byte.
func TestTruncated(t *testing.T) {
	list := packets()[:3]
	file := write(t, Header{}, list)
	starts := []int{24, 40, 59, 80} // and the end
	for cut := fileHeader; cut <= len(file); cut++ {
		r, err := NewReader(bytes.NewReader(file[:cut]))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		n := 0
		for err = r.Read(&p); err == nil; err = r.Read(&p) {
			n++
		}
		if starts[n] == cut {
			if !errors.Is(err, io.EOF) {
				t.Errorf("cut at %d: %v, want io.EOF", cut, err)
			}
			continue
		}
		te, ok := errors.AsType[*TruncatedError](err)
		if !ok || te.Offset != int64(starts[n]) || te.Missing <= 0 || cut-starts[n] >= recordHeader && te.Missing != int64(starts[n+1]-cut) {
			t.Errorf("cut at %d: %d packets, %v", cut, n, err)
		}
	}
}

func TestUnwritable(t *testing.T) {
	for _, p := range []Packet{{Time: -1}, {Time: 1 << 62}, {Len: -1}, {Data: make([]byte, MaxRecord+1)}} {
		var out bytes.Buffer
		w := NewWriter(&out, Header{})
		if err := w.Write(&p); err == nil {
			t.Errorf("time %d, length %d was written", p.Time, p.Len)
		}
		if _ = w.Flush(); out.Len() != fileHeader {
			t.Errorf("%d bytes were written", out.Len())
		}
	}
	full := errors.New("disk full")
	w := NewWriter(failing{full}, Header{})
	for i, err := range []error{w.Flush(), w.Write(&Packet{}), w.Flush()} {
		if !errors.Is(err, full) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if err := NewWriter(failing{}, Header{}).Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v, want ErrShortWrite", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestHugeLength(t *testing.T) {
	file := write(t, Header{}, nil)
	file = append(file, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	err = r.Read(&Packet{})
	if fe, ok := errors.AsType[*FormatError](err); !ok || fe.Offset != fileHeader {
		t.Errorf("%v, want a FormatError", err)
	}
}

// wholeRecords fails the test at a Write that ends inside a record.
type wholeRecords struct {
	t     testing.TB
	begun bool
	most  int
}

func (w *wholeRecords) Write(b []byte) (int, error) {
	at := 0
	if !w.begun {
		w.begun, at = true, fileHeader
	}
	w.most = max(w.most, len(b))
	for at < len(b) {
		at += recordHeader + int(binary.LittleEndian.Uint32(b[at+8:]))
	}
	if at != len(b) {
		w.t.Fatalf("a write ends inside a record: %d of %d", len(b), at)
	}
	return len(b), nil
}

func TestWholeRecords(t *testing.T) {
	dst := &wholeRecords{t: t}
	w := NewWriter(dst, Header{})
	data := make([]byte, 2*WriteBuffer)
	for i := range 3000 {
		n := i * 7919 % 3000
		if i%400 == 0 {
			n = len(data) - i
		}
		if err := w.Write(&Packet{Data: data[:n]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || dst.most > len(data)+recordHeader {
		t.Errorf("%v, %d", err, dst.most)
	}
}

func TestNoAllocations(t *testing.T) {
	p := Packet{Time: 1, Len: 1500, Data: make([]byte, 1500)}
	w := NewWriter(io.Discard, Header{Nano: true})
	if n := testing.AllocsPerRun(1000, func() { _ = w.Write(&p) }); n != 0 {
		t.Errorf("writing: %v allocations", n)
	}
	list := make([]Packet, 2001)
	for i := range list {
		list[i] = p
	}
	r, err := NewReader(bytes.NewReader(write(t, Header{}, list)))
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(2000, func() {
		if err := r.Read(&p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("reading: %v allocations", n)
	}
}
