package packet

import (
	"encoding/binary"
	"hash/crc32"
)

// Sum is the verdict on a checksum.
type Sum uint8

// The verdicts.
const (
	// SumUnknown: the header has no checksum, or not all that it covers was
	// captured, or the packet is a fragment.
	SumUnknown Sum = iota
	SumGood
	SumBad
	// SumPartial: the field holds the sum of the pseudo header alone, as the
	// kernel leaves it where the device, or nobody on a veth, is to complete
	// it (CHECKSUM_PARTIAL in linux/skbuff.h). Such a packet is not damaged.
	SumPartial
)

var sumNames = [...]string{"unknown", "good", "bad", "partial"}

// String returns the verdict in one word.
func (s Sum) String() string {
	if int(s) < len(sumNames) {
		return sumNames[s]
	}
	return "invalid"
}

// Add16 adds b to a ones' complement sum (RFC 1071). It sums up 16-bit words
// in network byte order; only the last piece of a sum may have an odd length.
func Add16(sum uint32, b []byte) uint32 {
	s := uint64(sum)
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint32(s)
}

// AddPseudo adds the pseudo header of a transport segment of n bytes (RFC
// 9293, RFC 8200). Both addresses have 4 or 16 bytes.
func AddPseudo(sum uint32, src, dst []byte, proto Proto, n int) uint32 {
	var tail [8]byte
	binary.BigEndian.PutUint32(tail[:], uint32(n))
	tail[7] = byte(proto)
	return Add16(Add16(Add16(sum, src), dst), tail[:])
}

// castagnoli is the table of SCTP's CRC32c (RFC 9260 appendix A).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SCTPSum returns the CRC32c of an SCTP packet, its own checksum field taken
// as zero. The packet must have at least 12 bytes.
func SCTPSum(b []byte) uint32 {
	sum := ^crc32.Update(0, castagnoli, b[:8])
	for range 4 { // bytes of 0: a slice of them would have to be allocated
		sum = castagnoli[byte(sum)] ^ sum>>8
	}
	return crc32.Update(^sum, castagnoli, b[12:])
}

// Checksum judges the checksum of the layer with index i of Layers: of IPv4
// headers, TCP, UDP, SCTP, ICMP and GRE.
func (p *Packet) Checksum(i int) Sum {
	l := p.layers[i]
	if l.Kind == KindIPv4 {
		return verdict(Add16(0, p.Header(l)))
	}
	if l.End > len(p.data) {
		return SumUnknown
	}
	b := p.data[l.Off:l.End]
	switch l.Kind {
	case KindGRE:
		if !GRE(b).HasChecksum() {
			return SumUnknown
		}
		return verdict(Add16(0, b))
	case KindICMPv4, KindSCTP, KindTCP, KindUDP, KindICMPv6:
		return p.transportSum(i, b)
	}
	return SumUnknown
}

func verdict(sum uint32) Sum {
	if sum == 0xffff {
		return SumGood
	}
	return SumBad
}

// transportSum judges layer i, of which b are all the bytes.
func (p *Packet) transportSum(i int, b []byte) Sum {
	kind := p.layers[i].Kind
	network := -1
	for j := i - 1; j >= 0 && network < 0; j-- {
		if p.layers[j].Kind.IsNetwork() {
			network = j
		}
	}
	if network < 0 || p.ipKey(network, p.above(network)).Fragment != 0 {
		return SumUnknown
	}
	switch kind {
	case KindICMPv4:
		return verdict(Add16(0, b))
	case KindSCTP:
		if SCTPSum(b) == SCTP(b).Checksum() {
			return SumGood
		}
		return SumBad
	}
	at, proto := 2, ProtoICMPv6
	switch kind {
	case KindTCP:
		at, proto = 16, ProtoTCP
	case KindUDP:
		at, proto = 6, ProtoUDP
		if UDP(b).Checksum() == 0 {
			return SumUnknown
		}
	}
	pseudo := AddPseudo(0, p.address(network, false), p.finalDst(network), proto, len(b))
	switch {
	case Add16(pseudo, b) == 0xffff:
		return SumGood
	case uint32(binary.BigEndian.Uint16(b[at:])) == pseudo:
		return SumPartial
	}
	return SumBad
}

// address returns the bytes of the sender's or receiver's address.
func (p *Packet) address(network int, dst bool) []byte {
	l := p.layers[network]
	from, n := 12, 4
	if l.Kind == KindIPv6 {
		from, n = 8, 16
	}
	if dst {
		from += n
	}
	return p.data[l.Off+from : l.Off+from+n]
}

// finalDst is the address that the pseudo header holds: of a packet with a
// routing header that is not used up it is the last one listed (RFC 8200
// section 8.1; type 4, RFC 8754, lists it first).
func (p *Packet) finalDst(network int) []byte {
	for _, l := range p.layers[network+1 : p.count] {
		switch l.Kind {
		case KindHopByHop, KindDestination, KindFragment, KindAH:
			continue
		case KindRouting:
		default:
			return p.address(network, true)
		}
		h := IPv6Extension(p.Header(l))
		if h.SegmentsLeft() == 0 || len(h) < 24 {
			continue
		}
		switch h.RoutingType() {
		case 0, 2:
			return h[len(h)-16:]
		case 4:
			return h[8:24]
		}
	}
	return p.address(network, true)
}
