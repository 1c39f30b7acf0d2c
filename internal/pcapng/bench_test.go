package pcapng

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

func BenchmarkWritePacket(b *testing.B) {
	for _, n := range []int{64, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w, _ := NewWriter(io.Discard, &Section{})
			p := Packet{Len: n, Data: make([]byte, n), Flags: FlagInbound}
			b.SetBytes(int64(n + 32 + 12))
			b.ReportAllocs()
			for b.Loop() {
				_ = w.WritePacket(&p)
			}
		})
	}
}

func BenchmarkReadPacket(b *testing.B) {
	for _, n := range []int{64, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var out bytes.Buffer
			w, _ := NewWriter(&out, &Section{})
			_ = w.Write(&Interface{Resolution: Nanoseconds})
			p := Packet{Len: n, Data: make([]byte, n), Flags: FlagInbound}
			const packets = 4000
			for range packets {
				_ = w.WritePacket(&p)
			}
			_ = w.Flush()
			src := bytes.NewReader(nil)
			b.SetBytes(int64(n + 32 + 12))
			b.ReportAllocs()
			var r *Reader
			for i := 0; b.Loop(); i++ {
				if i%packets == 0 {
					src.Reset(out.Bytes())
					if r == nil {
						r, _ = NewReader(src)
					} else {
						r.pos, r.end, r.eof, r.err = 0, 0, false, nil
					}
				}
				if err := r.ReadPacket(&p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
