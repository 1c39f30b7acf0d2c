package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// TestTruncated cuts a file at each byte: all whole blocks come, then io.EOF
// at a block's end and a TruncatedError elsewhere.
func TestTruncated(t *testing.T) {
	file, _ := packetFile(t)
	ends := map[int]int{} // where a block ends -> how many there are
	var starts []int
	for at := 0; at < len(file); {
		starts = append(starts, at)
		at += int(binary.LittleEndian.Uint32(file[at+4:]))
		ends[at] = len(starts)
	}
	for cut := 1; cut <= len(file); cut++ {
		n, err := countBlocks(bytes.NewReader(file[:cut]))
		if want, whole := ends[cut]; whole {
			if n != want || !errors.Is(err, io.EOF) {
				t.Fatalf("cut at %d: %d blocks, %v; want %d, io.EOF", cut, n, err, want)
			}
			continue
		}
		if cut < 4 {
			if !errors.Is(err, ErrNotPcapng) {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			continue
		}
		te, ok := errors.AsType[*TruncatedError](err)
		if !ok || te.Offset != int64(starts[n]) {
			t.Fatalf("cut at %d: %d blocks, %v", cut, n, err)
		}
		size := MinBlock
		if have := cut - starts[n]; have >= MinBlock {
			size = int(binary.LittleEndian.Uint32(file[starts[n]+4:]))
		}
		if want := int64(starts[n] + size - cut); te.Missing != want {
			t.Fatalf("cut at %d: %d bytes missing, want %d", cut, te.Missing, want)
		}
	}
}

func countBlocks(src io.Reader) (int, error) {
	r, err := NewReader(src)
	if err != nil {
		return 0, err
	}
	var b Block
	for n := 0; ; n++ {
		if err := r.Next(&b); err != nil {
			return n, err
		}
	}
}

func TestNotPcapng(t *testing.T) {
	for in, want := range map[string]error{
		"":                 ErrEmpty,
		"\x0a\x0d":         ErrNotPcapng,
		"\x0a\x0d\x0d\x0b": ErrNotPcapng,
		"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00": ErrNotPcapng,
		strings.Repeat("text ", 10):                        ErrNotPcapng,
	} {
		if _, err := NewReader(strings.NewReader(in)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
	broken := errors.New("broken disk")
	if _, err := NewReader(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("%v, want the source's error", err)
	}
}

// TestSlowSources reads the same from sources that give little at a time.
func TestSlowSources(t *testing.T) {
	file, _ := packetFile(t)
	want, _ := countBlocks(bytes.NewReader(file))
	for name, src := range map[string]io.Reader{
		"one byte": iotest.OneByteReader(bytes.NewReader(file)),
		"half":     iotest.HalfReader(bytes.NewReader(file)),
		"data+EOF": iotest.DataErrReader(bytes.NewReader(file)),
	} {
		if n, err := countBlocks(src); n != want || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d blocks, %v; want %d", name, n, err, want)
		}
	}
	if _, err := countBlocks(stuck{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("stuck: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestSections reads two sections of different byte order, with the length
// known and not, and an interface list that starts anew.
func TestSections(t *testing.T) {
	a, list := packetFile(t)
	big := bigEndian(t, a)
	binary.BigEndian.PutUint64(big[16:], uint64(len(big)-28))
	file := bytes.Join([][]byte{a, big, a}, nil)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	for i := range 3 * len(list) {
		if err := r.ReadPacket(&p); err != nil {
			t.Fatal(err)
		}
		if want := list[i%len(list)]; p.Time != want.Time || p.Drops != want.Drops {
			t.Fatalf("packet %d: %+v", i, p)
		}
		if s := r.Section(); s.BigEndian != (i/len(list) == 1) || (s.Length == -1) == s.BigEndian || len(r.Interfaces()) != 2 {
			t.Fatalf("packet %d: section %+v, %d interfaces", i, s, len(r.Interfaces()))
		}
	}
}

func TestUnknownBlocks(t *testing.T) {
	file := bytes.Join([][]byte{
		sectionBlock(), block(false, 0x80001234, []byte("data")), block(false, TypeInterface, u16s(1, 0), u32s(0)),
		block(false, 9), block(false, TypePacket, u32s(0, 0, 5, 4, 4), []byte("good")),
	}, nil)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var b Block
	_ = r.Next(&b)
	if err := r.Next(&b); err != nil || b.Type != 0x80001234 || string(b.Body()) != "data" || b.Offset != 28 {
		t.Fatalf("%+v, %v: want the unknown block", b, err)
	}
	var p Packet
	if err := r.ReadPacket(&p); err != nil || string(p.Data) != "good" {
		t.Fatalf("%+v, %v", p, err)
	}
}

// TestLargeBlocks: above MaxBlock an unknown one is passed over without being
// held, a packet is an error.
func TestLargeBlocks(t *testing.T) {
	const size = MaxBlock + 4096
	large := func(typ BlockType) io.Reader {
		return io.MultiReader(
			bytes.NewReader(append(append(sectionBlock(), block(false, TypeInterface, u16s(1, 0), u32s(0))...), u32s(uint32(typ), size)...)),
			io.LimitReader(zeroes{}, size-12),
			bytes.NewReader(append(u32s(size), block(false, TypePacket, u32s(0, 0, 5, 4, 4), []byte("good"))...)),
		)
	}
	r, err := NewReader(large(0xbeef))
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	if err := r.ReadPacket(&p); err != nil || string(p.Data) != "good" {
		t.Errorf("%+v, %v", p, err)
	}
	if len(r.buf) > readBuffer {
		t.Errorf("the buffer grew to %d", len(r.buf))
	}
	if r.base+int64(r.pos) != 28+20+size+36 {
		t.Errorf("at byte %d", r.base+int64(r.pos))
	}
	if r, err = NewReader(large(TypePacket)); err != nil {
		t.Fatal(err)
	}
	err = r.ReadPacket(&p)
	if _, ok := errors.AsType[*FormatError](err); !ok {
		t.Errorf("%v, want a FormatError", err)
	}
}

type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestMalformed(t *testing.T) {
	head := sectionBlock()
	iface := block(false, TypeInterface, u16s(1, 0), u32s(0))
	many := bytes.Repeat(option(OptComment, nil), MaxOptions+1)
	for name, file := range map[string][]byte{
		"length below 12":  append(head[:28:28], u32s(1, 8, 8)...),
		"length odd":       append(head[:28:28], u32s(1, 13, 13, 0)...),
		"lengths differ":   append(head[:28:28], u32s(1, 20, 1, 0, 24)...),
		"magic":            block(false, TypeSection, u32s(0x11223344), u16s(1, 0), u32s(0, 0)),
		"version 2":        block(false, TypeSection, u32s(byteOrderMagic), u16s(2, 0), u32s(0, 0)),
		"short section":    block(false, TypeSection, u32s(byteOrderMagic, 1)),
		"short interface":  append(head[:28:28], block(false, TypeInterface, u32s(1))...),
		"interface option": append(head[:28:28], block(false, TypeInterface, u32s(1, 0), u16s(2, 9))...),
		"options":          append(head[:28:28], block(false, TypeInterface, u32s(1, 0), many)...),
		"section option":   block(false, TypeSection, u32s(byteOrderMagic), u16s(1, 0), u32s(0, 0), u16s(2, 9)),
		"interfaces":       append(head[:28:28], bytes.Repeat(iface, MaxInterfaces+1)...),
	} {
		_, err := countBlocks(bytes.NewReader(file))
		if _, ok := errors.AsType[*FormatError](err); !ok {
			t.Errorf("%s: %v, want a FormatError", name, err)
		}
	}
	for name, raw := range map[string][]byte{
		"names end":     block(false, TypeNames),
		"names record":  block(false, TypeNames, u16s(1, 40), u32s(0)),
		"names options": block(false, TypeNames, u32s(0), u16s(1, 40)),
		"statistics":    block(false, TypeStatistics, u32s(0)),
		"stat options":  block(false, TypeStatistics, u32s(0, 0, 0), u16s(1, 40)),
		"secrets":       block(false, TypeSecrets, u32s(0)),
		"secrets data":  block(false, TypeSecrets, u32s(0, 5)),
		"custom":        block(false, TypeCustom),
	} {
		b := Block{Type: BlockType(binary.LittleEndian.Uint32(raw)), Raw: raw}
		if v, err := decode(nil, &b); err == nil {
			t.Errorf("%s: %+v, want an error", name, v)
		}
	}
}

// TestRandomCorruption changes bytes of a file: errors may come, panics not.
func TestRandomCorruption(t *testing.T) {
	file, _ := packetFile(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		c := bytes.Clone(file)
		for range 1 + rnd.IntN(4) {
			c[rnd.IntN(len(c))] = byte(rnd.Uint32())
		}
		_, _ = countBlocks(bytes.NewReader(c))
	}
}
