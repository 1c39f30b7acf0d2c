package packettest_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

// The same seed gives the same packets, all well-formed, with every header.
func TestRandom(t *testing.T) {
	a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	seen := map[packet.Kind]int{}
	for range 3000 {
		data := build.Packet(packettest.Random(a)...)
		if again := build.Packet(packettest.Random(b)...); !bytes.Equal(data, again) {
			t.Fatal("the seed does not tell the packet")
		}
		var p packet.Packet
		if p.Decode(packet.LinkEthernet, data); p.Stop() != packet.StopPayload || p.Cut() {
			t.Fatalf("%x: %v %s", data, p.Stop(), p.Reason())
		}
		for i, l := range p.Layers() {
			seen[l.Kind]++
			if s := p.Checksum(i); s == packet.SumBad || s == packet.SumPartial {
				t.Fatalf("%x: checksum of %v is %v", data, l.Kind, s)
			}
		}
	}
	for _, k := range []packet.Kind{
		packet.KindVLAN, packet.KindMPLS, packet.KindPPPoE, packet.KindARP, packet.KindIPv4, packet.KindIPv6, packet.KindHopByHop, packet.KindRouting,
		packet.KindDestination, packet.KindTCP, packet.KindUDP, packet.KindSCTP, packet.KindICMPv4, packet.KindICMPv6, packet.KindVXLAN, packet.KindGeneve, packet.KindGRE,
	} {
		if seen[k] < 20 {
			t.Errorf("%v: %d times only", k, seen[k])
		}
	}
}
