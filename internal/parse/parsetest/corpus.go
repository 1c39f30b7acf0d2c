package parsetest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pktrail/pktrail/internal/parse"
)

// Parser is a parser under test.
type Parser struct {
	New    func(io.Reader) parse.Reader
	Detect func(head []byte) bool
}

// corpus are the files of testdata, which must be as many as are expected.
func corpus(tb testing.TB, files int) []string {
	tb.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) != files {
		tb.Fatal(paths, err)
	}
	return paths
}

// Input reads a file of testdata.
func Input(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Corpus compares what a parser gives of each file of testdata/*.txt, and the
// trails that come of that, with the golden file beside it.
func (p Parser) Corpus(t *testing.T, files int) {
	t.Helper()
	for _, path := range corpus(t, files) {
		b := Input(t, filepath.Base(path))
		if !p.Detect(b) {
			t.Errorf("%s is not detected", path)
		}
		items := All(t, p.New(bytes.NewReader(b)))
		Golden(t, path+".golden", Text(items)+"\n"+TrailText(Trails(items)))
	}
}

// Fuzz begins with the corpus: whatever comes in, the parser ends, gives items,
// and trails come of them.
func (p Parser) Fuzz(f *testing.F, files int) {
	f.Helper()
	for _, path := range corpus(f, files) {
		b := Input(f, filepath.Base(path))
		f.Add(string(b[:min(len(b), 3000)]))
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, _ := Some(t, p.New(bytes.NewReader([]byte(s))))
		_ = TrailText(Trails(items))
		p.Detect([]byte(s))
	})
}
