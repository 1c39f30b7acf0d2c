package packet

import "encoding/binary"

// ICMP is the header of an ICMPv4 (RFC 792) or ICMPv6 (RFC 4443) message:
// type, code, checksum and 4 bytes that depend on the type. Valid iff it has
// at least 4 bytes; all that ICMPv4 sends have 8.
type ICMP []byte

// Type is the message's type.
func (h ICMP) Type() uint8 { return h[0] }

// Code refines the type.
func (h ICMP) Code() uint8 { return h[1] }

// Checksum over the message, in ICMPv6 over a pseudo header too.
func (h ICMP) Checksum() uint16 { return binary.BigEndian.Uint16(h[2:]) }

// ID is the identifier of an echo; valid iff the type has one. NAT rewrites
// it.
func (h ICMP) ID() uint16 { return uint16(h.Rest() >> 16) }

// Seq is the sequence number of an echo; valid iff the type has one.
func (h ICMP) Seq() uint16 { return uint16(h.Rest()) }

// Rest is the second word: identifier and sequence number, MTU, pointer or
// gateway; 0 if the message ends before.
func (h ICMP) Rest() uint32 {
	if len(h) < 8 {
		return 0
	}
	return binary.BigEndian.Uint32(h[4:])
}

// Types of ICMPv4 messages (linux/icmp.h).
const (
	ICMPv4EchoReply    = 0
	ICMPv4Unreachable  = 3
	ICMPv4SourceQuench = 4
	ICMPv4Redirect     = 5
	ICMPv4Echo         = 8
	ICMPv4RouterAdvert = 9
	ICMPv4RouterSol    = 10
	ICMPv4TimeExceeded = 11
	ICMPv4Parameter    = 12
	ICMPv4Timestamp    = 13
	ICMPv4TimestampRep = 14
	ICMPv4Info         = 15
	ICMPv4InfoReply    = 16
	ICMPv4Mask         = 17
	ICMPv4MaskReply    = 18
)

// Types of ICMPv6 messages (linux/icmpv6.h, RFC 4861, RFC 3810).
const (
	ICMPv6Unreachable  = 1
	ICMPv6TooBig       = 2
	ICMPv6TimeExceeded = 3
	ICMPv6Parameter    = 4
	ICMPv6Echo         = 128
	ICMPv6EchoReply    = 129
	ICMPv6MLDQuery     = 130
	ICMPv6MLDReport    = 131
	ICMPv6MLDDone      = 132
	ICMPv6RouterSol    = 133
	ICMPv6RouterAdvert = 134
	ICMPv6NeighborSol  = 135
	ICMPv6NeighborAdv  = 136
	ICMPv6Redirect     = 137
	ICMPv6MLDv2Report  = 143
	icmpv6LastError    = 127
)

// hasID reports whether the second word holds an identifier, which NAT
// rewrites, and a sequence number (nf_conntrack_proto_icmp.c).
func hasID(k Kind, h ICMP) bool {
	if len(h) < 8 {
		return false
	}
	t := h.Type()
	if k == KindICMPv6 {
		return t == ICMPv6Echo || t == ICMPv6EchoReply
	}
	switch t {
	case ICMPv4Echo, ICMPv4EchoReply, ICMPv4Timestamp, ICMPv4TimestampRep, ICMPv4Info, ICMPv4InfoReply, ICMPv4Mask, ICMPv4MaskReply:
		return true
	}
	return false
}

// quotes reports whether the message holds the packet that it is about.
func quotes(k Kind, h ICMP) bool {
	t := h.Type()
	if k == KindICMPv6 {
		return t >= ICMPv6Unreachable && t <= icmpv6LastError
	}
	switch t {
	case ICMPv4Unreachable, ICMPv4SourceQuench, ICMPv4Redirect, ICMPv4TimeExceeded, ICMPv4Parameter:
		return true
	}
	return false
}

// Quoted decodes into q the packet that an ICMP error is about. It returns
// false if the innermost packet is no ICMP error or none of the quote was
// captured. Quotes are cut short by nature: 8 bytes behind the IP header
// are all that RFC 792 asks for, so q often stops with StopCut.
func (p *Packet) Quoted(q *Packet) bool {
	l, ok := p.Transport()
	if !ok || l.Kind != KindICMPv4 && l.Kind != KindICMPv6 || !quotes(l.Kind, p.Header(l)) {
		return false
	}
	body := p.Body(l)
	if len(body) == 0 {
		return false
	}
	link := LinkIPv4
	if l.Kind == KindICMPv6 {
		link = LinkIPv6
	}
	q.Decode(link, body)
	return q.count > 0
}
