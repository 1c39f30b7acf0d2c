package filter

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// interesting are the values of an expression, of which packets are made.
type interesting struct {
	numbers []uint32
	ipv4    []uint32
	ipv6    [][16]byte
	macs    []uint64
	tunnels bool
}

// interestIn collects the numbers and addresses of an expression.
func interestIn(expr string) *interesting {
	in := &interesting{
		numbers: []uint32{0, 1, 5, 6, 17, 22, 53, 64, 80, 100, 443, 1500},
		ipv4:    []uint32{0x0a010203, 0x0a090909, 0xc0a80101, 0x7f000001, 0xe0000001, 0xffffffff},
		macs:    []uint64{0x020000000001, 0x020000000002, 0xffffffffffff, 0x01005e000001},
	}
	for _, s := range []string{"2001:db8::1", "fe80::1", "ff02::1", "2001:db8:ffff::7"} {
		in.ipv6 = append(in.ipv6, netip.MustParseAddr(s).As16())
	}
	l := lexer{expr: expr}
	for {
		t, err := l.next()
		if err != nil || t.kind == tokenEnd {
			return in
		}
		in.tunnels = in.tunnels || t.is("geneve", "vxlan")
		switch t.kind {
		case tokenNumber:
			in.numbers = append(in.numbers, t.num, t.num, t.num, t.num-1, t.num+1)
			in.ipv4 = append(in.ipv4, t.num, t.num<<24|0x010203)
		case tokenName:
			if s, ok := services[t.text]; ok {
				in.numbers = append(in.numbers, s.port, s.port, s.port)
			}
			if n, ok := protocolNumbers[t.text]; ok {
				in.numbers = append(in.numbers, n, n)
			}
		case tokenIPv4:
			if a, bits, ok := dotted(t.text); ok {
				for range 4 {
					in.ipv4 = append(in.ipv4, a, a|0x203>>(bits-min(bits, 24)))
				}
				in.ipv4 = append(in.ipv4, a^1, a^0x100, a^0x10000)
			}
		case tokenIPv6:
			a := netip.MustParseAddr(t.text).As16()
			b := a
			b[15] ^= 1
			in.ipv6 = append(in.ipv6, a, a, a, a, b)
		case tokenMAC:
			m := macBytes(t.text)
			in.macs = append(in.macs, m, m, m, m, m^1, m^1<<40)
		}
	}
}

// generator makes packets, good and broken ones.
type generator struct {
	*interesting
	rand *rand.Rand
	b    []byte
}

func newGenerator(in *interesting, seed uint64) *generator {
	return &generator{interesting: in, rand: rand.New(rand.NewPCG(seed, 42)), b: make([]byte, 0, 4096)}
}

