package filter

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// wrapped is a packet with another inside.
type wrapped struct {
	whole []byte
	inner []byte
	kind  Link // of inner
}

// wrapper builds tunnels around packets, by hand from the RFCs.
type wrapper struct {
	*generator
	out []byte
}

func (w *wrapper) bytes(b ...byte) { w.out = append(w.out, b...) }
func (w *wrapper) word(n uint16)   { w.out = binary.BigEndian.AppendUint16(w.out, n) }
func (w *wrapper) long(n uint32)   { w.out = binary.BigEndian.AppendUint32(w.out, n) }
func (w *wrapper) isFrame() bool   { return w.chance(50) }
func (w *wrapper) version() uint16 { return map[byte]uint16{4: etherIPv4, 6: etherIPv6}[w.b[0]>>4] }

// wrap makes an inner packet, and a tunnel around it behind a link header.
func (w *wrapper) wrap(link Link) wrapped {
	w.out = w.out[:0]
	w.b = w.b[:0]
	kind := Raw
	tunnel := w.rand.IntN(7)
	if tunnel < 2 || tunnel < 4 && w.isFrame() {
		kind = Ethernet
		w.frame(0)
	} else {
		w.ip(0)
	}
	v6 := w.chance(40)
	w.linkHeader(link, v6)
	proto := byte(protoUDP)
	switch {
	case tunnel == 3 || tunnel == 6:
		proto = protoGRE
	case tunnel >= 4 && w.b[0]>>4 == 6:
		proto = protoIPv6
	case tunnel >= 4:
		proto = protoIPIP
	}
	w.outerIP(v6, proto)
	switch {
	case proto == protoGRE:
		w.gre(kind)
	case tunnel < 2:
		w.udp([]uint16{portVXLAN, portVXLANLinux}[tunnel])
		w.bytes(0x08, 0, 0, 0)
		w.long(w.number() << 8)
	case tunnel == 2:
		w.udp(portGeneve)
		options := w.rand.IntN(5)
		w.bytes(byte(options), 0)
		w.word(w.inside(kind))
		w.long(w.number() << 8)
		for range options {
			w.long(w.rand.Uint32())
		}
	}
	at := len(w.out)
	w.out = append(w.out, w.b...)
	return wrapped{w.out, w.out[at:], kind}
}

func (w *wrapper) inside(kind Link) uint16 {
	if kind == Ethernet {
		return etherTEB
	}
	return w.version()
}

func (w *wrapper) linkHeader(link Link, v6 bool) {
	typ := uint16(etherIPv4)
	if v6 {
		typ = etherIPv6
	}
	switch link {
	case LinuxSLL2:
		w.word(typ)
		w.word(0)
		w.long(w.number())
		w.bytes(0, 1, byte(w.rand.IntN(5)), 6, 2, 0, 0, 0, 0, 1, 0, 0)
	case Ethernet:
		w.bytes(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9)
		for range w.rand.IntN(3) {
			w.word([]uint16{ether8021Q, ether8021AD, etherQinQ}[w.rand.IntN(3)])
			w.word(uint16(w.number()))
		}
		w.word(typ)
	}
}

func (w *wrapper) outerIP(v6 bool, proto byte) {
	if v6 {
		w.long(0x60000000)
		w.word(1000)
		extension := w.rand.IntN(4)
		next := proto
		if extension < 2 {
			next = []byte{60, 0}[extension]
		}
		w.bytes(next, 64)
		for range 2 {
			a := pick(w.generator, w.ipv6)
			w.bytes(a[:]...)
		}
		if extension < 2 {
			words := w.rand.IntN(3)
			w.bytes(proto, byte(words), 1, 4, 0, 0, 0, 0)
			w.bytes(make([]byte, 8*words)...)
		}
		return
	}
	options := 0
	if w.chance(30) {
		options = w.rand.IntN(11)
	}
	w.bytes(0x45+byte(options), 0, 4, 0, 0, 0, 0x40, 0, 64, proto, 0, 0)
	w.long(w.address4())
	w.long(w.address4())
	for range options {
		w.long(0x01010101)
	}
}

