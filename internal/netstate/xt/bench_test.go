package xt

import (
	"os"
	"testing"
)

// BenchmarkText decodes and writes the rules of a table.
func BenchmarkText(b *testing.B) {
	data, err := os.ReadFile("testdata/ip-calico-nat.bin")
	if err != nil {
		b.Fatal(err)
	}
	info, err := DecodeInfo(data)
	if err != nil {
		b.Fatal(err)
	}
	table, err := DecodeTable(false, info, data[InfoSize:], Names{Set: sets})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	rules := 0
	for b.Loop() {
		for i := range table.Chains() {
			c := &table.Chains()[i]
			for n := 1; n <= c.Rules(); n++ {
				r, _ := table.Rule(c, n)
				_ = r.Text()
				rules++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rules), "ns/rule")
}
