package rtnl

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// num is a number of 4 bytes as the kernel writes it.
func num(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// message is a header with attributes behind it, given as type and value.
func message(header []byte, attrs ...any) []byte {
	b := bytes.Clone(header)
	for i := 0; i < len(attrs); i += 2 {
		b = nlattr.Append(b, uint16(attrs[i].(int)), attrs[i+1].([]byte)...)
	}
	return b
}

// rtmsg is struct rtmsg of a unicast route.
func rtmsg(family, dstLen byte) []byte { return []byte{family, dstLen, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0} }

var (
	addrs    = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	prefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
)

// A label of MPLS 100 and 300 with a bottom, 200 without.
var (
	label100 = []byte{0, 0x06, 0x41, 0}
	label200 = []byte{0, 0x0c, 0x80, 0}
	label300 = []byte{0, 0x12, 0xc1, 0}
)

// MPLS, which few kernels have, and what none has.
func TestRouteByHand(t *testing.T) {
	via := append([]byte{2, 0}, 10, 0, 0, 1)
	hop := []byte{0, 0, 0, 0, 7, 0, 0, 0}
	multipath := message(hop, 18, via, 19, bytes.Join([][]byte{label200, label300}, nil), 99, []byte("?"))
	binary.NativeEndian.PutUint16(multipath, uint16(len(multipath)))
	yes := true
	for _, c := range []struct {
		name string
		b    []byte
		want netstate.Route
	}{
		{"swap", message(rtmsg(28, 20), 1, label100, 19, bytes.Join([][]byte{label200, label300}, nil), 18, via, 4, num(7), 26, []byte{1}), netstate.Route{
			Family: "mpls", Table: 254, Protocol: 4, Type: 1, Labels: []uint32{100}, TTLPropagate: &yes,
			Hops: []netstate.Hop{{Link: 7, Gateway: netip.MustParseAddr("10.0.0.1"), Labels: []uint32{200, 300}}},
		}},
		{"several", message(rtmsg(28, 20), 1, label100, 9, multipath), netstate.Route{
			Family: "mpls", Table: 254, Protocol: 4, Type: 1, Labels: []uint32{100},
			Hops: []netstate.Hop{{
				Link: 7, Weight: 1, Gateway: netip.MustParseAddr("10.0.0.1"), Labels: []uint32{200, 300},
				Raw: []netstate.Attr{{Type: 99, Data: []byte("?")}},
			}},
		}},
		{"push", message(rtmsg(2, 8), 1, []byte{10, 0, 0, 0}, 21, []byte{1, 0}, 22, message(nil, 1, label100, 2, []byte{9})), netstate.Route{
			Family: "inet", Table: 254, Protocol: 4, Type: 1, Dst: netip.MustParsePrefix("10.0.0.0/8"),
			Hops: []netstate.Hop{{Encap: &netstate.Encap{Type: 1, Labels: []uint32{100}, TTL: new(uint8(9))}}},
		}},
		{"unknown encap", message(rtmsg(2, 0), 21, []byte{3, 0}, 22, message(nil, 1, []byte{1})), netstate.Route{
			Family: "inet", Table: 254, Protocol: 4, Type: 1, Dst: netip.MustParsePrefix("0.0.0.0/0"),
			Hops: []netstate.Hop{{Encap: &netstate.Encap{Type: 3, Raw: []netstate.Attr{{Type: 1, Data: []byte{1}}}}}},
		}},
		{"unknown attribute", message(rtmsg(10, 0), 99, []byte("?"), 24, []byte{}), netstate.Route{
			Family: "inet6", Table: 254, Protocol: 4, Type: 1, Dst: netip.MustParsePrefix("::/0"),
			Raw: []netstate.Attr{{Type: 99, Data: []byte("?")}},
		}},
		{"unknown family", message(rtmsg(35, 8), 1, []byte{4}), netstate.Route{
			Family: "35", Table: 254, Protocol: 4, Type: 1, Raw: []netstate.Attr{{Type: 1, Data: []byte{4}}},
		}},
		{"expiring", message(rtmsg(10, 0), 12, bytes.Join([][]byte{num(0), num(0), num(99), num(0)}, nil)), netstate.Route{
			Family: "inet6", Table: 254, Protocol: 4, Type: 1, Dst: netip.MustParsePrefix("::/0"), Expires: 1,
		}},
		{"expired", message(rtmsg(10, 0), 12, bytes.Join([][]byte{num(0), num(0), num(1<<32 - 9), num(1<<32 - 101)}, nil)), netstate.Route{
			Family: "inet6", Table: 254, Protocol: 4, Type: 1, Dst: netip.MustParsePrefix("::/0"), Expires: -1, Error: -101,
		}},
	} {
		got, err := Route(c.b)
		if diff := cmp.Diff(c.want, got, addrs, prefixes); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

func TestCutRoutes(t *testing.T) {
	whole := message(rtmsg(2, 8), 1, []byte{10, 0, 0, 0})
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{nil, "decode route: cut short"},
		{whole[:11], "decode route: cut short"},
		{whole[:len(whole)-1], "decode route: cut short"},
		{message(rtmsg(2, 33), 1, []byte{10, 0, 0, 0}), "decode route: 10.0.0.0/33 is no prefix of its family"},
		{message(rtmsg(2, 8), 1, make([]byte, 16)), "decode route: ::/8 is no prefix of its family"},
	} {
		if _, err := Route(c.b); err == nil || err.Error() != c.want {
			t.Errorf("%x: %v, want %s", c.b, err, c.want)
		}
	}
	if _, err := Rule([]byte{2}); err == nil || !strings.Contains(err.Error(), "rule: cut short") {
		t.Error(err)
	}
	if _, err := Rule(message(append([]byte{10, 129}, make([]byte, 10)...), 1, make([]byte, 16))); err == nil {
		t.Error("a prefix of 129 bits is none")
	}
	if _, err := Nexthop([]byte{2}); err == nil || !strings.Contains(err.Error(), "nexthop: cut short") {
		t.Error(err)
	}
}

// An attribute that is too short for what it says it is stays as it came.
func TestShortAttributes(t *testing.T) {
	for typ := range 31 {
		for _, m := range [][]byte{rtmsg(2, 0), rtmsg(28, 20)} {
			r, err := Route(message(m, typ, []byte{}))
			kept := len(r.Raw) == 1 && int(r.Raw[0].Type) == typ
			if pass := typ == 24 || typ == 8 || typ == 9 || typ == 22; err != nil || kept == pass { // padding, and nests that are empty
				t.Errorf("route attribute %d: %+v, %v", typ, r, err)
			}
		}
		r, err := Rule(message(append([]byte{2}, make([]byte, 11)...), typ, []byte{}))
		if pass := typ == 18 || typ == 3 || typ == 17; err != nil || (len(r.Raw) == 1) == pass || r.HasMark { // padding, and names
			t.Errorf("rule attribute %d: %+v, %v", typ, r, err)
		}
		for kind := 1; kind <= encapXfrm; kind++ {
			e := encap(uint16(kind), message(nil, typ, []byte{}))
			mayBeEmpty := map[int][]int{encapIP: {7, 8}, encapIP6: {7, 8}, encapBPF: {1, 2, 3}, encapSeg6Local: {8, 10, 11}}
			if pass := slices.Contains(mayBeEmpty[kind], typ); (len(e.Raw) == 0) != pass {
				t.Errorf("attribute %d of tunnel %d: %+v", typ, kind, e)
			}
		}
	}
}

// Selectors that came with Linux 6.11 and later.
func TestNewRules(t *testing.T) {
	header := append([]byte{10, 0, 0, 0, 100, 0, 0, 1}, 0, 0, 0, 0)
	ports := func(first, last uint16) []byte {
		return binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, first), last)
	}
	for _, c := range []struct {
		b    []byte
		want netstate.Rule
	}{
		{message(header, 25, []byte{46}), netstate.Rule{DSCP: 46, DSCPMask: 0x3f}},
		{message(header, 25, []byte{0}), netstate.Rule{DSCPMask: 0x3f}},
		{message(header, 25, []byte{32}, 30, []byte{0x38}), netstate.Rule{DSCP: 32, DSCPMask: 0x38}},
		{message(header, 30, []byte{0x38}, 25, []byte{32}), netstate.Rule{DSCP: 32, DSCPMask: 0x38}},
		{message(header, 26, []byte{0, 1, 2, 3}, 27, []byte{0, 15, 255, 255}), netstate.Rule{FlowLabel: 0x10203, FlowLabelMask: 0xfffff}},
		{message(header, 23, ports(80, 80), 28, ports(0xfff0, 0)[:2]), netstate.Rule{SrcPort: &netstate.PortRange{First: 80, Last: 80}, SrcPortMask: 0xfff0}},
		{message(header, 24, ports(1, 9), 29, ports(0xffff, 0)[:2]), netstate.Rule{DstPort: &netstate.PortRange{First: 1, Last: 9}, DstPortMask: 0xffff}},
		{message(header, 24, []byte{1}, 77, []byte{2}), netstate.Rule{Raw: []netstate.Attr{{Type: 24, Data: []byte{1}}, {Type: 77, Data: []byte{2}}}}},
	} {
		c.want.Family, c.want.Table, c.want.Action = "inet6", 100, 1
		got, err := Rule(c.b)
		if diff := cmp.Diff(c.want, got, addrs, prefixes); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}

// A group's weights have two halves since Linux 6.12.
func TestGroupWeights(t *testing.T) {
	n, err := Nexthop(message([]byte{0, 0, 0, 0, 0, 0, 0, 0}, 1, num(9), 2, append(append(num(1), 1, 2, 0, 0), append(num(2), 0, 0, 0, 0)...)))
	want := netstate.Nexthop{ID: 9, Group: []netstate.NexthopShare{{ID: 1, Weight: 0x202}, {ID: 2, Weight: 1}}}
	if diff := cmp.Diff(want, n); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// A segment routing header whose parts do not fit is kept as it is.
func TestCutSegments(t *testing.T) {
	srh := append([]byte{0, 4, 4, 1, 1, 8, 0, 0}, make([]byte, 32+40)...)
	srh[1] = byte(len(srh)/8 - 1)
	srh[8+31], srh[len(srh)-40+7] = 7, 9
	e := encap(encapSeg6, message(nil, 1, append(num(1), srh...)))
	want := &netstate.Encap{Type: encapSeg6, Mode: 1, HMACKey: 9, Segments: []netip.Addr{netip.MustParseAddr("::7"), netip.IPv6Unspecified()}}
	if diff := cmp.Diff(want, e, addrs); diff != "" {
		t.Error(diff)
	}
	for n := range len(srh) {
		if e := encap(encapSeg6, message(nil, 1, append(num(1), srh[:n]...))); e.Segments != nil || len(e.Raw) != 1 {
			t.Fatalf("%d bytes: %+v", n, e)
		}
	}
}

func FuzzRoute(f *testing.F) {
	f.Add(byte(0), message(rtmsg(2, 8), 1, []byte{10, 0, 0, 0}, 4, num(7), 8, message(nil, 2, num(1400)), 21, []byte{2, 0}, 22, message(nil, 1, make([]byte, 8))))
	f.Add(byte(0), message(rtmsg(28, 20), 1, label100, 19, label300, 9, append([]byte{16, 0, 0, 0, 7, 0, 0, 0}, message(nil, 5, make([]byte, 4))...)))
	f.Add(byte(1), message(append([]byte{2, 8}, make([]byte, 10)...), 2, make([]byte, 4), 20, make([]byte, 8), 23, make([]byte, 4)))
	f.Add(byte(2), message(make([]byte, 8), 1, num(1), 2, make([]byte, 16), 12, message(nil, 1, []byte{1, 2})))
	f.Add(byte(7), message(nil, 1, append(num(1), make([]byte, 24)...)))
	f.Fuzz(func(t *testing.T, what byte, b []byte) {
		before := bytes.Clone(b)
		switch what {
		case 0:
			r, err := Route(b)
			if err == nil && (r.Dst.IsValid() == (r.Family == "mpls") && (r.Family == "inet" || r.Family == "inet6")) {
				t.Errorf("%+v", r)
			}
		case 1:
			_, _ = Rule(b)
		case 2:
			n, err := Nexthop(b)
			if err == nil && n.Hop == nil && n.Group == nil && !n.Blackhole {
				t.Errorf("%+v is nothing", n)
			}
		default:
			encap(uint16(what-2), b)
		}
		if !bytes.Equal(before, b) {
			t.Error("the message was changed")
		}
	})
}
