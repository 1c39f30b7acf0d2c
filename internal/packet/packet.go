package packet

// MaxLayers is how many headers of one packet are decoded.
const MaxLayers = 32

// Packet is a decoded frame. It holds no copy: the data must stay as it is
// while the Packet is used. A Packet is meant to be used again for the next
// frame; its zero value is ready.
type Packet struct {
	data   []byte
	layers [MaxLayers]Layer
	count  int

	off    int // where the next header starts
	end    int // where the enclosing headers say that the packet ends
	inner  int // index of the innermost network layer, -1 if none
	outer  int // index of the outermost network layer, -1 if none
	trans  int // index of the innermost network layer's transport, -1 if none
	proto  Proto
	etype  EtherType
	last   step
	stop   Stop
	reason string
}

// unknownEnd stands for the end of a frame whose length on the wire nobody
// told.
const unknownEnd = 1 << 30

// Decode reads the headers of a frame that starts with a header of type link.
// Any bytes are safe. Nothing is allocated.
func (p *Packet) Decode(link LinkType, data []byte) {
	p.decode(link, data, unknownEnd)
}

// DecodeLen is Decode for a frame that had wireLen bytes on the wire, of which
// data are the first. With it a header that is cut short by the snap length
// can be told from one that never was whole.
func (p *Packet) DecodeLen(link LinkType, data []byte, wireLen int) {
	p.decode(link, data, max(wireLen, len(data)))
}

func (p *Packet) decode(link LinkType, data []byte, end int) {
	p.data, p.count, p.off, p.end = data, 0, 0, end
	p.inner, p.outer, p.trans = -1, -1, -1
	p.proto, p.etype = 0, 0
	p.stop, p.reason = StopPayload, ""
	for next := firstStep(link); next != stepDone; {
		p.last = next
		next = p.step(next)
	}
}

// Data returns the frame as it was given.
func (p *Packet) Data() []byte { return p.data }

// Layers returns the headers from the outside in. The slice is valid until
// the next Decode.
func (p *Packet) Layers() []Layer { return p.layers[:p.count] }

// Stop says why decoding ended.
func (p *Packet) Stop() Stop { return p.stop }

// Reason says what is wrong with a malformed packet; valid iff Stop is
// StopMalformed.
func (p *Packet) Reason() string { return p.reason }

// Missing is the kind of the header that was cut short or is malformed; valid
// iff Stop is StopCut or StopMalformed.
func (p *Packet) Missing() Kind { return p.last.kind() }

// Network returns the innermost IPv4, IPv6 or ARP layer.
func (p *Packet) Network() (Layer, bool) { return p.at(p.inner) }

// OuterNetwork returns the outermost IPv4, IPv6 or ARP layer.
func (p *Packet) OuterNetwork() (Layer, bool) { return p.at(p.outer) }

// Transport returns the TCP, UDP, SCTP or ICMP layer of the innermost network
// layer.
func (p *Packet) Transport() (Layer, bool) { return p.at(p.trans) }

// Find returns the innermost layer of a kind.
func (p *Packet) Find(k Kind) (Layer, bool) {
	for i := p.count - 1; i >= 0; i-- {
		if p.layers[i].Kind == k {
			return p.layers[i], true
		}
	}
	return Layer{}, false
}

func (p *Packet) at(i int) (Layer, bool) {
	if i < 0 {
		return Layer{}, false
	}
	return p.layers[i], true
}

// Header returns a layer's header, options included.
func (p *Packet) Header(l Layer) []byte { return p.data[l.Off : l.Off+l.Len : l.Off+l.Len] }

// Body returns what was captured of a layer's payload, without padding behind
// it.
func (p *Packet) Body(l Layer) []byte {
	from := l.Off + l.Len
	to := max(from, min(l.End, len(p.data)))
	return p.data[from:to:to]
}

// Rest returns the captured bytes behind the last decoded header: payload, or
// what could not be decoded.
func (p *Packet) Rest() []byte {
	to := max(p.off, min(p.end, len(p.data)))
	return p.data[p.off:to:to]
}

// RestLen is the length in bytes that Rest had on the wire, as far as it is
// known.
func (p *Packet) RestLen() int {
	if p.end == unknownEnd {
		return len(p.data) - p.off
	}
	return max(0, p.end-p.off)
}

// Cut reports whether bytes of the packet, headers or payload, were not
// captured. It tells by the lengths in the headers, and by the length on the
// wire if that was given.
func (p *Packet) Cut() bool {
	if p.stop == StopCut {
		return true
	}
	for _, l := range p.layers[:p.count] {
		if l.End > len(p.data) {
			return true
		}
	}
	return false
}

// Proto is the protocol of what follows the innermost IP header and its
// extension headers, decoded or not; valid iff Network is IPv4 or IPv6.
func (p *Packet) Proto() Proto { return p.proto }

// EtherType is the type of what follows the innermost link header, VLAN tag
// or MPLS label; valid iff not 0.
func (p *Packet) EtherType() EtherType { return p.etype }
