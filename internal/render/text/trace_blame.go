package text

import (
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

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
		for i := max(decider(f.Trail, &f.Verdict), 0); i < len(f.Trail.Observations); i++ { // a drop comes behind the answer to the sender
			o := &f.Trail.Observations[i]
			if d := o.Drop; d == nil || d.Reason != v.Reason || d.At == "" {
				continue
			}
			if o.Datapath != nil {
				return "the datapath: " + v.Reason + " at " + o.Drop.At
			}
			return text + " in " + function(o.Drop.At)
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
