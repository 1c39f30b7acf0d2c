package packet

import (
	"encoding/binary"
	"net/netip"
)

// ARP operations, linux/if_arp.h.
const (
	ARPRequest = 1
	ARPReply   = 2
)

// ARP is a whole message (RFC 826). Valid iff it has the length that its bytes
// 4 and 5 ask for.
type ARP []byte

// Hardware is the type of the hardware addresses, 1 for Ethernet.
func (h ARP) Hardware() uint16 { return binary.BigEndian.Uint16(h) }

// Proto is the type of the protocol addresses.
func (h ARP) Proto() EtherType { return EtherType(binary.BigEndian.Uint16(h[2:])) }

// Op is the operation: ARPRequest, ARPReply or another.
func (h ARP) Op() uint16 { return binary.BigEndian.Uint16(h[6:]) }

// IsEthernetIPv4 reports whether the addresses are MACs and IPv4 addresses:
// the four methods below are valid iff it does.
func (h ARP) IsEthernetIPv4() bool {
	return h.Proto() == TypeIPv4 && h[4] == 6 && h[5] == 4
}

// SenderMAC is the sender's hardware address.
func (h ARP) SenderMAC() MAC { return MAC(h[8:14]) }

// SenderIP is the sender's address; 0.0.0.0 in a probe (RFC 5227).
func (h ARP) SenderIP() netip.Addr { return netip.AddrFrom4([4]byte(h[14:18])) }

// TargetMAC is the hardware address that is asked for or answered to.
func (h ARP) TargetMAC() MAC { return MAC(h[18:24]) }

// TargetIP is the address that is asked for or answered to.
func (h ARP) TargetIP() netip.Addr { return netip.AddrFrom4([4]byte(h[24:28])) }
