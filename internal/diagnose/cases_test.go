package diagnose

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/pktrail/pktrail/internal/trail"
)

var update = flag.Bool("update", false, "write the golden verdicts anew")

// judged is a case: a trail as the kernel shows it, and what must be said.
type judged struct {
	name    string
	walk    *walk
	context func(*Context)
	outcome trail.Outcome
	at      string
	basis   trail.Basis
	// findings are the IDs, in order.
	findings []string
}

// TestCases judges each case and compares the whole verdict with its golden
// file.
func TestCases(t *testing.T) {
	seen := map[string]bool{}
	for _, group := range [][]judged{deliveredCases(), netfilterCases(), routingCases(), moreRoutingCases(), linkCases(), socketCases(), absenceCases(), wayCases(), natCases(), ruleTypeCases(), arrivalCases(), hookCases()} {
		for _, tt := range group {
			if seen[tt.name] {
				t.Errorf("two cases are called %s", tt.name)
			}
			seen[tt.name] = true
			t.Run(tt.name, func(t *testing.T) { tt.check(t) })
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(seen) {
		t.Errorf("%d golden files for %d cases, %v", len(files), len(seen), err)
	}
}

func (tt *judged) check(t *testing.T) {
	t.Helper()
	c := known()
	if tt.context != nil {
		tt.context(&c)
	}
	v := Judge(&tt.walk.t, c)
	if v.Outcome != tt.outcome || v.At != tt.at || v.Basis != tt.basis {
		t.Errorf("%s at %q, %s; want %s at %q, %s\n%s", v.Outcome, v.At, v.Basis, tt.outcome, tt.at, tt.basis, v.Text)
	}
	ids := []string{}
	for _, f := range v.Findings {
		ids = append(ids, f.ID)
	}
	if len(ids) != len(tt.findings) {
		t.Errorf("findings %q, want %q", ids, tt.findings)
	} else {
		for i := range ids {
			if ids[i] != tt.findings[i] {
				t.Errorf("findings %q, want %q", ids, tt.findings)
			}
		}
	}
	wellWorded(t, &v)
	golden(t, tt.name, v)
}

// wellWorded checks what all verdicts have in common.
func wellWorded(t *testing.T, v *trail.Verdict) {
	t.Helper()
	short := func(what, s string, most int) {
		if s == "" || utf8.RuneCountInString(s) > most {
			t.Errorf("%s has %d characters: %q", what, utf8.RuneCountInString(s), s)
		}
	}
	short("text", v.Text, 100)
	for _, f := range v.Findings {
		short("cause of "+f.ID, f.Cause, 100)
		short("why of "+f.ID, f.Why, 260)
		if f.Basis == "" || len(f.Evidence) == 0 || len(f.Check) == 0 || len(f.Fix) == 0 {
			t.Errorf("finding %s has no basis, evidence, check or fix: %+v", f.ID, f)
		}
		for _, e := range f.Evidence {
			if e.Text == "" || e.Basis == "" {
				t.Errorf("finding %s: evidence %+v", f.ID, e)
			}
		}
		for _, s := range append(append([]string{}, f.Check...), f.Fix...) {
			short("command of "+f.ID, s, 120)
		}
	}
}

func golden(t *testing.T, name string, v trail.Verdict) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("verdict (-update writes it), %v:\n%s\nwant:\n%s", err, b.Bytes(), want)
	}
}

// TestBlind: which of what the probes call blind hides packets.
func TestBlind(t *testing.T) {
	for what, hides := range map[string]bool{
		"packets as they come from a device":       true,
		"packets as they leave by a device":        true,
		"packets that XDP drops":                   true,
		"namespaces made after the start":          true,
		"dropped packets":                          false,
		"the end of packets that did their work":   false,
		"which process reads a packet":             false,
		"routing lookups of IPv6":                  false,
		"rules of ip6tables-legacy":                false,
		"packets at netfilter's raw table":         false,
		"TCP resets that the stack answers with":   false,
		"drop reasons and where in the kernel ...": false,
	} {
		c := Context{Blind: []trail.Blind{{What: what}}}
		if _, got := c.blind(node1Cni); got != hides {
			t.Errorf("%s hides packets: %t", what, got)
		}
	}
	c := Context{Blind: []trail.Blind{{Node: "node2", What: "packets"}, {Node: "node1", Namespace: "client", What: "packets"}}}
	if b, ok := c.blind(node1Cni); ok {
		t.Errorf("%+v is of another place", b)
	}
	if _, ok := c.blind(clientEth); !ok {
		t.Error("what is blind in a namespace is not")
	}
}
