package pcap

import (
	"bytes"
	"io"
	"testing"
)

func FuzzReader(f *testing.F) {
	f.Add(write(f, Header{Nano: true}, packets()[:3]))
	f.Add(bigEndian(write(f, Header{HasFCSLen: true, FCSLen: 4}, packets()[:3])))
	f.Add(append(write(f, Header{}, nil), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := NewReader(bytes.NewReader(in))
		if err != nil {
			return
		}
		var p Packet
		total := 0
		for r.Read(&p) == nil {
			total += len(p.Data)
		}
		if total > len(in) || len(r.buf) > 2*max(len(in), readBuffer) {
			t.Errorf("%d bytes of data, a buffer of %d, for an input of %d", total, len(r.buf), len(in))
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	w := NewWriter(io.Discard, Header{Nano: true})
	p := Packet{Time: 1700000000_123456789, Len: 64, Data: make([]byte, 64)}
	b.SetBytes(80)
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Write(&p)
	}
}
