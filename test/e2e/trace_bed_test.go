//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// verdict is the last line of `pktrail trace --json`.
type verdict struct {
	Kind, Outcome, Node, Namespace, At string
	Reason, Rule, Route, Text, Basis   string
	Missed                             map[string]int
	Findings                           []struct {
		ID, Cause, Basis string
		Check            []string
	}
}

// traced is what a trace printed.
type traced struct {
	stage.Result
	Session struct {
		Nodes               []string
		Source, Destination struct{ Name, Label, Node string }
		Blind               []struct{ Node, What, Why string }
		Conversation        struct{ Result, Error string }
	}
	Trails  []tracedTrail
	Verdict verdict
}

type tracedTrail struct {
	Number, AnswerTo int
	Packet           string
	Verdict          verdict
	Hops             []struct {
		Node, Namespace string
		ClockOffset     int64
		Steps           []struct {
			Interface, Stage string
			Changes          []string
			Rules            []tracedRule
		}
	}
}

type tracedRule struct{ Table, Chain, Text, Owner string }

// trace runs `pktrail trace --json` in a namespace and reads what it prints.
func trace(t *testing.T, s *stage.Stage, ns string, args ...string) traced {
	t.Helper()
	s.AgentImage(t)
	return undisturbed(t, func() traced {
		return parseTrace(t, s.Pktrail(t, append([]string{"trace", "--json", "-n", ns}, args...)...))
	})
}

// undisturbed runs a trace again where pktrail says that it missed something:
// the kernel leaves out a program that an interrupt finds running, and then what
// was not seen proves nothing.
func undisturbed(t *testing.T, run func() traced) traced {
	t.Helper()
	got := run()
	for range 2 {
		if len(got.Verdict.Missed) == 0 {
			break
		}
		t.Logf("again: missed %v", got.Verdict.Missed)
		got = run()
	}
	return got
}

func parseTrace(t *testing.T, r stage.Result) traced {
	t.Helper()
	out := traced{Result: r}
	lines := strings.Split(strings.TrimSpace(r.Stdout), "\n")
	for i, line := range lines {
		var kind struct{ Kind string }
		if err := json.Unmarshal([]byte(line), &kind); err != nil {
			t.Fatalf("line %d: %v: %q\nexit code %d, stderr:\n%s", i+1, err, line, r.Code, r.Stderr)
		}
		var into any
		switch kind.Kind {
		case "session":
			into = &out.Session
		case "trail":
			out.Trails = append(out.Trails, tracedTrail{})
			into = &out.Trails[len(out.Trails)-1]
		case "verdict":
			into = &out.Verdict
			if i != len(lines)-1 {
				t.Errorf("the verdict is line %d of %d", i+1, len(lines))
			}
		default:
			t.Fatalf("line %d is of kind %q", i+1, kind.Kind)
		}
		if err := json.Unmarshal([]byte(line), into); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	if out.Verdict.Kind == "" {
		t.Fatalf("no verdict in %q", r.Stdout)
	}
	return out
}

// traceWant is what a verdict must say; what is empty may be anything.
type traceWant struct {
	outcome, node, namespace, at, reason, basis string
	// rule, route and text are parts of what the verdict says.
	rule, route, text string
	// finding is the first cause; "none" is no cause at all.
	finding string
	// code is the exit code.
	code int
	// nodes are those that were armed, in this order.
	nodes []string
	// way is where the probe's packet came by, in this order: NODE or
	// NODE/NAMESPACE, with other places between them.
	way []string
	// changes, owners and rules are parts of what was done to it on its way, of
	// whose rules it met, and of what those say.
	changes, owners, rules []string
	// says is on stderr.
	says string
}

// check compares a trace with what is wanted.
func (w traceWant) check(t *testing.T, got traced) {
	t.Helper()
	v := got.Verdict
	for _, c := range []struct{ name, got, want string }{
		{"outcome", v.Outcome, w.outcome},
		{"node", v.Node, w.node},
		{"namespace", v.Namespace, w.namespace},
		{"at", v.At, w.at},
		{"reason", v.Reason, w.reason},
		{"basis", v.Basis, w.basis},
	} {
		if c.want != "" && c.got != c.want {
			t.Errorf("%s %q, want %q", c.name, c.got, c.want)
		}
	}
	for _, c := range []struct{ name, got, want string }{
		{"rule", v.Rule, w.rule}, {"route", v.Route, w.route}, {"text", v.Text, w.text}, {"stderr", got.Stderr, w.says},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("%s %q without %q", c.name, c.got, c.want)
		}
	}
	first := "none"
	if len(v.Findings) > 0 {
		first = v.Findings[0].ID
	}
	if w.finding != "" && first != w.finding {
		t.Errorf("finding %s, want %s", first, w.finding)
	}
	if got.Code != w.code {
		t.Errorf("exit code %d, want %d", got.Code, w.code)
	}
	if w.nodes != nil && !slices.Equal(got.Session.Nodes, w.nodes) {
		t.Errorf("armed on %v, want %v", got.Session.Nodes, w.nodes)
	}
	if len(v.Missed) > 0 {
		t.Errorf("missed %v", v.Missed)
	}
	w.checkWay(t, got)
	if t.Failed() {
		t.Logf("%+v\n%s", v, got.ways())
	}
}

