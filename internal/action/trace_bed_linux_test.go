package action_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// scene is a lab in which something is right or wrong.
type scene struct {
	*testing.T
	lab *lab.Lab
	// a and a2 are pods of n1, b and b2 of n2.
	a, a2, b, b2 *lab.Pod
	n1, n2       *lab.Node
}

// traceCase is one thing that a packet can meet, and what trace must say of it.
type traceCase struct {
	name string
	lab  lab.Options
	// set makes it so, with the tools that a person would use.
	set func(s *scene)
	// trace is what is typed; TRACE's defaults are a TCP probe from a to port
	// 80 of b.
	trace func(s *scene, o *action.TraceOptions)
	// send makes packets once all is armed; only for passive traces.
	send func(s *scene)
	want wanted
	// also looks closer.
	also func(s *scene, r *action.TraceResult)
}

// wanted is what the verdict must say. Patterns are regular expressions; what
// is empty is not looked at.
type wanted struct {
	outcome trail.Outcome
	// node and in are "n1", "n2", "a", "b", ...: the node, and the namespace's
	// owner.
	node, in                      string
	at, reason, rule, route, text string
	basis                         trail.Basis
	// finding is the ID of one that must be first; "-" is none.
	finding string
	// cause must match that finding's cause.
	cause string
}

