package text

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

var update = flag.Bool("update", false, "write the golden files")

// TestLines compares the lines of the corpus with those that were agreed on:
// what TestAgainstTcpdump says where there is no tcpdump.
func TestLines(t *testing.T) {
	var got strings.Builder
	var p Printer
	for i, s := range corpus(t) {
		if strings.Contains(s.name, " cut at ") && i%10 != 0 {
			continue
		}
		fmt.Fprintf(&got, "%s\n\t%s\n", s.name, p.Append(nil, s.link, s.data, s.wire))
	}
	file := filepath.Join("testdata", "lines.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("-want +got (-update writes it anew)\n%s", diff)
	}
}

func TestAbsolute(t *testing.T) {
	p := Printer{Absolute: true}
	sack := build.TCP{SrcPort: 1, DstPort: 2, Seq: 100, Ack: 200, Flags: packet.ACK, Options: build.Options(build.NOP(), build.NOP(), build.SACK(300, 400))}
	const want = "IP 10.244.1.7.1 > 10.244.2.3.2: Flags [.], seq 100:101, ack 200, win 64240, options [nop,nop,sack 1 {300:400}], length 1"
	for range 2 {
		if got := string(p.Append(nil, packet.LinkRaw, build.Packet(ip4, sack, build.Payload("x")), 0)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Append appends, and leaves what is there.
func TestAppend(t *testing.T) {
	var p Printer
	got := string(p.Append([]byte("eth0 In  "), packet.LinkRaw, build.Packet(ip4, build.UDP{SrcPort: 1, DstPort: 2}), 28))
	if want := "eth0 In  IP 10.244.1.7.1 > 10.244.2.3.2: UDP, length 0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := string(p.Append([]byte("  "), packet.LinkEthernet, nil, 0)); got != "   [|ether]" {
		t.Errorf("no data: %q", got)
	}
}

// Connections beyond the limit are forgotten, oldest first, and memory does
// not grow with them.
func TestSequencesAreBounded(t *testing.T) {
	var s sequences
	key := func(i int) connection {
		return connection{src: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), dst: server, ports: 1<<16 | 2}
	}
	kept := key(1)
	s.relative(kept, 1000, 1, false)
	for i := 2; i < 5*maxConnections; i++ {
		s.relative(key(i), 1, 1, false)
		if i%1000 == 0 {
			if seq, _, _ := s.relative(kept, 1001, 1, false); seq != 1 {
				t.Fatalf("a connection in use is forgotten after %d others: %d", i, seq)
			}
		}
	}
	if n := len(s.recent) + len(s.older); n > 2*maxConnections {
		t.Errorf("%d connections are remembered", n)
	}
	if seq, _, _ := s.relative(key(2), 5, 1, false); seq != 5 {
		t.Errorf("a connection long gone is remembered: %d", seq)
	}
}

// A name server can make a line of a megabyte: pktrail does not.
func TestLongAnswer(t *testing.T) {
	m := append([]byte("\x00\x01\x80\x00\x00\x00\xff\xff\x00\x00\x00\x00"), strings.Repeat("\x3f"+strings.Repeat("a", 63), 3)...)
	m = append(m, 0)
	m[6], m[7] = 0x0f, 0xff
	for range 4000 {
		m = append(m, "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x01\x00\x02\xc0\x0c"...)
	}
	var p Printer
	line := p.Append(nil, packet.LinkRaw, build.Packet(ip4, build.UDP{SrcPort: 53, DstPort: 9}, build.Payload(m)), 0)
	if len(line) > 2*maxLine {
		t.Errorf("%d bytes", len(line))
	}
}

func checkLine(t *testing.T, line []byte) {
	t.Helper()
	if i := bytes.IndexFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f }); i >= 0 {
		t.Fatalf("byte %d of %q", i, line)
	}
	if len(line) > maxLine+1500 {
		t.Fatalf("%d bytes: %q", len(line), line)
	}
}

func FuzzAppend(f *testing.F) {
	for i, s := range corpus(f) {
		if i%4 == 0 {
			f.Add(s.data, uint16(s.link), uint16(s.wire))
		}
	}
	var p Printer
	f.Fuzz(func(t *testing.T, data []byte, link, wire uint16) {
		checkLine(t, p.Append(nil, packet.LinkType(link), data, int(wire)))
	})
}

// Packets with bytes changed at random reach deeper than fuzzing in short time.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var p Printer
	for _, s := range corpus(t) {
		for range 100 {
			data := bytes.Clone(s.data)
			for range 1 + r.IntN(3) {
				data[r.IntN(len(data))] = byte(r.Uint32())
			}
			checkLine(t, p.Append(nil, s.link, data[:1+r.IntN(len(data))], len(data)))
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	var p Printer
	b := make([]byte, 0, 4096)
	for range 200 {
		data := build.Packet(packettest.Random(r)...)
		p.Append(b, packet.LinkEthernet, data, 0) // the first of a connection makes an entry
		if n := testing.AllocsPerRun(3, func() { p.Append(b, packet.LinkEthernet, data, 0) }); n != 0 {
			t.Fatalf("%v allocations for %s", n, p.Append(nil, packet.LinkEthernet, data, 0))
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, l := range map[string]layers{
		"tcp":   {ip4, build.TCP{SrcPort: 40000, DstPort: 80, Seq: 1, Ack: 1, Flags: packet.ACK, Options: build.Options(build.NOP(), build.NOP(), build.Timestamps(1, 2))}, build.Payload(make([]byte, 1000))},
		"vxlan": {outer4, build.UDP{SrcPort: 40000, DstPort: 8472}, build.VXLAN{VNI: 1}, eth, ip4, build.ICMPv4{Type: 8}},
	} {
		b.Run(name, func(b *testing.B) {
			s := on(name, l...)
			var p Printer
			dst := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				p.Append(dst, s.link, s.data, 0)
			}
		})
	}
}
