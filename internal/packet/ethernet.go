package packet

import "encoding/binary"

// MAC is a hardware address of 48 bits.
type MAC [6]byte

// AppendTo appends the address as "02:42:ac:1e:01:00".
func (m MAC) AppendTo(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range m {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// String returns the address as "02:42:ac:1e:01:00".
func (m MAC) String() string { return string(m.AppendTo(make([]byte, 0, 17))) }

// Ethernet is a header of 14 bytes, without a VLAN tag. Valid iff it is that
// long.
type Ethernet []byte

// Dst is the receiver's address.
func (h Ethernet) Dst() MAC { return MAC(h[0:6]) }

// Src is the sender's address.
func (h Ethernet) Src() MAC { return MAC(h[6:12]) }

// Type is the EtherType, or an 802.3 length if below 0x600.
func (h Ethernet) Type() EtherType { return EtherType(binary.BigEndian.Uint16(h[12:])) }

// VLAN is a tag of 4 bytes as it stands behind an EtherType of TypeVLAN,
// TypeQinQ or TypeQinQOld: control information, then the next EtherType. Valid
// iff it is that long.
type VLAN []byte

// ID is the VLAN's number, 0 to 4095.
func (h VLAN) ID() uint16 { return binary.BigEndian.Uint16(h) & 0xfff }

// Priority is the code point, 0 to 7.
func (h VLAN) Priority() uint8 { return h[0] >> 5 }

// DropEligible is the DEI bit.
func (h VLAN) DropEligible() bool { return h[0]&0x10 != 0 }

// Type is the EtherType of what follows.
func (h VLAN) Type() EtherType { return EtherType(binary.BigEndian.Uint16(h[2:])) }

// MPLS is one label stack entry of 4 bytes (RFC 3032). Valid iff it is that
// long.
type MPLS []byte

// Label is the label, 20 bits.
func (h MPLS) Label() uint32 { return binary.BigEndian.Uint32(h) >> 12 }

// TrafficClass is the class, 0 to 7.
func (h MPLS) TrafficClass() uint8 { return h[2] >> 1 & 7 }

// Bottom reports whether this is the last label.
func (h MPLS) Bottom() bool { return h[2]&1 != 0 }

// TTL is the time to live.
func (h MPLS) TTL() uint8 { return h[3] }

// PPPoE is a session header with the PPP protocol behind it, 8 bytes (RFC
// 2516). Valid iff it is that long.
type PPPoE []byte

// Code is 0 for data.
func (h PPPoE) Code() uint8 { return h[1] }

// Session is the session's number.
func (h PPPoE) Session() uint16 { return binary.BigEndian.Uint16(h[2:]) }

// Length in bytes of what follows the first 6 bytes.
func (h PPPoE) Length() int { return int(binary.BigEndian.Uint16(h[4:])) }

// Protocol is the PPP protocol, 0x0021 for IPv4, 0x0057 for IPv6.
func (h PPPoE) Protocol() uint16 { return binary.BigEndian.Uint16(h[6:]) }

// SLL is a Linux cooked header of version 1, 16 bytes (LINKTYPE_LINUX_SLL).
// Valid iff it is that long.
type SLL []byte

// PacketType is PACKET_HOST (0), PACKET_BROADCAST (1), ... PACKET_OUTGOING (4)
// of linux/if_packet.h.
func (h SLL) PacketType() uint16 { return binary.BigEndian.Uint16(h) }

// Hardware is the ARPHRD_ number of linux/if_arp.h.
func (h SLL) Hardware() uint16 { return binary.BigEndian.Uint16(h[2:]) }

// Addr is the sender's hardware address, at most 8 bytes of it.
func (h SLL) Addr() []byte { return h[6 : 6+min(8, int(binary.BigEndian.Uint16(h[4:])))] }

// Type is the EtherType.
func (h SLL) Type() EtherType { return EtherType(binary.BigEndian.Uint16(h[14:])) }

// SLL2 is a Linux cooked header of version 2, 20 bytes (LINKTYPE_LINUX_SLL2).
// Valid iff it is that long.
type SLL2 []byte

// Type is the EtherType.
func (h SLL2) Type() EtherType { return EtherType(binary.BigEndian.Uint16(h)) }

// Index is the interface's number on the machine that captured.
func (h SLL2) Index() uint32 { return binary.BigEndian.Uint32(h[4:]) }

// Hardware is the ARPHRD_ number of linux/if_arp.h.
func (h SLL2) Hardware() uint16 { return binary.BigEndian.Uint16(h[8:]) }

// PacketType is PACKET_HOST (0) ... PACKET_OUTGOING (4) of linux/if_packet.h.
func (h SLL2) PacketType() uint8 { return h[10] }

// Addr is the sender's hardware address, at most 8 bytes of it.
func (h SLL2) Addr() []byte { return h[12 : 12+min(8, int(h[11]))] }
