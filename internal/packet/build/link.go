package build

import (
	"encoding/binary"
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
)

// Ethernet is a header of 14 bytes.
type Ethernet struct {
	Dst, Src packet.MAC
	// Type is taken from the next layer if 0. If that has none, it is the
	// length of the rest (802.3).
	Type packet.EtherType
}

func (h Ethernet) head(dst []byte, next Layer) []byte {
	dst = append(append(dst, h.Dst[:]...), h.Src[:]...)
	return binary.BigEndian.AppendUint16(dst, uint16(etherType(h.Type, next)))
}

func (h Ethernet) finish(b []byte, _ address) {
	if b[12] == 0 && b[13] == 0 {
		put16(b[12:], len(b)-14)
	}
}

func (h Ethernet) types() (packet.EtherType, packet.Proto) { return packet.TypeTEB, 0 }

// VLAN is a tag of 4 bytes.
type VLAN struct {
	// TPID is the type by which the layer before names the tag, TypeVLAN if 0.
	TPID     packet.EtherType
	ID       uint16
	Priority uint8
	DEI      bool
	// Type is taken from the next layer if 0.
	Type packet.EtherType
}

func (h VLAN) head(dst []byte, next Layer) []byte {
	tci := uint16(h.Priority)<<13 | h.ID&0xfff
	if h.DEI {
		tci |= 0x1000
	}
	dst = binary.BigEndian.AppendUint16(dst, tci)
	return binary.BigEndian.AppendUint16(dst, uint16(etherType(h.Type, next)))
}

func (h VLAN) finish([]byte, address) {}

func (h VLAN) types() (packet.EtherType, packet.Proto) {
	if h.TPID != 0 {
		return h.TPID, 0
	}
	return packet.TypeVLAN, 0
}

// MPLS is a label; the last one before another layer gets the bottom bit.
type MPLS struct {
	Label uint32
	TC    uint8
	TTL   uint8
}

func (h MPLS) head(dst []byte, next Layer) []byte {
	v := h.Label<<12 | uint32(h.TC&7)<<9 | uint32(h.TTL)
	if _, more := next.(MPLS); !more {
		v |= 0x100
	}
	return binary.BigEndian.AppendUint32(dst, v)
}

func (h MPLS) finish([]byte, address)                  {}
func (h MPLS) types() (packet.EtherType, packet.Proto) { return packet.TypeMPLS, 137 }

// PPPoE is a session header and the PPP protocol.
type PPPoE struct{ Session uint16 }

func (h PPPoE) head(dst []byte, next Layer) []byte {
	dst = append(dst, 0x11, 0, byte(h.Session>>8), byte(h.Session), 0, 0)
	proto := uint16(0xc021) // LCP
	switch next.(type) {
	case IPv4:
		proto = 0x0021
	case IPv6:
		proto = 0x0057
	}
	return binary.BigEndian.AppendUint16(dst, proto)
}

func (h PPPoE) finish(b []byte, _ address)              { put16(b[4:], length(len(b)-6, "pppoe")) }
func (h PPPoE) types() (packet.EtherType, packet.Proto) { return packet.TypePPPoE, 0 }

// SLL is a Linux cooked header of version 1.
type SLL struct {
	PacketType uint16
	Hardware   uint16
	Addr       packet.MAC
	// Type is taken from the next layer if 0.
	Type packet.EtherType
}

func (h SLL) head(dst []byte, next Layer) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.PacketType)
	dst = binary.BigEndian.AppendUint16(dst, h.Hardware)
	dst = append(dst, 0, 6)
	dst = append(append(dst, h.Addr[:]...), 0, 0)
	return binary.BigEndian.AppendUint16(dst, uint16(etherType(h.Type, next)))
}

func (h SLL) finish([]byte, address)                  {}
func (h SLL) types() (packet.EtherType, packet.Proto) { return 0, 0 }

// SLL2 is a Linux cooked header of version 2.
type SLL2 struct {
	Index      uint32
	PacketType uint8
	Hardware   uint16
	Addr       packet.MAC
	// Type is taken from the next layer if 0.
	Type packet.EtherType
}

func (h SLL2) head(dst []byte, next Layer) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(etherType(h.Type, next)))
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, h.Index)
	dst = binary.BigEndian.AppendUint16(dst, h.Hardware)
	dst = append(dst, h.PacketType, 6)
	return append(append(dst, h.Addr[:]...), 0, 0)
}

func (h SLL2) finish([]byte, address)                  {}
func (h SLL2) types() (packet.EtherType, packet.Proto) { return 0, 0 }

// Loopback is the header of packet.LinkNull and packet.LinkLoop.
type Loopback struct {
	// Order of the family: binary.BigEndian for packet.LinkLoop; if nil,
	// little endian.
	Order binary.AppendByteOrder
}

func (h Loopback) head(dst []byte, next Layer) []byte {
	family := uint32(2) // AF_INET
	if _, ok := next.(IPv6); ok {
		family = 30 // macOS
	}
	if h.Order == nil {
		return binary.LittleEndian.AppendUint32(dst, family)
	}
	return h.Order.AppendUint32(dst, family)
}

func (h Loopback) finish([]byte, address)                  {}
func (h Loopback) types() (packet.EtherType, packet.Proto) { return 0, 0 }

// ARP is a message about IPv4 over Ethernet.
type ARP struct {
	// Op is packet.ARPRequest if 0.
	Op        uint16
	SenderMAC packet.MAC
	SenderIP  netip.Addr // IPv4
	TargetMAC packet.MAC
	TargetIP  netip.Addr // IPv4
}

func (h ARP) head(dst []byte, _ Layer) []byte {
	dst = append(dst, 0, 1, 8, 0, 6, 4)
	dst = binary.BigEndian.AppendUint16(dst, max(h.Op, packet.ARPRequest))
	src, tgt := h.SenderIP.As4(), h.TargetIP.As4()
	dst = append(append(dst, h.SenderMAC[:]...), src[:]...)
	return append(append(dst, h.TargetMAC[:]...), tgt[:]...)
}

func (h ARP) finish([]byte, address)                  {}
func (h ARP) types() (packet.EtherType, packet.Proto) { return packet.TypeARP, 0 }
