package xt

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sets are the ipsets of the kernel that the fixtures were read from.
func sets(index uint16) string {
	names := []string{"nets", "pairs", "nets6", "cali40all-ipam-pools", "cali40masq-ipam-pools", "cali40all-vxlan-net"}
	if int(index) < len(names) {
		return names[index]
	}
	return ""
}

func tables(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.bin")
	if err != nil || len(files) != 12 {
		tb.Fatalf("%q, %v", files, err)
	}
	return files
}

// What a kernel (6.18) gave for a table, and what iptables-save (1.8.9)
// printed for it: written by the tests of probe/rules with -update.
func TestTable(t *testing.T) {
	for _, file := range tables(t) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		info, err := DecodeInfo(b)
		if err != nil {
			t.Fatal(err)
		}
		table, err := DecodeTable(strings.Contains(file, "ip6-"), info, b[InfoSize:], Names{Set: sets})
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, c := range table.Chains() {
			for n := 1; n <= c.Rules(); n++ {
				r, ok := table.Rule(&c, n)
				if !ok {
					t.Errorf("%s: no rule %d in %s", file, n, c.Name)
				}
				got.WriteString(r.Text() + "\n")
			}
			if _, ok := table.Rule(&c, c.Rules()+1); ok {
				t.Errorf("%s: %s has a rule too many", file, c.Name)
			}
		}
		want, err := os.ReadFile(strings.TrimSuffix(file, ".bin") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if a, b := sorted(got.String()), sorted(string(want)); a != b {
			t.Errorf("%s:\n got %s\nwant %s", file, a, b)
		}
	}
}

// sorted orders lines: iptables-save sorts the chains, the kernel does not.
func sorted(s string) string {
	lines := strings.Split(s, "\n")
	chains := map[string][]string{}
	var names []string
	for _, l := range lines {
		f := strings.Fields(l)
		if len(f) < 2 {
			continue
		}
		if chains[f[1]] == nil {
			names = append(names, f[1])
		}
		chains[f[1]] = append(chains[f[1]], l)
	}
	var b strings.Builder
	for len(names) > 0 {
		least := 0
		for i := range names {
			if names[i] < names[least] {
				least = i
			}
		}
		b.WriteString(strings.Join(chains[names[least]], "\n") + "\n")
		names = append(names[:least], names[least+1:]...)
	}
	return b.String()
}

func TestChain(t *testing.T) {
	b, err := os.ReadFile("testdata/ip-iptables-filter.bin")
	if err != nil {
		t.Fatal(err)
	}
	info, err := DecodeInfo(b)
	if err != nil {
		t.Fatal(err)
	}
	table, err := DecodeTable(false, info, b[InfoSize:], Names{})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := table.Chain("FORWARD")
	if !ok || c.Policy != "DROP" || c.Hook != 2 {
		t.Errorf("%+v", c)
	}
	c, ok = table.Chain("cali-FORWARD")
	if !ok || c.Hook != -1 || c.Rules() != 1 {
		t.Errorf("%+v", c)
	}
	r, _ := table.Rule(c, 1)
	if r.Comment() != "cali:3tcAgkaGcJKuLFuc, Drop if no policies passed packet" {
		t.Error(r.Comment())
	}
	if v, to := r.Target.Verdict(); v != "drop" || to != "" {
		t.Error(v, to)
	}
	if _, ok := table.Chain("none"); ok {
		t.Error("found")
	}
}

// A structure that is not known, or too short, shows its size.
func TestRaw(t *testing.T) {
	for want, got := range map[string]string{
		"-m bpf [12 bytes]":              DecodeMatch("bpf", 0, make([]byte, 12), false, Names{}).Words,
		"-m tcp [3 bytes]":               DecodeMatch("tcp", 0, make([]byte, 3), false, Names{}).Words,
		"-m mark [16 bytes]":             DecodeMatch("mark", 7, make([]byte, 16), false, Names{}).Words,
		"-m new [0 bytes]":               DecodeMatch("new", 0, nil, true, Names{}).Words,
		"-j NEW [1 bytes]":               DecodeTarget("NEW", 0, []byte{1}, false, Names{}).Words,
		"-j DNAT [4 bytes]":              DecodeTarget("DNAT", 2, make([]byte, 4), false, Names{}).Words,
		"-j REJECT [4 bytes]":            DecodeTarget("REJECT", 0, []byte{99, 0, 0, 0}, false, Names{}).Words,
		"-m set --match-set [set 7] src": DecodeMatch("set", 1, []byte{7, 0, 1, 2}, false, Names{}).Words,
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzTable(f *testing.F) {
	for _, file := range tables(f) {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 6000 {
			f.Add(b, strings.Contains(file, "ip6-"))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, ip6 bool) {
		info, err := DecodeInfo(b)
		if err != nil {
			return
		}
		table, err := DecodeTable(ip6, info, b[InfoSize:], Names{Set: sets})
		if err != nil {
			return
		}
		for _, c := range table.Chains() {
			for n := 1; n <= c.Rules(); n++ {
				r, ok := table.Rule(&c, n)
				if !ok || !strings.HasPrefix(r.Text(), "-A ") {
					t.Errorf("rule %d of %s: %q", n, c.Name, r.Text())
				}
				r.Comment()
			}
		}
	})
}

func FuzzExtension(f *testing.F) {
	for name := range matches {
		f.Add(name, uint8(1), bytes.Repeat([]byte{1}, 64), false)
	}
	for name := range targets {
		f.Add(name, uint8(0), bytes.Repeat([]byte{0}, 64), true)
	}
	f.Fuzz(func(t *testing.T, name string, rev uint8, data []byte, ip6 bool) {
		if m := DecodeMatch(name, rev, data, ip6, Names{}); !strings.HasPrefix(m.Words, "-m ") {
			t.Errorf("%q", m.Words)
		}
		target := DecodeTarget(name, rev, data, ip6, Names{})
		if !strings.HasPrefix(target.Words, "-j ") {
			t.Errorf("%q", target.Words)
		}
		target.Verdict()
	})
}

// docs/rulesets.md names every match and target that is written.
func TestDocumented(t *testing.T) {
	b, err := os.ReadFile("../../../docs/rulesets.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range matches {
		if !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("match %s", name)
		}
	}
	for name := range targets {
		if !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("target %s", name)
		}
	}
}
