package nftrace

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// IP protocol numbers that a Match treats apart (IANA protocol-numbers).
const (
	protoICMP   = 1
	protoIPIP   = 4
	protoTCP    = 6
	protoUDP    = 17
	protoIPv6   = 41
	protoGRE    = 47
	protoICMPv6 = 58
	protoSCTP   = 132
)

// Match says which packets to mark. Each field narrows it; the zero Match is
// every packet. It holds for a packet's headers, or for those of the packet
// inside a VXLAN, Geneve, IPIP or GRE tunnel (no options, no VLAN tag within).
type Match struct {
	// Version is 4 or 6; 0 is both, or what the addresses are.
	Version uint8
	// Proto is the IP protocol; 0 is any.
	Proto uint8
	// Src and Dst are where it comes from and goes to; the zero Prefix is
	// anywhere.
	Src, Dst netip.Prefix
	// SrcPort and DstPort of TCP, UDP and SCTP; 0 is any.
	SrcPort, DstPort uint16
	// Port is the port of either side; 0 is any. It does not go with SrcPort
	// or DstPort.
	Port uint16
	// ICMPID is the identifier of an echo request or reply; valid iff HasID.
	ICMPID uint16
	HasID  bool
	// Fragment is only IPv4 fragments other than the first: those have no
	// ports. Where connections are tracked there are none.
	Fragment bool
}

// Reverse is the Match of the answers.
func (m Match) Reverse() Match {
	m.Src, m.Dst = m.Dst, m.Src
	m.SrcPort, m.DstPort = m.DstPort, m.SrcPort
	return m
}

func (m Match) hasPorts() bool { return m.SrcPort != 0 || m.DstPort != 0 || m.Port != 0 }

// check says what is wrong with a Match.
func (m Match) check() error {
	if m.Version != 0 && m.Version != 4 && m.Version != 6 {
		return fmt.Errorf("match IP version %d: not 4 or 6", m.Version)
	}
	v := m.Version
	for _, p := range []netip.Prefix{m.Src, m.Dst} {
		if p == (netip.Prefix{}) {
			continue
		}
		if !p.IsValid() || p.Addr().Is4In6() {
			return fmt.Errorf("match address %v: not valid", p)
		}
		is := uint8(4)
		if p.Addr().Is6() {
			is = 6
		}
		if v != 0 && v != is {
			return fmt.Errorf("match address %v: not of IP version %d", p, v)
		}
		v = is
	}
	switch {
	case m.Fragment && (m.HasID || m.hasPorts() || v == 6):
		return errors.New("match fragments: not together with a port, an ICMP identifier or IPv6")
	case m.Port != 0 && (m.SrcPort != 0 || m.DstPort != 0):
		return fmt.Errorf("match port %d of either side: not together with a source or destination port", m.Port)
	case m.HasID && m.hasPorts():
		return fmt.Errorf("match ICMP identifier %d: not together with a port", m.ICMPID)
	case m.hasPorts() && m.Proto != 0 && m.Proto != protoTCP && m.Proto != protoUDP && m.Proto != protoSCTP:
		return fmt.Errorf("match a port: protocol %d has none", m.Proto)
	case m.HasID && m.Proto != 0 && m.Proto != protoICMP && m.Proto != protoICMPv6:
		return fmt.Errorf("match ICMP identifier %d: protocol %d has none", m.ICMPID, m.Proto)
	}
	return nil
}

// plain is a Match that needs one rule.
type plain struct {
	version  uint8 // 4 or 6; 0 is both
	proto    uint8 // 0 is any, or any that has ports
	src, dst netip.Prefix
	sport    uint16
	dport    uint16
	id       uint16
	hasID    bool
	fragment bool
}

func (p plain) hasPorts() bool { return p.sport != 0 || p.dport != 0 }

// expand gives the rules that a Match needs, one for each IP version and side
// that it stands for.
func (m Match) expand() []plain {
	p := plain{
		version: m.version(), proto: m.Proto, src: m.Src.Masked(), dst: m.Dst.Masked(),
		sport: m.SrcPort, dport: m.DstPort, id: m.ICMPID, hasID: m.HasID, fragment: m.Fragment,
	}
	switch {
	case m.Port != 0:
		there, back := p, p
		there.sport, back.dport = m.Port, m.Port
		return []plain{there, back}
	case m.HasID && m.Proto == 0:
		v4, v6 := p, p
		v4.version, v4.proto, v6.version, v6.proto = 4, protoICMP, 6, protoICMPv6
		return slices.DeleteFunc([]plain{v4, v6}, func(q plain) bool { return p.version != 0 && p.version != q.version })
	}
	return []plain{p}
}

// version is the IP version that the rest says.
func (m Match) version() uint8 {
	for _, p := range []netip.Prefix{m.Src, m.Dst} {
		switch {
		case !p.IsValid():
		case p.Addr().Is4():
			return 4
		default:
			return 6
		}
	}
	switch {
	case m.Version != 0:
		return m.Version
	case m.Proto == protoICMP || m.Fragment:
		return 4
	case m.Proto == protoICMPv6:
		return 6
	}
	return 0
}
