package filter

import "encoding/binary"

// Packet is what a program looks at. The zero metadata is that of a packet
// from a file.
type Packet struct {
	// Data are the captured bytes, WireLen how many the packet had; 0 stands
	// for len(Data).
	Data    []byte
	WireLen int
	// VLAN is valid iff VLANPresent: the tag control information of an
	// outermost 802.1Q tag that is not in Data, and its protocol.
	VLANPresent bool
	VLAN        uint16
	VLANProto   uint16
	// PktType is sll_pkttype, HaType sll_hatype, Protocol sll_protocol (in
	// host order) and IfIndex sll_ifindex of linux/if_packet.h.
	PktType  uint8
	HaType   uint16
	Protocol uint16
	IfIndex  uint32
}

// Match runs the program on a packet, with the kernel's semantics: 32-bit
// arithmetic that wraps around, shift counts modulo 32, and a verdict of 0 for
// a load beyond the packet and for a division by zero. It returns how many
// bytes of the packet are wanted, 0 if it does not match.
//
// Its time is bounded by the program's length, for jumps go forward only. A
// program that no kernel would take matches nothing.
func (p Program) Match(pkt *Packet) uint32 {
	var a, x uint32
	var scratch [scratchWords]uint32
	for pc := 0; pc >= 0 && pc < len(p); pc++ {
		i := p[pc]
		ok := true
		switch i.Op & 7 {
		case codeLD:
			a, ok = load(i.Op, i.K, x, pkt, &scratch)
		case codeLDX:
			x, ok = loadX(i.Op, i.K, pkt, &scratch)
		case codeST:
			scratch[i.K%scratchWords] = a
		case codeSTX:
			scratch[i.K%scratchWords] = x
		case codeALU:
			operand := i.K
			if i.Op&sourceX != 0 {
				operand = x
			}
			a, ok = compute(i.Op&0xf0, a, operand)
		case codeJMP:
			operand := i.K
			if i.Op&sourceX != 0 {
				operand = x
			}
			pc += jump(i.Op&0xf0, a, operand, i.Jt, i.Jf, i.K)
		case codeRET:
			if i.Op&0x18 == retA {
				return a
			}
			return i.K
		default:
			if i.Op == codeMISC|miscTAX {
				x = a
			} else {
				a = x
			}
		}
		if !ok {
			return 0
		}
	}
	return 0
}

func jump(code uint16, a, operand uint32, jt, jf uint8, k uint32) int {
	var yes bool
	switch code {
	case jmpJA:
		return int(min(k, 1<<30)) // where an int has 32 bits it must not turn negative
	case jmpJEQ:
		yes = a == operand
	case jmpJGT:
		yes = a > operand
	case jmpJGE:
		yes = a >= operand
	case jmpJSET:
		yes = a&operand != 0
	}
	if yes {
		return int(jt)
	}
	return int(jf)
}

func compute(code uint16, a, operand uint32) (uint32, bool) {
	switch code {
	case aluADD:
		return a + operand, true
	case aluSUB:
		return a - operand, true
	case aluMUL:
		return a * operand, true
	case aluDIV:
		if operand == 0 {
			return 0, false
		}
		return a / operand, true
	case aluMOD:
		if operand == 0 {
			return 0, false
		}
		return a % operand, true
	case aluAND:
		return a & operand, true
	case aluOR:
		return a | operand, true
	case aluXOR:
		return a ^ operand, true
	case aluLSH:
		return a << (operand & 31), true
	case aluRSH:
		return a >> (operand & 31), true
	case aluNEG:
		return -a, true
	}
	return 0, false
}

func load(code uint16, k, x uint32, pkt *Packet, scratch *[scratchWords]uint32) (uint32, bool) {
	switch code & 0xe0 {
	case modeIMM:
		return k, true
	case modeMEM:
		return scratch[k%scratchWords], true
	case modeLEN:
		return pkt.length(), true
	case modeABS:
		if k >= adOffset {
			return pkt.metadata(k - adOffset)
		}
	case modeIND:
		k += x
	default:
		return 0, false
	}
	return field(pkt.Data, k, code&0x18)
}

func loadX(code uint16, k uint32, pkt *Packet, scratch *[scratchWords]uint32) (uint32, bool) {
	switch code & 0xe0 {
	case modeIMM:
		return k, true
	case modeMEM:
		return scratch[k%scratchWords], true
	case modeLEN:
		return pkt.length(), true
	case modeMSH:
		b, ok := field(pkt.Data, k, sizeB)
		return b & 0xf << 2, ok
	}
	return 0, false
}

func field(data []byte, k uint32, size uint16) (uint32, bool) {
	at := uint64(k)
	switch size {
	case sizeW:
		if at+4 > uint64(len(data)) {
			return 0, false
		}
		return binary.BigEndian.Uint32(data[at:]), true
	case sizeH:
		if at+2 > uint64(len(data)) {
			return 0, false
		}
		return uint32(binary.BigEndian.Uint16(data[at:])), true
	}
	if at >= uint64(len(data)) {
		return 0, false
	}
	return uint32(data[at]), true
}

func (p *Packet) length() uint32 {
	if p.WireLen > 0 {
		return uint32(p.WireLen)
	}
	return uint32(len(p.Data))
}

// metadata reads SKF_AD_*.
func (p *Packet) metadata(k uint32) (uint32, bool) {
	switch k {
	case adProtocol:
		return uint32(p.Protocol), true
	case adPktType:
		return uint32(p.PktType), true
	case adIfIndex:
		return p.IfIndex, true
	case adHaType:
		return uint32(p.HaType), true
	case adVLANTag:
		return uint32(p.VLAN), true
	case adVLANTPID:
		return uint32(p.VLANProto), true
	case adVLANPresent:
		if p.VLANPresent {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}
