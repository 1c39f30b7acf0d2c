package hubble

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func reference() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

// Every recording of a real Hubble, and those made by hand, give what is in
// testdata/want.
func TestGolden(t *testing.T) {
	files, err := os.ReadDir(filepath.Join("testdata", "in"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			in := input(t, filepath.Join("in", f.Name()))
			if !Detect(in[:min(len(in), 4096)]) {
				t.Error("is not told for Hubble's")
			}
			name, _, _ := strings.Cut(f.Name(), ".")
			golden(t, f.Name(), text(t, in, Options{Node: name, Reference: reference()}))
		})
	}
}
