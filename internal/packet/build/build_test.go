package build_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

var (
	ip4 = build.IPv4{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}
	ip6 = build.IPv6{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2")}
)

// A ping as Linux sends it: every byte by hand.
func TestPacketBytes(t *testing.T) {
	got := build.Packet(
		build.Ethernet{Dst: packet.MAC{2, 0, 0, 0, 0, 1}, Src: packet.MAC{2, 0, 0, 0, 0, 2}},
		build.VLAN{ID: 5, Priority: 1},
		build.IPv4{Src: ip4.Src, Dst: ip4.Dst, ID: 0x1c46, DF: true},
		build.ICMPv4{Type: 8, ID: 1, Seq: 2}, build.Payload("ab"),
	)
	want := []byte{
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0x00,
		0x20, 0x05, 0x08, 0x00,
		0x45, 0, 0, 30, 0x1c, 0x46, 0x40, 0, 64, 1, 0x0a, 0x97, 10, 0, 0, 1, 10, 0, 0, 2,
		8, 0, 0x96, 0x9a, 0, 1, 0, 2, 'a', 'b',
	}
	if !bytes.Equal(got, want) {
		t.Errorf("\n%x, want\n%x", got, want)
	}
}

func TestAppend(t *testing.T) {
	whole := build.Append([]byte("before"), ip4, build.UDP{SrcPort: 1, DstPort: 2}, build.Payload("x"))
	alone := build.Packet(ip4, build.UDP{SrcPort: 1, DstPort: 2}, build.Payload("x"))
	if string(whole) != "before"+string(alone) {
		t.Errorf("%x, want %x behind the rest", whole, alone)
	}
}

// 0 stands for no checksum in UDP: a sum of 0 is sent as 0xffff.
func TestUDPChecksumZero(t *testing.T) {
	for v := range 0x10000 {
		b := build.Packet(ip4, build.UDP{SrcPort: 1, DstPort: 2}, build.Payload([]byte{byte(v >> 8), byte(v)}))
		sum := packet.UDP(b[20:28]).Checksum()
		if sum == 0 {
			t.Fatalf("payload %#x: checksum 0", v)
		}
		if sum == 0xffff {
			var p packet.Packet
			p.Decode(packet.LinkRaw, b)
			if got := p.Checksum(1); got != packet.SumGood {
				t.Errorf("payload %#x: %v", v, got)
			}
			return
		}
	}
	t.Error("no payload has the checksum 0xffff")
}

// Options and extension headers are filled up to their units.
func TestPadding(t *testing.T) {
	for n := range 9 {
		body := bytes.Repeat([]byte{1}, n)
		b := build.Packet(build.IPv4{Src: ip4.Src, Dst: ip4.Dst, Options: body}, build.TCP{Options: body})
		var p packet.Packet
		if p.Decode(packet.LinkRaw, b); p.Stop() != packet.StopPayload || p.Layers()[0].Len != 20+(n+3)/4*4 || p.Layers()[1].Len != 20+(n+3)/4*4 {
			t.Errorf("%d bytes of options: %+v", n, p.Layers())
		}
		b = build.Packet(ip6, build.Extension{Proto: packet.ProtoDestination, Body: make([]byte, n)}, build.UDP{})
		if p.Decode(packet.LinkRaw, b); p.Stop() != packet.StopPayload || p.Layers()[1].Len != (n+2+7)/8*8 {
			t.Errorf("%d bytes of extension: %+v", n, p.Layers())
		}
	}
	if b := []byte{1, 2, 3, 9}; len(build.Packet(ip4, build.TCP{Options: b[:3]})) != 44 || b[3] != 9 {
		t.Errorf("padding wrote over what lies behind the options: %v", b)
	}
}

// Mistakes of the program panic, with a reason.
func TestMistakes(t *testing.T) {
	for name, layers := range map[string][]build.Layer{
		"no ip":     {build.TCP{}},
		"too long":  {ip4, build.UDP{}, build.Payload(make([]byte, 70000))},
		"v6 in v4":  {build.IPv4{Src: ip6.Src, Dst: ip6.Dst}},
		"long 6":    {ip6, build.Payload(make([]byte, 70000))},
		"long sctp": {build.Chunk{Body: make([]byte, 70000)}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build.Packet(layers...)
		}()
	}
}
