package nflog

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/packet"
)

const (
	udpLite = packet.Proto(136) // RFC 3828
	// maxDepth is of quoted packets: an ICMP error is not about another.
	maxDepth = 2
)

// Append makes the headers again, as far as they are known. The transport's
// checksum is 0, since the log does not have it. Both addresses must be valid.
func (h *Headers) Append(b []byte) []byte { return h.append(b, 0) }

func (h *Headers) append(b []byte, depth int) []byte {
	from := len(b)
	if h.Src.Is4() {
		src, dst := h.Src.As4(), h.Dst.As4()
		b = append(b, 0x45, h.TOS)
		b = binary.BigEndian.AppendUint16(b, uint16(h.Len))
		b = binary.BigEndian.AppendUint16(b, uint16(h.ID))
		b = binary.BigEndian.AppendUint16(b, h.Fragment)
		b = append(b, h.TTL, byte(h.Proto), 0, 0)
		b = append(append(b, src[:]...), dst[:]...)
		b = appendOptions(b, h.Options)
		b[from] = 0x40 | byte((len(b)-from)/4)
		binary.BigEndian.PutUint16(b[from+10:], checksum(b[from:]))
	} else {
		b = h.appendIPv6(b)
	}
	if h.Fragment&fragmentOffset != 0 {
		return b
	}
	return h.appendUpper(b, from, depth)
}

func (h *Headers) appendIPv6(b []byte) []byte {
	src, dst := h.Src.As16(), h.Dst.As16()
	next := h.Proto
	isFragment := h.Fragment&(fragmentOffset|fragmentMore) != 0
	if isFragment {
		next = packet.ProtoFragment
	}
	b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(h.TOS)<<20|h.Label&0xfffff)
	b = binary.BigEndian.AppendUint16(b, uint16(max(h.Len-40, 0)))
	b = append(b, byte(next), h.TTL)
	b = append(append(b, src[:]...), dst[:]...)
	if isFragment {
		offset := h.Fragment & fragmentOffset << 3
		if h.Fragment&fragmentMore != 0 {
			offset |= 1
		}
		b = append(b, byte(h.Proto), 0)
		b = binary.BigEndian.AppendUint16(b, offset)
		b = binary.BigEndian.AppendUint32(b, h.ID)
	}
	return b
}

// appendUpper adds the transport header to a packet that begins at from.
func (h *Headers) appendUpper(b []byte, from, depth int) []byte {
	switch {
	case h.Proto == packet.ProtoTCP && h.HasPorts && h.HasSeq:
		at := len(b)
		b = binary.BigEndian.AppendUint16(b, h.SrcPort)
		b = binary.BigEndian.AppendUint16(b, h.DstPort)
		b = binary.BigEndian.AppendUint32(b, h.Seq)
		b = binary.BigEndian.AppendUint32(b, h.Ack)
		b = append(b, 0, byte(h.Flags))
		b = binary.BigEndian.AppendUint16(b, h.Window)
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint16(b, h.Urgent)
		b = appendOptions(b, h.TCPOptions)
		if missing := from + h.Len - len(b); h.TCPOptions == "" && h.Flags&packet.SYN != 0 && missing > 0 && missing <= 40 && missing%4 == 0 {
			b = append(b, make([]byte, missing)...) // its options, which this log leaves out
		}
		b[at+12] = byte((len(b)-at)/4) << 4
	case (h.Proto == packet.ProtoUDP || h.Proto == udpLite) && h.HasPorts:
		b = binary.BigEndian.AppendUint16(b, h.SrcPort)
		b = binary.BigEndian.AppendUint16(b, h.DstPort)
		b = binary.BigEndian.AppendUint16(b, h.UDPLen)
		b = append(b, 0, 0)
	case (h.Proto == packet.ProtoICMP || h.Proto == packet.ProtoICMPv6) && h.HasType:
		b = append(b, h.Type, h.Code, 0, 0)
		rest := h.Rest
		if h.HasEcho {
			rest = uint32(h.EchoID)<<16 | uint32(h.EchoSeq)
		}
		b = binary.BigEndian.AppendUint32(b, rest)
		if h.Quote != nil && depth < maxDepth {
			b = h.Quote.append(b, depth+1)
		}
	}
	return b
}

// appendOptions adds what hexadecimal digits say, at most 40 bytes, filled up to
// words. It adds nothing where they are none.
func appendOptions(b []byte, digits string) []byte {
	at := len(b)
	for i := 0; i+1 < len(digits) && len(b)-at < 40; i += 2 {
		hi, lo := nibble(digits[i]), nibble(digits[i+1])
		if hi > 15 || lo > 15 {
			return b[:at]
		}
		b = append(b, hi<<4|lo)
	}
	for (len(b)-at)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// checksum of an IPv4 header (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
