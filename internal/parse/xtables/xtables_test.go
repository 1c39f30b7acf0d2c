package xtables

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
)

func read(t *testing.T, s string) []parse.Item {
	t.Helper()
	return parsetest.All(t, New(strings.NewReader(s), Options{}))
}

// What is in testdata: the lines that xtables-monitor printed, what the parser gives of
// them, and the trails that come of that.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) != 7 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !Detect(b) {
			t.Errorf("%s is not detected", path)
		}
		items := read(t, string(b))
		parsetest.Golden(t, path+".golden", parsetest.Text(items)+"\n"+parsetest.TrailText(parsetest.Trails(items)))
	}
}

func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b[:min(len(b), 3000)]))
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, _ := parsetest.Some(t, New(strings.NewReader(s), Options{}))
		_ = parsetest.TrailText(parsetest.Trails(items))
		Detect([]byte(s))
	})
}
