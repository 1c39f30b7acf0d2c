package cbpf

import (
	"errors"
	"fmt"

	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/filter"
)

// Instruction codes of linux/bpf_common.h and linux/filter.h.
const (
	classLD, classLDX, classST, classSTX    = 0x00, 0x01, 0x02, 0x03
	classALU, classJMP, classRET, classMISC = 0x04, 0x05, 0x06, 0x07

	modeIMM, modeABS, modeIND, modeMEM, modeLEN, modeMSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0

	aluADD, aluSUB, aluMUL, aluDIV, aluOR, aluAND = 0x00, 0x10, 0x20, 0x30, 0x40, 0x50
	aluLSH, aluRSH, aluNEG, aluMOD, aluXOR        = 0x60, 0x70, 0x80, 0x90, 0xa0

	jmpJA, jmpJEQ, jmpJGT, jmpJGE, jmpJSET = 0x00, 0x10, 0x20, 0x30, 0x40

	sourceX          = 0x08
	retK, retA       = 0x00, 0x10
	miscTAX, miscTXA = 0x00, 0x80

	scratchWords = 16

	// adOffset is SKF_AD_OFF: what stands from here on is no packet data.
	adOffset = 0xfffff000
)

// kind is what a step does.
type kind uint8

const (
	loadAbsolute kind = iota // A = bytes at k
	loadIndexed              // A = bytes at X + k
	loadHeader               // X = 4 * (byte at k & 15)
	loadConst                // A or X = k
	loadLength               // A or X = length of the packet
	loadScratch              // A or X = M[k]
	store                    // M[k] = A or X
	compute                  // A = A op k or X
	test                     // goes on at yes or no
	moveAX                   // X = A
	moveXA                   // A = X
	endA                     // matches iff A is not 0
	end                      // goes on at yes, always
	enough                   // goes on at yes if there are k bytes, else at no
)

// step is one instruction.
type step struct {
	kind kind
	// isX says that X, not A, is loaded or stored.
	isX bool
	// size in bytes of what is loaded from the packet.
	size uint32
	// op is that of compute and test, byX that its operand is X and not k.
	op  uint16
	byX bool
	k   uint32
	// yes and no are where a test or an end goes on: a step, or one of
	// accept and reject.
	yes, no int
}

// decode reads a program. In the result the ends are no steps: what leads to
// one goes on at accept, which is len(steps), or at reject, which follows it.
func decode(p filter.Program) ([]step, error) {
	if len(p) == 0 || len(p) > filter.MaxInstructions {
		return nil, fmt.Errorf("%d instructions", len(p))
	}
	steps := make([]step, len(p))
	for pc, in := range p {
		s, err := decodeOne(pc, in, len(p))
		if err != nil {
			return nil, fmt.Errorf("instruction %d (code %#x): %w", pc, in.Op, err)
		}
		steps[pc] = s
	}
	if last := steps[len(p)-1]; last.kind != end && last.kind != endA {
		return nil, errors.New("the last instruction does not end the program")
	}
	// What leads to a jump goes to its target at once: from the last step to
	// the first, a target's own is known when it is asked for.
	for pc := len(steps) - 1; pc >= 0; pc-- {
		s := &steps[pc]
		s.yes, s.no = target(steps, s.yes), target(steps, s.no)
	}
	return steps, nil
}

// target follows ends.
func target(steps []step, pc int) int {
	if pc < len(steps) && steps[pc].kind == end {
		return steps[pc].yes
	}
	return pc
}

var (
	errUnknown = errors.New("unknown")
	errScratch = errors.New("no such scratch word")
	errJump    = errors.New("jump out of the program")
)

func decodeOne(pc int, in bpf.RawInstruction, n int) (step, error) {
	s := step{k: in.K, yes: pc + 1, no: pc + 1}
	var err error
	switch in.Op & 7 {
	case classLD, classLDX:
		err = s.decodeLoad(in.Op)
	case classST, classSTX:
		s.kind, s.isX = store, in.Op&7 == classSTX
		if in.Op > classSTX {
			err = errUnknown
		} else if in.K >= scratchWords {
			err = errScratch
		}
	case classALU:
		err = s.decodeCompute(in.Op)
	case classJMP:
		err = s.decodeJump(in, pc, n)
	case classRET:
		err = s.decodeEnd(in, n)
	case classMISC:
		switch in.Op &^ 7 {
		case miscTAX:
			s.kind = moveAX
		case miscTXA:
			s.kind = moveXA
		default:
			err = errUnknown
		}
	}
	return s, err
}

