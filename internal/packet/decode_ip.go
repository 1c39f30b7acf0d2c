package packet

import "encoding/binary"

func (p *Packet) ipv4() step {
	b := p.peek(20)
	if b == nil {
		return stepDone
	}
	n := int(b[0]&15) * 4
	switch {
	case b[0]>>4 != 4:
		return p.malformed("IPv4 header of another version")
	case n < 20:
		return p.malformed("IPv4 header length below 20")
	}
	if b = p.peek(n); b == nil {
		return stepDone
	}
	h := IPv4(b)
	total := h.Length()
	switch {
	case total == 0:
		// A packet before segmentation that is longer than the field can say
		// (net/ipv4/ip_output.c, BIG TCP): it ends with the frame.
	case total < n:
		return p.malformed("IPv4 total length below the header's")
	default:
		p.end = min(p.end, p.off+total)
	}
	p.network(KindIPv4, n)
	if h.FragmentOffset() != 0 {
		p.proto, p.stop = h.Proto(), StopFragment
		return stepDone
	}
	return p.ofProto(h.Proto())
}

func (p *Packet) ipv6() step {
	b := p.peek(40)
	if b == nil {
		return stepDone
	}
	if b[0]>>4 != 6 {
		return p.malformed("IPv6 header of another version")
	}
	h := IPv6(b)
	// A payload length of 0 is a jumbogram or a packet before segmentation: it
	// ends with the frame (RFC 2675, net/ipv6/ip6_output.c).
	if n := h.PayloadLength(); n != 0 {
		p.end = min(p.end, p.off+40+n)
	}
	p.network(KindIPv6, 40)
	return p.ofProto(h.NextHeader())
}

func (p *Packet) extension(k Kind) step {
	b := p.peek(8)
	if b == nil {
		return stepDone
	}
	n := (int(b[1]) + 1) * 8
	if b = p.peek(n); b == nil {
		return stepDone
	}
	p.take(k, n)
	return p.ofProto(Proto(b[0]))
}

func (p *Packet) fragment() step {
	b := p.peek(8)
	if b == nil {
		return stepDone
	}
	p.take(KindFragment, 8)
	h := IPv6Fragment(b)
	if h.Offset() != 0 {
		p.proto, p.stop = h.NextHeader(), StopFragment
		return stepDone
	}
	return p.ofProto(h.NextHeader())
}

func (p *Packet) ah() step {
	b := p.peek(12)
	if b == nil {
		return stepDone
	}
	n := (int(b[1]) + 2) * 4
	if n < 12 {
		return p.malformed("AH length below 12")
	}
	if b = p.peek(n); b == nil {
		return stepDone
	}
	p.take(KindAH, n)
	return p.ofProto(Proto(b[0]))
}

func (p *Packet) esp() step {
	if p.peek(8) == nil {
		return stepDone
	}
	p.take(KindESP, 8)
	return stepDone
}

// gre reads RFC 2784 and 2890. Version 1 (PPTP) and source routes are left
// alone.
func (p *Packet) gre() step {
	b := p.peek(4)
	if b == nil {
		return stepDone
	}
	h := GRE(b)
	if h.Version() != 0 || h.flags()&greRouting != 0 {
		return stepUnknown
	}
	n := h.length()
	if p.peek(n) == nil {
		return stepDone
	}
	p.take(KindGRE, n)
	if t := h.Type(); t == TypeTEB {
		p.etype = t
		return stepEthernet
	}
	return p.ofType(h.Type())
}

func (p *Packet) tcp() step {
	b := p.peek(20)
	if b == nil {
		return stepDone
	}
	n := int(b[12]>>4) * 4
	if n < 20 {
		return p.malformed("TCP header length below 20")
	}
	if p.peek(n) == nil {
		return stepDone
	}
	p.transport(KindTCP, n)
	return stepDone
}

func (p *Packet) udp() step {
	b := p.peek(8)
	if b == nil {
		return stepDone
	}
	h := UDP(b)
	switch n := h.Length(); {
	case n == 0: // a jumbogram, RFC 2675
	case n < 8:
		return p.malformed("UDP length below 8")
	default:
		p.end = min(p.end, p.off+n)
	}
	p.transport(KindUDP, 8)
	switch h.DstPort() {
	case PortVXLAN, PortVXLANLinux:
		return stepVXLAN
	case PortGeneve:
		return stepGeneve
	}
	return stepDone
}

func (p *Packet) sctp() step {
	if p.peek(12) == nil {
		return stepDone
	}
	p.transport(KindSCTP, 12)
	return stepDone
}

func (p *Packet) icmp(k Kind) step {
	// Messages below 8 bytes do not exist in ICMPv4 and hardly in ICMPv6.
	n := 8
	if p.end-p.off < n {
		n = 4
	}
	if p.peek(n) == nil {
		return stepDone
	}
	p.transport(k, n)
	return stepDone
}

func (p *Packet) transport(k Kind, n int) {
	p.take(k, n)
	p.trans = p.count - 1
}

// vxlan takes the payload of a UDP port for VXLAN only where the header has
// its one bit that must be set: port 8472 has other users too.
func (p *Packet) vxlan() step {
	if p.end-p.off < 8 {
		return stepDone
	}
	b := p.peek(8)
	if b == nil || !VXLAN(b).HasVNI() {
		return stepDone
	}
	p.take(KindVXLAN, 8)
	return stepEthernet
}

func (p *Packet) geneve() step {
	if p.end-p.off < 8 {
		return stepDone
	}
	b := p.peek(8)
	if b == nil || b[0]>>6 != 0 {
		return stepDone
	}
	n := 8 + int(b[0]&0x3f)*4
	if p.end-p.off < n || binary.BigEndian.Uint16(b[2:]) < minEtherType {
		return stepDone
	}
	if p.peek(n) == nil {
		return stepDone
	}
	p.take(KindGeneve, n)
	if t := Geneve(b).Type(); t == TypeTEB {
		p.etype = t
		return stepEthernet
	}
	return p.ofType(Geneve(b).Type())
}
