package packet

import "encoding/binary"

func (p *Packet) ethernet() step {
	b := p.peek(14)
	if b == nil {
		return stepDone
	}
	p.take(KindEthernet, 14)
	t := Ethernet(b).Type()
	if t < minEtherType {
		// An 802.3 length. Some switches send a type of 0 or a length that is
		// wrong: the rest of the frame is left alone in any case.
		if p.off+int(t) <= min(p.end, len(p.data)) {
			p.end = p.off + int(t)
		}
		p.etype = 0
		return stepLLC
	}
	return p.ofType(t)
}

func (p *Packet) llc() step {
	p.take(KindLLC, 0)
	p.stop = StopUnknown
	return stepDone
}

func (p *Packet) sll() step {
	b := p.peek(16)
	if b == nil {
		return stepDone
	}
	p.take(KindLinuxSLL, 16)
	return p.cooked(SLL(b).Type(), SLL(b).Hardware())
}

func (p *Packet) sll2() step {
	b := p.peek(20)
	if b == nil {
		return stepDone
	}
	p.take(KindLinuxSLL2, 20)
	return p.cooked(SLL2(b).Type(), SLL2(b).Hardware())
}

// Hardware types of linux/if_arp.h where the protocol field of a cooked header
// holds something else than an EtherType (LINKTYPE_LINUX_SLL at tcpdump.org).
const (
	hardwareNetlink   = 824
	hardwareIPGRE     = 778
	hardwareRadiotap  = 803
	hardwareFrameRely = 770
)

func (p *Packet) cooked(t EtherType, hardware uint16) step {
	switch hardware {
	case hardwareNetlink, hardwareRadiotap, hardwareFrameRely:
		return stepUnknown
	}
	if t < minEtherType {
		return stepUnknown // 802.2 and other types of linux/if_ether.h
	}
	return p.ofType(t)
}

// loopback reads the address family that BSD puts before packets. AF_INET6
// has another number on each system.
func (p *Packet) loopback(s step) step {
	b := p.peek(4)
	if b == nil {
		return stepDone
	}
	family := binary.BigEndian.Uint32(b)
	if s == stepNull && family > 0xffff {
		family = binary.LittleEndian.Uint32(b) // written by a host of the other order
	}
	p.take(KindLoopback, 4)
	switch family {
	case 2:
		return stepIPv4
	case 10, 24, 28, 30: // Linux; NetBSD and OpenBSD; FreeBSD; macOS
		return stepIPv6
	}
	return stepUnknown
}

// raw tells IPv4 from IPv6 by the version, which both have first.
func (p *Packet) raw() step {
	b := p.peek(1)
	if b == nil {
		return stepDone
	}
	return ofVersion(b[0])
}

func ofVersion(first byte) step {
	switch first >> 4 {
	case 4:
		return stepIPv4
	case 6:
		return stepIPv6
	}
	return stepUnknown
}

func (p *Packet) vlan() step {
	b := p.peek(4)
	if b == nil {
		return stepDone
	}
	p.take(KindVLAN, 4)
	t := VLAN(b).Type()
	if t < minEtherType {
		p.etype = 0
		return stepLLC
	}
	return p.ofType(t)
}

// mpls reads one label. What stands behind the last one is nowhere said: as
// everybody does, IP is taken for granted where the version fits.
func (p *Packet) mpls() step {
	b := p.peek(4)
	if b == nil {
		return stepDone
	}
	p.take(KindMPLS, 4)
	if !MPLS(b).Bottom() {
		return stepMPLS
	}
	p.etype = 0
	return stepRaw
}

func (p *Packet) pppoe() step {
	b := p.peek(8)
	if b == nil {
		return stepDone
	}
	h := PPPoE(b)
	if h.Code() != 0 {
		return stepUnknown
	}
	if n := h.Length(); n >= 2 {
		p.end = min(p.end, p.off+6+n)
	}
	p.take(KindPPPoE, 8)
	p.etype = 0
	switch h.Protocol() {
	case 0x0021:
		return stepIPv4
	case 0x0057:
		return stepIPv6
	}
	return stepUnknown
}

func (p *Packet) arp() step {
	b := p.peek(8)
	if b == nil {
		return stepDone
	}
	n := 8 + 2*int(b[4]) + 2*int(b[5])
	if b = p.peek(n); b == nil {
		return stepDone
	}
	p.network(KindARP, n)
	return stepDone
}

// network notes the next n bytes as a network layer.
func (p *Packet) network(k Kind, n int) {
	p.take(k, n)
	p.inner, p.trans = p.count-1, -1
	if p.outer < 0 {
		p.outer = p.inner
	}
}
