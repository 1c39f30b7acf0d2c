package build

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/packet"
)

// VXLAN is a header of 8 bytes; Ethernet follows it.
type VXLAN struct{ VNI uint32 }

func (h VXLAN) head(dst []byte, _ Layer) []byte {
	dst = append(dst, 0x08, 0, 0, 0)
	return binary.BigEndian.AppendUint32(dst, h.VNI<<8)
}

func (h VXLAN) finish([]byte, address)                  {}
func (h VXLAN) types() (packet.EtherType, packet.Proto) { return 0, 0 }

// Geneve is a header with options.
type Geneve struct {
	VNI               uint32
	Control, Critical bool
	// Options is a multiple of 4 bytes.
	Options []byte
	// Type is taken from the next layer if 0.
	Type packet.EtherType
}

func (h Geneve) head(dst []byte, next Layer) []byte {
	var flags byte
	if h.Control {
		flags |= 0x80
	}
	if h.Critical {
		flags |= 0x40
	}
	dst = append(dst, byte(len(h.Options)/4), flags)
	dst = binary.BigEndian.AppendUint16(dst, uint16(etherType(h.Type, next)))
	dst = binary.BigEndian.AppendUint32(dst, h.VNI<<8)
	return append(dst, h.Options...)
}

func (h Geneve) finish([]byte, address)                  {}
func (h Geneve) types() (packet.EtherType, packet.Proto) { return 0, 0 }

// GRE is a header of version 0.
type GRE struct {
	Checksum bool
	// Key and Seq are left out if nil.
	Key, Seq *uint32
	// Type is taken from the next layer if 0.
	Type packet.EtherType
}

func (h GRE) head(dst []byte, next Layer) []byte {
	var flags uint16
	if h.Checksum {
		flags |= 0x8000
	}
	if h.Key != nil {
		flags |= 0x2000
	}
	if h.Seq != nil {
		flags |= 0x1000
	}
	dst = binary.BigEndian.AppendUint16(dst, flags)
	dst = binary.BigEndian.AppendUint16(dst, uint16(etherType(h.Type, next)))
	if h.Checksum {
		dst = append(dst, 0, 0, 0, 0)
	}
	for _, v := range []*uint32{h.Key, h.Seq} {
		if v != nil {
			dst = binary.BigEndian.AppendUint32(dst, *v)
		}
	}
	return dst
}

func (h GRE) finish(b []byte, _ address) {
	if h.Checksum {
		put16(b[4:], int(^packet.Add16(0, b)&0xffff))
	}
}

func (h GRE) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoGRE }
