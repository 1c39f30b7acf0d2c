package hubble

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pktrail/pktrail/internal/parse"
)

// Whatever comes in, a reader ends, and gives items with lines that there are.
func FuzzRead(f *testing.F) {
	files, err := os.ReadDir(filepath.Join("testdata", "in"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		whole := input(f, filepath.Join("in", file.Name()))
		f.Add(whole[:min(len(whole), 2000)])
		for line := range bytes.Lines(whole) {
			if len(line) < 3000 {
				f.Add(line)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		Detect(b)
		lines := bytes.Count(b, []byte("\n")) + 1
		r := New(bytes.NewReader(b), Options{Node: "n", Reference: reference()})
		for n := 0; ; n++ {
			it, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if n > 2*lines+2 {
				t.Fatalf("%d items of %d lines", n, lines)
			}
			var bad *parse.LineError
			switch {
			case errors.As(err, &bad):
				if bad.Line < 1 || bad.Line > lines || bad.Error() == "" {
					t.Fatalf("%+v", bad)
				}
			case err != nil:
				t.Fatal(err)
			case (it.Sighting == nil) == (it.Fact == nil):
				t.Fatal("an item is neither or both")
			case it.Sighting != nil:
				s := it.Sighting
				if s.Line < 1 || s.Line > lines || s.Seen.Datapath == nil || s.Seen.Stage == "" || s.Seen.Late != (s.Seen.Time != 0) {
					t.Fatalf("%+v", s)
				}
				if (s.Key.Proto != 0 || s.Key.Version != 0) && (!s.Seen.Seen.Flow.Src.IsValid() || s.Key.Bare == 0) {
					t.Fatalf("a key without a flow: %+v", s)
				}
				_ = s.Seen.Words()
			default:
				if it.Fact.Line < 1 || it.Fact.Line > lines || it.Fact.Count < 0 {
					t.Fatalf("%+v", it.Fact)
				}
			}
		}
	})
}