func (s *step) decodeLoad(code uint16) error {
	s.isX = code&7 == classLDX
	sizes := map[uint16]uint32{0x00: 4, 0x08: 2, 0x10: 1}
	size, ok := sizes[code&0x18]
	mode := code & 0xe0
	isWord := size == 4
	switch {
	case code > 0xff || !ok:
		return errUnknown
	case mode == modeABS && !s.isX:
		s.kind, s.size = loadAbsolute, size
		if s.k >= adOffset {
			return fmt.Errorf("asks for %s, which only a socket has", extension(s.k-adOffset))
		}
	case mode == modeIND && !s.isX:
		s.kind, s.size = loadIndexed, size
	case mode == modeMSH && s.isX && size == 1:
		s.kind, s.size = loadHeader, 1
	case mode == modeIMM && isWord:
		s.kind = loadConst
	case mode == modeLEN && isWord:
		s.kind = loadLength
	case mode == modeMEM && isWord:
		s.kind = loadScratch
		if s.k >= scratchWords {
			return errScratch
		}
	default:
		return errUnknown
	}
	return nil
}

func (s *step) decodeCompute(code uint16) error {
	s.kind, s.op, s.byX = compute, code&0xf0, code&sourceX != 0
	switch {
	case code > 0xff || s.op > aluXOR || s.op == aluNEG && s.byX:
		return errUnknown
	case s.byX:
	case (s.op == aluDIV || s.op == aluMOD) && s.k == 0:
		return errors.New("division by zero")
	case (s.op == aluLSH || s.op == aluRSH) && s.k > 31:
		return errors.New("shift by more than 31 bits")
	}
	return nil
}

func (s *step) decodeJump(in bpf.RawInstruction, pc, n int) error {
	s.op, s.byX = in.Op&0xf0, in.Op&sourceX != 0
	if in.Op > 0xff || s.op > jmpJSET {
		return errUnknown
	}
	if s.op == jmpJA {
		s.kind = end
		if in.K >= uint32(n-pc-1) {
			return errJump
		}
		s.yes = pc + 1 + int(in.K)
		s.no = s.yes
		return nil
	}
	s.kind = test
	s.yes, s.no = pc+1+int(in.Jt), pc+1+int(in.Jf)
	if max(s.yes, s.no) >= n {
		return errJump
	}
	if s.yes == s.no {
		s.kind = end
	}
	return nil
}

func (s *step) decodeEnd(in bpf.RawInstruction, n int) error {
	accept, reject := n, n+1
	switch in.Op &^ 7 {
	case retK:
		s.kind, s.yes = end, accept
		if in.K == 0 {
			s.yes = reject
		}
		s.no = s.yes
	case retA:
		s.kind, s.yes, s.no = endA, accept, reject
	default:
		return errUnknown
	}
	return nil
}

// extension names an offset from SKF_AD_OFF as linux/filter.h does.
func extension(n uint32) string {
	names := [...]string{
		0: "SKF_AD_PROTOCOL", 4: "SKF_AD_PKTTYPE", 8: "SKF_AD_IFINDEX", 12: "SKF_AD_NLATTR",
		16: "SKF_AD_NLATTR_NEST", 20: "SKF_AD_MARK", 24: "SKF_AD_QUEUE", 28: "SKF_AD_HATYPE", 32: "SKF_AD_RXHASH",
		36: "SKF_AD_CPU", 40: "SKF_AD_ALU_XOR_X", 44: "SKF_AD_VLAN_TAG", 48: "SKF_AD_VLAN_TAG_PRESENT",
		52: "SKF_AD_PAY_OFFSET", 56: "SKF_AD_RANDOM", 60: "SKF_AD_VLAN_TPID",
	}
	if n < uint32(len(names)) && names[n] != "" {
		return names[n]
	}
	return fmt.Sprintf("SKF_AD_OFF+%d", n)
}
