package text

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// verdict is the answer: what became of the packets, where and why, and what
// to do. It is the last thing on the screen.
func (p *page) verdict(r *TraceResult, folds []Fold) {
	v := &r.Verdict
	count := tally(r, folds)
	head := sentence(v, folds)
	t := toneOf(v.Outcome)
	if v.Outcome == trail.Delivered && len(v.Findings) == 0 {
		l := spans{{text: head, tone: t}}
		if !strings.HasSuffix(head, ".") {
			l = append(l, span{text: "."})
		}
		p.put(append(l, span{text: "  " + count}), 2)
		return
	}
	p.pair(spans{{text: head, tone: t}}, span{}, 2)
	said := facts{}
	said.say(head)
	if v.Outcome != trail.Delivered {
		by := blame(v, guilty(v, folds))
		said.say(by)
		p.fact("by", by, v.Basis)
		if v.Rule == "" {
			said.say(v.Route)
			p.fact("route", v.Route, "")
		}
	}
	for i := range v.Findings {
		p.finding(&v.Findings[i], i, said)
	}
	p.put(spans{{text: count}}, 2)
}

// guilty is the fold that the run's verdict is of.
func guilty(v *trail.Verdict, folds []Fold) *Fold {
	for i := len(folds) - 1; i >= 0; i-- {
		for _, f := range []*Fold{&folds[i], folds[i].Answer} {
			if f != nil && f.Trail != nil && f.Verdict.Outcome == v.Outcome && f.Verdict.Node == v.Node && f.Verdict.At == v.At {
				return f
			}
		}
	}
	return nil
}

// sentence is the verdict's own, or one made of its parts.
func sentence(v *trail.Verdict, folds []Fold) string {
	outcome := string(v.Outcome)
	if outcome == "" {
		outcome = string(trail.Unknown)
	}
	if v.Text != "" {
		if strings.Contains(strings.ToLower(v.Text), outcome) {
			return v.Text
		}
		return outcome + ": " + v.Text
	}
	text := outcome
	if v.Node != "" {
		text += " on " + v.Node
	}
	if v.Namespace != "" && v.Namespace != v.Node {
		text += ", in " + v.Namespace
	}
	if v.At != "" {
		text += ", at " + v.At
	}
	if v.Outcome == trail.Delivered && len(folds) > 0 {
		if all := folds[0].Trail.Observations; len(all) > 0 && v.Node == "" {
			text += ": " + all[0].Point.Owner() + " -> " + all[len(all)-1].Point.Owner()
		}
	}
	return text
}

// factIndent is where the text of a verdict's lines stands.
const factIndent = 8

// fact is one line of the block, with its basis at the end.
func (p *page) fact(label, text string, basis trail.Basis) {
	if text == "" {
		return
	}
	p.pair(spans{{text: "  " + pad(label, factIndent-2)}, {text: text}}, span{text: string(basis), tone: dim}, factIndent)
}

// finding is a cause, with its evidence and what to do about it. Evidence that
// was said above is left out.
func (p *page) finding(f *trail.Finding, n int, said facts) {
	label := "why"
	if n > 0 {
		label = "or"
	}
	p.fact(label, f.Cause, f.Basis)
	if f.Why != "" {
		p.fact("", f.Why, "")
	}
	for _, e := range f.Evidence {
		if said.news(e.Text) {
			p.fact("fact", e.Text, e.Basis)
		}
	}
	for i, c := range f.Check {
		p.fact(first("check", i), c, "")
	}
	for i, c := range f.Fix {
		p.fact(first("fix", i), c, "")
	}
}

func first(label string, i int) string {
	if i > 0 {
		return ""
	}
	return label
}
