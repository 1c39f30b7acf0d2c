package text

import (
	"fmt"
	"strings"
	"time"
)

const (
	minOwner, maxOwner = 10, 17 // with the column that parts it from a mark
	minPlace, maxPlace = 16, 24
	minTime            = 6
	hostOwner          = 6 // has room for "host"
)

// layout is where the columns of a tree are.
type layout struct{ owner, time, place int }

// says is the column where decisions stand.
func (l layout) says() int { return 2 + l.owner + 2 + l.time + 2 + l.place + 2 }

// fitting is a width, or 0 for one above most: that stands on a line of its
// own, and needs no column.
func fitting(n, most int) int {
	if n > most {
		return 0
	}
	return n
}

// within makes the columns narrower until what was decided has two fifths of a
// line: names go on lines of their own first, then long places.
func (l layout) within(columns int) layout {
	if l.says() > columns*3/5 {
		l.owner = hostOwner
	}
	for l.says() > columns*3/5 && l.place > minPlace {
		l.place--
	}
	return l
}

// tree shows the way of one packet: a headline, and a row per place below the
// node that it belongs to.
func (p *page) tree(f *Fold, prefix string, offsets map[string]int64, o *TraceOptions) {
	p.headline(f, prefix)
	var list []row
	if o.Verbose {
		list = everything(f.Trail, &f.Verdict)
	} else {
		list = rows(f.Trail, &f.Verdict)
	}
	groups := byNode(list)
	folded := make([]bool, len(groups))
	l := layout{minOwner, minTime, minPlace}
	for i, g := range groups {
		if folded[i] = !o.Verbose && quiet(g, f); folded[i] {
			continue
		}
		for _, r := range g {
			l.owner = max(l.owner, fitting(width(r.owner)+1, maxOwner))
			l.time = max(l.time, width(clock(&r)))
			l.place = max(l.place, fitting(width(r.place), maxPlace))
		}
	}
	l = l.within(p.columns())
	told, ends := map[string]bool{}, tunnelEnds(f.Trail)
	for i, g := range groups {
		if folded[i] {
			p.foldedNode(g, ends, l)
			continue
		}
		p.node(g[0].node, offsets, told, l)
		owner := ""
		for j := range g {
			name := ""
			if j == 0 || g[j].owner != owner {
				owner, name = g[j].owner, g[j].owner
			}
			p.row(&g[j], name, l)
		}
	}
}

// node is the line above the rows of one, with its clock the first time.
func (p *page) node(name string, offsets map[string]int64, told map[string]bool, l layout) {
	if name == "" {
		return
	}
	head := spans{{text: name, tone: strong}}
	if off := offsets[name]; off != 0 && !told[name] {
		note := fmt.Sprintf("clock %+d us, corrected", time.Duration(off).Microseconds())
		head = append(head, span{text: strings.Repeat(" ", max(2, l.says()-width(name)))}, span{text: note, tone: dim})
	}
	told[name] = true
	p.put(head, 2)
}

// byNode groups rows that follow each other on one node.
func byNode(list []row) [][]row {
	var out [][]row
	for i := range list {
		if i == 0 || list[i].node != list[i-1].node {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], list[i])
	}
	return out
}

// clock is a row's time as it is printed.
func clock(r *row) string {
	switch {
	case r.untimed:
		return ""
	case r.about:
		return "~" + since(r.at)
	}
	return since(r.at)
}

// row prints one place with what was decided there.
func (p *page) row(r *row, owner string, l layout) {
	if width(owner) >= l.owner {
		p.put(spans{{text: "  " + owner}}, 4)
		owner = ""
	}
	marker := span{text: " "}
	if r.marker != "" {
		marker = span{text: r.marker, tone: bad}
		if r.marker == "~" {
			marker.tone = warn
		}
	}
	t := clock(r)
	left := spans{
		{text: "  " + pad(owner, l.owner)},
		marker,
		{text: " "},
		{text: strings.Repeat(" ", l.time-width(t)) + t, tone: dim},
		{text: "  " + r.place},
	}
	says := r.says
	if len(says) == 0 || width(r.place) > l.place {
		p.put(left, l.says())
	} else {
		left = append(left, span{text: strings.Repeat(" ", l.place-width(r.place)+2)})
		p.say(left, &says[0], l.says())
		says = says[1:]
	}
	for i := range says {
		p.say(spans{{text: strings.Repeat(" ", l.says())}}, &says[i], l.says())
	}
}

// say prints a line behind what stands on its left. What is too long goes on
// below, a little further in.
func (p *page) say(left spans, s *say, at int) {
	words := spans{{text: s.text, tone: s.tone}}
	if s.tail != "" {
		if all := append(words[:1:1], span{text: "   " + s.tail}); all.width() <= p.columns()-at {
			words = all
		}
	}
	for i, part := range wrapLine(words, p.columns()-at, p.columns()-at-2) {
		if i > 0 {
			left = spans{{text: strings.Repeat(" ", at+2)}}
		}
		p.raw(append(left, part...))
	}
	if s.tail != "" && len(words) == 1 {
		p.say(spans{{text: strings.Repeat(" ", at)}}, &say{text: s.tail}, at)
	}
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-width(s)))
}
