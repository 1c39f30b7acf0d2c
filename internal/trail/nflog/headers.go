package nflog

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
)

// Headers are a packet's as a log writes them in words: what a tool leaves out
// is zero.
type Headers struct {
	// Src and Dst are addresses of one version.
	Src, Dst netip.Addr
	// Len is the packet's length from the IP header on, in bytes.
	Len      int
	TOS, TTL uint8
	// Label is the flow label of IPv6.
	Label uint32
	// ID is IPv4's, or that of an IPv6 fragment header. Fragment is offset and
	// flags as in the IPv4 header, congestion at the top.
	ID       uint32
	Fragment uint16
	// Options of IPv4 and of TCP are hexadecimal digits.
	Options, TCPOptions string
	// Proto is valid iff HasProto.
	Proto    packet.Proto
	HasProto bool
	// SrcPort and DstPort are valid iff HasPorts.
	SrcPort, DstPort uint16
	HasPorts         bool
	// Seq and Ack are valid iff HasSeq.
	Seq, Ack       uint32
	HasSeq         bool
	Window, Urgent uint16
	Flags          packet.TCPFlags
	// UDPLen is the length that the UDP header tells, its own included.
	UDPLen uint16
	// Type and Code are ICMP's, valid iff HasType.
	Type, Code uint8
	HasType    bool
	// EchoID and EchoSeq are valid iff HasEcho.
	EchoID, EchoSeq uint16
	HasEcho         bool
	// Rest is the second word of an ICMP error: the MTU, or a gateway.
	Rest uint32
	// Quote is the packet in an ICMP error; nil if it is not shown.
	Quote *Headers
	// Incomplete is true for a header that was cut short in the packet.
	Incomplete bool

	hasUrgent bool // the last word of a TCP header
}

const (
	fragmentMore   = 0x2000 // of Fragment, as RFC 791 has them
	fragmentOffset = 0x1fff
)

// Version is 4 or 6; 0 without addresses.
func (h *Headers) Version() uint8 {
	switch {
	case h.Src.Is4():
		return 4
	case h.Src.Is6():
		return 6
	}
	return 0
}

// Exact reports whether the headers tell the packet as surely as its bytes do:
// Append makes bytes with the same packet.Identity. A log of TCP without
// sequence numbers does not.
func (h *Headers) Exact() bool {
	if !h.HasProto || h.Version() == 0 || h.Len < 20 || h.Version() == 6 && h.Len < 40 {
		return false
	}
	if h.Fragment&fragmentOffset != 0 {
		return true
	}
	switch h.Proto {
	case packet.ProtoTCP:
		return h.HasSeq && !h.Incomplete
	case packet.ProtoUDP, udpLite:
		return h.HasPorts && !h.Incomplete
	case packet.ProtoICMP, packet.ProtoICMPv6:
		return h.HasType && (h.HasEcho || h.Quote != nil && h.Quote.quotable() || !h.quotes() && !h.echoes())
	case packet.ProtoIPv4, packet.ProtoIPv6, packet.ProtoGRE, packet.ProtoESP, packet.ProtoAH, packet.ProtoSCTP:
		return false // what is inside, or the next header, belongs to the identity
	}
	return true
}

// quotable reports whether the first 8 bytes of its transport are known.
func (h *Headers) quotable() bool {
	switch h.Proto {
	case packet.ProtoTCP:
		return h.HasSeq
	case packet.ProtoUDP, udpLite:
		return h.HasPorts
	case packet.ProtoICMP, packet.ProtoICMPv6:
		return h.HasType && (h.HasEcho || !h.echoes())
	}
	return h.HasProto && h.Fragment&fragmentOffset != 0
}

// quotes reports whether an ICMP message has a packet in it (RFC 792, 4443).
func (h *Headers) quotes() bool {
	if h.Proto == packet.ProtoICMPv6 {
		return h.Type < 128
	}
	switch h.Type {
	case 3, 4, 5, 11, 12:
		return true
	}
	return false
}

func (h *Headers) echoes() bool {
	if h.Proto == packet.ProtoICMPv6 {
		return h.Type == packet.ICMPv6Echo || h.Type == packet.ICMPv6EchoReply
	}
	return h.Type == packet.ICMPv4Echo || h.Type == packet.ICMPv4EchoReply || h.Type == 13 || h.Type == 14
}

// Flow is the packet's.
func (h *Headers) Flow() packet.Flow {
	f := packet.Flow{Proto: h.Proto, Src: h.Src, Dst: h.Dst}
	if h.HasPorts {
		f.SrcPort, f.DstPort = h.SrcPort, h.DstPort
	}
	if h.HasEcho {
		f.ID = h.EchoID
	}
	return f
}

// Key tells the packet where it is not Exact: by protocol, identification,
// length, TCP's flags. It is equal at all points where tools looked that leave
// out the same. TCP's numbers, window and length are 0 then, an ICMP type that
// is not known 255.
func (h *Headers) Key() packet.Key {
	k := packet.Key{Version: h.Version(), Proto: h.Proto, ID: h.ID, Fragment: h.Fragment & fragmentOffset, Bare: 1}
	if h.Fragment&fragmentMore != 0 {
		k.Fragment |= 0x8000
	}
	header := 40
	if k.Version == 4 {
		header = 20 + len(h.Options)/2
	}
	k.Len = uint32(max(h.Len-header, 0))
	switch h.Proto {
	case packet.ProtoTCP:
		k.Type = uint8(h.Flags & (packet.FIN | packet.SYN | packet.RST | packet.PSH | packet.ACK | packet.URG))
		k.Len = 0 // how long the header is does not show either
	case packet.ProtoICMP, packet.ProtoICMPv6:
		k.Type, k.Code, k.B = h.Type, h.Code, uint32(h.EchoSeq)
		if !h.HasType {
			k.Type = 0xff
		}
	}
	return k
}

// Like reports whether two lines may be about one packet, though one of them
// leaves out more than the other: protocol, ports, identification, lengths and
// flags are the same. Addresses are not compared.
func (h *Headers) Like(o *Headers) bool {
	return h.Version() == o.Version() && h.Proto == o.Proto && h.ID == o.ID && h.Len == o.Len && h.Fragment == o.Fragment &&
		h.SrcPort == o.SrcPort && h.DstPort == o.DstPort && h.Flags == o.Flags && h.Window == o.Window &&
		h.Type == o.Type && h.EchoID == o.EchoID && h.EchoSeq == o.EchoSeq &&
		(!h.HasSeq || !o.HasSeq || h.Seq == o.Seq && h.Ack == o.Ack)
}

// Complete takes from a line about the same packet what this one leaves out.
func (h *Headers) Complete(o *Headers) {
	if !h.HasSeq && o.HasSeq {
		h.Seq, h.Ack, h.HasSeq, h.TCPOptions = o.Seq, o.Ack, true, o.TCPOptions
	}
	if h.TCPOptions == "" {
		h.TCPOptions = o.TCPOptions
	}
	if h.Options == "" {
		h.Options = o.Options
	}
}
