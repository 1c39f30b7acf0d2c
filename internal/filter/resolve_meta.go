package filter

import "strings"

func lowerCase(s string) string { return strings.ToLower(s) }

// Offsets of packet metadata, SKF_AD_* of linux/filter.h.
const (
	adOffset      = 0xfffff000 // SKF_AD_OFF
	adProtocol    = 0
	adPktType     = 4
	adIfIndex     = 8
	adMark        = 20
	adQueue       = 24
	adHaType      = 28
	adVLANTag     = 44
	adVLANPresent = 48
	adVLANTPID    = 60
	adMax         = 64
)

// packetOutgoing is PACKET_OUTGOING of linux/if_packet.h, also in
// LINUX_SLL2's packet type.
const packetOutgoing = 4

// direction resolves inbound and outbound, for the whole packet also where
// the expression is inside a tunnel.
func (r *resolver) direction(at token) cond {
	var c cond
	switch {
	case r.options.Link == LinuxSLL2:
		c = r.equal(r.load(nil, 10, 1), packetOutgoing)
	case r.options.Live:
		c = r.equal(r.ext(adPktType, 2), packetOutgoing)
	default:
		return r.fail(at, "", "files of link type %s do not say the direction", r.options.Link)
	}
	if at.text == "inbound" {
		return not(c)
	}
	return c
}

func (r *resolver) interfaceIndex(e *exprWord) cond {
	switch {
	case r.options.Link == LinuxSLL2:
		return r.equal(r.load(nil, 4, 4), e.arg.num)
	case r.options.Live:
		return r.equal(r.ext(adIfIndex, 4), e.arg.num)
	}
	return r.fail(e.word, "", "files of link type %s do not say the interface", r.options.Link)
}

// byteTest resolves "byte N op N", an old form of ether[N] op N. libpcap
// forgets to load the byte for & and |; here they mean that the result is not
// zero.
func (r *resolver) byteTest(e *exprWord) cond {
	v := r.at(r.header, e.arg.num, 1)
	k := r.imm(e.arg2.num)
	c := &condTest{a: v, b: k, guard: true}
	switch e.op.text {
	case "=":
		return c
	case "<":
		c.cmp = isAtLeast
		return not(c)
	case ">":
		c.cmp = isGreater
		return c
	case "|":
		c.a, c.b = r.binary(opOr, v, k), r.imm(0)
		return not(c)
	}
	c.cmp = hasBits
	return c
}
