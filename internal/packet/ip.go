package packet

import (
	"encoding/binary"
	"net/netip"
)

// IPv4 is a header with its options (RFC 791). Valid iff it is as long as its
// first byte says, at least 20 bytes.
type IPv4 []byte

// TOS is the byte of DSCP and ECN.
func (h IPv4) TOS() uint8 { return h[1] }

// Length of the packet in bytes, header included; 0 in a packet before
// segmentation that is longer than 65535.
func (h IPv4) Length() int { return int(binary.BigEndian.Uint16(h[2:])) }

// ID is the identification.
func (h IPv4) ID() uint16 { return binary.BigEndian.Uint16(h[4:]) }

// DontFragment is the DF bit.
func (h IPv4) DontFragment() bool { return h[6]&0x40 != 0 }

// MoreFragments is the MF bit.
func (h IPv4) MoreFragments() bool { return h[6]&0x20 != 0 }

// FragmentOffset in bytes.
func (h IPv4) FragmentOffset() int { return int(binary.BigEndian.Uint16(h[6:])&0x1fff) * 8 }

// TTL is the time to live.
func (h IPv4) TTL() uint8 { return h[8] }

// Proto is the protocol of the payload.
func (h IPv4) Proto() Proto { return Proto(h[9]) }

// Checksum of the header.
func (h IPv4) Checksum() uint16 { return binary.BigEndian.Uint16(h[10:]) }

// Src is the sender's address.
func (h IPv4) Src() netip.Addr { return netip.AddrFrom4([4]byte(h[12:16])) }

// Dst is the receiver's address.
func (h IPv4) Dst() netip.Addr { return netip.AddrFrom4([4]byte(h[16:20])) }

// Options are the bytes behind the fixed header.
func (h IPv4) Options() []byte { return h[20:] }

// IPv6 is the fixed header of 40 bytes (RFC 8200). Valid iff it is that long.
type IPv6 []byte

// TrafficClass is the byte of DSCP and ECN.
func (h IPv6) TrafficClass() uint8 { return h[0]<<4 | h[1]>>4 }

// FlowLabel is the label, 20 bits.
func (h IPv6) FlowLabel() uint32 { return binary.BigEndian.Uint32(h) & 0xfffff }

// PayloadLength in bytes, extension headers included; 0 in a jumbogram and in
// a packet before segmentation that is longer than 65535.
func (h IPv6) PayloadLength() int { return int(binary.BigEndian.Uint16(h[4:])) }

// NextHeader is the protocol of the payload or of the first extension header.
func (h IPv6) NextHeader() Proto { return Proto(h[6]) }

// HopLimit is the time to live.
func (h IPv6) HopLimit() uint8 { return h[7] }

// Src is the sender's address.
func (h IPv6) Src() netip.Addr { return netip.AddrFrom16([16]byte(h[8:24])) }

// Dst is the receiver's address.
func (h IPv6) Dst() netip.Addr { return netip.AddrFrom16([16]byte(h[24:40])) }

// IPv6Extension is a hop-by-hop, routing or destination options header, or
// another of their form. Valid iff it is as long as its second byte says.
type IPv6Extension []byte

// NextHeader is the protocol of what follows.
func (h IPv6Extension) NextHeader() Proto { return Proto(h[0]) }

// RoutingType is the type of a routing header; valid iff it is one.
func (h IPv6Extension) RoutingType() uint8 { return h[2] }

// SegmentsLeft counts the nodes still to visit; valid iff the header is a
// routing header.
func (h IPv6Extension) SegmentsLeft() uint8 { return h[3] }

// IPv6Fragment is a fragment header of 8 bytes. Valid iff it is that long.
type IPv6Fragment []byte

// NextHeader is the protocol of the whole packet's payload.
func (h IPv6Fragment) NextHeader() Proto { return Proto(h[0]) }

// Offset in bytes.
func (h IPv6Fragment) Offset() int { return int(binary.BigEndian.Uint16(h[2:]) &^ 7) }

// More is the M bit: this is not the last fragment.
func (h IPv6Fragment) More() bool { return h[3]&1 != 0 }

// ID is the identification.
func (h IPv6Fragment) ID() uint32 { return binary.BigEndian.Uint32(h[4:]) }

// AH is an authentication header (RFC 4302). Valid iff it is as long as its
// second byte says, at least 12 bytes.
type AH []byte

// NextHeader is the protocol of what follows.
func (h AH) NextHeader() Proto { return Proto(h[0]) }

// SPI is the security parameters index.
func (h AH) SPI() uint32 { return binary.BigEndian.Uint32(h[4:]) }

// Seq is the sequence number.
func (h AH) Seq() uint32 { return binary.BigEndian.Uint32(h[8:]) }
