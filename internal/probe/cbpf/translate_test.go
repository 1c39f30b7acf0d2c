package cbpf

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/filter"
)

func TestTranslateRefuses(t *testing.T) {
	end := bpf.RawInstruction{Op: classRET, K: 1}
	tests := []struct {
		name string
		p    filter.Program
		want string
	}{
		{"nothing", nil, "0 instructions"},
		{"too much", make(filter.Program, filter.MaxInstructions+1), "4097 instructions"},
		{"no end", filter.Program{{Op: classLD | modeABS}}, "does not end"},
		{"metadata", filter.Program{{Op: classLD | modeABS, K: adOffset + 28}, end}, "SKF_AD_HATYPE"},
		{"unknown metadata", filter.Program{{Op: classLD | modeABS, K: adOffset + 29}, end}, "SKF_AD_OFF+29"},
		{"scratch store", filter.Program{{Op: classST, K: 16}, end}, "no such scratch word"},
		{"scratch load", filter.Program{{Op: classLDX | modeMEM, K: 16}, end}, "no such scratch word"},
		{"division", filter.Program{{Op: classALU | aluDIV}, end}, "division by zero"},
		{"modulo", filter.Program{{Op: classALU | aluMOD}, end}, "division by zero"},
		{"shift", filter.Program{{Op: classALU | aluLSH, K: 32}, end}, "31 bits"},
		{"jump", filter.Program{{Op: classJMP | jmpJA, K: 1}, end}, "jump out"},
		{"jump round the world", filter.Program{{Op: classJMP | jmpJA, K: 0xffffffff}, end}, "jump out"},
		{"test", filter.Program{{Op: classJMP | jmpJEQ, Jf: 1}, end}, "jump out"},
		{"load of 8 bytes", filter.Program{{Op: classLD | modeABS | 0x18}, end}, "unknown"},
		{"X from the packet", filter.Program{{Op: classLDX | modeABS}, end}, "unknown"},
		{"A from MSH", filter.Program{{Op: classLD | modeMSH | 0x10}, end}, "unknown"},
		{"two words", filter.Program{{Op: classLD | modeMEM | 0x08}, end}, "unknown"},
		{"computation", filter.Program{{Op: classALU | 0xb0}, end}, "unknown"},
		{"negation by X", filter.Program{{Op: classALU | aluNEG | sourceX}, end}, "unknown"},
		{"condition", filter.Program{{Op: classJMP | 0x50}, end}, "unknown"},
		{"store with a mode", filter.Program{{Op: classST | modeMEM}, end}, "unknown"},
		{"return of X", filter.Program{{Op: classRET | sourceX}}, "unknown"},
		{"move", filter.Program{{Op: classMISC | 0x10}, end}, "unknown"},
		{"high bits", filter.Program{{Op: 0x100}, end}, "unknown"},
	}
	for _, tt := range tests {
		_, err := Translate(tt.p, Options{Load: Direct})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "translate filter: ") {
			t.Errorf("%s: %v, expected %q", tt.name, err, tt.want)
		}
	}
	if _, err := Translate(filter.Program{end}, Options{}); err == nil {
		t.Error("without a way to load bytes there is no error")
	}
}

// TestLiveProgramsAreRefused checks that what asks a socket is named.
func TestLiveProgramsAreRefused(t *testing.T) {
	for expr, want := range map[string]string{
		"inbound": "SKF_AD_PKTTYPE", "ifindex 3": "SKF_AD_IFINDEX", "vlan 5": "SKF_AD_VLAN_TAG_PRESENT",
	} {
		p := compile(expr, filter.Options{Live: true})
		if _, err := Translate(p, Options{Load: Direct}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %s", expr, err, want)
		}
	}
}

// TestProgramsThatAreTooLong: a jump of eBPF passes at most 32767.
func TestProgramsThatAreTooLong(t *testing.T) {
	p := make(filter.Program, 0, filter.MaxInstructions)
	for range filter.MaxInstructions - 1 {
		p = append(p, bpf.RawInstruction{Op: classLD | modeIND, K: 0xffff0000})
	}
	p = append(p, bpf.RawInstruction{Op: classRET | retA})
	if _, err := Translate(p, Options{Load: ProbeRead}); err == nil || !strings.Contains(err.Error(), "jump can pass") {
		t.Errorf("%v", err)
	}
}

