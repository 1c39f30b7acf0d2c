package cbpf

import (
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/filter"
)

// plain is IPv4 without options that is no later fragment.
func plain() Usual {
	return Usual{Bytes: 24, Facts: []Fact{{0, 1, 0xff, 0x45}, {6, 2, 0x1fff, 0}}}
}

// TestUsualWay: what follows from the facts is not computed, what does not is
// still asked.
func TestUsualWay(t *testing.T) {
	tests := []struct {
		expr  string
		loads string // offsets, in the order of the steps
	}{
		{"ip", ""},
		{"ip6", ""},
		{"ip[0] & 15 = 5", ""},
		{"host 10.1.2.3", "12 16"},
		{"src port 80 and ip", "9 20"},
		{"ip[6:2] & 0x1fff = 0 and udp port 53", "9 20 22"},
		{"tcp[tcpflags] & tcp-syn != 0", "9 33"},
		{"ip[2:2] > 100", "2"},
	}
	for _, tt := range tests {
		steps, err := decode(compile(tt.expr, filter.Options{Link: filter.Raw}))
		if err != nil {
			t.Fatal(err)
		}
		u := plain()
		own, ok := specialise(steps, &u)
		if !ok {
			t.Errorf("%q: no way of its own", tt.expr)
			continue
		}
		var got []string
		for _, s := range own {
			switch s.kind {
			case loadAbsolute:
				got = append(got, strconv.Itoa(int(s.k)))
			case loadIndexed, loadHeader:
				t.Errorf("%q: X is computed: %+v", tt.expr, s)
			}
		}
		if strings.Join(got, " ") != tt.loads {
			t.Errorf("%q: loads at %s, want %s", tt.expr, got, tt.loads)
		}
	}
}

// TestUsualRefuses what cannot be so.
func TestUsualRefuses(t *testing.T) {
	p := filter.Program{bpf.RawInstruction{Op: classRET, K: 1}}
	for _, u := range []Usual{
		{Bytes: 1 << 20},
		{Bytes: 4, Facts: []Fact{{3, 2, 0xffff, 0}}},
		{Bytes: 4, Facts: []Fact{{0, 3, 0xff, 0}}},
		{Bytes: 4, Facts: []Fact{{0, 1, 0, 0}}},
		{Bytes: 4, Facts: []Fact{{0, 1, 0xf0, 1}}},
		{Bytes: 4, Facts: []Fact{{0, 1, 0x100, 0}}},
	} {
		if _, err := Translate(p, Options{Load: Direct, Usual: u}); err == nil || !strings.Contains(err.Error(), "usual") {
			t.Errorf("%+v: %v", u, err)
		}
	}
}

// TestWaysWithoutEnd: a program whose ways multiply keeps the general way only.
func TestWaysWithoutEnd(t *testing.T) {
	var p filter.Program
	for i := range uint32(14) { // each scratch word becomes one of two
		p = append(p, bpf.RawInstruction{Op: classLD | modeABS | 0x10, K: 100 + i}, bpf.RawInstruction{Op: classJMP | jmpJEQ, K: 1, Jf: 2},
			bpf.RawInstruction{Op: classLD, K: 1}, bpf.RawInstruction{Op: classJMP | jmpJA, K: 1}, bpf.RawInstruction{Op: classLD, K: 2},
			bpf.RawInstruction{Op: classST, K: i})
	}
	for i := range uint32(14) {
		p = append(p, bpf.RawInstruction{Op: classLDX | modeMEM, K: i}, bpf.RawInstruction{Op: classALU | aluADD | sourceX})
	}
	p = append(p, bpf.RawInstruction{Op: classRET | retA})
	steps, err := decode(p)
	if err != nil {
		t.Fatal(err)
	}
	u := plain()
	if own, ok := specialise(steps, &u); ok {
		t.Errorf("%d steps became %d", len(steps), len(own))
	}
	if got := withUsual(steps, &u); len(got) != len(steps) {
		t.Errorf("%d steps became %d", len(steps), len(got))
	}
}
