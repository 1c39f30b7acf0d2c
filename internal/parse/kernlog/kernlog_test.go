package kernlog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
)

// in2014 is behind the articles' logs.
var in2014 = Options{Before: time.Date(2014, 7, 1, 0, 0, 0, 0, time.UTC)}

func read(t *testing.T, s string, o Options) []parse.Item {
	t.Helper()
	return parsetest.All(t, New(strings.NewReader(s), o))
}

// What is in testdata: the lines that tools printed, what the parser gives of
// them, and the trails that come of that.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) < 3 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !Detect(b[:min(len(b), 64<<10)]) {
			t.Errorf("%s is not detected", path)
		}
		items := parsetest.All(t, New(bytes.NewReader(b), in2014))
		parsetest.Golden(t, path+".golden", parsetest.Text(items)+"\n"+parsetest.TrailText(parsetest.Trails(items)))
	}
}
