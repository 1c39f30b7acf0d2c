package filter

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// headers is what a packet filter of the kernel finds in a packet.
type headers struct {
	version  uint8
	src, dst netip.Addr
	proto    uint8
	ports    [2]uint16
	hasPorts bool
	// isWhole says that all headers are there, down to the ports.
	isWhole bool
}

// readHeaders looks for the protocol as net/ipv6/exthdrs_core.c does.
func readHeaders(b []byte) headers {
	h := headers{isWhole: true}
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		h.version, h.proto = 4, b[9]
		h.src, h.dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		length := int(b[0]&15) * 4
		h.isWhole = length >= 20
		h.readPorts(b, length, binary.BigEndian.Uint16(b[6:])&0x1fff == 0)
	case len(b) >= 40 && b[0]>>4 == 6:
		h.version, h.proto = 6, b[6]
		h.src, h.dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		at, isFirst := 40, true
		for isExtension(h.proto) {
			if len(b) < at+8 {
				h.isWhole = false
				return h
			}
			length := 8
			switch h.proto {
			case protoFragment:
				isFirst = binary.BigEndian.Uint16(b[at+2:])&0xfff8 == 0
			case protoAH:
				length = 4 * (int(b[at+1]) + 2)
			default:
				length = 8 * (int(b[at+1]) + 1)
			}
			h.proto, at = b[at], at+length
			if !isFirst {
				break
			}
		}
		h.readPorts(b, at, isFirst)
	default:
		h.isWhole = false
	}
	return h
}

func (h *headers) readPorts(b []byte, at int, isFirst bool) {
	if !isFirst || h.proto != protoTCP && h.proto != protoUDP && h.proto != protoSCTP {
		return
	}
	if len(b) < at+8 {
		h.isWhole = false
		return
	}
	h.hasPorts = true
	h.ports = [2]uint16{binary.BigEndian.Uint16(b[at:]), binary.BigEndian.Uint16(b[at+2:])}
}

// meets says whether a packet meets the clause.
func (h headers) meets(c Clause) bool {
	net := func(p netip.Prefix, addrs ...netip.Addr) bool {
		return !p.IsValid() || slices.ContainsFunc(addrs, p.Contains)
	}
	port := func(p Ports, ports ...uint16) bool {
		return !p.Valid || h.hasPorts && slices.ContainsFunc(ports, func(n uint16) bool { return n >= p.Low && n <= p.High })
	}
	return (c.Version == 0 || c.Version == h.version) && (!c.HasProto || c.Proto == h.proto) &&
		net(c.Src, h.src) && net(c.Dst, h.dst) && net(c.Either, h.src, h.dst) &&
		port(c.SrcPort, h.ports[0]) && port(c.DstPort, h.ports[1]) && port(c.EitherPort, h.ports[:]...)
}

// clauseCheck compares clauses with verdicts.
type clauseCheck struct {
	compared, exact, narrow, matched int
}

// check makes packets for the expression, or frames where it needs a link
// header, and looks at the IP packet in them, behind VLAN tags, too. Where
// there are alternatives to a tag or something is negated, this is no fair
// test: "not ip" matches a frame with a tag in which an IPv4 packet is, and
// behind "not vlan" all words look 4 bytes too far.
func (k *clauseCheck) check(t *testing.T, expr string, packets int) {
	t.Helper()
	e, err := Parse(expr)
	if err != nil {
		return
	}
	clauses, exact := e.Clauses()
	if len(clauses) > MaxClauses {
		t.Errorf("%q: %d clauses", expr, len(clauses))
	}
	link := Raw
	program, err := e.Compile(Options{Link: Raw})
	if err != nil && !strings.Contains(err.Error(), "no packet can match") {
		link = Ethernet
		if program, err = e.Compile(Options{}); err != nil {
			return
		}
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(expr, w) })
	}
	if link == Ethernet && has("not", "!", "or") && has("vlan", "mpls") {
		return
	}
	k.compared++
	if exact {
		k.exact++
	}
	if !slices.Contains(clauses, Clause{}) {
		k.narrow++
	}
	g := newGenerator(interestIn(expr), hash(expr)+77)
	for range packets {
		p := g.packet(link)
		data := ipIn(p.Data, link, !has("not", "!"))
		h := readHeaders(data)
		if !h.isWhole {
			continue
		}
		matches := program.Match(&p) > 0
		meets := slices.ContainsFunc(clauses, h.meets)
		if matches {
			k.matched++
		}
		if matches && !meets {
			t.Errorf("%q matches, but no clause of %q: %x", expr, clauses, data)
			return
		}
		if exact && meets && !matches && link == Raw {
			t.Errorf("%q does not match, but a clause of %q: %x\n%s", expr, clauses, data, program.Dump())
			return
		}
	}
}

// ipIn gives the IP packet in a frame.
func ipIn(b []byte, link Link, tagged bool) []byte {
	if link == Raw {
		return b
	}
	for at := 12; at+2 <= len(b); at += 4 {
		switch binary.BigEndian.Uint16(b[at:]) {
		case etherIPv4, etherIPv6:
			if isV6 := binary.BigEndian.Uint16(b[at:]) == etherIPv6; len(b) > at+2 && isV6 == (b[at+2]>>4 == 6) {
				return b[at+2:]
			}
		case ether8021Q, ether8021AD, etherQinQ:
			if tagged {
				continue
			}
		}
		return nil
	}
	return nil
}

func TestClausesHoldForWhatMatches(t *testing.T) {
	packets := 2000
	if *long {
		packets = 30000
	}
	var k clauseCheck
	for _, expr := range corpus(t) {
		k.check(t, expr, packets)
	}
	t.Logf("%d expressions, %d exact, %d do not have the clause for all packets; %d packets matched", k.compared, k.exact, k.narrow, k.matched)
	if k.compared < 450 || k.exact < 60 || k.narrow < 250 {
		t.Error("too little was compared, or too little is said")
	}
}

func TestClausesOfRandomCombinations(t *testing.T) {
	n, packets := 1500, 300
	if *long {
		n = 20000
	}
	var list []string
	for _, expr := range corpus(t) {
		if e, err := Parse(expr); err == nil {
			if _, err := e.Compile(Options{}); err == nil {
				list = append(list, expr)
			}
		}
	}
	var k clauseCheck
	r := rand.New(rand.NewPCG(8, 9))
	for range n {
		k.check(t, combine(r, list, 1+r.IntN(3)), packets)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d expressions, %d exact, %d do not have the clause for all packets; %d packets matched", k.compared, k.exact, k.narrow, k.matched)
}

// FuzzClauses does the same for any text and any packet.
func FuzzClauses(f *testing.F) {
	for _, expr := range corpus(f) {
		g := newGenerator(interestIn(expr), hash(expr))
		f.Add(expr, slices.Clone(g.packet(Raw).Data))
	}
	f.Fuzz(func(t *testing.T, expr string, data []byte) {
		e, err := Parse(expr)
		if err != nil {
			return
		}
		clauses, exact := e.Clauses()
		if len(clauses) > MaxClauses {
			t.Errorf("%d clauses", len(clauses))
		}
		program, err := e.Compile(Options{Link: Raw})
		h := readHeaders(data)
		if err != nil || !h.isWhole {
			return
		}
		matches := program.Match(&Packet{Data: data}) > 0
		if meets := slices.ContainsFunc(clauses, h.meets); matches && !meets || exact && meets && !matches {
			t.Errorf("%q: matches %v, a clause of %q %v (exact %v): %x", expr, matches, clauses, meets, exact, data)
		}
	})
}
