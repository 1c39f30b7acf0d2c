package correlate

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Sighting is one observation, with what tells which packet it is of.
type Sighting struct {
	// Boot is the boot id of the kernel that made it. Equal flights are one
	// packet only below one boot id, and all nodes of one have one clock.
	// Where it is empty the point's node stands for it.
	Boot string
	// At is where it was; the Point of Seen is not looked at.
	At trail.Point
	// Frame holds the packet's first bytes as they were there; nil if the
	// source has none. It is not kept.
	Frame *trail.Frame
	// Key tells the packet where there is no frame, as a line of a log does;
	// its flow and TTL are those of Seen.Seen. It is valid iff Proto or Version
	// is not 0.
	Key packet.Key
	// Seen is what the source says of it. A time, direction or length of 0 is
	// that of the frame, no stage is StageCapture, and with a frame the headers
	// are the frame's.
	Seen trail.Observation
	// Also are observations without bytes that belong to this packet: routing
	// lookups, the next hop's link address. A point without interface and
	// node is At.
	Also []trail.Observation
}

// span is the part of a larger whole that a sighting shows: bytes of a TCP
// stream, or of a datagram in fragments.
type span struct {
	kind     spanKind
	more     bool // of a fragment: others come behind it
	from, to uint32
}

type spanKind uint8

const (
	spanAll      spanKind = iota // a packet of its own
	spanStream                   // TCP: sequence numbers, which wrap
	spanFragment                 // IP: bytes behind the header
)

const (
	fragmentMore   = 0x8000 // of packet.Key's Fragment
	fragmentOffset = 0x1fff
)

// contains reports whether b is a part of a, or the same.
func (a span) contains(b span) bool {
	if a.kind != b.kind {
		return b.kind == spanFragment
	}
	return int32(b.from-a.from) >= 0 && int32(a.to-b.to) >= 0
}

func (a span) overlaps(b span) bool {
	if a.kind != b.kind || a.from == b.from {
		return true
	}
	return int32(b.from-a.to) < 0 && int32(a.from-b.to) < 0
}

// view is what the bytes of one sighting tell.
type view struct {
	// id is valid iff known. sum stands for id.Key.
	known bool
	id    packet.Identity
	sum   uint64
	span  span
	// outer stands for the outermost IP header of a packet in a tunnel, and of
	// an ICMP error; 0 for others.
	outer uint64
	// cut: there is an outer header and nothing of the packet inside.
	cut  bool
	head head
	// refused is the packet in an ICMP error, quoted what tells it in its flow;
	// valid iff its Src is.
	refused packet.Flow
	quoted  uint32
	// unbroken: IPv4 forbids to fragment it.
	unbroken bool
	// udp is the length that a UDP header tells, its own included.
	udp int
	// dns is the identifier of a DNS message with a bit set above it.
	dns uint32
	// original is the source before a datapath translated it; may be invalid.
	original netip.Addr
}

// read decodes a sighting. It returns false if nothing in it tells which
// packet it is of.
func (t *Trails) read(s *Sighting) bool {
	v := &t.v
	*v = view{}
	if s.Frame == nil {
		v.known = s.Key.Proto != 0 || s.Key.Version != 0
		v.id.Key = s.Key
		t.headOf(&v.head, &s.Seen.Seen)
		if d := s.Seen.Datapath; d != nil {
			v.original = d.Original
		}
		t.finish(v)
		return v.known || s.Seen.Flight != 0
	}
	p := &t.p
	p.DecodeLen(s.At.Link, s.Frame.Data, s.Frame.Len)
	v.id, v.known = p.Identity()
	if net, ok := p.Network(); ok && !v.known {
		v.id.Key, v.known = t.cutTCP(net)
	}
	t.readHead(&v.head)
	inTunnel := len(t.tunnels) > 0
	v.cut = !v.known && inTunnel
	if v.cut {
		v.head.flow, v.head.ttl = packet.Flow{}, 0
	}
	t.readParts(v)
	isError := t.readRefused(v)
	if l, ok := p.Transport(); ok && !v.known && !inTunnel && (l.Kind == packet.KindICMPv4 || l.Kind == packet.KindICMPv6) {
		// The quote was cut short: the header of the error itself is all.
		isError = true
		h := packet.ICMP(p.Header(l))
		v.id.Key = packet.Key{Proto: p.Proto(), Type: h.Type(), Code: h.Code()}
	}
	if inTunnel || isError {
		v.outer = t.outerSum()
	}
	t.finish(v)
	return v.known || v.outer != 0 || s.Seen.Flight != 0
}

