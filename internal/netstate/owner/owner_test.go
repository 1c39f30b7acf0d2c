package owner

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file anew")

// Names and comments as the programs give them, and what they say.
func TestOf(t *testing.T) {
	in, err := os.ReadFile("testdata/chains.txt")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(in)) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), "|", 3)
		b.WriteString(strings.TrimRight(line, "\n") + "\n\t" + Of(f[0], f[1], f[2]) + "\n")
	}
	const golden = "testdata/owners.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	if len(got) != len(wanted) {
		t.Fatalf("%d lines, want %d", len(got), len(wanted))
	}
	for i := range got {
		if got[i] != wanted[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, got[i], wanted[i])
		}
	}
}

func TestProgram(t *testing.T) {
	for words, want := range map[string]string{
		"kube-proxy: service shop/web:http": "kube-proxy", "Calico": "Calico", "": "",
	} {
		if got := Program(words); got != want {
			t.Errorf("%q: %q", words, got)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add("nat", "KUBE-SVC-X", "shop/web:http -> 1.2.3.4:80")
	f.Add("kube-proxy", "endpoint-X-shop/web/tcp/http__10.180.0.1/80", "")
	f.Add("calico", "filter-cali-tw-x", "cali:x, y")
	f.Add("filter", "KUBE-POD-FW-X", "name:a namespace: b")
	f.Fuzz(func(t *testing.T, table, chain, comment string) {
		if s := Of(table, chain, comment); strings.Contains(s, "%s") && !strings.Contains(table+chain+comment, "%s") {
			t.Errorf("%q", s)
		}
	})
}
