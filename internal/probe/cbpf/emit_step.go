package cbpf

import (
	"math"

	"github.com/cilium/ebpf/asm"
)

// step writes one step and what follows from it.
func (t *translator) step(pc int, s *step) {
	switch s.kind {
	case loadAbsolute, loadIndexed, loadHeader:
		t.load(pc, s)
	case loadConst:
		dst, v := t.destination(s)
		t.add(asm.Mov.Imm32(dst, int32(s.k)))
		*v = t.newValue(s.k)
	case loadLength:
		t.loadLength(s)
	case loadScratch:
		t.loadScratch(s)
	case store:
		src, v := A, t.useA()
		if s.isX {
			src, v = X, t.useX()
		}
		t.add(asm.StoreMem(asm.R10, t.slot(int(s.k)), src, asm.DWord))
		t.state.scratch[s.k] = v
	case compute:
		t.compute(pc, s)
	case moveAX:
		t.state.x = t.useA()
		t.add(asm.Mov.Reg32(X, A))
	case moveXA:
		t.state.a = t.useX()
		t.add(asm.Mov.Reg32(A, X))
	case test:
		t.test(pc, s)
		return
	case endA:
		t.useA()
		t.branch(s, asm.JNE.Imm32(A, 0, t.name(s.yes)), asm.JEq.Imm32(A, 0, t.name(s.no)))
		return
	case enough:
		t.branchKnowing(s, max(t.state.bytes, s.k), asm.JGE.Imm(Length, int32(s.k), t.name(s.yes)), asm.JLT.Imm(Length, int32(s.k), t.name(s.no)))
		return
	}
	t.goOn(s.yes)
}

func (t *translator) destination(s *step) (asm.Register, *value) {
	if s.isX {
		return X, &t.state.x
	}
	return A, &t.state.a
}

func (t *translator) newValue(largest uint32) value {
	return value{id: t.fresh(), set: true, max: largest}
}

func (t *translator) useA() value {
	t.zeroA = t.zeroA || !t.state.a.set
	return t.state.a
}

func (t *translator) useX() value {
	t.zeroX = t.zeroX || !t.state.x.set
	return t.state.x
}

func (t *translator) loadLength(s *step) {
	dst, v := t.destination(s)
	*v = t.newValue(math.MaxUint32)
	if t.options.PacketLength {
		t.add(asm.LoadMem(dst, asm.R10, t.slot(slotLength), asm.DWord))
		return
	}
	v.isLength = true
	t.add(asm.Mov.Reg32(dst, Length))
}

func (t *translator) loadScratch(s *step) {
	dst, v := t.destination(s)
	*v = t.state.scratch[s.k]
	t.zeroes[s.k] = t.zeroes[s.k] || !v.set
	v.set = true
	t.add(asm.LoadMem(dst, asm.R10, t.slot(int(s.k)), asm.DWord))
}

func (t *translator) compute(pc int, s *step) {
	a, b := t.useA().max, s.k
	if s.byX {
		b = t.useX().max
	}
	ops := map[uint16]asm.ALUOp{
		aluADD: asm.Add, aluSUB: asm.Sub, aluMUL: asm.Mul, aluDIV: asm.Div, aluOR: asm.Or, aluAND: asm.And,
		aluLSH: asm.LSh, aluRSH: asm.RSh, aluNEG: asm.Neg, aluMOD: asm.Mod, aluXOR: asm.Xor,
	}
	switch op := ops[s.op]; {
	case s.op == aluNEG:
		t.add(op.Imm32(A, 0))
	case !s.byX:
		t.add(op.Imm32(A, int32(swapped(s.k, t.order[pc]))))
	default:
		if s.op == aluDIV || s.op == aluMOD {
			t.add(asm.JEq.Imm32(X, 0, t.fail()))
		}
		t.add(op.Reg32(A, X))
	}
	largest := upper(s.op, a, b, !s.byX)
	if t.order[pc] > 0 {
		largest = a
	}
	t.state.a = t.newValue(largest)
}

// test writes a comparison of A.
func (t *translator) test(pc int, s *step) {
	a := t.useA()
	ops := map[uint16][2]asm.JumpOp{
		jmpJEQ: {asm.JEq, asm.JNE}, jmpJGT: {asm.JGT, asm.JLE}, jmpJGE: {asm.JGE, asm.JLT}, jmpJSET: {asm.JSet, asm.JSet},
	}
	op := ops[s.op]
	if s.byX {
		t.useX()
		t.branch(s, op[0].Reg32(A, X, t.name(s.yes)), op[1].Reg32(A, X, t.name(s.no)))
		return
	}
	known := t.state.bytes
	if a.isLength {
		switch s.op {
		case jmpJEQ, jmpJGE:
			known = max(known, s.k)
		case jmpJGT:
			known = max(known, uint32(min(uint64(s.k)+1, longest)))
		}
	}
	k := int32(swapped(s.k, t.order[pc]))
	t.branchKnowing(s, known, op[0].Imm32(A, k, t.name(s.yes)), op[1].Imm32(A, k, t.name(s.no)))
}

func (t *translator) branch(s *step, yes, no asm.Instruction) {
	t.branchKnowing(s, t.state.bytes, yes, no)
}

// branchKnowing writes a jump to s.yes, or to s.no, whichever does not follow.
// On the way to s.yes so many bytes are known to be there. There is no
// opposite of JSET.
func (t *translator) branchKnowing(s *step, bytes uint32, yes, no asm.Instruction) {
	before := t.state.bytes
	t.state.bytes = bytes
	t.arrive(s.yes)
	t.state.bytes = before
	t.arrive(s.no)
	if s.yes < s.no && s.op != jmpJSET {
		t.add(no)
		t.next = s.yes
		return
	}
	t.add(yes)
	t.next = s.no
}
