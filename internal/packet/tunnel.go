package packet

import "encoding/binary"

// VXLAN is a header of 8 bytes (RFC 7348). Valid iff it is that long.
type VXLAN []byte

// HasVNI is the I flag; without it the header is not VXLAN's.
func (h VXLAN) HasVNI() bool { return h[0]&0x08 != 0 }

// VNI is the network's number, 24 bits.
func (h VXLAN) VNI() uint32 { return binary.BigEndian.Uint32(h[4:]) >> 8 }

// Geneve is a header with its options (RFC 8926). Valid iff it has at least 8
// bytes.
type Geneve []byte

// Control is the O flag.
func (h Geneve) Control() bool { return h[1]&0x80 != 0 }

// Critical is the C flag: an option must be understood.
func (h Geneve) Critical() bool { return h[1]&0x40 != 0 }

// Type is the EtherType of what follows; TypeTEB for Ethernet.
func (h Geneve) Type() EtherType { return EtherType(binary.BigEndian.Uint16(h[2:])) }

// VNI is the network's number, 24 bits.
func (h Geneve) VNI() uint32 { return binary.BigEndian.Uint32(h[4:]) >> 8 }

// Options are the bytes behind the fixed header.
func (h Geneve) Options() []byte { return h[8:] }

const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
)

// GRE is a header of version 0 with its optional fields (RFC 2784, RFC 2890).
// Valid iff it is as long as its flags ask for.
type GRE []byte

func (h GRE) flags() uint16 { return binary.BigEndian.Uint16(h) }

func (h GRE) length() int {
	n := 4
	for _, f := range [...]uint16{greChecksum, greKey, greSequence} {
		if h.flags()&f != 0 {
			n += 4
		}
	}
	return n
}

// Version is 0; 1 is PPTP's (RFC 2637).
func (h GRE) Version() uint8 { return h[1] & 7 }

// Type is the EtherType of what follows; TypeTEB for Ethernet.
func (h GRE) Type() EtherType { return EtherType(binary.BigEndian.Uint16(h[2:])) }

// HasChecksum reports whether it has one, over header and payload.
func (h GRE) HasChecksum() bool { return h.flags()&greChecksum != 0 }

// Key returns the key, false if there is none.
func (h GRE) Key() (uint32, bool) {
	if h.flags()&greKey == 0 {
		return 0, false
	}
	at := 4
	if h.HasChecksum() {
		at = 8
	}
	return binary.BigEndian.Uint32(h[at:]), true
}

// Seq returns the sequence number, false if there is none.
func (h GRE) Seq() (uint32, bool) {
	if h.flags()&greSequence == 0 {
		return 0, false
	}
	return binary.BigEndian.Uint32(h[h.length()-4:]), true
}
