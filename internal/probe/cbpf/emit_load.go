package cbpf

import (
	"math"

	"github.com/cilium/ebpf/asm"
)

// load writes a load from the packet, behind a check that the bytes are there
// unless that is known.
func (t *translator) load(pc int, s *step) {
	a := Access{
		Dst: A, Offset: int32(min(s.k, longest)), Size: map[uint32]asm.Size{1: asm.Byte, 2: asm.Half, 4: asm.Word}[s.size],
		Slot: func() int16 { return t.slot(slotLoad) }, Fail: t.fail,
	}
	if s.kind == loadIndexed {
		t.checkIndexed(pc, s, &a)
	} else {
		t.check(pc, s)
	}
	if s.kind == loadHeader {
		a.Dst = X
		t.add(t.options.Load(a)...)
		t.add(asm.And.Imm32(X, 0xf), asm.LSh.Imm32(X, 2))
		t.state.x = t.newValue(0xf << 2)
		return
	}
	t.add(t.options.Load(a)...)
	if s.size > 1 && t.order[pc] == 0 {
		t.add(asm.HostTo(asm.BE, A, a.Size))
	}
	t.state.a = t.newValue(uint32(1<<(8*uint64(s.size)) - 1))
}

// check ends the function if the bytes up to those of the load are not there.
// It asks for all that is read later, too, on every way that may match.
func (t *translator) check(pc int, s *step) {
	if t.state.bytes >= s.end() {
		return
	}
	n := t.needs[pc].bytes
	if n == never {
		n = s.end()
	}
	t.add(asm.JLT.Imm(Length, int32(n), t.fail()))
	t.state.bytes = n
}

// checkIndexed does so for a load at X + k, a sum that may wrap around. The
// signed comparison is one for the verifier, too: X is between 0 and the
// length then.
func (t *translator) checkIndexed(pc int, s *step, a *Access) {
	x := t.useX()
	a.Indexed, a.Index = true, X
	if uint64(x.max)+uint64(s.k)+uint64(s.size) > math.MaxUint32 {
		a.Index, a.Offset = asm.R0, 0
		t.add(asm.Mov.Reg32(asm.R0, X))
		if s.k != 0 {
			t.add(asm.Add.Imm32(asm.R0, int32(s.k)))
		}
		t.add(asm.Mov.Reg(asm.R1, Length), asm.Add.Imm(asm.R1, -int32(s.size)))
		t.add(asm.JSGT.Reg(asm.R0, asm.R1, t.fail()))
		return
	}
	if x.behind >= s.end() {
		return
	}
	n := max(t.needs[pc].behindX, s.end())
	if n == never || uint64(x.max)+uint64(n) > math.MaxUint32 {
		n = s.end()
	}
	t.add(asm.Mov.Reg(asm.R1, Length), asm.Add.Imm(asm.R1, -int32(n)))
	t.add(asm.JSGT.Reg(X, asm.R1, t.fail()))
	t.state.bytes = max(t.state.bytes, n)
	t.state.values(func(v *value) {
		if v.id == x.id {
			v.behind = n
		}
	})
}
