package lines

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestHead(t *testing.T) {
	for in, want := range map[string]int{"": 0, "a": 1, "a\nb": 1, "a\nb\n": 2, "a\nb\nc\nd\n": 3} {
		if got := Head([]byte(in), 3); len(got) != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New("cause")
	if err := Error(7, strings.Repeat("x", 1000), cause); err.Line != 7 || len(err.Text) != shown || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if err := Error(1, []byte("x"), cause); err.Text != "x" {
		t.Errorf("%v", err)
	}
}

// Editors of some systems begin a text with a byte order mark.
func TestMark(t *testing.T) {
	for in, want := range map[string]string{"\xef\xbb\xbfa\n\xef\xbb\xbfb\n": "a|\xef\xbb\xbfb", "\xef\xbb\xbf": "", "a": "a"} {
		if got := string(bytes.Join(Head([]byte(in), 9), []byte("|"))); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
