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
	if l.canCast() {
		cast, err := castOf(sample.Instructions)
		if err != nil {
			return err
		}
		load = loadBy(cast)
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

// loadBy reads by a plain load from an address that was cast before.
func loadBy(cast asm.Instructions) func(cbpf.Access) asm.Instructions {
	return func(a cbpf.Access) asm.Instructions {
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
