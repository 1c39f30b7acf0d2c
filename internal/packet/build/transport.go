package build

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/packet"
)

// TCP is a header with options.
type TCP struct {
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            packet.TCPFlags
	// Window is 64240 if 0; ZeroWindow makes it 0.
	Window     uint16
	ZeroWindow bool
	Urgent     uint16
	// Options are padded to a multiple of 4 bytes: see MSS and its kin.
	Options []byte
}

func (h TCP) head(dst []byte, _ Layer) []byte {
	opts := pad4(h.Options)
	window := h.Window
	if window == 0 && !h.ZeroWindow {
		window = 64240
	}
	dst = binary.BigEndian.AppendUint16(dst, h.SrcPort)
	dst = binary.BigEndian.AppendUint16(dst, h.DstPort)
	dst = binary.BigEndian.AppendUint32(dst, h.Seq)
	dst = binary.BigEndian.AppendUint32(dst, h.Ack)
	dst = binary.BigEndian.AppendUint16(dst, uint16(5+len(opts)/4)<<12|uint16(h.Flags))
	dst = binary.BigEndian.AppendUint16(dst, window)
	dst = append(dst, 0, 0)
	return append(binary.BigEndian.AppendUint16(dst, h.Urgent), opts...)
}

func (h TCP) finish(b []byte, ip address)             { transportSum(b, 16, ip, packet.ProtoTCP) }
func (h TCP) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoTCP }

// Options joins TCP options.
func Options(opts ...[]byte) []byte {
	var all []byte
	for _, o := range opts {
		all = append(all, o...)
	}
	return all
}

// NOP is a TCP option without effect.
func NOP() []byte { return []byte{packet.TCPOptNOP} }

// MSS is the maximum segment size in bytes.
func MSS(n uint16) []byte { return []byte{packet.TCPOptMSS, 4, byte(n >> 8), byte(n)} }

// WScale is the window scale as a power of two.
func WScale(n uint8) []byte { return []byte{packet.TCPOptWScale, 3, n} }

// SACKOK permits selective acknowledgements.
func SACKOK() []byte { return []byte{packet.TCPOptSACKOK, 2} }

// SACK lists left and right edges of received blocks.
func SACK(edges ...uint32) []byte {
	b := []byte{packet.TCPOptSACK, byte(2 + 4*len(edges))}
	for _, e := range edges {
		b = binary.BigEndian.AppendUint32(b, e)
	}
	return b
}

// Timestamps are TSval and TSecr.
func Timestamps(val, ecr uint32) []byte {
	b := []byte{packet.TCPOptTimestamp, 10}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, val), ecr)
}

// UDP is a header of 8 bytes.
type UDP struct {
	SrcPort, DstPort uint16
	// NoChecksum leaves the field 0, as VXLAN does.
	NoChecksum bool
}

func (h UDP) head(dst []byte, _ Layer) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.SrcPort)
	dst = binary.BigEndian.AppendUint16(dst, h.DstPort)
	return append(dst, 0, 0, 0, 0)
}

func (h UDP) finish(b []byte, ip address) {
	put16(b[4:], length(len(b), "udp"))
	if h.NoChecksum {
		return
	}
	transportSum(b, 6, ip, packet.ProtoUDP)
	if b[6] == 0 && b[7] == 0 { // 0 stands for none
		put16(b[6:], 0xffff)
	}
}

func (h UDP) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoUDP }

// SCTP is a common header; Chunk layers follow it.
type SCTP struct {
	SrcPort, DstPort uint16
	Tag              uint32
}

func (h SCTP) head(dst []byte, _ Layer) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.SrcPort)
	dst = binary.BigEndian.AppendUint16(dst, h.DstPort)
	dst = binary.BigEndian.AppendUint32(dst, h.Tag)
	return append(dst, 0, 0, 0, 0)
}

func (h SCTP) finish(b []byte, _ address) {
	binary.LittleEndian.PutUint32(b[8:], packet.SCTPSum(b))
}

func (h SCTP) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoSCTP }

// Chunk is an SCTP chunk. Its body is padded to a multiple of 4 bytes.
type Chunk struct {
	Type, Flags uint8
	Body        []byte
}

func (h Chunk) head(dst []byte, _ Layer) []byte {
	n := length(4+len(h.Body), "sctp chunk")
	dst = append(dst, h.Type, h.Flags, byte(n>>8), byte(n))
	return append(dst, pad4(h.Body)...)
}

func (h Chunk) finish([]byte, address)                  {}
func (h Chunk) types() (packet.EtherType, packet.Proto) { return 0, 0 }

// ICMPv4 is a message's first 8 bytes.
type ICMPv4 struct {
	Type, Code uint8
	// ID and Seq are the second word's halves, whatever the type holds there.
	ID, Seq uint16
}

func (h ICMPv4) head(dst []byte, _ Layer) []byte {
	return append(dst, h.Type, h.Code, 0, 0, byte(h.ID>>8), byte(h.ID), byte(h.Seq>>8), byte(h.Seq))
}

func (h ICMPv4) finish(b []byte, _ address) {
	put16(b[2:], 0)
	put16(b[2:], int(^packet.Add16(0, b)&0xffff))
}

func (h ICMPv4) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoICMP }

// ICMPv6 is a message's first 8 bytes.
type ICMPv6 struct {
	Type, Code uint8
	// ID and Seq are the second word's halves, whatever the type holds there.
	ID, Seq uint16
}

func (h ICMPv6) head(dst []byte, _ Layer) []byte {
	return append(dst, h.Type, h.Code, 0, 0, byte(h.ID>>8), byte(h.ID), byte(h.Seq>>8), byte(h.Seq))
}

func (h ICMPv6) finish(b []byte, ip address)             { transportSum(b, 2, ip, packet.ProtoICMPv6) }
func (h ICMPv6) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoICMPv6 }
