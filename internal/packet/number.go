package packet

import (
	"fmt"
	"strconv"
)

// EtherType is the type of what follows a link header (IEEE 802, linux/if_ether.h).
type EtherType uint16

// The EtherTypes that are decoded or known by name.
const (
	TypeIPv4     EtherType = 0x0800
	TypeARP      EtherType = 0x0806
	TypeTEB      EtherType = 0x6558 // transparent Ethernet bridging, in GRE and Geneve
	TypeVLAN     EtherType = 0x8100 // 802.1Q
	TypeIPv6     EtherType = 0x86dd
	TypeMPLS     EtherType = 0x8847
	TypeMPLSMC   EtherType = 0x8848
	TypePPPoED   EtherType = 0x8863 // discovery
	TypePPPoE    EtherType = 0x8864 // session
	TypeQinQ     EtherType = 0x88a8 // 802.1ad
	TypeLLDP     EtherType = 0x88cc
	TypeQinQOld  EtherType = 0x9100 // QinQ before 802.1ad
	TypeLoopback EtherType = 0x9000 // Ethernet configuration test
)

// minEtherType is the smallest type: below it the field is an 802.3 length.
const minEtherType = 0x0600

// Proto is an IP protocol number (IANA, linux/in.h, linux/in6.h).
type Proto uint8

// The protocols that are decoded or known by name.
const (
	ProtoHopByHop    Proto = 0
	ProtoICMP        Proto = 1
	ProtoIGMP        Proto = 2
	ProtoIPv4        Proto = 4
	ProtoTCP         Proto = 6
	ProtoUDP         Proto = 17
	ProtoIPv6        Proto = 41
	ProtoRouting     Proto = 43
	ProtoFragment    Proto = 44
	ProtoGRE         Proto = 47
	ProtoESP         Proto = 50
	ProtoAH          Proto = 51
	ProtoICMPv6      Proto = 58
	ProtoNoNext      Proto = 59
	ProtoDestination Proto = 60
	ProtoOSPF        Proto = 89
	ProtoSCTP        Proto = 132
	ProtoMobility    Proto = 135
	ProtoHIP         Proto = 139
	ProtoShim6       Proto = 140
)

// String returns the short name of the protocol in lower case, or its number.
func (p Proto) String() string {
	switch p {
	case ProtoICMP:
		return "icmp"
	case ProtoIGMP:
		return "igmp"
	case ProtoIPv4:
		return "ipip"
	case ProtoTCP:
		return "tcp"
	case ProtoUDP:
		return "udp"
	case ProtoIPv6:
		return "ipv6"
	case ProtoGRE:
		return "gre"
	case ProtoESP:
		return "esp"
	case ProtoAH:
		return "ah"
	case ProtoICMPv6:
		return "icmp6"
	case ProtoOSPF:
		return "ospf"
	case ProtoSCTP:
		return "sctp"
	}
	return strconv.Itoa(int(p))
}

// MarshalText writes what String returns, for JSON.
func (p Proto) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (p *Proto) UnmarshalText(b []byte) error {
	if n, err := strconv.ParseUint(string(b), 10, 8); err == nil {
		*p = Proto(n)
		return nil
	}
	for n := range 256 {
		if Proto(n).String() == string(b) {
			*p = Proto(n)
			return nil
		}
	}
	return fmt.Errorf("unknown protocol %q", b)
}

// UDP ports that carry tunnels.
const (
	PortVXLAN      = 4789 // RFC 7348
	PortVXLANLinux = 8472 // the kernel's default, and flannel's and Cilium's
	PortGeneve     = 6081 // RFC 8926
)
