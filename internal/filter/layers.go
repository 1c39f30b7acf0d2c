package filter

// offset is a place in the packet: base+k, base nil for none.
type offset struct {
	base *value
	k    uint32
}

// layers says where the headers are that the next primitive looks at. Words
// such as vlan, mpls or pppoes move them for the rest of the expression, in
// the order of the text, as in libpcap.
type layers struct {
	link Link // of the current link header
	ppp  bool // the current link header is PPP in PPPoE

	header  offset // link header
	typ     offset // its protocol field
	payload offset // what follows it

	network       uint32 // network header, relative to payload
	networkNoSNAP uint32 // the same for 802.2 frames
	noType        bool   // the link header has no protocol field

	vlans, labels int
	tunnel        int // the tunnel we are in, -1 for none
}

// layersOf are the layers of a packet of that link type whose first byte is
// at base, nil for the packet's start.
func layersOf(link Link, base *value) layers {
	at := func(k uint32) offset { return offset{base, k} }
	l := layers{link: link, header: at(0), tunnel: -1}
	switch link {
	case LinuxSLL2:
		l.typ, l.payload = at(0), at(20)
	case Raw:
		l.typ, l.payload, l.noType = at(0), at(0), true
	default:
		l.typ, l.payload, l.networkNoSNAP = at(12), at(14), 3
	}
	return l
}

// absent says what a test means on a link type that lacks what it looks at:
// VLAN tags in raw IP, say.
type absent uint8

const (
	// absentIsError refuses the expression.
	absentIsError absent = iota
	// absentIsFalse is for a link type beside another: "not broadcast" holds
	// on a device that has no broadcasts.
	absentIsFalse
	// absentMatchesNot is for packets inside others, and others around them:
	// neither "ether host X" nor "not ether host X" is a reason to match.
	absentMatchesNot
)

// resolver gives an expression its meaning for one link type.
type resolver struct {
	*graph
	layers
	options Options
	// inner is where a packet inside another starts; else nil.
	inner *value
	// err is the first error found.
	err *Error
	// tunnels are those of the tunnel keywords so far.
	tunnels []tunnel
	// slots is the first slot for tunnels.
	slots uint32
	// text is the expression, for errors.
	text string
	// absent is what to do with a test of something that the link type lacks.
	absent absent
}

func (r *resolver) at(o offset, k uint32, size uint8) *value { return r.load(o.base, o.k+k, size) }

// net is size bytes of the network header at k.
func (r *resolver) net(k uint32, size uint8) *value { return r.at(r.payload, r.network+k, size) }

// netNoSNAP is the same behind an 802.2 header.
func (r *resolver) netNoSNAP(k uint32, size uint8) *value {
	return r.at(r.payload, r.networkNoSNAP+k, size)
}

// transport4 is the place behind the IPv4 header.
func (r *resolver) transport4() offset {
	length := r.binary(opLsh, r.binary(opAnd, r.net(0, 1), r.imm(0xf)), r.imm(2))
	if r.payload.base != nil {
		length = r.binary(opAdd, r.payload.base, length)
	}
	return offset{length, r.payload.k + r.network}
}

// transport6 is the place behind the fixed IPv6 header.
func (r *resolver) transport6() offset {
	return offset{r.payload.base, r.payload.k + r.network + 40}
}

func (r *resolver) equal(v *value, k uint32) cond { return r.compare(isEqual, v, r.imm(k)) }

func (r *resolver) masked(v *value, mask, k uint32) cond {
	return r.equal(r.binary(opAnd, v, r.imm(mask)), k)
}

func (r *resolver) compare(cmp compare, a, b *value) cond { return &condTest{cmp: cmp, a: a, b: b} }

func all(cs ...cond) cond {
	c := cs[0]
	for _, d := range cs[1:] {
		c = &condAnd{c, d}
	}
	return c
}

func oneOf(cs ...cond) cond {
	c := cs[0]
	for _, d := range cs[1:] {
		c = &condOr{c, d}
	}
	return c
}

func not(c cond) cond { return &condNot{c} }
