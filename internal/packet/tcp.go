package packet

import "encoding/binary"

// TCPFlags are the bits of byte 13 of a TCP header, and AE of byte 12.
type TCPFlags uint16

// The flags (RFC 9293, RFC 3168; AE is RFC 9768).
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// TCP is a header with its options (RFC 9293). Valid iff it is as long as its
// data offset says, at least 20 bytes.
type TCP []byte

// SrcPort is the sender's port.
func (h TCP) SrcPort() uint16 { return binary.BigEndian.Uint16(h) }

// DstPort is the receiver's port.
func (h TCP) DstPort() uint16 { return binary.BigEndian.Uint16(h[2:]) }

// Seq is the sequence number.
func (h TCP) Seq() uint32 { return binary.BigEndian.Uint32(h[4:]) }

// Ack is the acknowledgement number; valid iff the ACK flag is set.
func (h TCP) Ack() uint32 { return binary.BigEndian.Uint32(h[8:]) }

// Flags are the control bits.
func (h TCP) Flags() TCPFlags { return TCPFlags(binary.BigEndian.Uint16(h[12:]) & 0x1ff) }

// Window is the receive window, not scaled.
func (h TCP) Window() uint16 { return binary.BigEndian.Uint16(h[14:]) }

// Checksum over pseudo header, header and payload.
func (h TCP) Checksum() uint16 { return binary.BigEndian.Uint16(h[16:]) }

// Urgent is the urgent pointer; valid iff the URG flag is set.
func (h TCP) Urgent() uint16 { return binary.BigEndian.Uint16(h[18:]) }

// Options are the bytes behind the fixed header.
func (h TCP) Options() []byte { return h[20:] }

// Kinds of TCP options (IANA).
const (
	TCPOptEnd       = 0
	TCPOptNOP       = 1
	TCPOptMSS       = 2
	TCPOptWScale    = 3
	TCPOptSACKOK    = 4
	TCPOptSACK      = 5
	TCPOptTimestamp = 8
	TCPOptMD5       = 19
	TCPOptUTO       = 28
	TCPOptAO        = 29
	TCPOptMPTCP     = 30
	TCPOptFastOpen  = 34
)

// NextTCPOption splits the first option off opts. TCPOptEnd and TCPOptNOP have
// no body. It returns false at the end of the list and where an option does
// not fit.
func NextTCPOption(opts []byte) (kind byte, body, rest []byte, ok bool) {
	if len(opts) == 0 {
		return 0, nil, nil, false
	}
	kind = opts[0]
	if kind == TCPOptEnd || kind == TCPOptNOP {
		return kind, nil, opts[1:], true
	}
	if len(opts) < 2 {
		return kind, nil, nil, false
	}
	n := int(opts[1])
	if n < 2 || n > len(opts) {
		return kind, nil, nil, false
	}
	return kind, opts[2:n], opts[n:], true
}

// timestamps returns the 8 bytes of TSval and TSecr, nil if there are none.
func (h TCP) timestamps() []byte {
	for opts := h.Options(); ; {
		kind, body, rest, ok := NextTCPOption(opts)
		switch {
		case !ok || kind == TCPOptEnd:
			return nil
		case kind == TCPOptTimestamp && len(body) == 8:
			return body
		}
		opts = rest
	}
}
