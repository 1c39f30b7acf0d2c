package packet

import (
	"encoding/binary"
	"strconv"
)

// Identity is what makes one packet the same packet at every point that it
// passes. It is comparable, and two sightings a and b may be of one packet iff
// a.Same(b).
//
// It is taken from the innermost packet, so tunnels do not change it. It leaves
// out what the way changes: TTL, hardware addresses, VLAN tags, DSCP and ECN,
// checksums, IP addresses, ports, ICMP identifiers, IP options, TCP options but
// for the timestamps (a router may lower the MSS), the ECN flags of TCP.
//
// To group sightings, take Key as the key of a map and, among the few
// identities below one key, Payload.Agrees. Agrees is not transitive where
// captures are cut differently: a payload that was not captured agrees with
// every other.
//
// Two different packets are the same by this measure where a sender repeats
// itself to the byte and counts nothing:
//   - UDP or ICMP over IPv6, or over IPv4 with identification 0 (Linux sends it
//     in packets with DF that belong to no connected socket, SYN-ACK and RST
//     among them), repeated with the same length and payload;
//   - TCP over IPv6 repeated within one tick of its timestamp, or without
//     timestamps;
//   - ARP for the same addresses;
//   - packets of two flows that agree in all that is compared, such as pings of
//     equal sequence number and identification 0 whose payload was not captured.
//
// Time and Flow must tell those apart.
//
// One packet has two identities where the way changes more than the above:
// segmentation offload and its reverse (one large TCP packet on a veth is
// several on the wire), fragments and the reassembled packet, NAT64, SYN
// proxies and helpers that shift TCP sequence numbers, proxies.
type Identity struct {
	Key     Key
	Payload Digest
}

// Same reports whether the two may be sightings of one packet: the keys are
// equal and the payloads agree as far as both were captured.
func (a Identity) Same(b Identity) bool {
	return a.Key == b.Key && a.Payload.Agrees(b.Payload)
}

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

// Identity returns the identity of the innermost packet. It returns false if
// that is neither IPv4, IPv6 nor ARP, or if not all of its headers were
// captured.
func (p *Packet) Identity() (Identity, bool) {
	var id Identity
	if p.inner < 0 || p.stop == StopCut || p.stop == StopDeep {
		return id, false
	}
	l := p.layers[p.inner]
	if l.Kind == KindARP {
		return arpIdentity(p.Header(l))
	}
	u := p.above(p.inner)
	if u.headless {
		return id, false
	}
	id.Key = p.ipKey(p.inner, u)
	body := p.data[u.off:max(u.off, min(l.End, len(p.data)))]
	if id.Key.Fragment&fragmentOffset != 0 || u.layer < 0 {
		id.Payload = digest(nil, body)
		return id, true
	}
	ok := p.identify(&id, p.layers[u.layer], body)
	return id, ok
}

// identify fills in what TCP, SCTP and ICMP tell. The body starts with the
// transport header t.
func (p *Packet) identify(id *Identity, t Layer, body []byte) bool {
	h := p.Header(t)
	switch t.Kind {
	case KindTCP:
		id.Key.tcp(h)
		id.Payload = digest(TCP(h).timestamps(), body[t.Len:])
	case KindUDP: // nothing in its header but ports, length and checksum
		id.Payload = digest(nil, body[t.Len:])
	case KindSCTP:
		chunks := body[t.Len:]
		if len(chunks) < min(8, t.PayloadLen()) {
			return false
		}
		id.Key.sctp(h, chunks)
		id.Payload = digest(nil, chunks)
	case KindICMPv4, KindICMPv6:
		id.Key.icmp(t.Kind, h)
		if !quotes(t.Kind, h) {
			id.Payload = digest(nil, body[min(len(body), icmpStart(t.Kind, h)):])
			return true
		}
		if t.PayloadLen() > 0 {
			return p.identifyQuote(id)
		}
	}
	return true
}

// icmpStart is where the bytes of an ICMP message begin that NAT does not
// rewrite.
func icmpStart(k Kind, h ICMP) int {
	if hasID(k, h) {
		return 6 // behind the identifier
	}
	return 4
}

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

func arpIdentity(h ARP) (Identity, bool) {
	if !h.IsEthernetIPv4() {
		return Identity{}, false
	}
	src, dst := h.SenderIP().As4(), h.TargetIP().As4()
	return Identity{Key: Key{
		Type: uint8(h.Op()),
		A:    binary.BigEndian.Uint32(src[:]),
		B:    binary.BigEndian.Uint32(dst[:]),
	}}, true
}

// identifyQuote adds the identity of the packet in an ICMP error: NAT rewrites
// its headers as it does those of any packet.
func (p *Packet) identifyQuote(id *Identity) bool {
	var q Packet
	if !p.Quoted(&q) || q.outer < 0 {
		return false
	}
	u := q.above(q.outer)
	k := q.ipKey(q.outer, u)
	if k.Fragment&fragmentOffset == 0 && !k.quoted(q.data[u.off:]) {
		// Cut by the capture, or by a router that quotes less than it must.
		if p.Cut() {
			return false
		}
	}
	id.Key.Quote = k.hash()
	if u.layer < 0 || q.inner != q.outer {
		return true
	}
	switch l := q.layers[u.layer]; l.Kind {
	case KindTCP:
		id.Payload = digest(TCP(q.Header(l)).timestamps(), q.Body(l))
	case KindUDP:
		id.Payload = digest(nil, q.Body(l))
	}
	return true
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
