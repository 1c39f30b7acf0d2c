package lab_test

import (
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// BenchmarkUp makes a lab of the default size; removing it is not counted.
func BenchmarkUp(b *testing.B) {
	labtest.RequireRoot(b)
	for _, f := range works() {
		b.Run(string(f), func(b *testing.B) {
			name := labtest.Name()
			for b.Loop() {
				if _, err := lab.Up(b.Context(), lab.Options{Name: name, Flavour: f}); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if _, err := lab.Down(name); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
