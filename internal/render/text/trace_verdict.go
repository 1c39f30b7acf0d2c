package text

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
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
	if v.Outcome != trail.Delivered {
		p.fact("by", blame(v, guilty(v, folds)), v.Basis)
		if v.Rule == "" {
			p.fact("route", v.Route, "")
		}
	}
	for i := range v.Findings {
		p.finding(&v.Findings[i], i)
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

// blame names the rule or the part of the kernel that decided; empty if neither
// did. f may be nil.
func blame(v *trail.Verdict, f *Fold) string {
	r := decidedBy(f)
	switch {
	case v.Rule != "":
		return ruleWords(v.Rule, r)
	case r != nil:
		return ruleWords(r.Text, r)
	case v.Reason != "":
		text := "the kernel: " + v.Reason
		if f == nil {
			return text
		}
		if i := decider(f.Trail, &f.Verdict); i >= 0 {
			if d := f.Trail.Observations[i].Drop; d != nil && d.At != "" {
				text += " in " + function(d.At)
			}
		}
		return text
	}
	return ""
}

// decidedBy is the rule that a packet ended at: the last one in the namespace
// where it ended, if that refused it; nil if none did.
func decidedBy(f *Fold) *trail.Rule {
	if f == nil {
		return nil
	}
	end := decider(f.Trail, &f.Verdict)
	for i := end; i >= 0; i-- {
		o := &f.Trail.Observations[i]
		if here := &f.Trail.Observations[end].Point; o.Point.Node != here.Node || o.Point.Target != here.Target {
			return nil
		}
		walks := compare.Walks(o.Rules)
		if len(walks) == 0 {
			continue
		}
		if r, ok := compare.Decision(walks[len(walks)-1]); ok && (effect(&r) == "drop" || effect(&r) == "reject") {
			return &r
		}
		return nil
	}
	return nil
}

// ruleWords is a rule with its chain and its comment. iptables-save writes the
// chain in front, which is taken off there.
func ruleWords(text string, r *trail.Rule) string {
	chain := ""
	if rest, ok := strings.CutPrefix(text, "-A "); ok {
		chain, text, _ = strings.Cut(rest, " ")
	}
	if r != nil {
		chain = r.Chain
		if r.Kind == trail.RulePolicy {
			return chain + ": policy " + strings.ToUpper(r.Verdict)
		}
		if text == "" {
			text = strings.ToUpper(r.Verdict)
		}
		if r.Comment != "" && !strings.Contains(text, r.Comment) {
			text += ` "` + r.Comment + `"`
		}
	}
	if chain == "" {
		return text
	}
	return chain + ": " + text
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

// finding is a cause, with its evidence and what to do about it.
func (p *page) finding(f *trail.Finding, n int) {
	label := "why"
	if n > 0 {
		label = "or"
	}
	p.fact(label, f.Cause, f.Basis)
	if f.Why != "" {
		p.fact("", f.Why, "")
	}
	for _, e := range f.Evidence {
		p.fact("fact", e.Text, e.Basis)
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

// tally counts packets by outcome: "1 of 1, missed 0", "4 SYNs in 3 s, all
// ended here.  missed 0".
func tally(r *TraceResult, folds []Fold) string {
	total, names, outcomes := 0, map[string]bool{}, map[trail.Outcome]int{}
	places := map[string]bool{}
	for i := range folds {
		f := &folds[i]
		total += f.count()
		name, _ := title(f.Trail)
		names[name] = true
		outcomes[f.Verdict.Outcome] += f.count()
		places[f.Verdict.Node+"\x00"+f.Verdict.Namespace+"\x00"+f.Verdict.At] = true
	}
	missed := missedWords(r)
	if r.Verdict.Outcome == trail.Delivered && len(outcomes) <= 1 {
		return fmt.Sprintf("%d of %d, %s", outcomes[trail.Delivered], total, missed)
	}
	text := packets(total, names)
	if r.Span > 0 {
		text += " in " + since(r.Span)
	}
	switch {
	case total == 0:
	case len(outcomes) > 1:
		var parts []string
		for _, o := range []trail.Outcome{trail.Delivered, trail.Unknown, trail.Parked, trail.Rejected, trail.Dropped, trail.Lost} {
			if outcomes[o] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", outcomes[o], o))
			}
		}
		text += ": " + strings.Join(parts, ", ")
	case total > 1 && len(places) == 1 && outcomes[r.Verdict.Outcome] == total && r.Verdict.Outcome != trail.Unknown:
		text += ", all ended here"
	}
	return text + ".  " + missed
}

// packets counts them by their kind, if they have one name that takes a plural.
func packets(n int, names map[string]bool) string {
	for name := range names {
		if len(names) == 1 && name != strings.ToUpper(name) || name == "SYN" || name == "SYN-ACK" {
			return Count(n, name)
		}
	}
	return Count(n, "packet")
}

func missedWords(r *TraceResult) string {
	missed := r.Verdict.Missed
	if len(missed) == 0 && r.Session != nil {
		missed = r.Session.Missed
	}
	var sum uint64
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(missed)) {
		if missed[k] > 0 {
			sum += missed[k]
			parts = append(parts, fmt.Sprintf("%s %d", k, missed[k]))
		}
	}
	text := fmt.Sprintf("missed %d", sum)
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}
