package cbpf

import (
	"errors"
	"fmt"
	"math"

	"github.com/cilium/ebpf/asm"

	"github.com/pktrail/pktrail/internal/filter"
)

// The registers of the translated program, all of them preserved by calls.
const (
	// Base is the address of the first byte.
	Base = asm.R6
	// Length is the number of bytes there, zero-extended.
	Length = asm.R7
	// A and X are those of classic BPF, zero-extended.
	A = asm.R8
	X = asm.R9
)

// Options say how the function is called and how it reads memory.
type Options struct {
	// Load writes the instructions of one load. It is required; see Direct
	// and ProbeRead.
	Load func(Access) asm.Instructions
	// PacketLength says that R3 has the packet's whole length, for "len",
	// "less" and "greater", of which R2 are the bytes that can be read.
	// Without it R2 is both.
	PacketLength bool
	// Usual packets are served first; see there.
	Usual Usual
	// Start are instructions that come first, once Base and Length are set,
	// for what Load needs. They may clobber R0 to R5.
	Start asm.Instructions
	// Label starts the names of all jump targets, which must be unique in a
	// program; empty for "cbpf".
	Label string
}

// Access is one load: Size bytes at Base + Index + Offset, which are known to
// be there, into Dst. They stay in the order in which they lie in memory, and
// the rest of Dst becomes 0, as BPF's own load instruction does it. The
// instructions may clobber R0 to R5, but no other register but Dst.
type Access struct {
	Dst asm.Register
	// Indexed is true if Index counts: R0 or X, below the length.
	Indexed bool
	Index   asm.Register
	// Offset is below 1<<31, and often small.
	Offset int32
	// Size is asm.Byte, asm.Half or asm.Word.
	Size asm.Size
	// Slot gives a place of 8 bytes on the stack, as an offset from R10, for
	// use within these instructions.
	Slot func() int16
	// Fail gives the label to jump to if the bytes cannot be read after all:
	// the packet does not match then.
	Fail func() string
}

// Translate writes the program as the body of a BPF function that takes the
// first byte's address in R1 and the number of bytes, below 1<<31, in R2, and
// returns 1 in R0 for a match, else 0. It uses at most 144 bytes of stack.
// The first instruction carries no symbol.
//
// A program that the kernel would refuse, or that asks for what only a socket
// knows (SKF_AD_* of linux/filter.h), is an error.
func Translate(p filter.Program, o Options) (asm.Instructions, error) {
	if o.Load == nil {
		return nil, errors.New("translate filter: no way to load bytes")
	}
	if o.Label == "" {
		o.Label = "cbpf"
	}
	steps, err := decode(p)
	if err != nil {
		return nil, fmt.Errorf("translate filter: %w", err)
	}
	if err := o.Usual.valid(); err != nil {
		return nil, fmt.Errorf("translate filter: %w", err)
	}
	t := newTranslator(withUsual(steps, &o.Usual), o)
	t.run()
	insns := append(t.prologue(), t.body...)
	if n := insns.Size() / asm.InstructionSize; n > math.MaxInt16 {
		return nil, fmt.Errorf("translate filter: %d instructions are more than a jump can pass", n)
	}
	return insns, nil
}
