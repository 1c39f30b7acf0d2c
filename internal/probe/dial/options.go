package dial

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
)

// Defaults and limits of Options.
const (
	DefaultTimeout = 3 * time.Second
	// MaxSize is the longest payload of a datagram in bytes.
	MaxSize = 65507
)

// Options of a probe. Proto and Dst are needed.
type Options struct {
	// Netns is the network namespace to send from; nil is our own.
	Netns *os.File
	// Proto is TCP, UDP or ICMP; ICMP is ICMPv6 where Dst is IPv6.
	Proto packet.Proto
	// Src is the address to send from; invalid lets the kernel choose.
	Src netip.Addr
	// SrcPort is the port to send from, or the identifier of an echo; 0 takes
	// one that is free.
	SrcPort uint16
	// Dst is where to; its port is not used for ICMP. A link-local address of
	// IPv6 needs a zone: the device's name or index.
	Dst netip.AddrPort
	// Timeout is how long to wait for an answer; 0 is DefaultTimeout.
	Timeout time.Duration
	// Size is the number of bytes of payload; 0 is as many as Payload has, or
	// as the probe needs. TCP sends them after the handshake, and the other
	// side must acknowledge them.
	Size int
	// DontFragment sends datagrams and echoes with DF set, whatever the kernel
	// knows of the path's MTU. TCP always does so.
	DontFragment bool
	// Payload is sent with UDP and ICMP; filled up to Size by repeating it. Nil
	// is a DNS question for UDP to port 53, otherwise "pktrail probe\n". TCP
	// sends it only if it is given, or Size is.
	Payload []byte
	// Started, if not nil, is called by Run just before the first packet is
	// sent.
	Started func(packet.Flow)
}

// check says what is wrong, and fills in what is not given.
func (o Options) check() (Options, error) {
	o.Dst = netip.AddrPortFrom(o.Dst.Addr().Unmap(), o.Dst.Port())
	o.Src = o.Src.Unmap()
	if o.Src.IsUnspecified() {
		o.Src = netip.Addr{}
	}
	if o.Proto == packet.ProtoICMPv6 && o.Dst.Addr().Is6() {
		o.Proto = packet.ProtoICMP
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	switch {
	case o.Proto != packet.ProtoTCP && o.Proto != packet.ProtoUDP && o.Proto != packet.ProtoICMP:
		return o, fmt.Errorf("probe by %s: only TCP, UDP and ICMP", o.Proto)
	case !o.Dst.Addr().IsValid():
		return o, errors.New("probe: no destination")
	case o.Proto != packet.ProtoICMP && o.Dst.Port() == 0:
		return o, fmt.Errorf("probe %s: no port", o.Dst.Addr())
	case o.Src.IsValid() && o.Src.Is4() != o.Dst.Addr().Is4():
		return o, fmt.Errorf("probe %s from %s: different families", o.Dst.Addr(), o.Src)
	case o.Timeout < 0:
		return o, fmt.Errorf("probe: timeout of %v", o.Timeout)
	case o.Size < 0 || o.Size > MaxSize || len(o.Payload) > MaxSize:
		return o, fmt.Errorf("probe: size of %d bytes: at most %d", max(o.Size, len(o.Payload)), MaxSize)
	}
	o.Payload = o.payload()
	return o, nil
}

// payload is what is sent, at its full length.
func (o Options) payload() []byte {
	p := o.Payload
	switch {
	case p != nil:
	case o.Proto == packet.ProtoTCP && o.Size == 0:
		return nil
	case o.Proto == packet.ProtoUDP && o.Dst.Port() == 53 && o.Size == 0:
		return dnsQuestion()
	default:
		p = []byte("pktrail probe\n")
	}
	if o.Size == 0 || len(p) == 0 {
		return append(slices.Clip(p), make([]byte, o.Size)...)
	}
	b := make([]byte, 0, o.Size+len(p))
	for len(b) < o.Size {
		b = append(b, p...)
	}
	return b[:o.Size]
}

// dnsQuestion asks for the name servers of the root, which every server
// answers in some way (RFC 1035 section 4.1).
func dnsQuestion() []byte {
	return []byte{
		0x70, 0x6b, // an identifier
		0x01, 0x00, // a query, recursion desired
		0, 1, 0, 0, 0, 0, 0, 0, // one question
		0, 0, 2, 0, 1, // ".", NS, IN
	}
}
