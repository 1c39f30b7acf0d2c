package text

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
)

// differences says the first one in a sentence and lists the others.
func (p *page) differences(d *compare.Diff) {
	for _, l := range d.LeftOut {
		p.put(spans{{text: "not compared: " + l, tone: warn}}, 2)
	}
	if len(d.Differences) == 0 {
		p.put(spans{{text: "no difference: both took the same way", tone: good}, {text: ".  " + Count(len(d.Rows), "step")}}, 2)
		return
	}
	const most = 8
	for i := 1; i < min(len(d.Differences), most); i++ {
		p.put(spans{{text: "then  ", tone: dim}, {text: differenceWords(&d.Differences[i])}}, 6)
	}
	if n := len(d.Differences) - most; n > 0 {
		p.put(spans{{text: "and " + Count(n, "more difference"), tone: dim}}, 6)
	}
	p.put(spans{{text: "first difference: ", tone: strong}, {text: differenceWords(&d.Differences[0]), tone: bad}}, 2)
}

// differenceWords is "node-b, filter FORWARD: rule A in good, B in bad".
func differenceWords(f *compare.Difference) string {
	at := f.Place
	if f.Namespace != "" && f.Namespace != f.Node {
		at = f.Namespace + ", " + at
	}
	if f.Node != "" {
		at = f.Node + ", " + at
	}
	if f.Kind == compare.KindPlace {
		where, what := "good", f.Good
		if f.Bad != "" {
			where, what = "bad", f.Bad
		}
		text := at
		if what != "" && what != f.Place {
			text += ": " + what
		}
		text += ", only in " + where
		if f.Steps > 1 {
			text += fmt.Sprintf(", as %s behind it", more(f.Steps-1))
		}
		return text
	}
	return fmt.Sprintf("%s: %s is %s in good and %s in bad", at, kindWord(f.Kind), value(f.Kind, f.Good), value(f.Kind, f.Bad))
}

func more(n int) string {
	if n == 1 {
		return "is 1 step"
	}
	return fmt.Sprintf("are %d steps", n)
}

func kindWord(k compare.Kind) string {
	switch k {
	case compare.KindNAT:
		return "NAT"
	case compare.KindMAC:
		return "the next station's MAC"
	case compare.KindRoute:
		return "the route"
	}
	return "the " + string(k)
}

// value is a fact behind the name of its kind.
func value(k compare.Kind, s string) string {
	switch k {
	case compare.KindTable:
		s = strings.TrimPrefix(s, "table ")
	case compare.KindDevice:
		s = strings.TrimPrefix(s, "dev ")
	case compare.KindMark:
		s = strings.TrimPrefix(s, "mark ")
	case compare.KindMAC:
		s = strings.TrimPrefix(s, "to ")
	case compare.KindConntrack:
		s = strings.TrimPrefix(s, "conntrack ")
	}
	if s == "" {
		return "none"
	}
	return s
}
