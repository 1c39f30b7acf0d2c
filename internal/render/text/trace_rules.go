package text

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// ruleset is what a row of rules came to.
type ruleset struct {
	table, hook string
	verdict     string // of the rule that decided, "" if none did or it is not known
	translated  bool   // the translation stands below
}

// refuses says whether a drop behind this row is its work.
func (r *ruleset) refuses() bool { return r.verdict == "drop" || r.verdict == "reject" }

// ruleRows makes a row of each base chain that was met at one hook.
func (m *rowMaker) ruleRows(i int, o *trail.Observation) int {
	at := -1
	for _, w := range compare.Walks(o.Rules) {
		table, hook := w[0].Table, w[0].Chain
		if o.Hook != nil && o.Hook.Name != "" {
			hook = o.Hook.Name
		}
		words, set := walkWords(w, hook)
		at = m.open(i, o, table+" "+hook, words)
		m.rows[at].rules = &set
		m.rows[at].dull = ours(table) || set.verdict != "drop" && set.verdict != "reject" && sideTable(table) && passes(w)
	}
	return at
}

// ours is the table that switches tracing on.
func ours(table string) bool { return strings.HasPrefix(table, "pktrail") }

// sideTable says whether a table is there to change packets: that it let one
// through is nothing to say.
func sideTable(table string) bool {
	return slices.Contains([]string{"nat", "raw", "mangle", "security"}, table)
}

// passes says whether a walk left a packet as it was.
func passes(w []trail.Rule) bool {
	path := compare.Path(w)
	if len(path) == 0 {
		return true
	}
	last := &path[len(path)-1]
	switch effect(last) {
	case "accept":
		return last.Kind == trail.RulePolicy
	case "", "dnat", "snat", "masquerade", "redirect", "drop", "reject", "queue", "stolen":
		return last.Kind == trail.RulePolicy && last.Verdict == ""
	}
	return true
}

// walkWords says which way a packet took through a base chain. What only let
// it pass is short; what changed or stopped it is said in full.
func walkWords(w []trail.Rule, hook string) (say, ruleset) {
	set := ruleset{table: w[0].Table, hook: hook}
	path := compare.Path(w)
	if len(path) == 0 {
		return say{text: through(w, "returned")}, set
	}
	last := &path[len(path)-1]
	set.verdict = effect(last)
	if last.Kind == trail.RulePolicy {
		return say{text: through(w, strings.TrimSpace("policy "+strings.ToUpper(last.Verdict))), tone: toneIf(set.refuses(), bad)}, set
	}
	if set.verdict == "accept" {
		path = path[len(path)-1:]
	}
	var steps []string
	for k := range path {
		r := path[k]
		switch {
		case r.Chain != hook:
			r.Chain = short(r.Chain)
			steps = append(steps, compare.Label(&r))
		case len(path) == 1:
			r.Chain = "rule"
			steps = append(steps, compare.Label(&r))
		}
	}
	words := say{text: strings.Join(steps, " > "), tail: ownerOf(path)}
	switch set.verdict {
	case "", "jump", "goto", "continue", "return", "dnat", "snat", "masquerade", "redirect":
	default:
		words.text += " " + strings.ToUpper(set.verdict)
	}
	if set.refuses() {
		words.tone = bad
	}
	return words, set
}

// through names the chains that a packet came back from before the end of a
// base chain.
func through(w []trail.Rule, end string) string {
	var chains []string
	for k := range w {
		if c := short(w[k].Chain); w[k].Chain != w[0].Chain && !slices.Contains(chains, c) {
			chains = append(chains, c)
		}
	}
	if len(chains) == 0 || !sideTable(w[0].Table) {
		return end
	}
	return strings.Join(chains, ", ") + " returned, " + end
}

// effect is what a rule did. nft's trace calls a translation accepted: its
// text says more.
func effect(r *trail.Rule) string {
	v := strings.ToLower(r.Verdict)
	switch v {
	case "accept", "", "continue", "drop", "stolen":
	default:
		return v
	}
	text := strings.ToLower(r.Text)
	for _, e := range []string{"dnat", "snat", "masquerade", "redirect", "reject"} {
		if e == "reject" && v != "drop" && v != "" || e != "reject" && v == "drop" {
			continue
		}
		if strings.Contains(text, "-j "+e) || strings.Contains(text, e+" to ") || strings.HasSuffix(text, " "+e) || text == e || strings.HasPrefix(text, e+" ") || strings.Contains(text, " "+e+" with ") {
			return e
		}
	}
	return v
}

// ownerOf is who made the rule that decided, or else a rule above it.
func ownerOf(path []trail.Rule) string {
	for _, p := range slices.Backward(path) {
		if p.Owner != "" {
			return p.Owner
		}
	}
	return ""
}

// hashed is a chain's name that ends in a hash: base32 as kube-proxy and
// kube-router write it, hex as CNI plugins do, base64 as Calico does.
var hashed = regexp.MustCompile(`^((?:KUBE|CNI|cali)-[\w-]*?-?_?)([A-Z2-7]{16}|[0-9a-f]{16,}|[\w-]{16})$`)

// short keeps four characters of a hash in a chain's name: "KUBE-SVC-ZP4V..".
func short(chain string) string {
	p := hashed.FindStringSubmatch(chain)
	if p == nil || !strings.ContainsAny(p[2], "234567890") && !strings.HasSuffix(p[1], "_") && !isUpper(p[2]) {
		return chain
	}
	if strings.HasPrefix(chain, "cali-") && !strings.HasSuffix(p[1], "_") {
		return chain // named after an interface
	}
	return p[1] + p[2][:4] + ".."
}

func isUpper(s string) bool { return strings.ToUpper(s) == s && !strings.Contains(s, "-") }