func (w *wrapper) udp(port uint16) {
	w.word(uint16(w.rand.Uint32()))
	w.word(port)
	w.long(0)
}

func (w *wrapper) gre(kind Link) {
	flags := uint16(w.rand.IntN(8)) << 12
	flags = flags&0x3000 | flags<<1&0x8000
	w.word(flags)
	w.word(w.inside(kind))
	for _, bit := range []uint16{0x8000, 0x2000, 0x1000} {
		if flags&bit != 0 {
			w.long(w.rand.Uint32())
		}
	}
}

// TestInnerIsOuterOrInner compares the verdict on tunnelled packets with
// those on the outer packet and on the inner packet alone.
func TestInnerIsOuterOrInner(t *testing.T) {
	packets, onlyInner := 200, 0
	if *long {
		packets = 5000
	}
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil {
			continue
		}
		// What one link type refuses as a whole cannot be compared there.
		compile := func(o Options) Program {
			p, err := e.Compile(o)
			switch {
			case err == nil:
				return p
			case strings.Contains(err.Error(), "no packet can match"):
				return Program{instruction(codeRET, 0)}
			}
			return nil
		}
		inside := [...]Program{Ethernet: compile(Options{}), Raw: compile(Options{Link: Raw})}
		for link := Ethernet; link <= Raw; link++ {
			both := compile(Options{Link: link, Inner: true})
			if both == nil {
				continue
			}
			outer := compile(Options{Link: link})
			w := &wrapper{generator: newGenerator(interestIn(expr), hash(expr)+uint64(link))}
			for range packets {
				p := w.wrap(link)
				if outer == nil || inside[p.kind] == nil && differs(expr, link) == "" {
					continue
				}
				pkt := &Packet{Data: p.whole}
				got := both.Match(pkt) > 0
				outside := outer.Match(pkt) > 0
				in := differs(expr, link) == "" && inside[p.kind].Match(&Packet{Data: p.inner, WireLen: len(p.whole)}) > 0
				if got != (outside || in) {
					t.Fatalf("%s %q: verdict %v, outer %v, inner %v (%v at %d), on %s\n%s", link, expr, got, outside, in,
						p.kind, len(p.whole)-len(p.inner), hex.EncodeToString(p.whole), both.Dump())
				}
				if in && !outside {
					onlyInner++
				}
			}
		}
	}
	t.Logf("%d packets matched only inside", onlyInner)
}

// TestAnyDeviceAsksForHardware compares AnyDevice's program with those for
// the link types that it stands for.
func TestAnyDeviceAsksForHardware(t *testing.T) {
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil {
			continue
		}
		every, err := e.Compile(Options{Link: AnyDevice})
		if err != nil {
			continue
		}
		ethernet, _ := e.Compile(Options{Live: true})
		raw, _ := e.Compile(Options{Link: Raw, Live: true})
		g := newGenerator(interestIn(expr), hash(expr))
		for range 200 {
			hardware := pick(g, []uint16{arphrdEther, arphrdLoopback, 65534, 768, 512})
			link := Raw
			if hardware == arphrdEther || hardware == arphrdLoopback {
				link = Ethernet
			}
			p := g.packet(link)
			p.HaType, p.PktType, p.IfIndex = hardware, uint8(g.rand.IntN(5)), g.number()
			want := uint32(0)
			switch {
			case hardware == arphrdLoopback && p.PktType == packetOutgoing:
			case link == Ethernet:
				want = ethernet.Match(&p)
			default:
				want = raw.Match(&p)
				if raw == nil {
					continue // what RAW refuses is false here, and so may be negated
				}
			}
			if got := every.Match(&p); got != want {
				t.Fatalf("%q: verdict %d, expected %d, on %x (hardware %d, type %d)\n%s", expr, got, want, p.Data, hardware, p.PktType, every.Dump())
			}
		}
	}
}
