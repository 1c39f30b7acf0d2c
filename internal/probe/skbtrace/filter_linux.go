//go:build !pktrail_lite

package skbtrace

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/pktrail/pktrail/internal/probe/cbpf"
)

const (
	// sampleName is the program that shows how to cast an address.
	sampleName = "load_sample"
	// stubName is the function whose body the filter becomes.
	stubName = "filter_match"
)

// spliceFilter puts the filter into every program that asks it.
func (l *loader) spliceFilter() error {
	sample := l.spec.Programs[sampleName]
	delete(l.spec.Programs, sampleName)
	load := cbpf.ProbeRead
	var prologue asm.Instructions
	if l.canCast() {
		cast, err := castOf(sample.Instructions)
		if err != nil {
			return err
		}
		load, prologue = loadBy(cast), window(cast)
	}
	for name, p := range l.spec.Programs {
		start := slices.IndexFunc(p.Instructions, func(i asm.Instruction) bool { return i.Symbol() == stubName })
		if start < 0 {
			continue
		}
		body := asm.Instructions{asm.Mov.Imm(asm.R0, 1), asm.Return()}
		if l.options.Filter != nil {
			var err error
			if body, err = cbpf.Translate(l.options.Filter, cbpf.Options{Load: load, PacketLength: true}); err != nil {
				return fmt.Errorf("splice filter into %s: %w", name, err)
			}
			body = slices.Concat(prologue, body)
		}
		end := start + 1
		for end < len(p.Instructions) && btf.FuncMetadata(&p.Instructions[end]) == nil {
			end++
		}
		// The kernel knows a function by what stands at its first instruction.
		body[0].Metadata = p.Instructions[start].Metadata
		p.Instructions = slices.Concat(p.Instructions[:start], body, p.Instructions[end:])
	}
	return nil
}

// castOf finds the instructions that give an address the type of a struct
// in6_addr: the type's number into R2, which the loader looks up, and the call.
func castOf(insns asm.Instructions) (asm.Instructions, error) {
	for i, in := range insns {
		if !in.IsKfuncCall() {
			continue
		}
		for j := i - 1; j >= 0; j-- {
			if insns[j].Dst == asm.R2 && btf.CORERelocationMetadata(&insns[j]) != nil {
				return asm.Instructions{insns[j], in}, nil
			}
		}
	}
	return nil, errors.New("read BPF object: no bpf_rdonly_cast in " + sampleName)
}

// The packet's first bytes are loaded at once, to where the filter's own
// variables on the stack (144 bytes at most) end: each load from an address
// takes a dozen instructions for its checks, and filters ask for the same
// bytes many times.
const (
	windowSize = 24
	windowAt   = -144 - windowSize // from R10
)

// window fills it. Bytes behind the packet's end are read too and not used,
// for the filter compares lengths first.
func window(cast asm.Instructions) asm.Instructions {
	insns := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1), asm.Mov.Reg(asm.R7, asm.R2), asm.Mov.Reg(asm.R8, asm.R3),
	}
	for at := int32(0); at < windowSize; at += 8 {
		insns = append(insns, asm.Mov.Reg(asm.R1, asm.R6), asm.Add.Imm(asm.R1, at))
		insns = append(insns, cast...)
		insns = append(insns,
			asm.LoadMem(asm.R0, asm.R0, 0, asm.DWord),
			asm.StoreMem(asm.R10, int16(windowAt+at), asm.R0, asm.DWord))
	}
	return append(insns, asm.Mov.Reg(asm.R1, asm.R6), asm.Mov.Reg(asm.R2, asm.R7), asm.Mov.Reg(asm.R3, asm.R8))
}

// loadBy reads from the window, or by a plain load from an address that was
// cast before.
func loadBy(cast asm.Instructions) func(cbpf.Access) asm.Instructions {
	return func(a cbpf.Access) asm.Instructions {
		if !a.Indexed && int(a.Offset)+a.Size.Sizeof() <= windowSize {
			return asm.Instructions{asm.LoadMem(a.Dst, asm.R10, int16(windowAt+a.Offset), a.Size)}
		}
		insns := asm.Instructions{asm.Mov.Reg(asm.R1, cbpf.Base)}
		if a.Indexed {
			insns = append(insns, asm.Add.Reg(asm.R1, a.Index))
		}
		if a.Offset != 0 {
			insns = append(insns, asm.Add.Imm(asm.R1, a.Offset))
		}
		insns = append(insns, cast...)
		return append(insns, asm.LoadMem(a.Dst, asm.R0, 0, a.Size))
	}
}
