package hubble

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// trails are those of recordings that are read one after the other, without
// what the nodes say to the API server.
func trails(t *testing.T, files ...string) []trail.Trail {
	t.Helper()
	tr := &correlate.Trails{}
	for _, file := range files {
		name, _, _ := strings.Cut(file, ".")
		items, bad := all(t, New(bytes.NewReader(input(t, "in/"+file)), Options{Node: "c-" + name[strings.IndexByte(name, '-')+1:], Reference: reference()}))
		if len(bad) > 0 {
			t.Errorf("%s: %v", file, bad)
		}
		for _, it := range items {
			if s := it.Sighting; s != nil {
				tr.See(sighting(s))
			}
		}
	}
	return slices.DeleteFunc(tr.All(), func(x trail.Trail) bool { return strings.Contains(x.Flow.String(), "10.90.0.1:") })
}

func sighting(s *parse.Sighting) *correlate.Sighting {
	return &correlate.Sighting{Boot: s.Boot, At: s.At, Frame: s.Frame, Key: s.Key, Seen: s.Seen, Also: s.Also}
}

// ways are trails as text: what the packet is and answers, and a line for each
// observation.
func ways(all []trail.Trail) string {
	var b strings.Builder
	for i := range all {
		x := &all[i]
		fmt.Fprintf(&b, "%s  %s", x.Packet, x.Flow)
		if x.AnswerTo != 0 {
			fmt.Fprintf(&b, "  answers %s %s", all[x.AnswerTo-1].Packet, all[x.AnswerTo-1].Flow)
		}
		if x.Repeats != 0 {
			b.WriteString("  sent again")
		}
		b.WriteByte('\n')
		for j := range x.Observations {
			o := &x.Observations[j]
			fmt.Fprintf(&b, "  %s %s: %s", o.Point.Node, o.Stage, o.Words())
			if o.Point.Interface != "" {
				b.WriteString(", " + o.Point.Interface)
			}
			if len(o.Changes) > 0 {
				b.WriteString("  [" + strings.Join(o.Changes, "; ") + "]")
			}
			if !o.Late || o.Time == 0 {
				b.WriteString("  is not late")
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// numbered trails refer to each other by number: All numbers them as it gives
// them, and what was left out stood there too.
func case2(t *testing.T, name string, first, second string) string {
	t.Helper()
	one, two := ways(relabel(trails(t, first, second))), ways(relabel(trails(t, second, first)))
	if d := cmp.Diff(sorted(one), sorted(two)); d != "" {
		t.Errorf("%s: the order of the files counts (-one +other):\n%s", name, d)
	}
	golden(t, "trails-"+name, one)
	return one
}

// relabel renumbers trails by where they stand.
func relabel(all []trail.Trail) []trail.Trail {
	at := map[int]int{}
	for i := range all {
		at[all[i].Number] = i + 1
	}
	for i := range all {
		x := &all[i]
		x.Number, x.AnswerTo, x.Repeats = i+1, at[x.AnswerTo], at[x.Repeats]
	}
	return all
}

func sorted(text string) []string {
	out := strings.Split(strings.ReplaceAll(text, "\n  ", "\v"), "\n")
	slices.Sort(out)
	return out
}

// Both nodes' events of a packet are one trail, though the clocks of their
// agents' rings put the second node's before the first one's.
func TestTrailsBothNodes(t *testing.T) {
	for _, c := range []string{"a", "d1"} {
		case2(t, c, c+"-node1.hubble.case.jsonl", c+"-node2.hubble.case.jsonl")
		case2(t, c+"-compact", c+"-node1.hubble.txt", c+"-node2.hubble.txt")
	}
	denied := 0
	for _, x := range trails(t, "d1-node1.hubble.case.jsonl", "d1-node2.hubble.case.jsonl") {
		n := len(x.Observations)
		if last := x.Observations[n-1]; last.Drop != nil && last.Drop.Code == 133 && x.Observations[n-2].Policy != nil && x.Observations[0].Point.Node == "c-node1" {
			denied++
		}
	}
	if denied != 5 {
		t.Errorf("%d packets were denied", denied)
	}
}

func TestTrailsOneNode(t *testing.T) {
	for _, c := range []string{"b", "c"} {
		golden(t, "trails-"+c, ways(relabel(trails(t, c+"-node1.hubble.case.jsonl"))))
	}
}
