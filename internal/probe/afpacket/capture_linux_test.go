package afpacket

import (
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestDirectionAndPoints(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	base := trail.Point{Node: "n", Target: "pod", Netns: 7, Role: trail.RolePod}
	rdA := read(t, nil, open(t, a, Options{Interface: a.index(t, "left")}))
	rdB := read(t, nil, open(t, b, Options{Point: base}))
	fd := sender(t, a, "left")
	for i := range uint32(100) {
		send(t, fd, frame(i, 60+int(i)))
	}
	for _, end := range []struct {
		name string
		rd   *Reader
		dir  trail.Direction
		in   space
	}{{"left", rdA, trail.Out, a}, {"right", rdB, trail.In, b}} {
		n := uint32(0)
		last := int64(0)
		for _, s := range rest(t, end.rd) {
			got, ok := number(s.Data)
			if !ok {
				continue // ARP and the like
			}
			if got != n || len(s.Data) != 60+int(n) || s.Len != len(s.Data) || s.Dir != end.dir || s.Time < last {
				t.Fatalf("%s: frame %d is %d, %d of %d bytes, %v, at %d after %d", end.name, n, got, len(s.Data), s.Len, s.Dir, s.Time, last)
			}
			attrs := end.in.find(t, end.name).Attrs()
			want := trail.Point{Interface: end.name, Index: attrs.Index, Kind: "veth", MTU: 1500, Link: packet.LinkEthernet, MAC: attrs.HardwareAddr.String()}
			if end.name == "right" {
				want.Node, want.Target, want.Netns, want.Role = "n", "pod", 7, trail.RolePod
			}
			if s.Where != want {
				t.Fatalf("point %+v, want %+v", s.Where, want)
			}
			n++
			last = s.Time
		}
		if n != 100 {
			t.Errorf("%s: read %d frames, want 100", end.name, n)
		}
	}
}