// checkWay looks at the first packet: the probe's, or the first one that came.
func (w traceWant) checkWay(t *testing.T, got traced) {
	t.Helper()
	if len(got.Trails) == 0 {
		if len(w.way)+len(w.changes)+len(w.owners)+len(w.rules) > 0 {
			t.Error("no packet was seen")
		}
		return
	}
	first := got.Trails[0]
	way, done, met := first.told()
	rest := way
	for _, place := range w.way {
		at := slices.IndexFunc(rest, func(p string) bool { return p == place || strings.HasPrefix(p, place+"/") })
		if at < 0 {
			t.Errorf("the way %v does not come by %v", way, w.way)
			break
		}
		rest = rest[at+1:]
	}
	var owners, texts []string
	for _, r := range met {
		owners, texts = append(owners, r.Owner), append(texts, r.Text)
	}
	for _, c := range []struct {
		name      string
		got, want []string
	}{{"changes", done, w.changes}, {"rules of", owners, w.owners}, {"rules", texts, w.rules}} {
		for _, want := range c.want {
			if !slices.ContainsFunc(c.got, func(s string) bool { return strings.Contains(s, want) }) {
				t.Errorf("%s %q without %q", c.name, c.got, want)
			}
		}
	}
	for _, h := range first.Hops { // all nodes are of one kernel here
		if h.ClockOffset != 0 {
			t.Errorf("the clock of %s is %d ns ahead", h.Node, h.ClockOffset)
		}
	}
}

// told is where a packet came by, what was done to it, and which rules it met.
func (p *tracedTrail) told() (way, changes []string, rules []tracedRule) {
	for _, h := range p.Hops {
		way = append(way, h.Node+"/"+h.Namespace)
		for _, st := range h.Steps {
			changes = append(changes, st.Changes...)
			rules = append(rules, st.Rules...)
		}
	}
	return way, changes, rules
}

// ways are all packets' ways, for a person.
func (g *traced) ways() string {
	var b strings.Builder
	for i := range g.Trails {
		p := &g.Trails[i]
		way, changes, _ := p.told()
		fmt.Fprintf(&b, "%d (answers %d) %s: %s\n  %v\n  %q\n", p.Number, p.AnswerTo, p.Packet, p.Verdict.Text, way, changes)
	}
	return b.String()
}

// traceStage is what most cases need: pods on both nodes and services before
// them.
type traceStage struct {
	*stage.Stage
	ns string
	// shell and near are on node1, far is on node2; near and far serve.
	shell, near, far stage.Pod
	// one is a service with far behind it, own with near.
	one, own stage.Service
}

func newTraceStage(t *testing.T) *traceStage {
	t.Helper()
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	ts := &traceStage{Stage: s, ns: ns}
	ts.shell = s.Shell(t, ns, "shell", node1)
	ts.near = s.Distroless(t, ns, "near", node1)
	ts.far = s.Distroless(t, ns, "far", node2)
	ts.own, ts.one = s.Service(t, ns, "near"), s.Service(t, ns, "far")
	return ts
}
