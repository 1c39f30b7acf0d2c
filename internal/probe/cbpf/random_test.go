package cbpf

import (
	"math/rand/v2"

	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/filter"
)

// randomProgram makes a program of every instruction there is, as no compiler
// would write it.
func randomProgram(r *rand.Rand) filter.Program {
	n := 2 + r.IntN(30)
	p := make(filter.Program, 0, n+1)
	small := func() uint32 {
		if r.IntN(25) == 0 {
			return r.Uint32() >> r.IntN(32)
		}
		return uint32(r.IntN(30))
	}
	for pc := range n {
		in := bpf.RawInstruction{K: small()}
		switch r.IntN(14) {
		case 0, 1, 2:
			in.Op = classLD | modeABS | uint16(r.IntN(3))<<3
			in.K %= adOffset
		case 3, 4:
			in.Op = classLD | modeIND | uint16(r.IntN(3))<<3
			if r.IntN(8) == 0 {
				in.K = -in.K
			}
		case 5:
			in.Op = classLDX | modeMSH | 0x10
		case 6:
			in.Op = uint16(r.IntN(2)) | []uint16{modeIMM, modeLEN, modeMEM}[r.IntN(3)]
			if in.Op&^1 == modeMEM {
				in.K %= scratchWords
			}
		case 7:
			in.Op = []uint16{classST, classSTX}[r.IntN(2)]
			in.K %= scratchWords
		case 8, 9:
			in.Op = classALU | uint16(r.IntN(11))<<4
			switch {
			case in.Op != classALU|aluNEG && r.IntN(3) == 0:
				in.Op |= sourceX
			case in.Op == classALU|aluLSH || in.Op == classALU|aluRSH:
				in.K %= 32
			case in.K == 0:
				in.K = 3
			}
		case 10:
			in.Op = classMISC | []uint16{miscTAX, miscTXA}[r.IntN(2)]
		default:
			in.Op = classJMP | uint16(1+r.IntN(4))<<4
			if r.IntN(5) == 0 {
				in.Op |= sourceX
			}
			in.Jt, in.Jf = uint8(r.IntN(min(n-pc, 6))), uint8(r.IntN(min(n-pc, 6)))
			if r.IntN(12) == 0 {
				in = bpf.RawInstruction{Op: classJMP | jmpJA, K: uint32(in.Jt)}
			}
		}
		if r.IntN(25) == 0 {
			in = randomEnd(r)
		}
		p = append(p, in)
	}
	return append(p, randomEnd(r))
}

func randomEnd(r *rand.Rand) bpf.RawInstruction {
	if r.IntN(3) == 0 {
		return bpf.RawInstruction{Op: classRET | retA}
	}
	return bpf.RawInstruction{Op: classRET | retK, K: uint32(r.IntN(2))}
}

// randomUsual is what some packets have in common, each fact about one half of
// them.
func randomUsual(r *rand.Rand) Usual {
	u := Usual{Bytes: uint32(r.IntN(50))}
	for range r.IntN(4) {
		size := uint32(1) << r.IntN(3)
		if u.Bytes < size {
			continue
		}
		mask := uint32(1) << r.IntN(int(8*size))
		u.Facts = append(u.Facts, Fact{uint32(r.IntN(int(u.Bytes - size + 1))), size, mask, mask & r.Uint32()})
	}
	if u.Bytes > 0 && r.IntN(2) == 0 { // most packets start with this
		u.Facts = append(u.Facts, Fact{0, 1, 0xff, 0x45})
	}
	return u
}
