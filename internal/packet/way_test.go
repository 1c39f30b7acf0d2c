package packet_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
)

// TestIdentityRecorded finds each packet of a recording again at three more
// points. testdata/way was captured in a flannel lab with
//
//	nft: ip daddr 10.244.99.10 dnat to 10.244.2.2; ip daddr 10.244.2.2 masquerade
//
// at the client's eth0, the node's eth0 (VXLAN), the other node's flannel.1
// and the server's eth0, each with another snap length: TCP connections, UDP,
// a refused UDP packet (ICMP error), pings, UDP and pings in fragments.
func TestIdentityRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/way/*.pcap")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	type sighting struct {
		id   packet.Identity
		flow packet.Flow
	}
	points := make([][]sighting, len(files))
	for i, file := range files {
		for data, wire := range frames(t, file) {
			var p packet.Packet
			p.DecodeLen(packet.LinkEthernet, data, wire)
			id, ok := p.Identity()
			if !ok {
				t.Fatalf("%s: no identity of %s: %v", file, kinds(&p), p.Stop())
			}
			f, _ := p.Flow()
			points[i] = append(points[i], sighting{id, f})
		}
	}
	for i, seen := range points[1:] {
		byKey := map[packet.Key][]sighting{}
		for _, s := range seen {
			byKey[s.id.Key] = append(byKey[s.id.Key], s)
		}
		for _, want := range points[0] {
			found, translated := 0, false
			for _, s := range byKey[want.id.Key] {
				if s.id.Same(want.id) {
					found++
					translated = s.flow != want.flow
				}
			}
			if found != 1 || !translated {
				t.Errorf("%s: %v %v found %d times, translated %v", files[i+1], want.flow, want.id.Key, found, translated)
			}
		}
	}
	if n := len(points[0]); n != 98 {
		t.Errorf("%d packets", n)
	}
}

// frames reads a classic pcap file: the bytes and the length on the wire.
func frames(t *testing.T, file string) func(yield func([]byte, int) bool) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func([]byte, int) bool) {
		for b := b[24:]; len(b) >= 16; {
			n, wire := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
			if !yield(b[16:16+n], int(wire)) {
				return
			}
			b = b[16+n:]
		}
	}
}
