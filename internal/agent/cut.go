package agent

import (
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// cutter takes the payload out of frames, so that it never leaves the node.
type cutter struct {
	keep Keep
	p    packet.Packet
}

// Ports whose payload is protocol, not people's data (IANA service names).
const (
	portDNS     = 53
	portMDNS    = 5353
	portBOOTPS  = 67
	portBOOTPC  = 68
	bootpHeader = 44 // up to and with the hardware address, RFC 951
	quotedL4    = 8  // what an ICMP error quotes at least behind the IP header, RFC 792
	quotedIPv6  = 40
)

// cut shortens f.Data to its headers; f.Len stays what it was on the wire.
func (c *cutter) cut(link packet.LinkType, f *trail.Frame) {
	c.p.DecodeLen(link, f.Data, f.Len)
	layers := c.p.Layers()
	if len(layers) == 0 || c.p.Stop() == packet.StopCut || c.p.Stop() == packet.StopMalformed {
		// A header that is not whole is still a header; it is short.
		f.Data = f.Data[:min(len(f.Data), maxOddHeader)]
		return
	}
	last := layers[len(layers)-1]
	end := last.Off + last.Len
	switch last.Kind {
	case packet.KindICMPv4, packet.KindICMPv6:
		end = c.icmpEnd(last)
	case packet.KindUDP, packet.KindTCP:
		end += c.payload(last)
	case packet.KindARP, packet.KindLLC:
		end = last.End
	}
	f.Data = f.Data[:min(end, len(f.Data))]
}

// maxOddHeader is what is kept of a frame whose headers could not be read.
const maxOddHeader = 128

// payload is how much of a transport's payload is kept, in bytes.
func (c *cutter) payload(l packet.Layer) int {
	if c.keep != KeepNames {
		return 0
	}
	h := packet.UDP(c.p.Header(l)) // TCP has its ports in the same place
	for _, port := range [2]uint16{h.SrcPort(), h.DstPort()} {
		switch port {
		case portDNS, portMDNS:
			return l.PayloadLen()
		case portBOOTPS, portBOOTPC:
			return bootpHeader
		}
	}
	return 0
}

// icmpEnd keeps the headers that an error quotes, and messages that are all
// header; the data of an echo goes.
func (c *cutter) icmpEnd(l packet.Layer) int {
	t, quoted := packet.ICMP(c.p.Header(l)).Type(), c.p.Body(l)
	if l.Kind == packet.KindICMPv6 {
		switch {
		case t < packet.ICMPv6Echo: // an error, RFC 4443
			return l.Off + l.Len + quotedIPv6 + quotedL4
		case t == packet.ICMPv6Echo, t == packet.ICMPv6EchoReply:
			return l.Off + l.Len
		}
		return l.End
	}
	switch t {
	case packet.ICMPv4Echo, packet.ICMPv4EchoReply:
		return l.Off + l.Len
	case packet.ICMPv4Unreachable, packet.ICMPv4SourceQuench, packet.ICMPv4Redirect,
		packet.ICMPv4TimeExceeded, packet.ICMPv4Parameter:
		if len(quoted) == 0 {
			return l.Off + l.Len
		}
		return l.Off + l.Len + int(quoted[0]&0xf)*4 + quotedL4
	}
	return l.End
}