// finish derives what a key tells.
func (t *Trails) finish(v *view) {
	if !v.known {
		return
	}
	k := &v.id.Key
	v.sum = maphash.Comparable(t.seed, *k)
	if k.Bare != 0 && k.ID == 0 {
		v.sum = t.bareSum(v)
	}
	switch {
	case k.Fragment != 0:
		from := uint32(k.Fragment&fragmentOffset) * 8
		v.span = span{kind: spanFragment, more: k.Fragment&fragmentMore != 0, from: from, to: from + k.Len}
		if k.Proto == packet.ProtoTCP && from == 0 { // Len is without its header
			v.span.to += 20
		}
	case k.Proto == packet.ProtoTCP && k.Bare == 0:
		v.span = span{kind: spanStream, from: k.A, to: k.A + k.Len}
	default:
		v.span = span{to: math.MaxInt32}
	}
}

// cutTCP makes the key of a TCP packet whose options were not captured: the
// messages of nftables hold 20 bytes behind the IP header.
func (t *Trails) cutTCP(net packet.Layer) (packet.Key, bool) {
	p := &t.p
	rest := p.Rest()
	if p.Stop() != packet.StopCut || p.Missing() != packet.KindTCP || len(rest) < 20 || net.Kind == packet.KindARP {
		return packet.Key{}, false
	}
	h := packet.TCP(rest[:20])
	flags := h.Flags() & (packet.FIN | packet.SYN | packet.RST | packet.PSH | packet.ACK | packet.URG)
	k := packet.Key{Version: 6, Proto: packet.ProtoTCP, Type: uint8(flags), Window: h.Window(), A: h.Seq()}
	if flags&packet.ACK != 0 {
		k.B = h.Ack()
	}
	if net.Kind == packet.KindIPv4 {
		ip := packet.IPv4(p.Header(net))
		k.Version, k.ID = 4, uint32(ip.ID())
		k.Fragment = uint16(ip.FragmentOffset() / 8)
		if ip.MoreFragments() {
			k.Fragment |= fragmentMore
		}
	}
	if offset := int(rest[12]>>4) * 4; offset <= p.RestLen() {
		k.Len = uint32(p.RestLen() - offset)
	}
	return k, true
}

// outerSum stands for the outermost IP header and its ports: what is left of a
// packet in a tunnel where only its first 40 bytes are shown.
func (t *Trails) outerSum() uint64 {
	l, ok := t.p.OuterNetwork()
	if !ok || l.Kind == packet.KindARP {
		return 0
	}
	f, _ := t.p.OuterFlow()
	h := t.p.Header(l)
	var b [48]byte
	src, dst := f.Src.As16(), f.Dst.As16()
	copy(b[:], src[:])
	copy(b[16:], dst[:])
	binary.BigEndian.PutUint16(b[32:], f.SrcPort)
	binary.BigEndian.PutUint16(b[34:], f.DstPort)
	b[36] = byte(f.Proto)
	if l.Kind == packet.KindIPv4 {
		copy(b[37:], h[2:6]) // length and identification
	} else {
		copy(b[37:], h[4:6]) // payload length
	}
	return maphash.Bytes(t.seed, b[:]) | 1
}

// readRefused reads the packet in an ICMP error.
func (t *Trails) readRefused(v *view) bool {
	q := &t.q
	if !t.p.Quoted(q) {
		return false
	}
	f, ok := q.OuterFlow()
	if !ok {
		return false
	}
	v.refused = f
	l, _ := q.OuterNetwork()
	switch {
	case f.Proto == packet.ProtoTCP:
		if tr, ok := q.Transport(); ok {
			v.quoted = packet.TCP(q.Header(tr)).Seq()
		} else if rest := q.Rest(); len(rest) >= 8 {
			v.quoted = binary.BigEndian.Uint32(rest[4:])
		}
	case l.Kind == packet.KindIPv4:
		v.quoted = uint32(packet.IPv4(q.Header(l)).ID())
	}
	return true
}

// readParts reads what tells a datagram whose fragments, or whose answer, are
// to be found.
func (t *Trails) readParts(v *view) {
	p := &t.p
	if l, ok := p.Network(); ok && l.Kind == packet.KindIPv4 {
		v.unbroken = packet.IPv4(p.Header(l)).DontFragment()
	}
	l, ok := p.Transport()
	if !ok || l.Kind != packet.KindUDP {
		return
	}
	h := packet.UDP(p.Header(l))
	v.udp = h.Length()
	if body := p.Body(l); len(body) >= 2 && (h.SrcPort() == portDNS || h.DstPort() == portDNS) {
		v.dns = 1<<16 | uint32(binary.BigEndian.Uint16(body))
	}
}

const portDNS = 53
