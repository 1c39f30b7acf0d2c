package netns

import (
	"strings"
	"testing"
)

const statTail = " S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3"

var statCases = []struct {
	in   string
	want procStat
	ok   bool
}{
	{"4711 (nginx)" + statTail, procStat{"nginx", 'S', 987654}, true},
	{"4711 (a) R 1 (b)" + statTail, procStat{"a) R 1 (b", 'S', 987654}, true},
	{"4711 (a\nb )" + statTail + "\n", procStat{"a\nb ", 'S', 987654}, true},
	{"4711 ()" + statTail, procStat{"", 'S', 987654}, true},
	{"4711 (x)" + strings.Replace(statTail, "S", "Z", 1), procStat{"x", 'Z', 987654}, true},
	{"", procStat{}, false},
	{"4711 nginx" + statTail, procStat{}, false},
	{"4711 )nginx(" + statTail, procStat{}, false},
	{"4711 (nginx) S 1 2 3", procStat{}, false},
	{"4711 (nginx)" + strings.Replace(statTail, "987654", "-1", 1), procStat{}, false},
}

func TestParseStat(t *testing.T) {
	for _, tt := range statCases {
		got, err := parseStat([]byte(tt.in))
		if (err == nil) != tt.ok || got != tt.want {
			t.Errorf("parseStat(%q) = %+v, %v", tt.in, got, err)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	for _, tt := range statCases {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := parseStat(b)
		if err != nil && st != (procStat{}) {
			t.Fatalf("%q: %+v beside an error", b, st)
		}
		if n := plainName(st.name); strings.ContainsAny(n, "/ \n") {
			t.Fatalf("%q: name %q", b, n)
		}
	})
}

func TestPlainName(t *testing.T) {
	if got := plainName("kworker/0:1 é\n"); got != "kworker_0_1___" {
		t.Errorf("got %q", got)
	}
}
