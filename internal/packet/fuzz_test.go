package packet_test

import (
	"math/rand/v2"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

// linkTypes are all that Decode knows, and one that it does not.
var linkTypes = []packet.LinkType{
	packet.LinkNull, packet.LinkEthernet, packet.LinkRaw, packet.LinkLoop, packet.LinkLinuxSLL,
	packet.LinkIPv4, packet.LinkIPv6, packet.LinkLinuxSLL2, 9999,
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		data := build.Packet(packettest.Random(r)...)
		f.Add(data, uint8(1), uint16(0))
		f.Add(data[14:], uint8(2), uint16(9))
		f.Add(data[:r.IntN(len(data))], uint8(1), uint16(100))
	}
	f.Fuzz(func(t *testing.T, data []byte, link uint8, missing uint16) {
		var p packet.Packet
		p.DecodeLen(linkTypes[int(link)%len(linkTypes)], data, len(data)+int(missing))
		use(t, &p)
		p.Decode(linkTypes[int(link)%len(linkTypes)], data)
		use(t, &p)
		if n := testing.AllocsPerRun(1, func() { p.Decode(linkTypes[int(link)%len(linkTypes)], data); p.Flow(); p.Identity() }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// use calls everything that can be asked of a packet.
func use(t *testing.T, p *packet.Packet) {
	t.Helper()
	off := 0
	for i, l := range p.Layers() {
		if l.Off != off || l.Len < 0 || l.End < l.Off+l.Len || l.Off+l.Len > len(p.Data()) {
			t.Fatalf("layer %d of %s: %+v of %d bytes", i, kinds(p), l, len(p.Data()))
		}
		off += l.Len
		if len(p.Header(l)) != l.Len || len(p.Body(l)) > l.PayloadLen() {
			t.Fatalf("layer %d of %s: header %d, body %d", i, kinds(p), len(p.Header(l)), len(p.Body(l)))
		}
		p.Checksum(i)
		useView(l.Kind, p.Header(l))
	}
	if len(p.Rest()) > p.RestLen() {
		t.Fatalf("rest of %d bytes, declared %d", len(p.Rest()), p.RestLen())
	}
	if f, ok := p.Flow(); ok {
		_ = f.String()
	}
	p.OuterFlow()
	if id, ok := p.Identity(); ok {
		_ = id.Key.String()
		if !id.Same(id) {
			t.Fatalf("%+v is not itself", id)
		}
	}
	var q packet.Packet
	if p.Quoted(&q) {
		q.Flow()
		q.Identity()
	}
}

// useView reads what could lie beyond the end of a header.
func useView(k packet.Kind, b []byte) {
	switch k {
	case packet.KindARP:
		if h := packet.ARP(b); h.IsEthernetIPv4() {
			h.TargetIP()
		}
	case packet.KindTCP:
		for opts := packet.TCP(b).Options(); ; {
			_, _, rest, ok := packet.NextTCPOption(opts)
			if !ok {
				return
			}
			opts = rest
		}
	case packet.KindGRE:
		packet.GRE(b).Key()
		packet.GRE(b).Seq()
	case packet.KindLinuxSLL:
		packet.SLL(b).Addr()
	case packet.KindLinuxSLL2:
		packet.SLL2(b).Addr()
	case packet.KindICMPv4, packet.KindICMPv6:
		packet.ICMP(b).Seq()
	}
}

func TestNoAllocations(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var p packet.Packet
	for range 300 {
		data := build.Packet(packettest.Random(r)...)
		if n := testing.AllocsPerRun(5, func() {
			p.Decode(packet.LinkEthernet, data)
			p.Flow()
			p.Identity()
			for i := range p.Layers() {
				p.Checksum(i)
			}
		}); n != 0 {
			t.Fatalf("%s: %v allocations", kinds(&p), n)
		}
	}
}

func FuzzDNS(f *testing.F) {
	for _, m := range dnsMessages(f) {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < packet.DNSStart {
			return
		}
		m := packet.DNS(b)
		qd, an, ns, ar := m.Counts()
		at := packet.DNSStart
		for range qd {
			q, next, ok := m.Question(at)
			if !ok {
				return
			}
			checkName(t, m, q.Name)
			at = next
		}
		for range an + ns + ar {
			r, next, ok := m.Record(at)
			if !ok {
				return
			}
			if next <= at || r.Data+r.Len > len(m) {
				t.Fatalf("record at %d: %+v, next %d", at, r, next)
			}
			checkName(t, m, r.Name)
			checkName(t, m, r.Data)
			at = next
		}
	})
}

func checkName(t *testing.T, m packet.DNS, at int) {
	t.Helper()
	name, _ := m.AppendName(nil, at)
	if len(name) > 4*255 {
		t.Fatalf("a name of %d bytes", len(name))
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			t.Fatalf("name %q", name)
		}
	}
}
