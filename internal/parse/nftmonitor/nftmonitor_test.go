package nftmonitor

import (
	"io"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
)

func read(t *testing.T, s string) []parse.Item {
	t.Helper()
	return parsetest.All(t, New(strings.NewReader(s), Options{}))
}

func parser() parsetest.Parser {
	return parsetest.Parser{New: func(r io.Reader) parse.Reader { return New(r, Options{}) }, Detect: Detect}
}

// What is in testdata: the lines that nft printed, what the parser gives of
// them, and the trails that come of that.
func TestGolden(t *testing.T) { parser().Corpus(t, 5) }

func FuzzRead(f *testing.F) { parser().Fuzz(f, 5) }
