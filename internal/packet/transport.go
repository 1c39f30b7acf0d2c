package packet

import "encoding/binary"

// UDP is a header of 8 bytes (RFC 768). Valid iff it is that long.
type UDP []byte

// SrcPort is the sender's port.
func (h UDP) SrcPort() uint16 { return binary.BigEndian.Uint16(h) }

// DstPort is the receiver's port.
func (h UDP) DstPort() uint16 { return binary.BigEndian.Uint16(h[2:]) }

// Length of header and payload in bytes; 0 in an IPv6 jumbogram.
func (h UDP) Length() int { return int(binary.BigEndian.Uint16(h[4:])) }

// Checksum over pseudo header, header and payload; 0 if there is none.
func (h UDP) Checksum() uint16 { return binary.BigEndian.Uint16(h[6:]) }

// SCTP is a common header of 12 bytes (RFC 9260); chunks follow it. Valid iff
// it is that long.
type SCTP []byte

// SrcPort is the sender's port.
func (h SCTP) SrcPort() uint16 { return binary.BigEndian.Uint16(h) }

// DstPort is the receiver's port.
func (h SCTP) DstPort() uint16 { return binary.BigEndian.Uint16(h[2:]) }

// Tag is the verification tag.
func (h SCTP) Tag() uint32 { return binary.BigEndian.Uint32(h[4:]) }

// Checksum is the CRC32c over header and chunks, as it stands in the packet:
// least significant byte first.
func (h SCTP) Checksum() uint32 { return binary.LittleEndian.Uint32(h[8:]) }

// Types of SCTP chunks (RFC 9260 section 3.2).
const (
	SCTPData             = 0
	SCTPInit             = 1
	SCTPInitAck          = 2
	SCTPSack             = 3
	SCTPHeartbeat        = 4
	SCTPHeartbeatAck     = 5
	SCTPAbort            = 6
	SCTPShutdown         = 7
	SCTPShutdownAck      = 8
	SCTPError            = 9
	SCTPCookieEcho       = 10
	SCTPCookieAck        = 11
	SCTPShutdownComplete = 14
)

// SCTPChunk is a chunk as far as it was captured. Valid iff it has at least 4
// bytes.
type SCTPChunk []byte

// Type is the chunk's type.
func (c SCTPChunk) Type() uint8 { return c[0] }

// Flags depend on the type.
func (c SCTPChunk) Flags() uint8 { return c[1] }

// Length in bytes as declared, without padding, its own 4 bytes included.
func (c SCTPChunk) Length() int { return int(binary.BigEndian.Uint16(c[2:])) }

// NextSCTPChunk splits the first chunk off b, the bytes behind an SCTP header.
// The last chunk may be shorter than it declares if the capture was cut. It
// returns false where no chunk starts.
func NextSCTPChunk(b []byte) (chunk SCTPChunk, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := SCTPChunk(b).Length()
	if n < 4 {
		return nil, nil, false
	}
	chunk = SCTPChunk(b[:min(n, len(b))])
	return chunk, b[min((n+3)&^3, len(b)):], true
}
