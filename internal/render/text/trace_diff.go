package text

import (
	"io"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
)

// DiffOptions say how two trails are shown side by side.
type DiffOptions struct {
	Style Style
	// Good and Bad are what the two are called: "good.pcapng", "bad.pcapng#2".
	Good, Bad string
	// All shows every step that is the same; otherwise rows of equal steps far
	// from a difference are counted.
	All bool
}

// context is how many equal steps are shown around differences.
const context = 3

// Diff writes two trails as one list of steps: those that both have once, what
// differs below each other, with the first difference marked, and at the end a
// sentence that says it.
func Diff(w io.Writer, d *compare.Diff, o DiffOptions) error {
	p := page{style: o.Style}
	p.put(spans{{text: "good  ", tone: good}, {text: o.Good}}, 6)
	p.put(spans{{text: "bad   ", tone: bad}, {text: o.Bad}}, 6)
	p.steps(d, o.All)
	p.differences(d)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// steps are the rows, below the nodes that they belong to.
func (p *page) steps(d *compare.Diff, all bool) {
	firstRow := -1
	if len(d.Differences) > 0 {
		firstRow = d.Differences[0].Row
	}
	l := layout{owner: minOwner, place: minPlace}
	for i := range d.Rows {
		s := stepOf(&d.Rows[i])
		l.owner = max(l.owner, fitting(width(ownerName(s.Node, s.Namespace)), maxOwner-1))
		l.place = max(l.place, fitting(width(s.Place), maxPlace))
	}
	l = l.within(p.columns())
	names := nodeNames(d.Rows)
	node, hidden := "", 0
	for i := range d.Rows {
		row := &d.Rows[i]
		if !all && !near(d.Rows, i) {
			hidden++
			continue
		}
		if hidden > 0 {
			p.put(spans{{text: "  " + Count(hidden, "step") + " the same", tone: dim}}, 4)
			hidden = 0
		}
		s := stepOf(row)
		if name := names.of(row); name != node && name != "" {
			node = name
			p.put(spans{{text: name, tone: strong}}, 2)
		}
		p.step(row, s, i == firstRow, l)
	}
	if hidden > 0 {
		p.put(spans{{text: "  " + Count(hidden, "step") + " the same", tone: dim}}, 4)
	}
}

// near says whether a row is to be shown: it differs, or one close to it does.
func near(rows []compare.Row, i int) bool {
	for k := max(0, i-context); k <= min(len(rows)-1, i+context); k++ {
		if rows[k].Differs {
			return true
		}
	}
	return false
}

func stepOf(r *compare.Row) *compare.Step {
	if r.Bad != nil {
		return r.Bad
	}
	return r.Good
}

// nodeNaming gives a node of either trail the names of both, where they pass
// different ones.
type nodeNaming struct{ good, bad map[string]string }

func nodeNames(rows []compare.Row) nodeNaming {
	n := nodeNaming{map[string]string{}, map[string]string{}}
	for i := range rows {
		r := &rows[i]
		if r.Good == nil || r.Bad == nil || r.Good.Node == r.Bad.Node {
			continue
		}
		both := r.Good.Node + " / " + r.Bad.Node
		n.good[r.Good.Node], n.bad[r.Bad.Node] = both, both
	}
	return n
}

func (n nodeNaming) of(r *compare.Row) string {
	names, s := n.bad, r.Bad
	if s == nil {
		names, s = n.good, r.Good
	}
	if both, ok := names[s.Node]; ok {
		return both
	}
	return s.Node
}

// step is one row: "=" in both, "<" in the good one alone, ">" in the bad one
// alone, "!" different in both. The first difference has an arrow.
func (p *page) step(r *compare.Row, s *compare.Step, first bool, l layout) {
	sign, t := "=", dim
	switch {
	case r.Bad == nil:
		sign, t = "<", good
	case r.Good == nil:
		sign, t = ">", bad
	case r.Differs:
		sign, t = "!", warn
	}
	arrow := "  "
	if first {
		arrow = "=>"
	}
	at := l.says()
	left := spans{{text: arrow, tone: bad}, {text: sign + " ", tone: t}, {text: pad(ownerName(s.Node, s.Namespace), l.owner) + "  " + pad(s.Place, l.place) + "  "}}
	if left.width() > at { // a long name: what was decided stands below
		p.put(left, 6)
		left = spans{{text: strings.Repeat(" ", at)}}
	}
	switch {
	case r.Good == nil:
		p.say(left, &say{text: factWords(r.Bad, onlyBad), tone: t}, at)
	case r.Bad == nil:
		p.say(left, &say{text: factWords(r.Good, onlyGood), tone: t}, at)
	case r.Differs:
		p.say(left, &say{text: "good: " + factWords(r.Good, whole), tone: good}, at)
		p.say(spans{{text: strings.Repeat(" ", at)}}, &say{text: "bad:  " + factWords(r.Bad, whole), tone: bad}, at)
	default:
		p.say(left, &say{text: factWords(s, ""), tone: dim}, at)
	}
}

const (
	onlyGood = "only in good"
	onlyBad  = "only in bad"
	whole    = "nothing" // show all facts, and this where there are none
)

// factWords are a step's facts in a row: in full where they differ, else
// without what the place says already.
func factWords(s *compare.Step, none string) string {
	var out []string
	for _, f := range s.Facts {
		if none == whole || f.Kind != compare.KindMAC && !strings.HasPrefix(s.Place, f.Value+" ") {
			out = append(out, f.Value)
		}
	}
	switch {
	case len(out) == 0:
		return none
	case none == onlyGood, none == onlyBad:
		return strings.Join(out, ", ") + " (" + none + ")"
	}
	return strings.Join(out, ", ")
}
