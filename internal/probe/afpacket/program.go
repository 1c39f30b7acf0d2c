package afpacket

import "golang.org/x/net/bpf"

// Offsets of the kernel's ancillary data, linux/filter.h: SKF_AD_OFF plus
// SKF_AD_PKTTYPE and SKF_AD_HATYPE.
const (
	adPkttype = 0xfffff000 + 4
	adHatype  = 0xfffff000 + 28
)

// Opcodes, linux/bpf_common.h.
const (
	opLoadHalf = 0x28 // ldh [k]
	opLoadByte = 0x30 // ldb [k]
	opJumpEq   = 0x15 // jeq #k
	opReturn   = 0x06 // ret #k
)

// program is the caller's filter as it is attached: whatever it accepts is
// cut to snap bytes, and on a socket for all interfaces the outgoing packets
// of loopback are dropped first. (A socket for one interface has
// PACKET_IGNORE_OUTGOING for that.)
func program(filter []bpf.RawInstruction, snap int, all bool) []bpf.RawInstruction {
	var p []bpf.RawInstruction
	if all {
		p = append(p,
			bpf.RawInstruction{Op: opLoadHalf, K: adHatype},
			bpf.RawInstruction{Op: opJumpEq, Jf: 3, K: arpLoopback},
			bpf.RawInstruction{Op: opLoadByte, K: adPkttype},
			bpf.RawInstruction{Op: opJumpEq, Jf: 1, K: packetOutgoing},
			bpf.RawInstruction{Op: opReturn, K: 0},
		)
	}
	if len(filter) == 0 {
		return append(p, bpf.RawInstruction{Op: opReturn, K: uint32(snap)})
	}
	for _, in := range filter {
		if in.Op == opReturn {
			in.K = min(in.K, uint32(snap))
		}
		p = append(p, in)
	}
	return p
}

// rejectAll takes nothing.
func rejectAll() []bpf.RawInstruction {
	return []bpf.RawInstruction{{Op: opReturn, K: 0}}
}
