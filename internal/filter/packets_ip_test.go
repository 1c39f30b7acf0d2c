package filter

import "encoding/binary"

func (g *generator) transportProtocol() uint32 {
	if g.tunnels && g.chance(60) {
		return protoUDP
	}
	switch n := g.rand.IntN(100); {
	case n < 30:
		return protoTCP
	case n < 55:
		return protoUDP
	case n < 62:
		return protoSCTP
	case n < 72:
		return protoICMP
	case n < 80:
		return protoICMPv6
	case n < 94:
		return pick(g, []uint32{protoIGMP, protoIPIP, protoIGRP, protoIPv6, protoGRE, protoESP, protoAH, protoPIM, protoVRRP, protoFragment, 89})
	default:
		return g.number() & 0xff
	}
}

// ip writes an IPv4 or IPv6 packet.
func (g *generator) ip(depth int) {
	if g.chance(35) {
		g.ip6(depth)
		return
	}
	words := 5
	if g.chance(20) {
		words += g.rand.IntN(11)
	}
	if g.chance(2) {
		words = g.rand.IntN(16)
	}
	at := len(g.b)
	g.u8(0x40 | uint32(words))
	g.u8(g.rand.Uint32())
	g.u16(0)
	g.u16(g.rand.Uint32())
	g.u16(pick(g, []uint32{0, 0, 0, 0, 0x4000, 0x4000, 0x2000, 0x2001, 0x1fff, g.number()}))
	g.u8(pick(g, []uint32{64, 64, 63, 255, 1, 65, g.number(), g.rand.Uint32()}))
	proto := g.transportProtocol()
	g.u8(proto)
	g.u16(g.rand.Uint32())
	g.u32(g.address4())
	g.u32(g.address4())
	for i := 5; i < words; i++ {
		g.u32(g.rand.Uint32())
	}
	g.transport(proto, depth)
	binary.BigEndian.PutUint16(g.b[at+2:], uint16(len(g.b)-at))
}

func (g *generator) ip6(depth int) {
	g.u32(0x60000000 | g.rand.Uint32()>>4)
	g.u16(g.number())
	proto := g.transportProtocol()
	extension := g.rand.IntN(100)
	switch {
	case extension < 8:
		g.u8(protoFragment)
	case extension < 14:
		g.u8(pick(g, []uint32{0, 43, 60, 51}))
	default:
		g.u8(proto)
	}
	g.u8(64)
	for range 2 {
		a := pick(g, g.ipv6)
		if g.chance(10) {
			a[g.rand.IntN(16)] ^= byte(g.rand.Uint32())
		}
		g.b = append(g.b, a[:]...)
	}
	if extension < 14 {
		g.u8(proto)
		g.u8(0)
		g.u16(g.number())
		g.u32(g.rand.Uint32())
	}
	g.transport(proto, depth)
}

func (g *generator) transport(proto uint32, depth int) {
	port := func() uint32 {
		if g.chance(15) {
			return g.rand.Uint32()
		}
		return g.number()
	}
	switch proto {
	case protoTCP:
		g.u16(port())
		g.u16(port())
		g.u32(g.number())
		g.u32(g.number())
		g.u8(pick(g, []uint32{0x50, 0x50, 0x50, 0x80, g.rand.Uint32()}))
		g.u8(pick(g, []uint32{2, 0x12, 0x10, 0x18, 0x11, 4, 0x14, g.rand.Uint32()}))
		g.u16(g.rand.Uint32())
		g.u32(pick(g, []uint32{0, g.rand.Uint32()}))
		if g.chance(50) {
			g.b = append(g.b, "GET / HTTP/1.1\r\n"...)
		}
	case protoUDP:
		g.u16(port())
		tunnel := (g.chance(12) || g.tunnels && g.chance(60)) && depth < 3
		if tunnel {
			g.u16(pick(g, []uint32{portGeneve, portGeneve, portVXLAN, portVXLANLinux}))
		} else {
			g.u16(port())
		}
		g.u16(g.number())
		g.u16(g.rand.Uint32())
		if tunnel {
			g.tunnel(depth)
			return
		}
	case protoSCTP:
		g.u16(port())
		g.u16(port())
		g.u32(g.rand.Uint32())
	case protoICMP, protoICMPv6:
		g.u8(pick(g, []uint32{0, 3, 5, 8, 11, 128, 129, 135, 136, g.number()}))
		g.u8(pick(g, []uint32{0, 1, 4, g.number()}))
		g.u32(g.rand.Uint32())
	default:
		g.u16(g.number()<<8 | g.rand.Uint32()>>24)
		g.u16(g.number())
	}
	for range pick(g, []int{0, 0, 4, 10, 50, 100, 1400}) / 4 {
		g.u32(0)
	}
	if g.chance(50) {
		for range g.rand.IntN(40) {
			g.u8(g.number())
		}
	}
}

// tunnel writes a header that serves as Geneve's and as VXLAN's, and what is
// inside.
func (g *generator) tunnel(depth int) {
	options := 0
	if g.chance(40) {
		options = g.rand.IntN(4)
	}
	g.u8(uint32(options) | pick(g, []uint32{0, 0, 0, 8, 0x40}))
	g.u8(g.rand.Uint32())
	typ := len(g.b)
	g.u16(etherTEB)
	g.u32(g.number() << 8)
	for range options {
		g.u32(g.rand.Uint32())
	}
	switch g.rand.IntN(4) {
	case 0:
		at := len(g.b)
		g.ip(depth + 1)
		binary.BigEndian.PutUint16(g.b[typ:], etherIPv4)
		if len(g.b) > at && g.b[at]>>4 == 6 {
			binary.BigEndian.PutUint16(g.b[typ:], etherIPv6)
		}
	case 1:
		binary.BigEndian.PutUint16(g.b[typ:], uint16(g.number()))
		g.u32(g.number())
	default:
		g.frame(depth + 1)
	}
}
