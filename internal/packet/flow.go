package packet

import (
	"net/netip"
	"strconv"
)

// Flow names the conversation that a packet belongs to, in the packet's
// direction. It is comparable.
type Flow struct {
	Proto Proto      `json:"proto"`
	Src   netip.Addr `json:"src"`
	Dst   netip.Addr `json:"dst"`
	// SrcPort and DstPort are valid iff Proto is TCP, UDP or SCTP and the
	// packet is not a fragment behind the first; otherwise 0.
	SrcPort uint16 `json:"srcPort,omitempty"`
	DstPort uint16 `json:"dstPort,omitempty"`
	// ID is the identifier of an ICMP echo or timestamp, request or reply;
	// otherwise 0.
	ID uint16 `json:"id,omitempty"`
}

// Reverse returns the flow of the answers.
func (f Flow) Reverse() Flow {
	f.Src, f.Dst = f.Dst, f.Src
	f.SrcPort, f.DstPort = f.DstPort, f.SrcPort
	return f
}

// Canonical returns the one of f and f.Reverse() that has the lower source, so
// that both directions have the same key.
func (f Flow) Canonical() Flow {
	c := f.Src.Compare(f.Dst)
	if c > 0 || c == 0 && f.SrcPort > f.DstPort {
		return f.Reverse()
	}
	return f
}

// HasPorts reports whether the protocol is one with ports.
func (f Flow) HasPorts() bool {
	return f.Proto == ProtoTCP || f.Proto == ProtoUDP || f.Proto == ProtoSCTP
}

// AppendTo appends "10.244.1.7:41822 -> 10.96.68.194:80", or
// "10.244.1.7 -> 10.244.2.3" for a protocol without ports.
func (f Flow) AppendTo(dst []byte) []byte {
	if f.HasPorts() && (f.SrcPort != 0 || f.DstPort != 0) {
		dst = netip.AddrPortFrom(f.Src, f.SrcPort).AppendTo(dst)
		dst = append(dst, " -> "...)
		return netip.AddrPortFrom(f.Dst, f.DstPort).AppendTo(dst)
	}
	dst = f.Src.AppendTo(dst)
	dst = append(dst, " -> "...)
	dst = f.Dst.AppendTo(dst)
	if f.ID != 0 {
		dst = append(dst, " id "...)
		dst = strconv.AppendUint(dst, uint64(f.ID), 10)
	}
	return dst
}

// String returns "10.244.1.7:41822 -> 10.96.68.194:80".
func (f Flow) String() string { return string(f.AppendTo(make([]byte, 0, 96))) }

// Flow returns the flow of the innermost packet; false if it is neither IPv4
// nor IPv6.
func (p *Packet) Flow() (Flow, bool) { return p.flowAt(p.inner) }

// OuterFlow returns the flow of the outermost packet: of the tunnel where
// there is one. It returns false if that is neither IPv4 nor IPv6.
func (p *Packet) OuterFlow() (Flow, bool) { return p.flowAt(p.outer) }

func (p *Packet) flowAt(i int) (Flow, bool) {
	var f Flow
	if i < 0 {
		return f, false
	}
	l := p.layers[i]
	switch l.Kind {
	case KindIPv4:
		h := IPv4(p.Header(l))
		f.Src, f.Dst, f.Proto = h.Src(), h.Dst(), h.Proto()
	case KindIPv6:
		h := IPv6(p.Header(l))
		f.Src, f.Dst, f.Proto = h.Src(), h.Dst(), h.NextHeader()
	default:
		return f, false
	}
	u := p.above(i)
	f.Proto = u.proto
	if u.layer >= 0 {
		p.ports(&f, p.layers[u.layer])
	} else if u.headless && f.HasPorts() && len(p.Rest()) >= 4 {
		h := UDP(p.Rest()) // the ports come first in all three
		f.SrcPort, f.DstPort = h.SrcPort(), h.DstPort()
	}
	return f, true
}

// ports fills in what a transport header adds to a flow.
func (p *Packet) ports(f *Flow, l Layer) {
	h := p.Header(l)
	switch l.Kind {
	case KindTCP, KindUDP, KindSCTP: // the same in all three
		f.SrcPort, f.DstPort = UDP(h).SrcPort(), UDP(h).DstPort()
	case KindICMPv4, KindICMPv6:
		if hasID(l.Kind, h) {
			f.ID = ICMP(h).ID()
		}
	}
}

// upper is what stands above an IP header and its extension headers.
type upper struct {
	// layer is the index of the transport layer, -1 if there is none.
	layer int
	// proto is the protocol, whether decoded or not.
	proto Proto
	// off is where it starts.
	off int
	// headless: a transport header starts at off, and not all of it was
	// captured.
	headless bool
}

// above passes the extension headers over the IP layer i.
func (p *Packet) above(i int) upper {
	l := p.layers[i]
	u := upper{layer: -1, off: l.Off + l.Len}
	switch l.Kind {
	case KindIPv4:
		u.proto = IPv4(p.Header(l)).Proto()
	case KindIPv6:
		u.proto = IPv6(p.Header(l)).NextHeader()
	}
	for i++; i < p.count; i++ {
		l := p.layers[i]
		switch l.Kind {
		case KindHopByHop, KindRouting, KindDestination, KindFragment, KindAH:
			u.proto, u.off = Proto(p.data[l.Off]), l.Off+l.Len
		default:
			if l.Kind.IsTransport() {
				u.layer = i
			}
			return u
		}
	}
	u.headless = p.stop == StopCut || p.stop == StopMalformed
	return u
}
