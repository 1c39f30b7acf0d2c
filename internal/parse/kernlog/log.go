package kernlog

import (
	"strconv"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// logged is a packet that rules with LOG, or nft's log statement, spoke of: one
// line for each of them, the same but for the prefix.
type logged struct {
	words nflog.Line
	text  string
	rules []trail.Rule
	time  int64
	line  int
}

const (
	// together is how close to each other the lines are that several rules
	// write of one packet.
	together = 100 * time.Millisecond
	// apart is how many lines of other packets stand between, at most.
	apart = 64
)

// log takes a line of a rule that logs.
func (r *Reader) log(h *host, m *message, at int64) {
	l := &r.words
	text := m.text[len(l.Prefix):]
	rule := trail.Rule{Family: family(l), Kind: trail.RuleMatched, Verdict: "continue", Text: "log prefix " + strconv.Quote(l.Prefix)}
	if l.Prefix == "" {
		rule.Text = "log"
	}
	if t := h.tracedLike(l); t != nil {
		if last := len(t.pass.Rules) - 1; h.passes.Has(t.pass) && t.pass.Rules[last].Text == "" && t.pass.First.In == l.In && t.pass.First.Out == l.Out {
			// The trace tells the rule before its target speaks.
			t.pass.Rules[last].Text, t.pass.Rules[last].Verdict = rule.Text, rule.Verdict
			return
		}
		l.Complete(&t.words.Headers)
	}
	for i, o := range h.logged {
		if o.text != text {
			continue
		}
		if o.again(&rule) {
			h.logged = append(h.logged[:i], h.logged[i+1:]...)
			r.sighting(h.loggedSighting(o))
			break
		}
		o.rules = append(o.rules, rule)
		return
	}
	h.logged = append(h.logged, &logged{words: *l, text: text, rules: []trail.Rule{rule}, time: at, line: m.line})
}

// again reports whether a rule that has spoken of this packet speaks of
// another one with the same headers: one that its sender does not number.
func (o *logged) again(rule *trail.Rule) bool {
	if o.words.ID != 0 {
		return false
	}
	for i := range o.rules {
		if o.rules[i].Text == rule.Text {
			return true
		}
	}
	return false
}

// age hands out what no line was added to for long.
func (h *host) age(r *Reader, line int, at int64) {
	for len(h.logged) > 0 {
		o := h.logged[0]
		if line-o.line < apart && (at == 0 || at-o.time < int64(together)) && len(h.logged) < apart {
			break
		}
		h.logged = h.logged[1:]
		r.sighting(h.loggedSighting(o))
	}
	if h.martian != nil && (line-h.martian.line > recent || at-h.martian.time > int64(together)) {
		r.settle(h)
	}
}

// loggedSighting is a packet that was logged as a sighting.
func (h *host) loggedSighting(o *logged) *parse.Sighting {
	s := h.seen(&o.words, &trail.Hook{Family: o.rules[0].Family, Name: hookByPrefix(o.words.Prefix)}, o.time)
	s.Line = o.line
	s.Seen.Rules = o.rules
	return s
}

// hookByPrefix is the hook that a rule's prefix names, as those of firewalld
// and many made by hand do; empty if none. Devices alone leave a choice.
func hookByPrefix(s string) string {
	s = strings.ToUpper(s)
	for _, name := range []string{"PREROUTING", "POSTROUTING", "FORWARD", "INPUT", "OUTPUT"} {
		if strings.Contains(s, name) {
			return name
		}
	}
	switch { // chains of firewalld
	case strings.Contains(s, "_IN_"):
		return "INPUT"
	case strings.Contains(s, "_FWD_"), strings.Contains(s, "_FWDI_"), strings.Contains(s, "_FWDO_"):
		return "FORWARD"
	case strings.Contains(s, "RPFILTER_"):
		return "PREROUTING"
	}
	return ""
}

// tracedLike finds one of the latest lines of the trace that is about the same
// packet at the same place.
func (h *host) tracedLike(l *nflog.Line) *traced {
	for i := h.at - 1; i >= max(0, h.at-recent); i-- {
		t := &h.traced[i%recent]
		if t.words.Src == l.Src && t.words.Dst == l.Dst && t.words.Like(&l.Headers) {
			return t
		}
	}
	return nil
}
