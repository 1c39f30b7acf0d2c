package nftmonitor

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/owner"
	"github.com/pktrail/pktrail/internal/trail"
)

var (
	counters = regexp.MustCompile(`counter packets \d+ bytes \d+`)
	comment  = regexp.MustCompile(`(?:^| )comment "([^"]*)"`)
	quoted   = regexp.MustCompile(`"[^"]*"`)
	handle   = regexp.MustCompile(` # handle (\d+)$`)
)

// decodeRule reads "tcp dport 81 drop # handle 8 (verdict drop)"; false without
// a verdict, where the line was cut.
func decodeRule(s string, r *trail.Rule) bool {
	at := strings.LastIndex(s, "(verdict ")
	if at < 0 || !strings.HasSuffix(strings.TrimRight(s, " "), ")") {
		return false
	}
	verdict := strings.TrimSuffix(strings.TrimRight(s[at+len("(verdict "):], " "), ")")
	r.Kind = trail.RuleMatched
	r.Verdict, r.To, _ = strings.Cut(verdict, " ")
	text := strings.TrimSpace(s[:at])
	if m := handle.FindStringSubmatch(text); m != nil {
		r.Handle, _ = strconv.ParseUint(m[1], 10, 64)
		text = strings.TrimSpace(text[:len(text)-len(m[0])])
	}
	r.Text = counters.ReplaceAllString(text, "counter")
	for _, m := range comment.FindAllStringSubmatch(text, -1) {
		if r.Comment != "" {
			r.Comment += ", "
		}
		r.Comment += m[1]
	}
	r.Verdict = decided(r.Verdict, quoted.ReplaceAllString(text, ""))
	own(r)
	return true
}

// decided is what a rule does where the trace says no more than that the packet
// went on or ended: it calls a translation "accept" and a rejection "drop".
func decided(verdict, text string) string {
	words := " " + text + " "
	for _, w := range []struct{ in, out, when string }{
		{" dnat ", "dnat", "accept"},
		{" redirect ", "dnat", "accept"},
		{" snat ", "snat", "accept"},
		{" masquerade ", "masquerade", "accept"},
		{" reject ", "reject", "drop"},
	} {
		if verdict == w.when && strings.Contains(words, w.in) {
			return w.out
		}
	}
	return verdict
}

// own fills in who made a rule, as its place and its comment tell.
func own(r *trail.Rule) {
	r.Owner = owner.Of(r.Table, r.Chain, r.Comment)
	if r.Owner == "" && r.To != "" {
		r.Owner = owner.Program(owner.Of(r.Table, r.To, ""))
	}
	r.Comment = owner.Comment(r.Comment)
}
