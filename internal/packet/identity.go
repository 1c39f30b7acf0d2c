package packet

import "encoding/binary"

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
// A packet before segmentation that is longer than 65535 bytes says 0 for its
// length: its identity needs DecodeLen where captures are cut.
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
