package dial

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	dst := netip.MustParseAddrPort("10.0.0.1:80")
	for _, o := range []Options{
		{},
		{Proto: packet.ProtoTCP},
		{Proto: packet.ProtoSCTP, Dst: dst},
		{Proto: packet.ProtoTCP, Dst: netip.AddrPortFrom(dst.Addr(), 0)},
		{Proto: packet.ProtoTCP, Dst: dst, Src: netip.MustParseAddr("fd00::1")},
		{Proto: packet.ProtoTCP, Dst: dst, Timeout: -1},
		{Proto: packet.ProtoUDP, Dst: dst, Size: MaxSize + 1},
		{Proto: packet.ProtoUDP, Dst: dst, Size: -1},
		{Proto: packet.ProtoUDP, Dst: dst, Payload: make([]byte, MaxSize+1)},
		{Proto: packet.ProtoICMPv6, Dst: dst},
	} {
		if got, err := o.check(); err == nil {
			t.Errorf("%+v is taken for %+v", o, got)
		}
	}
	mapped := netip.AddrPortFrom(netip.AddrFrom16(dst.Addr().As16()), 80)
	o, err := Options{Proto: packet.ProtoTCP, Dst: mapped, Src: netip.IPv4Unspecified()}.check()
	if err != nil || o.Dst != dst || o.Src.IsValid() || o.Timeout != DefaultTimeout || len(o.Payload) != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	dst := netip.MustParseAddrPort("10.0.0.1:80")
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Proto: packet.ProtoUDP}, "pktrail probe\n"},
		{Options{Proto: packet.ProtoICMP}, "pktrail probe\n"},
		{Options{Proto: packet.ProtoTCP}, ""},
		{Options{Proto: packet.ProtoTCP, Size: 4}, "pktr"},
		{Options{Proto: packet.ProtoTCP, Payload: []byte("GET")}, "GET"},
		{Options{Proto: packet.ProtoUDP, Payload: []byte("ab"), Size: 5}, "ababa"},
		{Options{Proto: packet.ProtoUDP, Payload: []byte("abc"), Size: 2}, "ab"},
		{Options{Proto: packet.ProtoUDP, Payload: []byte{}, Size: 2}, "\x00\x00"},
		{Options{Proto: packet.ProtoUDP, Payload: []byte{}}, ""},
	} {
		c.o.Dst = dst
		if o, err := c.o.check(); err != nil || string(o.Payload) != c.want {
			t.Errorf("%+v: %q, %v", c.o, o.Payload, err)
		}
	}
	o, err := Options{Proto: packet.ProtoUDP, Dst: netip.MustParseAddrPort("10.0.0.1:53")}.check()
	if err != nil {
		t.Fatal(err)
	}
	q, next, ok := packet.DNS(o.Payload).Question(packet.DNSStart)
	if !ok || next != len(o.Payload) || q.Type != packet.DNSTypeNS || q.Class != 1 {
		t.Errorf("%+v", q)
	}
}

func TestRefusalText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v6        bool
		typ, code uint8
		mtu       uint32
		want      string
	}{
		{false, 3, 1, 0, "host unreachable"},
		{false, 3, 4, 1400, "fragmentation needed, MTU 1400"},
		{false, 3, 1, 1400, "host unreachable"},
		{false, 3, 99, 0, "ICMP type 3 code 99"},
		{false, 11, 0, 0, "time to live exceeded in transit"},
		{false, 11, 1, 0, "fragments did not arrive in time"},
		{false, 12, 0, 0, "parameter problem"},
		{false, 5, 0, 0, "ICMP type 5 code 0"},
		{true, 1, 4, 0, "port unreachable"},
		{true, 2, 0, 1280, "packet too big, MTU 1280"},
		{true, 3, 0, 0, "hop limit exceeded in transit"},
		{true, 3, 1, 0, "fragments did not arrive in time"},
		{true, 1, 99, 0, "ICMP type 1 code 99"},
		{true, 4, 0, 0, "parameter problem"},
	} {
		if got := refusalText(c.v6, c.typ, c.code, c.mtu); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func FuzzQueued(f *testing.F) {
	f.Add(append([]byte{111, 0, 0, 0, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 2, 0, 0, 0, 10, 0, 0, 1))
	f.Add(append(make([]byte, 16), append([]byte{10, 0}, make([]byte, 26)...)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, ok := decodeQueued(b)
		if ok != (len(b) >= 16) || q.from.Is4In6() {
			t.Errorf("%+v, %v", q, ok)
		}
		if r := q.refusal(); r.Text == "" || strings.Contains(r.Text, "\n") {
			t.Errorf("%+v", r)
		}
	})
}
