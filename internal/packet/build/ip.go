package build

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
)

// IPv4 is a header with options.
type IPv4 struct {
	Src, Dst netip.Addr // IPv4
	TOS      uint8
	ID       uint16
	DF, MF   bool
	// Offset of a fragment in bytes, a multiple of 8.
	Offset int
	// TTL is 64 if 0.
	TTL uint8
	// Proto is taken from the next layer if 0.
	Proto packet.Proto
	// Options are padded to a multiple of 4 bytes.
	Options []byte
}

func (h IPv4) head(dst []byte, next Layer) []byte {
	opts := pad4(h.Options)
	frag := uint16(h.Offset / 8)
	if h.DF {
		frag |= 0x4000
	}
	if h.MF {
		frag |= 0x2000
	}
	dst = append(dst, 0x40|byte(5+len(opts)/4), h.TOS, 0, 0, byte(h.ID>>8), byte(h.ID))
	dst = binary.BigEndian.AppendUint16(dst, frag)
	dst = append(dst, ttl(h.TTL), protocol(h.Proto, next), 0, 0)
	src, to := h.Src.As4(), h.Dst.As4()
	return append(append(append(dst, src[:]...), to[:]...), opts...)
}

func (h IPv4) finish(b []byte, _ address) {
	put16(b[2:], length(len(b), "ipv4"))
	put16(b[10:], int(^packet.Add16(0, b[:int(b[0]&15)*4])&0xffff))
}

func (h IPv4) types() (packet.EtherType, packet.Proto) { return packet.TypeIPv4, packet.ProtoIPv4 }

func (h IPv4) addresses() (src, dst []byte) { return h.Src.AsSlice(), h.Dst.AsSlice() }

func ttl(n uint8) uint8 {
	if n == 0 {
		return 64
	}
	return n
}

// pad4 fills up with zeros, which end a list of IPv4 or TCP options.
func pad4(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(slices.Clip(b), 0)
	}
	return b
}

// IPv6 is the fixed header; extension headers are layers of their own.
type IPv6 struct {
	Src, Dst     netip.Addr
	TrafficClass uint8
	FlowLabel    uint32
	// HopLimit is 64 if 0.
	HopLimit uint8
	// NextHeader is taken from the next layer if 0.
	NextHeader packet.Proto
}

func (h IPv6) head(dst []byte, next Layer) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 6<<28|uint32(h.TrafficClass)<<20|h.FlowLabel&0xfffff)
	dst = append(dst, 0, 0, protocol(h.NextHeader, next), ttl(h.HopLimit))
	src, to := h.Src.As16(), h.Dst.As16()
	return append(append(dst, src[:]...), to[:]...)
}

func (h IPv6) finish(b []byte, _ address) { put16(b[4:], length(len(b)-40, "ipv6")) }

func (h IPv6) types() (packet.EtherType, packet.Proto) { return packet.TypeIPv6, packet.ProtoIPv6 }

func (h IPv6) addresses() (src, dst []byte) { return h.Src.AsSlice(), h.Dst.AsSlice() }

// Extension is an IPv6 extension header other than fragment and AH.
type Extension struct {
	// Proto is its number: ProtoHopByHop, ProtoRouting, ProtoDestination, ...
	Proto packet.Proto
	// Body follows the first two bytes; it is padded to a multiple of 8 bytes
	// with PadN.
	Body []byte
	// NextHeader is taken from the next layer if 0.
	NextHeader packet.Proto
}

func (h Extension) head(dst []byte, next Layer) []byte {
	start := len(dst)
	dst = append(append(dst, protocol(h.NextHeader, next), 0), h.Body...)
	switch n := (8 - (len(dst)-start)%8) % 8; n {
	case 0:
	case 1:
		dst = append(dst, 0)
	default:
		dst = append(append(dst, 1, byte(n-2)), make([]byte, n-2)...)
	}
	dst[start+1] = byte((len(dst)-start)/8 - 1)
	return dst
}

func (h Extension) finish([]byte, address)                  {}
func (h Extension) types() (packet.EtherType, packet.Proto) { return 0, h.Proto }

// Fragment is an IPv6 fragment header.
type Fragment struct {
	ID uint32
	// Offset in bytes, a multiple of 8.
	Offset int
	More   bool
	// NextHeader is taken from the next layer if 0.
	NextHeader packet.Proto
}

func (h Fragment) head(dst []byte, next Layer) []byte {
	v := uint16(h.Offset) &^ 7
	if h.More {
		v |= 1
	}
	dst = append(dst, protocol(h.NextHeader, next), 0, byte(v>>8), byte(v))
	return binary.BigEndian.AppendUint32(dst, h.ID)
}

func (h Fragment) finish([]byte, address)                  {}
func (h Fragment) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoFragment }

// AH is an authentication header with a check value of 12 bytes, all 0.
type AH struct {
	SPI, Seq uint32
}

func (h AH) head(dst []byte, next Layer) []byte {
	dst = append(dst, protocol(0, next), 4, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, h.SPI)
	dst = binary.BigEndian.AppendUint32(dst, h.Seq)
	return append(dst, make([]byte, 12)...)
}

func (h AH) finish([]byte, address)                  {}
func (h AH) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoAH }

// ESP is the readable part of an encrypted packet.
type ESP struct {
	SPI, Seq uint32
}

func (h ESP) head(dst []byte, _ Layer) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(dst, h.SPI), h.Seq)
}

func (h ESP) finish([]byte, address)                  {}
func (h ESP) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoESP }
