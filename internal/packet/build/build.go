package build

import (
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
)

// Layer is one header, or a payload. The types of this package are all there
// are.
type Layer interface {
	// head appends the header; what depends on the layers behind it is left 0
	// or, for the type of the next one, taken from it.
	head(dst []byte, next Layer) []byte
	// finish sets lengths and checksums. b starts with the header and ends
	// with the packet; ip is the nearest IP layer outside it, nil if none.
	finish(b []byte, ip address)
	// types are the numbers by which the layer before names this one.
	types() (packet.EtherType, packet.Proto)
}

// address gives the pseudo header its addresses.
type address interface {
	addresses() (src, dst []byte)
}

// Packet returns the bytes of the layers, outer to inner.
func Packet(layers ...Layer) []byte { return Append(nil, layers...) }

// Append appends the bytes of the layers, outer to inner. A layer that cannot
// be written, such as an IPv4 header without an IPv4 address, is a mistake of
// the program and panics.
func Append(dst []byte, layers ...Layer) []byte {
	start := make([]int, len(layers))
	ips := make([]address, len(layers))
	var ip address
	for i, l := range layers {
		var next Layer = Payload(nil)
		if i+1 < len(layers) {
			next = layers[i+1]
		}
		start[i], ips[i] = len(dst), ip
		dst = l.head(dst, next)
		if a, ok := l.(address); ok {
			ip = a
		}
	}
	for i, l := range slices.Backward(layers) {
		l.finish(dst[start[i]:], ips[i])
	}
	return dst
}

// Payload is bytes without a header.
type Payload []byte

func (p Payload) head(dst []byte, _ Layer) []byte         { return append(dst, p...) }
func (p Payload) finish([]byte, address)                  {}
func (p Payload) types() (packet.EtherType, packet.Proto) { return 0, packet.ProtoNoNext }

// etherType is the type to write before next: the wanted one, or next's own.
func etherType(want packet.EtherType, next Layer) packet.EtherType {
	if want != 0 {
		return want
	}
	t, _ := next.types()
	return t
}

// protocol is the number to write before next: the wanted one, or next's own.
func protocol(want packet.Proto, next Layer) byte {
	if want != 0 {
		return byte(want)
	}
	_, p := next.types()
	return byte(p)
}

func put16(b []byte, v int) { b[0], b[1] = byte(v>>8), byte(v) }

// length checks that n fits a field of 16 bits.
func length(n int, of string) int {
	if n > 0xffff {
		panic(fmt.Sprintf("build %s: %d bytes do not fit its length field", of, n))
	}
	return n
}

// transportSum sets the checksum at b[at:].
func transportSum(b []byte, at int, ip address, proto packet.Proto) {
	if ip == nil {
		panic("build " + proto.String() + ": no IP layer before it")
	}
	src, dst := ip.addresses()
	put16(b[at:], 0)
	put16(b[at:], int(^packet.Add16(packet.AddPseudo(0, src, dst, proto, len(b)), b)&0xffff))
}