func (g *generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

func pick[T any](g *generator, s []T) T { return s[g.rand.IntN(len(s))] }

func (g *generator) u8(n uint32)  { g.b = append(g.b, byte(n)) }
func (g *generator) u16(n uint32) { g.b = binary.BigEndian.AppendUint16(g.b, uint16(n)) }
func (g *generator) u32(n uint32) { g.b = binary.BigEndian.AppendUint32(g.b, n) }

// number is one of the expression's, now and then any.
func (g *generator) number() uint32 {
	if g.chance(20) {
		return g.rand.Uint32() >> g.rand.IntN(32)
	}
	return pick(g, g.numbers)
}

// packet makes the next packet for a link type. The bytes are valid until the
// following call.
func (g *generator) packet(link Link) Packet {
	g.b = g.b[:0]
	switch {
	case g.chance(2):
		for range g.rand.IntN(100) {
			g.u8(g.rand.Uint32())
		}
	case link == Ethernet:
		g.frame(0)
	case link == LinuxSLL2:
		g.cooked()
	default:
		g.ip(0)
	}
	if g.chance(10) && len(g.b) > 0 { // a byte or word of the expression, anywhere
		at := g.rand.IntN(min(len(g.b), 60))
		n := g.number()
		switch g.rand.IntN(3) {
		case 0:
			g.b[at] = byte(n)
		case 1:
			if at+2 <= len(g.b) {
				binary.BigEndian.PutUint16(g.b[at:], uint16(n))
			}
		default:
			if at+4 <= len(g.b) {
				binary.BigEndian.PutUint32(g.b[at:], n)
			}
		}
	}
	p := Packet{Data: g.b, WireLen: max(1, len(g.b))}
	if g.chance(8) {
		p.Data = p.Data[:g.rand.IntN(len(p.Data)+1)]
		if g.chance(50) {
			p.WireLen = max(1, len(p.Data)) // 0 has another meaning
		}
	}
	return p
}

func (g *generator) mac() uint64 {
	if g.chance(10) {
		return g.rand.Uint64() >> 16
	}
	return pick(g, g.macs)
}

func (g *generator) frame(depth int) {
	for range 2 {
		m := g.mac()
		g.u16(uint32(m >> 32))
		g.u32(uint32(m))
	}
	g.typed(depth)
}

// cooked writes a LINUX_SLL2 header and what follows.
func (g *generator) cooked() {
	at := len(g.b)
	g.b = append(g.b, make([]byte, 20)...)
	binary.BigEndian.PutUint32(g.b[at+4:], g.number())
	g.b[at+9] = 1
	g.b[at+10] = byte(g.rand.IntN(5))
	start := len(g.b)
	g.typed(0)
	copy(g.b[at:], g.b[start:start+2])
	g.b = append(g.b[:start], g.b[start+2:]...)
}

// typed writes an Ethernet type and what it announces.
func (g *generator) typed(depth int) {
	n := g.rand.IntN(100)
	switch {
	case n < 42:
		at := len(g.b)
		g.u16(etherIPv4)
		g.ip(depth)
		if len(g.b) > at+2 && g.b[at+2]>>4 == 6 {
			binary.BigEndian.PutUint16(g.b[at:], etherIPv6)
		}
	case n < 50:
		g.u16(pick(g, []uint32{etherARP, etherARP, etherARP, etherRARP}))
		g.arp()
	case n < 66 && depth < 4:
		g.u16(pick(g, []uint32{ether8021Q, ether8021Q, ether8021AD, etherQinQ}))
		g.u16(g.number()&0xfff | g.rand.Uint32()<<12)
		g.typed(depth + 1)
	case n < 73:
		g.u16(etherMPLS)
		for range g.rand.IntN(4) {
			g.u32(g.number() << 12)
		}
		g.u32(g.number()<<12 | 0x100)
		g.ip(depth)
	case n < 79:
		g.u16(etherPPPoES)
		g.u16(0x1100)
		g.u16(g.number())
		g.u16(100)
		g.ppp(depth)
	case n < 81:
		g.u16(etherPPPoED)
		g.u32(g.rand.Uint32())
	case n < 90:
		g.u16(uint32(g.rand.IntN(1501)))
		g.llc()
	default:
		g.u16(pick(g, []uint32{
			etherATalk, etherAARP, etherDECnet, etherLAT, etherSCA, etherMOPDL, etherMOPRC, etherIPX, etherLoop,
			0x88cc, sapSTP, sapISO, sapIPX, sapNetBEUI, etherIPv6, g.number(), g.rand.Uint32(),
		}))
		g.decnet()
	}
}

func (g *generator) decnet() {
	g.u16(g.number()<<8 | g.rand.Uint32()>>24)
	if g.chance(50) {
		g.u8(0x81)
	}
	g.u8(pick(g, []uint32{2, 6, 0x0a, 0x26, g.rand.Uint32()}))
	for range 20 {
		if g.chance(60) {
			g.u16(0x7b28) // 10.123, low byte first
			continue
		}
		g.u8(g.number())
	}
}

func (g *generator) ppp(depth int) {
	switch g.rand.IntN(5) {
	case 0, 1:
		at := len(g.b)
		g.u16(0x0021)
		g.ip(depth)
		if len(g.b) > at+2 && g.b[at+2]>>4 == 6 {
			g.b[at+1] = 0x57
		}
	case 2:
		g.u16(0x0281)
		g.u32(0x100)
		g.ip(depth)
	default:
		g.u16(pick(g, []uint32{0x29, 0x23, 0x2b, 0x31, 0x27, 0x25, g.rand.Uint32()}))
		g.u32(g.number())
		g.decnet()
	}
}

func (g *generator) llc() {
	sap := pick(g, []uint32{0xfe, 0xfe, 0xfe, 0x42, 0xe0, 0xf0, 0x06, 0xff, 0xaa, 0xaa, g.number()})
	g.u8(sap)
	g.u8(sap)
	if sap == 0xaa {
		g.u8(3)
		g.u8(0)
		g.u16(pick(g, []uint32{0, 0, 0x8007, 7}))
		if g.chance(30) {
			g.b[len(g.b)-3] = 8
			g.b[len(g.b)-2] = 0
		}
		g.u16(pick(g, []uint32{etherIPX, etherATalk, etherAARP, etherIPv4}))
		return
	}
	if g.chance(60) {
		g.u8(pick(g, []uint32{0x03, 0x63, 0x43, 0x0f, 0x6f, 0xe3, 0xaf, 0x87, 0x01, 0x05, 0x09, 0x00, g.rand.Uint32()}))
	} else {
		g.u8(3)
	}
	g.u8(pick(g, []uint32{0x83, 0x83, 0x81, 0x82, g.number()}))
	for range 3 {
		g.u8(g.rand.Uint32())
	}
	g.u8(pick(g, []uint32{15, 16, 17, 18, 20, 24, 25, 26, 27, g.number()}))
	g.u32(g.rand.Uint32())
}

func (g *generator) address4() uint32 {
	if g.chance(15) {
		return g.rand.Uint32()
	}
	return pick(g, g.ipv4)
}

func (g *generator) arp() {
	g.u16(1)
	g.u16(etherIPv4)
	g.u16(0x0604)
	g.u16(uint32(g.rand.IntN(5)))
	g.u16(0x0200)
	g.u32(1)
	g.u32(g.address4())
	g.u16(0)
	g.u32(0)
	g.u32(g.address4())
}