// TestOneCheckForManyLoads counts the comparisons of the length.
func TestOneCheckForManyLoads(t *testing.T) {
	for expr, want := range map[string]int{
		"ip proto 6": 1, "src host 10.1.2.3 and ip proto 6": 1, "src host 10.1.2.3 and dst host 10.1.2.4": 1,
		"host 10.1.2.3": 2, "ip6 and src host fe80::1 and tcp": 2, "ip[2:2] > 100 and ip[12] = 10 and ip[8] = 1": 1,
	} {
		insns, err := Translate(compile(expr, filter.Options{Link: filter.Raw}), Options{Load: Direct})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, in := range insns {
			if in.OpCode.Class() == asm.JumpClass && in.Dst == Length {
				got++
			}
		}
		if got != want {
			t.Errorf("%q: %d checks, expected %d\n%s", expr, got, want, insns)
		}
	}
}

// TestNothingIsSwappedForEquality: constants are, once, instead.
func TestNothingIsSwappedForEquality(t *testing.T) {
	for expr, want := range map[string]int{
		"host 10.1.2.3 and port 80": 0, "net 10.1.0.0/16": 0, "portrange 80-90": 1, "ip[2:2] = 1500": 0,
		"ip[2:2] > 1500": 1, "ip[2:2] + 1 = 1501": 1, "tcp[tcpflags] & tcp-syn != 0": 0,
	} {
		insns, err := Translate(compile(expr, filter.Options{Link: filter.Raw}), Options{Load: Direct})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, in := range insns {
			if in.OpCode.Class() == asm.ALUClass && in.OpCode.ALUOp() == asm.Swap {
				got++
			}
		}
		if (got > 0) != (want > 0) {
			t.Errorf("%q: %d words swapped\n%s", expr, got, insns)
		}
	}
}

// checkShape fails unless every jump has its label, once, and the code ends.
func checkShape(t *testing.T, insns asm.Instructions) {
	t.Helper()
	labels := map[string]int{}
	for i, in := range insns {
		if s := in.Symbol(); s != "" {
			if _, twice := labels[s]; twice {
				t.Fatalf("label %s stands twice\n%s", s, insns)
			}
			labels[s] = i
		}
	}
	for i, in := range insns {
		if ref := in.Reference(); ref != "" {
			if at, ok := labels[ref]; !ok || at <= i {
				t.Fatalf("jump from %d to %s is no jump ahead\n%s", i, ref, insns)
			}
		}
	}
	if last := insns[len(insns)-1]; last.OpCode.JumpOp() != asm.Exit {
		t.Fatalf("the last instruction is %v", last)
	}
}

// FuzzTranslate checks that any program is either refused or becomes one whose
// jumps go forward to labels that exist.
func FuzzTranslate(f *testing.F) {
	add := func(p filter.Program) {
		var b []byte
		for _, in := range p {
			b = binary.BigEndian.AppendUint16(b, in.Op)
			b = append(b, in.Jt, in.Jf)
			b = binary.BigEndian.AppendUint32(b, in.K)
		}
		f.Add(b)
	}
	for _, expr := range corpus(f) {
		if p := compile(expr, filter.Options{Link: filter.Raw}); p != nil {
			add(p)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		add(randomProgram(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p filter.Program
		for ; len(b) >= 8; b = b[8:] {
			p = append(p, bpf.RawInstruction{Op: binary.BigEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.BigEndian.Uint32(b[4:])})
		}
		for _, o := range []Options{{Load: Direct}, {Load: ProbeRead, PacketLength: true, Label: "x"}, {Load: Direct, Usual: Usual{24, []Fact{{0, 1, 0xff, 0x45}, {6, 2, 0x1fff, 0}}}}} {
			if insns, err := Translate(p, o); err == nil {
				checkShape(t, insns)
			}
		}
	})
}
