// Package parsetest shows what parsers give, for their tests: items as lines of
// text, the trails that come of them, and golden files.
package parsetest

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

var update = flag.Bool("update", false, "write golden files anew")

// All reads all items. Lines that are not understood fail the test.
func All(tb testing.TB, r parse.Reader) []parse.Item {
	tb.Helper()
	items, wrong := Some(tb, r)
	for _, err := range wrong {
		tb.Error(err)
	}
	return items
}

// Some reads all items, and the lines that are not understood.
func Some(tb testing.TB, r parse.Reader) (items []parse.Item, wrong []*parse.LineError) {
	tb.Helper()
	for {
		item, err := r.Read()
		var le *parse.LineError
		switch {
		case errors.Is(err, io.EOF):
			return items, wrong
		case errors.As(err, &le):
			wrong = append(wrong, le)
		case err != nil:
			tb.Fatal(err)
		case (item.Sighting == nil) == (item.Fact == nil):
			tb.Fatalf("an item with both or neither: %+v", item)
		default:
			items = append(items, item)
		}
	}
}

// Text writes items as lines. Times are microseconds since the first.
func Text(items []parse.Item) string {
	var b strings.Builder
	first := int64(0)
	since := func(at int64) string {
		if at == 0 {
			return "-"
		}
		if first == 0 {
			first = at
		}
		return fmt.Sprintf("%d us", (at-first)/1000)
	}
	for _, it := range items {
		if f := it.Fact; f != nil {
			fmt.Fprintf(&b, "%d: %s FACT %s %s %d %q\n", f.Line, since(f.Time), f.Node, f.Kind, f.Count, f.Text)
			continue
		}
		s := it.Sighting
		fmt.Fprintf(&b, "%d: %s %s%s %s %s: %s\n", s.Line, since(s.Seen.Time), boot(s.Boot), s.At.Path(), s.Seen.Dir, Packet(s), Seen(&s.Seen))
	}
	return b.String()
}

func boot(s string) string {
	if s == "" {
		return ""
	}
	return "boot " + s + " "
}

// Packet says which packet a sighting is of.
func Packet(s *parse.Sighting) string {
	if s.Frame == nil {
		text := fmt.Sprintf("%v {%v} ttl %d len %d", s.Seen.Seen.Flow, s.Key, s.Seen.Seen.TTL, s.Seen.Len)
		if s.Seen.Flight != 0 {
			text += " of its own"
		}
		return text
	}
	var p packet.Packet
	p.DecodeLen(s.At.Link, s.Frame.Data, s.Frame.Len)
	f, _ := p.Flow()
	id, ok := p.Identity()
	if !ok {
		return fmt.Sprintf("no identity of %x", s.Frame.Data)
	}
	text := fmt.Sprintf("%v (%v) len %d", f, id.Key, s.Frame.Len)
	if l, ok := p.Find(packet.KindEthernet); ok {
		h := packet.Ethernet(p.Header(l))
		text += fmt.Sprintf(" %v > %v", h.Src(), h.Dst())
	}
	return text
}

// Seen says what was decided.
func Seen(o *trail.Observation) string {
	text := string(o.Stage)
	if h := o.Hook; h != nil {
		text += fmt.Sprintf(" %s %s %d", h.Family, h.Name, h.Priority)
	}
	rules := make([]string, 0, len(o.Rules))
	for i := range o.Rules {
		rules = append(rules, "["+o.Rules[i].Words()+"]")
	}
	if len(rules) > 0 {
		text += " " + strings.Join(rules, ", ")
	}
	if o.Mark != 0 {
		text += fmt.Sprintf(" mark 0x%x", o.Mark)
	}
	if o.Conntrack != nil {
		text += fmt.Sprintf(" ct %s", o.Conntrack.State)
	}
	if o.Drop != nil {
		text += " " + o.Drop.Words()
	}
	all := []string{text}
	for _, a := range o.Answers {
		all = append(all, fmt.Sprintf("%s: %q", a.Question, a.Text))
	}
	return strings.Join(all, " ")
}

// Trails gives the trails that come of items.
func Trails(items []parse.Item) []trail.Trail {
	var t correlate.Trails
	for _, it := range items {
		if s := it.Sighting; s != nil {
			t.See(&correlate.Sighting{Boot: s.Boot, At: s.At, Frame: s.Frame, Key: s.Key, Seen: s.Seen, Also: s.Also})
		}
	}
	return t.All()
}

// TrailText writes trails as lines.
func TrailText(trails []trail.Trail) string {
	var b strings.Builder
	for i := range trails {
		t := &trails[i]
		fmt.Fprintf(&b, "%d %s\n", i+1, t.Packet)
		for j := range t.Observations {
			o := &t.Observations[j]
			fmt.Fprintf(&b, "  %s %s", o.Point.Path(), Seen(o))
			if len(o.Changes) > 0 {
				fmt.Fprintf(&b, ": %s", strings.Join(o.Changes, ", "))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Golden compares a text with a file, or writes the file with -update.
func Golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}