func runTraceCases(t *testing.T, cases []traceCase) {
	t.Helper()
	labtest.RequireRoot(t)
	for _, tool := range []string{"ip", "nft", "iptables-legacy", "iptables-nft", "bridge"} {
		labtest.RequireTool(t, tool)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

func (c *traceCase) run(t *testing.T) {
	t.Helper()
	if c.lab.Flavour == "" {
		c.lab.Flavour = lab.Flannel
	}
	s := newScene(t, c.lab)
	if c.set != nil {
		c.set(s)
	}
	o := action.TraceOptions{}
	o.Request.Source = "netns:" + s.a.Name
	o.Request.Destination = netip.AddrPortFrom(s.b.IPv4, 80).String()
	o.Request.Duration = 20 * time.Second
	if c.send == nil {
		o.Request.Probe.Proto = "tcp"
		o.Request.Probe.Timeout = time.Second
	} else {
		o.Request.Count = 1
	}
	if c.trace != nil {
		c.trace(s, &o)
	}
	var notes []string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := action.Trace(ctx, o, action.TraceEvents{
		Armed: func(trail.Session) {
			if c.send != nil {
				go c.send(s)
			}
		},
		Note: func(text string) { notes = append(notes, text) },
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(notes, "\n"))
	}
	c.want.check(s, &r)
	if c.also != nil {
		c.also(s, &r)
	}
	if t.Failed() {
		dump(t, &r, notes)
	}
}

// dump shows what was seen of a case that failed.
func dump(t *testing.T, r *action.TraceResult, notes []string) {
	t.Helper()
	t.Logf("notes: %q\nsession: %s", notes, marshal(r.Session))
	for i := range r.Trails {
		j := &r.Trails[i]
		t.Logf("%s  %s  %s: %s", j.Trail.Packet, j.Trail.Flow, j.Verdict.Outcome, j.Verdict.Text)
		for k := range j.Trail.Observations {
			o := &j.Trail.Observations[k]
			t.Logf("   %d %-10s %-4s %-30s %s  %s", o.Time%1e9/1000, o.Stage, o.Dir, o.Point.Path(), o.Words(), strings.Join(o.Changes, ", "))
		}
	}
	t.Logf("verdict: %s", marshal(r.Verdict))
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (w *wanted) check(s *scene, r *action.TraceResult) {
	s.Helper()
	v := r.Verdict
	if v.Outcome != w.outcome {
		s.Errorf("outcome %s, want %s: %s", v.Outcome, w.outcome, v.Text)
	}
	if w.node != "" && v.Node != s.nameOf(w.node) {
		s.Errorf("node %q, want %q", v.Node, s.nameOf(w.node))
	}
	if w.in != "" && v.Namespace != s.nameOf(w.in) {
		s.Errorf("namespace %q, want %q", v.Namespace, s.nameOf(w.in))
	}
	basis := w.basis
	if basis == "" && (w.outcome == trail.Dropped || w.outcome == trail.Rejected) {
		basis = trail.Observed
	}
	if basis != "" && v.Basis != basis {
		s.Errorf("basis %q, want %q", v.Basis, basis)
	}
	for _, c := range [][3]string{
		{"at", v.At, w.at}, {"reason", v.Reason, w.reason}, {"rule", v.Rule, w.rule}, {"route", v.Route, w.route}, {"text", v.Text, w.text},
	} {
		if !regexp.MustCompile(c[2]).MatchString(c[1]) {
			s.Errorf("%s is %q, want %q", c[0], c[1], c[2])
		}
	}
	if len(v.Missed) > 0 {
		s.Errorf("missed %v", v.Missed)
	}
	switch {
	case w.finding == "":
	case w.finding == "-":
		if len(v.Findings) > 0 {
			s.Errorf("finding %s, want none: %s", v.Findings[0].ID, v.Findings[0].Cause)
		}
	case len(v.Findings) == 0:
		s.Errorf("no finding, want %s", w.finding)
	case v.Findings[0].ID != w.finding:
		s.Errorf("finding %s, want %s: %s", v.Findings[0].ID, w.finding, v.Findings[0].Cause)
	case !regexp.MustCompile(w.cause).MatchString(v.Findings[0].Cause):
		s.Errorf("cause %q, want %q", v.Findings[0].Cause, w.cause)
	}
}

func newScene(t *testing.T, o lab.Options) *scene {
	t.Helper()
	l := labtest.Lab(t, o)
	s := &scene{T: t, lab: l, n1: &l.Nodes[0]}
	for i := range l.Pods {
		p := &l.Pods[i]
		switch {
		case s.a == nil:
			s.a = p
		case p.Node == s.n1.Name && s.a2 == nil:
			s.a2 = p
		case p.Node != s.n1.Name && s.b == nil:
			s.b = p
		case s.b != nil && p.Node == s.b.Node && s.b2 == nil:
			s.b2 = p
		}
	}
	if s.b != nil {
		s.n2 = l.Node(s.b.Node)
	}
	return s
}

// nameOf gives the name of a part of the scene.
func (s *scene) nameOf(word string) string {
	switch word {
	case "a":
		return s.a.Name
	case "a2":
		return s.a2.Name
	case "b":
		return s.b.Name
	case "b2":
		return s.b2.Name
	case "n1":
		return s.n1.Name
	case "n2":
		return s.n2.Name
	case "out":
		return s.lab.Outside.Name
	}
	return word
}

// in runs commands in a part of the scene, one a line. $a, $b, $n1, $out and so
// on stand for addresses, $svc for a service's; "nft" lines go to nft -f.
func (s *scene) in(where, commands string) {
	s.Helper()
	var ruleset strings.Builder
	for line := range strings.Lines(s.expand(commands)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "nft "):
			ruleset.WriteString(strings.TrimPrefix(line, "nft ") + "\n")
		default:
			s.do(where, "", words(line)...)
		}
	}
	if ruleset.Len() > 0 {
		s.do(where, ruleset.String(), "nft", "-f", "-")
	}
}

// serviceIP is an address that no device has, as a Kubernetes service's.
const serviceIP = "10.96.0.10"

func (s *scene) expand(text string) string {
	pairs := []string{"$svc", serviceIP, "$out", s.lab.Outside.IPv4.String(), "$n1", s.n1.IPv4.String(), "$a2", s.a2.IPv4.String(), "$a", s.a.IPv4.String(), "$va", s.a.HostDevice}
	if s.b != nil {
		pairs = append(pairs, "$n2", s.n2.IPv4.String(), "$b2", s.b2.IPv4.String(), "$bnet", s.n2.PodNet4.String(), "$b", s.b.IPv4.String())
	}
	// The longest names first, so that $b does not stand for the head of $bnet.
	return strings.NewReplacer(longestFirst(pairs)...).Replace(text)
}

func longestFirst(pairs []string) []string {
	for i := 0; i < len(pairs); i += 2 {
		for j := i + 2; j < len(pairs); j += 2 {
			if len(pairs[j]) > len(pairs[i]) {
				pairs[i], pairs[i+1], pairs[j], pairs[j+1] = pairs[j], pairs[j+1], pairs[i], pairs[i+1]
			}
		}
	}
	return pairs
}

// words splits a line at blanks, but not between double quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

func (s *scene) do(where, stdin string, argv ...string) {
	s.Helper()
	var out bytes.Buffer
	code, err := s.lab.Exec(s.Context(), s.nameOf(where), argv, lab.Stdio{In: strings.NewReader(stdin), Out: &out, Err: &out})
	if err != nil || code != 0 {
		s.Fatalf("%s: %v: exit %d, %v: %s", where, argv, code, err, out.String())
	}
}

// sysctl sets one of the namespace's own settings.
func (s *scene) sysctl(where, name, value string) {
	s.Helper()
	err := lab.Do(s.nameOf(where), func() error {
		return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0)
	})
	if err != nil {
		s.Fatal(err)
	}
}

// listen opens a TCP listener, or a UDP socket that is read from.
func (s *scene) listen(where, network, address string) {
	s.Helper()
	if strings.HasPrefix(network, "udp") {
		c := labtest.ListenPacket(s, s.nameOf(where), network, address)
		go func() {
			buf := make([]byte, 65536)
			for {
				n, from, err := c.ReadFrom(buf)
				if err != nil {
					return
				}
				if _, err := c.WriteTo(buf[:n], from); err != nil {
					return
				}
			}
		}()
		return
	}
	l := labtest.Listen(s, s.nameOf(where), network, address)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
}
