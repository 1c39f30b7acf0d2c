package hubble

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/parse"
)

var update = flag.Bool("update", false, "write golden files")

// all reads a text to its end.
func all(t *testing.T, r *Reader) (items []parse.Item, bad []*parse.LineError) {
	t.Helper()
	for {
		it, err := r.Read()
		var e *parse.LineError
		switch {
		case errors.Is(err, io.EOF):
			return items, bad
		case errors.As(err, &e):
			bad = append(bad, e)
		case err != nil:
			t.Fatal(err)
		default:
			items = append(items, it)
		}
	}
}

// shown is an item in one line.
func shown(it parse.Item) string {
	if f := it.Fact; f != nil {
		return fmt.Sprintf("%d fact %s %s count %d: %s", f.Line, f.Node, f.Kind, f.Count, f.Text)
	}
	s := it.Sighting
	o := &s.Seen
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %s", s.Line, s.At.Path(), o.Stage)
	if s.At.Index > 0 {
		fmt.Fprintf(&b, " #%d", s.At.Index)
	}
	fmt.Fprintf(&b, " [%s] %s", o.Words(), o.Dir)
	if o.Datapath != nil && o.Datapath.Endpoint != 0 {
		fmt.Fprintf(&b, " ep %d", o.Datapath.Endpoint)
	}
	if o.Time != 0 {
		fmt.Fprintf(&b, " at %s late %t", time.Unix(0, o.Time).UTC().Format(time.RFC3339Nano), o.Late)
	}
	if o.Drop != nil && o.Drop.Code != 0 {
		fmt.Fprintf(&b, " code %d", o.Drop.Code)
	}
	if c := o.Conntrack; c != nil {
		fmt.Fprintf(&b, " ct %s %t", c.State, c.Reply)
	}
	if s.Key.Proto != 0 {
		fmt.Fprintf(&b, " | %s", o.Seen.Flow)
	}
	for _, t := range o.Seen.Tunnels {
		fmt.Fprintf(&b, " in %s %d %s", t.Kind, t.ID, t.Flow)
	}
	if o.Seen.SrcMAC != "" {
		fmt.Fprintf(&b, " | %s > %s", o.Seen.SrcMAC, o.Seen.DstMAC)
	}
	if s.Key.Proto != 0 {
		fmt.Fprintf(&b, " | %s", s.Key)
		if s.Key.Proto == 6 {
			fmt.Fprintf(&b, " flags %#x", s.Key.Type)
		}
		if s.Key.Bare != 0 {
			fmt.Fprintf(&b, " bare %#x", s.Key.Bare)
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "want", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func input(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// text is all that a reader gives, and what it says of it in the end.
func text(t *testing.T, in []byte, o Options) string {
	t.Helper()
	r := New(bytes.NewReader(in), o)
	items, bad := all(t, r)
	var b strings.Builder
	for _, it := range items {
		b.WriteString(shown(it) + "\n")
	}
	for _, e := range bad {
		b.WriteString(e.Error() + "\n")
	}
	fmt.Fprintf(&b, "lost %d\n", r.Lost())
	return b.String()
}
