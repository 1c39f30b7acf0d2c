package filter

import (
	"fmt"
	"strings"
)

// Dump prints the program as tcpdump -d does.
func (p Program) Dump() string {
	var b strings.Builder
	for n, i := range p {
		name, operand := describe(n, i.Op, i.K)
		fmt.Fprintf(&b, "(%03d) %-8s ", n, name)
		if i.Op&7 == codeJMP && i.Op&0xf0 != jmpJA {
			fmt.Fprintf(&b, "%-16s jt %d\tjf %d\n", operand, n+1+int(i.Jt), n+1+int(i.Jf))
			continue
		}
		fmt.Fprintf(&b, "%s\n", operand)
	}
	return b.String()
}

// DumpC prints it as a C initialiser, as tcpdump -dd does.
func (p Program) DumpC() string {
	var b strings.Builder
	for _, i := range p {
		fmt.Fprintf(&b, "{ %#x, %d, %d, 0x%08x },\n", i.Op, i.Jt, i.Jf, i.K)
	}
	return b.String()
}

// DumpDecimal prints it as numbers behind their count, as tcpdump -ddd does.
func (p Program) DumpDecimal() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", len(p))
	for _, i := range p {
		fmt.Fprintf(&b, "%d %d %d %d\n", i.Op, i.Jt, i.Jf, i.K)
	}
	return b.String()
}

// metadataNames are those of libpcap's bpf_image.c.
var metadataNames = map[uint32]string{
	adProtocol: "proto", adPktType: "type", adIfIndex: "ifidx", adMark: "mark", adQueue: "queue",
	adHaType: "hatype", adVLANTag: "vlan_tci", adVLANPresent: "vlanp", adVLANTPID: "vlan_tpid",
}

func describe(n int, code uint16, k uint32) (name, operand string) {
	suffix := map[uint16]string{sizeH: "h", sizeB: "b"}[code&0x18]
	switch code & 7 {
	case codeLD:
		switch code & 0xe0 {
		case modeABS:
			if s := metadataNames[k-adOffset]; k >= adOffset && s != "" {
				return "ld" + suffix, "[" + s + "]"
			}
			return "ld" + suffix, fmt.Sprintf("[%d]", int32(k))
		case modeIND:
			return "ld" + suffix, fmt.Sprintf("[x + %d]", int32(k))
		}
		return "ld", describeLoad(code, k)
	case codeLDX:
		if code&0xe0 == modeMSH {
			return "ldxb", fmt.Sprintf("4*([%d]&0xf)", int32(k))
		}
		return "ldx", describeLoad(code, k)
	case codeST:
		return "st", fmt.Sprintf("M[%d]", k)
	case codeSTX:
		return "stx", fmt.Sprintf("M[%d]", k)
	case codeRET:
		if code&0x18 == retA {
			return "ret", ""
		}
		return "ret", fmt.Sprintf("#%d", int32(k))
	case codeMISC:
		if code&0xf8 == miscTXA {
			return "txa", ""
		}
		return "tax", ""
	case codeJMP:
		return describeJump(n, code, k)
	}
	return describeALU(code, k)
}

func describeLoad(code uint16, k uint32) string {
	switch code & 0xe0 {
	case modeLEN:
		return "#pktlen"
	case modeMEM:
		return fmt.Sprintf("M[%d]", k)
	}
	return fmt.Sprintf("#0x%x", k)
}

func describeJump(n int, code uint16, k uint32) (name, operand string) {
	if code&0xf0 == jmpJA {
		return "ja", fmt.Sprint(n + 1 + int(k))
	}
	name = map[uint16]string{jmpJEQ: "jeq", jmpJGT: "jgt", jmpJGE: "jge", jmpJSET: "jset"}[code&0xf0]
	if code&sourceX != 0 {
		return name, "x"
	}
	return name, fmt.Sprintf("#0x%x", k)
}

func describeALU(code uint16, k uint32) (name, operand string) {
	names := map[uint16]string{
		aluADD: "add", aluSUB: "sub", aluMUL: "mul", aluDIV: "div", aluMOD: "mod", aluAND: "and",
		aluOR: "or", aluXOR: "xor", aluLSH: "lsh", aluRSH: "rsh", aluNEG: "neg",
	}
	name = names[code&0xf0]
	switch {
	case name == "neg":
		return name, ""
	case code&sourceX != 0:
		return name, "x"
	case name == "and" || name == "or" || name == "xor":
		return name, fmt.Sprintf("#0x%x", k)
	}
	return name, fmt.Sprintf("#%d", int32(k))
}
