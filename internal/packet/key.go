package packet

import (
	"encoding/binary"
	"strconv"
)

// Key is the part of an identity that headers alone tell. A parser of logs
// that print headers can fill it in too.
type Key struct {
	// Version is 4 or 6; 0 for ARP.
	Version uint8
	// Proto is the protocol above IP and its extension headers.
	Proto Proto
	// Type is the ICMP type, the type of the first SCTP chunk, the ARP
	// operation, or the low eight TCP flags without ECE and CWR.
	Type uint8
	// Code is the ICMP code or the flags of the first SCTP chunk.
	Code uint8
	// Window is TCP's, not scaled.
	Window uint16
	// Fragment is the fragment offset in units of 8 bytes, with the top bit
	// set if more fragments follow; 0 for a whole packet.
	Fragment uint16
	// ID is the IPv4 identification, or the one of an IPv6 fragment header.
	ID uint32
	// Len is the length in bytes of the TCP payload, or of all that follows the
	// IP headers for the other protocols.
	Len uint32
	// A and B are TCP's sequence and acknowledgement number (B is 0 without
	// the ACK flag); SCTP's verification tag and the first four bytes of the
	// first chunk (the TSN of a DATA chunk); 0 and the sequence number of an ICMP echo;
	// ARP's sender and target address.
	A uint32
	B uint32
	// Quote is a hash of the key of the packet in an ICMP error, 0 otherwise.
	// It holds what the first 8 bytes of the quote's transport tell.
	Quote uint64
	// Bare is not 0 where a parser of logs saw no number of the transport that
	// the sender counts: without an ID either, packets of equal keys may be one
	// only within one flow. It holds what else was shown, such as a checksum,
	// or 1.
	Bare uint32
}

// String writes the parts that tell packets apart, in the words of kernel and
// tcpdump: "tcp id 28265 seq 1726587944 ack 0 len 0".
func (k Key) String() string {
	b := append(make([]byte, 0, 64), k.Proto.String()...)
	if k.Version == 0 {
		b = append(b[:0], "arp"...)
	}
	field := func(name string, v uint32) {
		b = append(append(b, ' '), name...)
		b = strconv.AppendUint(append(b, ' '), uint64(v), 10)
	}
	if k.ID != 0 || k.Version == 4 {
		field("id", k.ID)
	}
	switch k.Proto {
	case ProtoTCP:
		field("seq", k.A)
		field("ack", k.B)
	case ProtoICMP, ProtoICMPv6:
		field("type", uint32(k.Type))
		field("code", uint32(k.Code))
		if k.B != 0 {
			field("seq", k.B)
		}
	}
	if k.Fragment != 0 {
		field("offset", uint32(k.Fragment&fragmentOffset)*8)
	}
	field("len", k.Len)
	return string(b)
}

const (
	fragmentMore   = 0x8000
	fragmentOffset = 0x1fff

	// What of the TCP flags is the same at every point: ECE and CWR belong to
	// congestion marks.
	identityFlags = FIN | SYN | RST | PSH | ACK | URG

	// How many bytes of a transport header an ICMP error is sure to quote.
	quoteLen = 8
)

func (k *Key) tcp(h TCP) {
	flags := h.Flags() & identityFlags
	k.Type, k.Window, k.A = uint8(flags), h.Window(), h.Seq()
	if flags&ACK != 0 {
		k.B = h.Ack()
	}
	k.Len -= min(k.Len, uint32(len(h)))
}

func (k *Key) sctp(h SCTP, chunks []byte) {
	k.A = h.Tag()
	if len(chunks) >= 4 {
		k.Type, k.Code = chunks[0], chunks[1]
	}
	if len(chunks) >= 8 {
		k.B = binary.BigEndian.Uint32(chunks[4:])
	}
}

func (k *Key) icmp(kind Kind, h ICMP) {
	k.Type, k.Code = h.Type(), h.Code()
	if hasID(kind, h) {
		k.B = uint32(h.Seq())
	}
}

// ipKey fills in what the IP layer i and its extension headers tell.
func (p *Packet) ipKey(i int, u upper) Key {
	k := Key{Version: 6, Proto: u.proto}
	l := p.layers[i]
	k.Len = uint32(max(0, l.End-u.off))
	if l.Kind == KindIPv4 {
		h := IPv4(p.Header(l))
		k.Version, k.ID = 4, uint32(h.ID())
		k.fragment(h.FragmentOffset(), h.MoreFragments())
		return k
	}
	for _, l := range p.layers[i+1 : p.count] {
		if l.Off >= u.off {
			break
		}
		if l.Kind == KindFragment {
			h := IPv6Fragment(p.Header(l))
			k.ID = h.ID()
			k.fragment(h.Offset(), h.More())
		}
	}
	return k
}

func (k *Key) fragment(offset int, more bool) {
	k.Fragment = uint16(offset / 8)
	if more {
		k.Fragment |= fragmentMore
	}
}

// quoted fills in what the first bytes of a quoted transport header tell.
func (k *Key) quoted(b []byte) bool {
	if len(b) < quoteLen {
		return false
	}
	switch k.Proto {
	case ProtoTCP, ProtoSCTP: // sequence number; verification tag
		k.A = binary.BigEndian.Uint32(b[4:])
	case ProtoICMP, ProtoICMPv6:
		kind := KindICMPv4
		if k.Proto == ProtoICMPv6 {
			kind = KindICMPv6
		}
		k.icmp(kind, b[:quoteLen])
	}
	return true
}

// hash folds a quoted key into 64 bits.
func (k Key) hash() uint64 {
	h := mix(uint64(k.Version)<<56|uint64(k.Proto)<<48|uint64(k.Type)<<40|uint64(k.Code)<<32|uint64(k.Fragment), hashSeed)
	h = mix(h, uint64(k.ID)<<32|uint64(k.Len))
	h = mix(h, uint64(k.A)<<32|uint64(k.B))
	return h | 1 // never 0, which stands for no quote
}
