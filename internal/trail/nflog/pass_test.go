package nflog

import (
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

const ms = int64(time.Millisecond)

// logged is a step of a packet whose source, IP id and so on are told by one
// byte.
func logged(table, chain string, kind trail.RuleKind, number int, hook string, ipID byte) *Step {
	return &Step{
		Trace: Trace{table, chain, kind, number}, Hook: hook, Family: "ip", InIndex: 2,
		Data: append([]byte{0x45, 0, 0, 40, 0, ipID}, make([]byte, 22)...),
	}
}

// to is the same with a destination and a device to leave by.
func (s *Step) to(last byte, in, out string) *Step {
	s.Data[19] = last
	s.InIndex, s.In, s.Out = 0, in, out
	return s
}

func chainsOf(passes []*Pass) string {
	var all []string
	for _, p := range passes {
		names := []string{}
		for _, r := range p.Rules {
			names = append(names, r.Chain)
		}
		all = append(all, strings.Join(names, " "))
	}
	return strings.Join(all, "|")
}

func TestPasses(t *testing.T) {
	const rule, policy, back = trail.RuleMatched, trail.RulePolicy, trail.RuleReturn
	for _, c := range []struct {
		name  string
		steps []*Step
		want  string
	}{
		{"one table", []*Step{logged("nat", "PREROUTING", rule, 1, "PREROUTING", 1), logged("nat", "K", back, 3, "PREROUTING", 1), logged("nat", "PREROUTING", policy, 2, "PREROUTING", 1)}, "PREROUTING K PREROUTING"},
		{"two tables", []*Step{logged("raw", "PREROUTING", policy, 1, "PREROUTING", 1), logged("nat", "PREROUTING", policy, 1, "PREROUTING", 1)}, "PREROUTING|PREROUTING"},
		{"two hooks", []*Step{logged("filter", "INPUT", rule, 1, "INPUT", 1), logged("filter", "FORWARD", rule, 2, "FORWARD", 1)}, "INPUT|FORWARD"},
		{"two packets", []*Step{logged("nat", "PREROUTING", rule, 1, "PREROUTING", 1), logged("nat", "PREROUTING", rule, 1, "PREROUTING", 2), logged("nat", "K", rule, 1, "PREROUTING", 1), logged("nat", "K", rule, 2, "PREROUTING", 2)}, "PREROUTING K|PREROUTING K"},
		{"the same headers again", []*Step{logged("nat", "PREROUTING", rule, 2, "PREROUTING", 0), logged("nat", "K", rule, 1, "PREROUTING", 0), logged("nat", "PREROUTING", rule, 1, "PREROUTING", 0)}, "PREROUTING K|PREROUTING"},
		{"hooks by the chains' names", []*Step{logged("filter", "K", rule, 2, "", 0), logged("filter", "FORWARD", policy, 1, "", 0)}, "K FORWARD"},
		{"other hooks by the chains' names", []*Step{logged("nat", "PREROUTING", rule, 1, "", 0), logged("nat", "INPUT", rule, 2, "", 0)}, "PREROUTING|INPUT"},
		{"a translation ends a table, the next one begins", []*Step{
			logged("nat", "PREROUTING", rule, 1, "", 5).to(1, "a", ""), logged("nat", "SEP", rule, 2, "", 5).to(1, "a", ""),
			logged("filter", "FORWARD", rule, 1, "", 5).to(2, "a", "b"), logged("filter", "FORWARD", policy, 2, "", 5).to(2, "a", "b"),
		}, "PREROUTING SEP|FORWARD FORWARD"},
		{"the whole way again, the same to the byte", []*Step{
			logged("raw", "PREROUTING", policy, 2, "", 0), logged("nat", "PREROUTING", rule, 1, "", 0),
			logged("raw", "PREROUTING", policy, 2, "", 0), logged("nat", "PREROUTING", rule, 1, "", 0), logged("nat", "PREROUTING", policy, 2, "", 0),
		}, "PREROUTING|PREROUTING|PREROUTING|PREROUTING PREROUTING"},
	} {
		g := Passes{Silence: 20 * time.Millisecond}
		for i, s := range c.steps {
			if p, fresh := g.Add(s, int64(i)); fresh != (len(p.Rules) == 1) {
				t.Errorf("%s: step %d: fresh is %v", c.name, i, fresh)
			}
		}
		g.Expire(1000 * ms)
		if s := chainsOf(g.Ready); s != c.want || g.Open() != 0 || len(g.open) != 0 {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}

func TestPassHook(t *testing.T) {
	for _, c := range []struct {
		table, chain string
		in, out      bool
		hook         string
		priority     int
	}{
		{"raw", "PREROUTING", true, false, "PREROUTING", -300},
		{"raw", "mine", true, false, "PREROUTING", -300},
		{"raw", "mine", false, true, "OUTPUT", -300},
		{"mangle", "FORWARD", true, true, "FORWARD", -150},
		{"mangle", "mine", true, true, "", -150},
		{"nat", "K", true, false, "", -100},
		{"nat", "K", true, true, "POSTROUTING", 100},
		{"nat", "OUTPUT", false, true, "OUTPUT", -100},
		{"nat", "INPUT", true, false, "INPUT", 100},
		{"filter", "K", true, true, "FORWARD", 0},
		{"filter", "K", true, false, "INPUT", 0},
		{"filter", "K", false, true, "OUTPUT", 0},
		{"filter", "K", false, false, "", 0},
		{"security", "K", false, true, "OUTPUT", 50},
	} {
		s := logged(c.table, c.chain, trail.RuleMatched, 1, "", 1)
		s.InIndex = 0
		if c.in {
			s.In = "a"
		}
		if c.out {
			s.Out = "b"
		}
		var g Passes
		p, _ := g.Add(s, 0)
		if h := p.At(); h.Name != c.hook || h.Priority != c.priority || h.Family != "ip" {
			t.Errorf("%s %s: %+v", c.table, c.chain, h)
		}
		if p.Begun() != BuiltIn(c.chain) {
			t.Errorf("%s: begun %v", c.chain, p.Begun())
		}
	}
}

func TestPassesSilence(t *testing.T) {
	g := Passes{Silence: 20 * time.Millisecond}
	g.Add(logged("nat", "PREROUTING", trail.RuleMatched, 1, "", 1), 0)
	g.Add(logged("nat", "PREROUTING", trail.RuleMatched, 1, "", 2), 5*ms)
	if due := g.Expire(19 * ms); due != 20*ms || len(g.Ready) != 0 {
		t.Errorf("due %d, %d ready", due, len(g.Ready))
	}
	if due := g.Expire(20 * ms); due != 25*ms || len(g.Ready) != 1 || g.Ready[0].Start != 0 {
		t.Errorf("due %d, %d ready", due, len(g.Ready))
	}
	g.Flush()
	if len(g.Ready) != 2 || g.Open() != 0 {
		t.Errorf("%d ready, %d open", len(g.Ready), g.Open())
	}
}

// What never ends is bounded.
func TestManyPasses(t *testing.T) {
	g := Passes{Silence: time.Second, Most: 100}
	for i := range 1000 {
		s := logged("nat", "PREROUTING", trail.RuleMatched, 1, "", byte(i))
		s.Data[4] = byte(i >> 8)
		g.Add(s, 0)
		if g.Open() > 100 || len(g.open) > 100 {
			t.Fatalf("%d open", g.Open())
		}
	}
	if len(g.Ready) != 900 || g.Ready[0].First.Data[5] != 0 {
		t.Errorf("%d ready", len(g.Ready))
	}
}

func TestTrace(t *testing.T) {
	for _, c := range []struct {
		s    string
		want Trace
		ok   bool
	}{
		{"TRACE: nat:KUBE-SVC:rule:12 ", Trace{"nat", "KUBE-SVC", trail.RuleMatched, 12}, true},
		{"TRACE: filter:FORWARD:policy:1 ", Trace{"filter", "FORWARD", trail.RulePolicy, 1}, true},
		{"TRACE: filter:a:b:return:2147483647", Trace{"filter", "a:b", trail.RuleReturn, 1<<31 - 1}, true},
		{"TRACE: filter:a:rule:2147483648", Trace{}, false},
		{"TRACE: filter:a:rule:-1", Trace{}, false},
		{"TRACE: filter:a:rules:1", Trace{}, false},
		{"TRACE: filter::rule:1", Trace{}, false},
		{"TRACE: :a:rule:1", Trace{}, false},
		{"TRACE: a:rule:1", Trace{}, false},
		{"TRACE: 1", Trace{}, false},
		{"trace: nat:a:rule:1", Trace{}, false},
		{"", Trace{}, false},
	} {
		if got, ok := DecodeTrace(c.s); ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %+v, %v", c.s, got, ok)
		}
	}
}

func TestRecord(t *testing.T) {
	r, ok := DecodeRecord("4,3402,3048870535,-;TRACE: x\n SUBSYSTEM=a")
	if want := (Record{0, 3402, 3048870535, "TRACE: x"}); !ok || r != want {
		t.Errorf("%+v, %v", r, ok)
	}
	if r, ok = DecodeRecord("12,7,8,-,caller=T1;a;b"); !ok || r.Facility != 1 || r.Text != "a;b" {
		t.Errorf("%+v, %v", r, ok)
	}
	for _, s := range []string{"", ";", "a,1,2,-;x", "4,1;x", "4,1,2", "4,-1,2,-;x"} {
		if r, ok := DecodeRecord(s); ok {
			t.Errorf("%q: %+v", s, r)
		}
	}
}
