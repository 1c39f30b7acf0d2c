package hubble

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func BenchmarkJSON(b *testing.B) { bench(b, input(b, "in/a-node1.hubble.case.jsonl")) }

func BenchmarkCompact(b *testing.B) { bench(b, input(b, "in/a-node1.hubble.txt")) }

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
