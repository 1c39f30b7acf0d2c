package record

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

var sizes = []int{64, 1500}

// overhead of a frame in the stream: the block, epb_flags, end of options.
const overhead = 32 + 12

func BenchmarkWriteFrame(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w, _ := NewWriter(io.Discard, header)
			_, _ = w.AddPoint(points[0], PointOptions{})
			f := trail.Frame{Time: 1700000000_123456789, Dir: trail.In, Len: n, Data: make([]byte, n)}
			b.SetBytes(int64(n + overhead))
			b.ReportAllocs()
			for b.Loop() {
				_ = w.WriteFrame(&f)
			}
		})
	}
}

// stream has packets of n bytes, without the end record.
func stream(n, packets int) []byte {
	var out bytes.Buffer
	w, _ := NewWriter(&out, header)
	_, _ = w.AddPoint(points[0], PointOptions{})
	f := trail.Frame{Time: 1700000000_123456789, Dir: trail.In, Len: n, Data: make([]byte, n)}
	for range packets {
		_ = w.WriteFrame(&f)
	}
	_ = w.Flush()
	return out.Bytes()
}

func BenchmarkRead(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const packets = 100000
			file := stream(n, packets)
			b.SetBytes(int64(n + overhead))
			b.ReportAllocs()
			var r *Reader
			var f trail.Frame
			for i := 0; b.Loop(); i++ {
				if i%packets == 0 {
					r, _ = NewReader(bytes.NewReader(file))
				}
				if err := r.Read(&f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const packets = 1000
			file := stream(n, packets)
			b.SetBytes(int64(n + overhead))
			total := 0
			for i := 0; i < b.N; i += packets {
				_ = Walk(file, func(_ pcapng.BlockType, block []byte) bool {
					info, _ := Info(block)
					total += info.Captured
					return true
				})
			}
		})
	}
}

func BenchmarkClassicWriter(b *testing.B) {
	file := stream(64, 1000)
	c := NewClassicWriter(io.Discard)
	b.SetBytes(64 + overhead)
	for i := 0; i < b.N; i += 1000 {
		_, _ = c.Write(file[:])
	}
}

// A merged stream costs this much more than a bare copy, for each packet; a
// single one next to nothing.
func BenchmarkMerge(b *testing.B) {
	for _, n := range sizes {
		for _, k := range []int{1, 2, 10} {
			b.Run(fmt.Sprintf("%d/streams=%d", n, k), func(b *testing.B) {
				const packets = 500
				file := stream(n, packets)
				head := 0
				_ = Walk(file, func(kind pcapng.BlockType, block []byte) bool {
					if IsHead(kind) {
						head += len(block)
					}
					return IsHead(kind)
				})
				m := NewMerge(io.Discard, 0, 0)
				inputs := make([]*MergeInput, k)
				for i := range inputs {
					inputs[i] = m.Add("x")
					_, _ = inputs[i].Write(file[:head])
				}
				b.SetBytes(int64(n + overhead))
				b.ReportAllocs()
				b.ResetTimer()
				for i := 0; i < b.N; i += packets * k {
					for _, s := range inputs {
						_, _ = s.Write(file[head:])
					}
				}
				_ = m.Close()
			})
		}
	}
}
