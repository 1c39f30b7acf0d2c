package nft

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is what a kernel (6.18) gave for a ruleset, and what nft (1.0.6)
// printed for it: written by the tests of probe/rules with -update.
type fixture struct {
	sets  map[string]*Set
	rules [][]byte
	texts []string
}

func load(tb testing.TB, name string) fixture {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	f := fixture{sets: map[string]*Set{}}
	for line := range strings.Lines(string(b)) {
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch word {
		case "set":
			_, data, _ := strings.Cut(rest, " ")
			s, ok := DecodeSet(bytesOf(tb, data))
			if !ok {
				tb.Fatalf("set %s", rest)
			}
			f.sets[s.Name] = &s
		case "elements":
			name, data, _ := strings.Cut(rest, " ")
			f.sets[name].Elements = append(f.sets[name].Elements, DecodeElements(bytesOf(tb, data))...)
		case "rule":
			f.rules = append(f.rules, bytesOf(tb, rest))
		case "text":
			f.texts = append(f.texts, rest)
		}
	}
	return f
}

func bytesOf(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func (f fixture) names() Names {
	return Names{
		Set:       func(name string) *Set { return f.sets[name] },
		Interface: func(i uint32) string { return map[uint32]string{1: "lo"}[i] },
	}
}

func fixtures(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) != 6 {
		tb.Fatalf("%q, %v", files, err)
	}
	return files
}

func TestText(t *testing.T) {
	for _, file := range fixtures(t) {
		f := load(t, file)
		if len(f.rules) == 0 || len(f.rules) != len(f.texts) {
			t.Fatalf("%s: %d rules, %d texts", file, len(f.rules), len(f.texts))
		}
		for i, msg := range f.rules {
			r, ok := DecodeRule(msg)
			if !ok {
				t.Errorf("%s: rule %d is none", file, i+1)
			}
			if got := r.Text(f.names()); got != f.texts[i] {
				t.Errorf("%s:\n got %s\nwant %s", file, got, f.texts[i])
			}
			if h := RuleHandle(msg); h != r.Handle || h == 0 {
				t.Errorf("%s: handle %d, %d", file, h, r.Handle)
			}
		}
	}
}

// Without the sets' elements their names stand there.
func TestTextWithoutNames(t *testing.T) {
	f := load(t, "testdata/inet.txt")
	found := 0
	for i, msg := range f.rules {
		r, _ := DecodeRule(msg)
		if got := r.Text(Names{}); strings.Contains(f.texts[i], "{ 80, 443 }") && strings.Contains(got, "tcp dport @__set") {
			found++
		}
	}
	if found == 0 {
		t.Error("no rule with a set")
	}
}

// What is not known is shown as it is.
func TestUnknown(t *testing.T) {
	r := Rule{Family: FamilyIP, Table: "t", Chain: "c", Exprs: []Expr{
		&Meta{Key: 16, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte{6}},
		&Unknown{Name: "inner", Data: []byte{1, 2}}, &Unknown{Name: "new"}, &Cmp{Sreg: 3, Data: []byte{1}},
		&Match{Name: "string", Info: []byte{9}}, &Target{Name: "NEW"}, &Immediate{Verdict: &Verdict{Code: -9}},
		&Meta{Key: 99, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte{1}}, &Meta{Key: 3, Dreg: 77}, &Meta{Key: 6, Dreg: 1},
		&Unknown{Name: "eats"}, &Payload{Base: 1, Offset: 12, Len: 4, Dreg: 2},
	}}
	want := "meta l4proto tcp [ inner 0x0102 ] [ new ] [ cmp 0x01 ] [ match string 0x09 ] [ target NEW ] [ verdict -9 ] meta 99 0x1 [ meta mark ] [ iifname ] [ eats ] [ ip saddr ]"
	if got := r.Text(Names{}); got != want {
		t.Errorf("%s", got)
	}
}

func TestVerdict(t *testing.T) {
	for want, exprs := range map[string][]Expr{
		"drop":       {&Counter{}, &Immediate{Verdict: &Verdict{Code: 0}}},
		"accept":     {&Immediate{Verdict: &Verdict{Code: 1}}},
		"jump x":     {&Immediate{Verdict: &Verdict{Code: -3, Chain: "x"}}},
		"goto x":     {&Immediate{Verdict: &Verdict{Code: -4, Chain: "x"}}},
		"return":     {&Immediate{Verdict: &Verdict{Code: -5}}},
		"continue":   {&Counter{}},
		"reject":     {&Reject{}},
		"dnat":       {&Immediate{Dreg: 1, Data: []byte{1, 2, 3, 4}}, &NAT{Type: 1, AddrMin: 1}},
		"snat":       {&NAT{Type: 0, AddrMin: 1}},
		"masquerade": {&Masq{}},
		"":           {&Lookup{Set: "m", Sreg: 1, HasDreg: true}},
		"queue":      {&Queue{}},
	} {
		r := Rule{Exprs: exprs}
		v, to := r.Verdict()
		if got := strings.TrimSpace(v + " " + to); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	redirect := Rule{Exprs: []Expr{&Redir{}}}
	if v, _ := redirect.Verdict(); v != "dnat" {
		t.Error(v)
	}
}

func FuzzDecodeRule(f *testing.F) {
	var sets map[string]*Set
	for _, file := range fixtures(f) {
		fix := load(f, file)
		for _, msg := range fix.rules {
			f.Add(msg)
		}
		if strings.HasSuffix(file, "inet.txt") {
			sets = fix.sets
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, ok := DecodeRule(msg)
		n := Names{Set: func(name string) *Set { return sets[name] }}
		text := r.Text(n)
		if ok && len(r.Exprs) > 0 && text == "" {
			t.Errorf("%d expressions say nothing", len(r.Exprs))
		}
		r.Verdict()
	})
}

func FuzzDecodeOthers(f *testing.F) {
	f.Add(bytesOf(f, "020000000c00010066696c74657200000c0003004f555450555400001400040008000100000000030800020000000000"))
	fix := load(f, "testdata/inet.txt")
	f.Add(fix.rules[0])
	f.Fuzz(func(t *testing.T, msg []byte) {
		if table, ok := DecodeTable(msg); ok && table.Name == "" {
			t.Error("a table without a name")
		}
		if c, ok := DecodeChain(msg); ok && (c.Name == "" || c.Table == "") {
			t.Error("a chain without a name")
		}
		if s, ok := DecodeSet(msg); ok {
			s.Elements = DecodeElements(msg)
			p := printer{names: Names{Set: func(string) *Set { return &s }}}
			k := key{parts: []selector{{bits: 32, kind: kindIPv4}}}
			p.setText(s.Name, &s, k, kindMark)
			k.parts = append(k.parts, selector{bits: 16, kind: kindPort})
			p.setText(s.Name, &s, k, kindAddrPort)
		}
		DecodeGeneration(msg)
	})
}
