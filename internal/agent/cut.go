package agent

import (
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// cutter takes the payload out of frames, so that it never leaves the node.
// What it does not know for a header it takes for payload.
type cutter struct {
	keep Keep
	p    packet.Packet
}

// Ports whose payload is protocol, not people's data (IANA service names).
const (
	portDNS    = 53
	portMDNS   = 5353
	portBOOTPS = 67
	portBOOTPC = 68
)

// Sizes in bytes.
const (
	bootpHeader = 44  // up to and with the hardware address, RFC 951
	quotedL4    = 8   // what an ICMP error quotes at least behind the IP header, RFC 792
	redirected  = 32  // target and destination of an ICMPv6 redirect, RFC 4861
	timestamps  = 12  // of an ICMP timestamp message, RFC 792
	llcHeader   = 3   // IEEE 802.2
	snapHeader  = 8   // with the one before
	bpduMost    = 64  // of a spanning tree message, IEEE 802.1Q
	cutHeader   = 128 // of a header that the snap length has cut
	oddHeader   = 20  // of a header that contradicts itself
)

// cut shortens f.Data to its headers; f.Len stays what it was on the wire.
func (c *cutter) cut(link packet.LinkType, f *trail.Frame) {
	c.p.DecodeLen(link, f.Data, f.Len)
	f.Data = f.Data[:min(c.end(), len(f.Data))]
}

// end is where the headers end.
func (c *cutter) end() int {
	layers := c.p.Layers()
	var last packet.Layer
	if len(layers) > 0 {
		last = layers[len(layers)-1]
	}
	end := last.Off + last.Len
	switch c.p.Stop() {
	case packet.StopCut: // a header that is not whole is still a header
		return end + cutHeader
	case packet.StopMalformed:
		if c.tunnelled() { // by its port only: perhaps it is no tunnel
			return end
		}
		return end + oddHeader
	}
	switch last.Kind {
	case packet.KindIPv4:
		if packet.IPv4(c.p.Header(last)).Proto() == packet.ProtoIGMP && c.p.Stop() != packet.StopFragment {
			return end + min(last.PayloadLen(), igmpMost)
		}
	case packet.KindICMPv4:
		return end + c.icmp4(last)
	case packet.KindICMPv6:
		return end + c.icmp6(last)
	case packet.KindUDP:
		return end + c.udp(last)
	case packet.KindTCP:
		if c.keep == KeepNames && hasPort(c.p.Header(last), portDNS) {
			return end + last.PayloadLen()
		}
	case packet.KindSCTP:
		return end + firstChunk(c.p.Body(last))
	case packet.KindLLC:
		return end + llc(c.p.Body(last))
	}
	return end
}

// igmpMost is the head of an IGMPv3 report and 14 groups (RFC 3376): a message
// without anybody's data, which is not decoded.
const igmpMost = 8 + 14*8

// llc is how much is kept behind an 802.3 length: the header and, of spanning
// tree, the message.
func llc(b []byte) int {
	switch {
	case len(b) == 0:
		return 0
	case b[0] == 0x42:
		return min(len(b), bpduMost)
	case b[0] == 0xaa:
		return snapHeader
	}
	return llcHeader
}

// tunnelled says that the packet is inside of a tunnel that its UDP port
// stands for.
func (c *cutter) tunnelled() bool {
	_, vxlan := c.p.Find(packet.KindVXLAN)
	_, geneve := c.p.Find(packet.KindGeneve)
	return vxlan || geneve
}

// hasPort looks into a TCP or UDP header: both begin with the ports.
func hasPort(h packet.UDP, port uint16) bool { return h.SrcPort() == port || h.DstPort() == port }

// udp is how much of a datagram's payload is kept.
func (c *cutter) udp(l packet.Layer) int {
	h := packet.UDP(c.p.Header(l))
	switch {
	case c.keep != KeepNames:
	case hasPort(h, portDNS), hasPort(h, portMDNS):
		return l.PayloadLen()
	case hasPort(h, portBOOTPS), hasPort(h, portBOOTPC):
		return min(l.PayloadLen(), bootpHeader)
	}
	return 0
}

// firstChunk keeps the fixed part of an SCTP packet's first chunk (RFC 9260).
func firstChunk(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case 0, 3: // DATA, SACK
		return 16
	case 1, 2: // INIT, INIT ACK
		return 20
	}
	return 4
}

// icmp4 keeps the headers that an error quotes, and what routers and clocks
// say; the data of an echo goes, and all that is not known.
func (c *cutter) icmp4(l packet.Layer) int {
	b := c.p.Body(l)
	switch t := packet.ICMP(c.p.Header(l)).Type(); t {
	case packet.ICMPv4Unreachable, packet.ICMPv4SourceQuench, packet.ICMPv4Redirect,
		packet.ICMPv4TimeExceeded, packet.ICMPv4Parameter:
		if len(b) < 20 || b[0]>>4 != 4 {
			return 0
		}
		n := int(b[0]&0xf) * 4
		if packet.IPv4(b).FragmentOffset() != 0 { // what follows is payload
			return n
		}
		return n + quotedL4
	case packet.ICMPv4RouterAdvert:
		return len(b)
	case packet.ICMPv4Timestamp, packet.ICMPv4TimestampRep, packet.ICMPv4Mask, packet.ICMPv4MaskReply:
		return min(len(b), timestamps)
	}
	return 0
}

// icmp6 is icmp4 for IPv6, where neighbour discovery is part of ICMP.
func (c *cutter) icmp6(l packet.Layer) int {
	b := c.p.Body(l)
	switch t := packet.ICMP(c.p.Header(l)).Type(); t {
	case packet.ICMPv6Unreachable, packet.ICMPv6TooBig, packet.ICMPv6TimeExceeded, packet.ICMPv6Parameter:
		if len(b) < 40 || b[0]>>4 != 6 {
			return 0
		}
		if packet.IPv6(b).NextHeader() == packet.ProtoNoNext {
			return 40
		}
		return 40 + quotedL4
	case packet.ICMPv6MLDQuery, packet.ICMPv6MLDReport, packet.ICMPv6MLDDone, packet.ICMPv6MLDv2Report,
		packet.ICMPv6RouterSol, packet.ICMPv6RouterAdvert, packet.ICMPv6NeighborSol, packet.ICMPv6NeighborAdv:
		return len(b)
	case packet.ICMPv6Redirect: // it quotes the packet, too, in an option
		return redirected
	}
	return 0
}
