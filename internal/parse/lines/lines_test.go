package lines

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pktrail/pktrail/internal/parse"
)

func all(t *testing.T, r io.Reader) (out []string, tooLong []int) {
	t.Helper()
	l := New(r)
	for {
		b, err := l.Next()
		var bad *parse.LineError
		switch {
		case errors.Is(err, io.EOF):
			return out, tooLong
		case errors.As(err, &bad):
			if !errors.Is(err, parse.ErrTooLong) || len(bad.Text) != 200 {
				t.Fatalf("%v", err)
			}
			tooLong = append(tooLong, bad.Line)
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, string(b))
			if l.Number() != len(out)+len(tooLong) {
				t.Errorf("line %d has number %d", len(out), l.Number())
			}
		}
	}
}

func TestNext(t *testing.T) {
	long := strings.Repeat("x", 1<<17)
	for _, c := range []struct {
		text string
		want []string
		bad  []int
	}{
		{"", nil, nil},
		{"\n", []string{""}, nil},
		{"a\r\nb\n\nc", []string{"a", "b", "", "c"}, nil},
		{long + "\r\nb", []string{long, "b"}, nil},
		{strings.Repeat("y", Max) + "\nb", []string{strings.Repeat("y", Max), "b"}, nil},
		{strings.Repeat("y", Max+70000) + "\nb\n", []string{"b"}, []int{1}},
		{"a\n" + strings.Repeat("y", Max+70000), []string{"a"}, []int{2}},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.DataErrReader(strings.NewReader(c.text)), iotest.HalfReader(strings.NewReader(c.text))} {
			if got, bad := all(t, r); !slices.Equal(got, c.want) || !slices.Equal(bad, c.bad) {
				t.Errorf("%.20q: %d lines, too long %v", c.text, len(got), bad)
			}
		}
	}
}

func TestBroken(t *testing.T) {
	gone := errors.New("gone")
	l := New(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(gone)))
	for _, want := range []string{"a", "b"} {
		if b, err := l.Next(); err != nil || string(b) != want {
			t.Fatalf("%q, %v", b, err)
		}
	}
	if _, err := l.Next(); !errors.Is(err, gone) {
		t.Fatal(err)
	}
}
