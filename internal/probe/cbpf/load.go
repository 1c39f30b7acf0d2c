package cbpf

import (
	"math"

	"github.com/cilium/ebpf/asm"
)

// Direct loads by BPF's own instruction: the base is a pointer that the
// verifier lets the function read from up to the length, such as that of a map
// value. For loads at X the verifier must know a bound of the length, too.
func Direct(a Access) asm.Instructions {
	if !a.Indexed && a.Offset <= math.MaxInt16 {
		return asm.Instructions{asm.LoadMem(a.Dst, Base, int16(a.Offset), a.Size)}
	}
	insns := asm.Instructions{asm.Mov.Reg(asm.R1, Base)}
	if a.Indexed {
		insns = append(insns, asm.Add.Reg(asm.R1, a.Index))
	}
	if a.Offset <= math.MaxInt16 {
		return append(insns, asm.LoadMem(a.Dst, asm.R1, int16(a.Offset), a.Size))
	}
	return append(insns, asm.Add.Imm(asm.R1, a.Offset), asm.LoadMem(a.Dst, asm.R1, 0, a.Size))
}

// ProbeRead loads by bpf_probe_read_kernel: the base is any kernel address.
// Where nothing is mapped, the packet does not match. It works in every
// tracing program, but takes ten times as long as a load by bpf_rdonly_cast.
func ProbeRead(a Access) asm.Instructions {
	insns := asm.Instructions{asm.Mov.Reg(asm.R3, Base)}
	if a.Indexed {
		insns = append(insns, asm.Add.Reg(asm.R3, a.Index))
	}
	if a.Offset != 0 {
		insns = append(insns, asm.Add.Imm(asm.R3, a.Offset))
	}
	slot := a.Slot()
	return append(insns,
		asm.Mov.Reg(asm.R1, asm.R10),
		asm.Add.Imm(asm.R1, int32(slot)),
		asm.Mov.Imm32(asm.R2, int32(a.Size.Sizeof())),
		asm.FnProbeReadKernel.Call(),
		asm.JNE.Imm(asm.R0, 0, a.Fail()),
		asm.LoadMem(a.Dst, asm.R10, slot, a.Size),
	)
}
