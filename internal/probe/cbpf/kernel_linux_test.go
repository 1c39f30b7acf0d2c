package cbpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// How a packet stands in a value of the bench's map.
const (
	atLength  = 0  // of the bytes
	atWire    = 4  // length of the packet
	atVerdict = 8  // what the translation returned
	atAddress = 16 // of the value, once the program has run
	atData    = 24
	valueSize = 2048
	maxData   = valueSize - atData

	// poison is no verdict.
	poison = 0xdead
)

// bench runs translations in the kernel on many packets at once.
type bench struct {
	packets *ebpf.Map
	memory  *ebpf.Memory
	count   int
	// hardest is how many instructions the verifier went through at most.
	hardest uint32
}

func newBench(tb testing.TB, most int) *bench {
	tb.Helper()
	labtest.RequireRoot(tb)
	if err := rlimit.RemoveMemlock(); err != nil {
		tb.Fatal(err)
	}
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "packets", Type: ebpf.Array, KeySize: 4, ValueSize: valueSize, MaxEntries: uint32(most), Flags: 0x400, // BPF_F_MMAPABLE
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close() })
	mem, err := m.Memory()
	if err != nil {
		tb.Fatal(err)
	}
	return &bench{packets: m, memory: mem}
}

func (b *bench) write(tb testing.TB, at int, p []byte) {
	tb.Helper()
	if _, err := b.memory.WriteAt(p, int64(at)); err != nil {
		tb.Fatal(err)
	}
}

// reset takes all packets away.
func (b *bench) reset() { b.count = 0 }

// add puts a packet on the bench.
func (b *bench) add(tb testing.TB, data []byte, wire int) {
	tb.Helper()
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	head = binary.LittleEndian.AppendUint32(head, uint32(wire))
	head = binary.LittleEndian.AppendUint32(head, poison)
	at := b.count * valueSize
	b.write(tb, at, head)
	b.write(tb, at+atData, data)
	b.count++
}

func (b *bench) verdict(tb testing.TB, i int) uint32 {
	tb.Helper()
	var v [4]byte
	if _, err := b.memory.ReadAt(v[:], int64(i*valueSize+atVerdict)); err != nil {
		tb.Fatal(err)
	}
	return binary.LittleEndian.Uint32(v[:])
}

// way is how the translated function gets at the packet.
type way struct {
	name string
	load func(Access) asm.Instructions
	// base turns the map value's address in R1 to the function's argument,
	// for which R6 points at the value.
	base asm.Instructions
}

// asAddress makes a number of the pointer in R1: stored and read back.
func asAddress() asm.Instructions {
	return asm.Instructions{asm.StoreMem(asm.R6, atAddress, asm.R1, asm.DWord), asm.LoadMem(asm.R1, asm.R6, atAddress, asm.DWord)}
}

func ways(tb testing.TB) []way {
	tb.Helper()
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		tb.Fatal(err)
	}
	var cast *btf.Func
	if err := kernel.TypeByName("bpf_rdonly_cast", &cast); err != nil {
		tb.Fatal(err)
	}
	id, err := kernel.TypeID(cast)
	if err != nil {
		tb.Fatal(err)
	}
	call := asm.Instruction{OpCode: asm.Call.Op(asm.ImmSource), Src: asm.PseudoKfuncCall, Constant: int64(id)}
	var bytes *btf.Struct // starts with an array of bytes, of which any may be loaded
	if err := kernel.TypeByName("ethhdr", &bytes); err != nil {
		tb.Fatal(err)
	}
	ethhdr, err := kernel.TypeID(bytes)
	if err != nil {
		tb.Fatal(err)
	}
	castEach := func(a Access) asm.Instructions {
		insns := asm.Instructions{asm.Mov.Reg(asm.R1, Base)}
		if a.Indexed {
			insns = append(insns, asm.Add.Reg(asm.R1, a.Index))
		}
		return append(insns, asm.Add.Imm(asm.R1, a.Offset), asm.Mov.Imm32(asm.R2, int32(ethhdr)), call, asm.LoadMem(a.Dst, asm.R0, 0, a.Size))
	}
	once := append(asAddress(), asm.Mov.Imm32(asm.R2, 0), call, asm.Mov.Reg(asm.R1, asm.R0))
	return []way{
		{"direct", Direct, nil},
		{"cast once", Direct, once},
		{"cast each", castEach, asAddress()},
		{"probe read", ProbeRead, asAddress()},
	}
}

func function(name string, insns asm.Instructions) asm.Instructions {
	result := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	first := insns[0].WithSymbol(name)
	insns[0] = btf.WithFuncMetadata(first, &btf.Func{
		Name: name, Type: &btf.FuncProto{Return: result, Params: nil}, Linkage: btf.StaticFunc,
	})
	return insns
}

// load loads a program that runs the translation on one packet after the
// other, so many times; it gives the length of the translation, too.
func (b *bench) load(p filter.Program, w way, o Options, times int) (*ebpf.Program, int, error) {
	o.Load = w.load
	match, err := Translate(p, o)
	if err != nil {
		return nil, 0, err
	}
	insns := function("entry", asm.Instructions{
		asm.Mov.Imm(asm.R1, int32(times)),
		asm.Instruction{OpCode: asm.LoadImmOp(asm.DWord), Dst: asm.R2, Src: asm.PseudoFunc, Constant: -1}.WithReference("each"),
		asm.Mov.Imm(asm.R3, 0),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnLoop.Call(),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	})
	each := asm.Instructions{
		asm.Mod.Imm(asm.R1, int32(b.packets.MaxEntries())),
		asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord),
		asm.LoadMapPtr(asm.R1, b.packets.FD()),
		asm.Mov.Reg(asm.R2, asm.R10),
		asm.Add.Imm(asm.R2, -8),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Reg(asm.R6, asm.R0),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Add.Imm(asm.R1, atData),
	}
	each = append(each, w.base...)
	each = append(each,
		asm.LoadMem(asm.R2, asm.R6, atLength, asm.Word),
		asm.JGT.Imm(asm.R2, maxData, "out"),
		asm.LoadMem(asm.R3, asm.R6, atWire, asm.Word),
		asm.Call.Label("match"),
		asm.StoreMem(asm.R6, atVerdict, asm.R0, asm.Word),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
		asm.Return(),
	)
	insns = append(insns, function("each", each)...)
	insns = append(insns, function("match", match)...)
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "bench", Type: ebpf.RawTracepoint, Instructions: insns, License: "GPL"})
	return prog, len(match), err
}

// run gives an error with the verifier's complaint.
func (b *bench) run(p filter.Program, w way, o Options) (int, error) {
	prog, n, err := b.load(p, w, o, b.count)
	if err != nil {
		if refused, ok := errors.AsType[*ebpf.VerifierError](err); ok {
			return n, fmt.Errorf("%+w", refused)
		}
		return n, err
	}
	defer func() { _ = prog.Close() }()
	if info, err := prog.Info(); err == nil {
		steps, _ := info.VerifiedInstructions()
		b.hardest = max(b.hardest, steps)
	}
	_, err = prog.Run(&ebpf.RunOptions{})
	return n, err
}
