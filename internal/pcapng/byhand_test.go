package pcapng

import (
	"encoding/binary"
	"testing"
)

// Blocks by hand, in little-endian order and independent of Append.

func u16s(v ...uint16) (b []byte) {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func u32s(v ...uint32) (b []byte) {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func option(code uint16, v []byte) []byte {
	b := append(u16s(code, uint16(len(v))), v...)
	return append(b, make([]byte, pad4(len(v))-len(v))...)
}

// block frames a body; the body is taken as it is.
func block(o order, t BlockType, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	put := binary.LittleEndian.AppendUint32
	if o {
		put = binary.BigEndian.AppendUint32
	}
	n := uint32(len(body) + 12)
	return put(append(put(put(nil, uint32(t)), n), body...), n)
}

func sectionBlock() []byte {
	return block(false, TypeSection, u32s(byteOrderMagic), u16s(1, 0), u32s(0xffffffff, 0xffffffff))
}

// swapper turns a little-endian file into a big-endian one by the layout that
// the draft gives for each block, written down again here.
type swapper struct {
	t *testing.T
	b []byte
}

func bigEndian(t *testing.T, file []byte) []byte {
	t.Helper()
	file = append([]byte(nil), file...)
	for at := 0; at < len(file); {
		n := int(binary.LittleEndian.Uint32(file[at+4:]))
		swapBlock(t, file[at:at+n])
		at += n
	}
	return file
}

func swapBlock(t *testing.T, raw []byte) {
	t.Helper()
	typ := BlockType(binary.LittleEndian.Uint32(raw))
	n := len(raw)
	s := swapper{t, raw[8 : n-4]}
	switch typ {
	case TypeSection:
		s.next(4, 2, 2, 8)
		s.options(nil)
	case TypeInterface:
		s.next(2, 2, 4)
		s.options(map[uint16]int{OptIfSpeed: 8, OptIfOffset: 8, OptIfTxSpeed: 8, OptIfRxSpeed: 8})
	case TypePacket:
		caplen := binary.LittleEndian.Uint32(s.b[12:])
		s.next(4, 4, 4, 4, 4)
		s.b = s.b[pad4(int(caplen)):]
		s.options(map[uint16]int{OptFlags: 4, OptDrops: 8, OptPacketID: 8, OptQueue: 4, OptVerdict: 18})
	case TypeNames:
		for more := true; more; {
			more = binary.LittleEndian.Uint16(s.b) != 0
			size := binary.LittleEndian.Uint16(s.b[2:])
			s.next(2, 2)
			s.b = s.b[pad4(int(size)):]
		}
		s.options(nil)
	case TypeStatistics:
		s.next(4, 4, 4)
		s.options(map[uint16]int{OptStatStart: 44, OptStatEnd: 44, OptStatReceived: 8, OptStatDropped: 8, OptStatAccepted: 8, OptStatOSDropped: 8, OptStatDelivered: 8})
	case TypeSecrets:
		size := binary.LittleEndian.Uint32(s.b[4:])
		s.next(4, 4)
		s.b = s.b[pad4(int(size)):]
		s.options(nil)
	case TypeCustom, TypeCustomNoCopy:
		s.next(4)
	default:
		t.Fatalf("no layout for %v", typ)
	}
	s.b = raw
	s.next(4, 4)
	s.b = raw[n-4:]
	s.next(4)
}

func (s *swapper) next(sizes ...int) {
	for _, n := range sizes {
		for i := range n / 2 {
			s.b[i], s.b[n-1-i] = s.b[n-1-i], s.b[i]
		}
		s.b = s.b[n:]
	}
}

// options swaps the numbers in an option list; 44 is two words of 4 bytes,
// 18 a byte and 8 bytes.
func (s *swapper) options(numbers map[uint16]int) {
	for len(s.b) > 0 {
		code, n := binary.LittleEndian.Uint16(s.b), int(binary.LittleEndian.Uint16(s.b[2:]))
		s.next(2, 2)
		rest := s.b[pad4(n):]
		switch size := numbers[code]; {
		case code == OptCustomText || code == OptCustomBinary || code == OptCustomTextNoCopy || code == OptCustomBinaryNoCopy:
			s.next(4)
		case size == 18:
			s.next(1, 8)
		case size == 44:
			s.next(4, 4)
		case size != 0:
			s.next(size)
		}
		s.b = rest
	}
}
