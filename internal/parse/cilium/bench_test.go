package cilium

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// BenchmarkJSON reads recordings of -j, BenchmarkText such of -v: MB/s, and lines
// in a second on one core.
func BenchmarkJSON(b *testing.B) { bench(b, input(b, "in/a-node1.monitor.jsonl")) }

func BenchmarkText(b *testing.B) { bench(b, input(b, "in/a-node1.monitor-v.txt")) }

func BenchmarkVerbose(b *testing.B) { bench(b, input(b, "in/verbose.txt")) }

func bench(b *testing.B, in []byte) {
	b.Helper()
	in = bytes.Repeat(in, 100)
	lines := bytes.Count(in, []byte("\n"))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		r := New(bytes.NewReader(in), Options{Node: "n"})
		for {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
