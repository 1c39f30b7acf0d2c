package nlattr

import (
	"bytes"
	"testing"
)

func TestAttributes(t *testing.T) {
	b := Append(Append(Append(nil, 1, 'a', 'b', 0), 0x8002, 1, 2, 3, 4), 3)
	if len(b) != 8+8+4 {
		t.Fatalf("%d bytes", len(b))
	}
	type got struct {
		typ uint16
		v   string
	}
	want := []got{{1, "ab\x00"}, {2, "\x01\x02\x03\x04"}, {3, ""}}
	var all, each []got
	for typ, v := range All(b) {
		all = append(all, got{typ, string(v)})
	}
	whole := Each(b, func(typ uint16, v []byte) { each = append(each, got{typ, string(v)}) })
	for i, w := range want {
		if len(all) != 3 || len(each) != 3 || all[i] != w || each[i] != w {
			t.Fatalf("%v and %v, want %v", all, each, want)
		}
	}
	if !whole {
		t.Error("whole attributes are said to be cut")
	}
	for n := range len(b) {
		cut := Each(b[:n], func(uint16, []byte) {})
		if at := n == 0 || n == 7 || n == 8 || n == 16; cut != at && n != 7 {
			t.Errorf("cut at %d: whole is %v", n, cut)
		}
	}
	for range All(b) {
		break // stops when it is told to
	}
	if Text([]byte("ab\x00c")) != "ab" || Text([]byte("ab")) != "ab" {
		t.Error("text")
	}
	if BE16([]byte{1, 2, 3}) != 0x102 || BE32([]byte{1, 2}) != 0 || BE64(bytes.Repeat([]byte{1}, 8)) != 0x101010101010101 || BE16(nil) != 0 {
		t.Error("numbers")
	}
}

func FuzzAttributes(f *testing.F) {
	f.Add(Append(Append(nil, 1, 'a'), 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, size := 0, 0
		for _, v := range All(b) {
			n++
			size += header + len(v)
		}
		m := 0
		Each(b, func(uint16, []byte) { m++ })
		if n != m || size > len(b) {
			t.Errorf("%d and %d attributes of %d bytes in %d", n, m, size, len(b))
		}
	})
}
