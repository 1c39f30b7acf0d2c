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
	o := cbpf.Options{Load: cbpf.ProbeRead, PacketLength: true}
	if l.canCast() {
		cast, err := castOf(sample.Instructions)
		if err != nil {
			return err
		}
		o.Load, o.Start = loadBy(cast), window(cast)
	}
	general, usual := o, o
	usual.Usual = usualPackets()
	for name, p := range l.spec.Programs {
		start := slices.IndexFunc(p.Instructions, func(i asm.Instruction) bool { return i.Symbol() == stubName })
		if start < 0 {
			continue
		}
		body := asm.Instructions{asm.Mov.Imm(asm.R0, 1), asm.Return()}
		if l.options.Filter != nil {
			var err error
			o := general
			if isBusy(name) {
				o = usual
			}
			if body, err = cbpf.Translate(l.options.Filter, o); err != nil {
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

// The packet's first bytes are loaded at once, to where the filter's own
// variables on the stack (144 bytes at most) end: each load from an address
// takes a dozen instructions for its checks, and filters ask for the same
// bytes many times.
const (
	windowSize = 24
	windowAt   = -144 - windowSize // from R10
)

// window fills it; a cast is good for 16 bytes. Bytes behind the packet's end
// are read too and not used, for the filter compares lengths first.
func window(cast asm.Instructions) asm.Instructions {
	var insns asm.Instructions
	for at := int32(0); at < windowSize; at += 8 {
		if at%16 == 0 {
			insns = append(insns, asm.Mov.Reg(asm.R1, cbpf.Base))
			if at > 0 {
				insns = append(insns, asm.Add.Imm(asm.R1, at))
			}
			insns = append(insns, cast...)
		}
		insns = append(insns,
			asm.LoadMem(asm.R1, asm.R0, int16(at%16), asm.DWord),
			asm.StoreMem(asm.R10, int16(windowAt+at), asm.R1, asm.DWord))
	}
	return insns
}

// isBusy says whether a program sees each packet at each device. Only there it
// pays to have the filter in twice: each copy takes time to load.
func isBusy(program string) bool { return program == "pkt_receive" || program == "pkt_queue" }

// usualPackets are of IPv4, without options and no later fragments: what the
// filter asks them for lies in the window, but for packets in tunnels.
func usualPackets() cbpf.Usual {
	return cbpf.Usual{Bytes: windowSize, Facts: []cbpf.Fact{{Offset: 0, Size: 1, Mask: 0xff, Value: 0x45}, {Offset: 6, Size: 2, Mask: 0x1fff}}}
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
