package filter

import (
	"golang.org/x/net/bpf"
)

// MaxInstructions is the longest program that the kernel takes: BPF_MAXINSNS
// of linux/bpf_common.h.
const MaxInstructions = 4096

// Program is classic BPF, as a packet socket takes it.
type Program []bpf.RawInstruction

// Instruction codes of linux/bpf_common.h and linux/filter.h.
const (
	codeLD, codeLDX, codeST, codeSTX    = 0x00, 0x01, 0x02, 0x03
	codeALU, codeJMP, codeRET, codeMISC = 0x04, 0x05, 0x06, 0x07

	sizeW, sizeH, sizeB = 0x00, 0x08, 0x10

	modeIMM, modeABS, modeIND, modeMEM, modeLEN, modeMSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0

	aluADD, aluSUB, aluMUL, aluDIV, aluOR, aluAND = 0x00, 0x10, 0x20, 0x30, 0x40, 0x50
	aluLSH, aluRSH, aluNEG, aluMOD, aluXOR        = 0x60, 0x70, 0x80, 0x90, 0xa0

	jmpJA, jmpJEQ, jmpJGT, jmpJGE, jmpJSET = 0x00, 0x10, 0x20, 0x30, 0x40

	sourceX = 0x08
	retA    = 0x10

	miscTAX, miscTXA = 0x00, 0x80

	scratchWords = 16
)

func instruction(code uint16, k uint32) bpf.RawInstruction { return bpf.RawInstruction{Op: code, K: k} }
