package rtnl

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

func native32(v ...uint32) []byte {
	var b []byte
	for _, n := range v {
		b = binary.NativeEndian.AppendUint32(b, n)
	}
	return b
}

// someLink is struct ifinfomsg of an Ethernet link and attributes.
func someLink(attrs ...[]byte) []byte {
	return append(append([]byte{0, 0}, binary.NativeEndian.AppendUint16(nil, 1)...), append(native32(7, 0x1003, 0), bytes.Join(attrs, nil)...)...)
}

func attr(typ uint16, v ...byte) []byte { return nlattr.Append(nil, typ, v...) }

func nested(typ uint16, inner ...[]byte) []byte {
	return nlattr.Append(nil, typ|0x8000, bytes.Join(inner, nil)...)
}

// TestNothingIsLost: what is not understood, or too short, is kept as it came.
func TestNothingIsLost(t *testing.T) {
	body := someLink(
		attr(linkName, 'x', 0), attr(LinkMTU, 1, 2), attr(200, 9), attr(linkPad), attr(linkMap, make([]byte, 28)...),
		nested(LinkInfo, nested(infoData, attr(BridgeAgeingTime, native32(500)...), attr(BridgeSTP, 1), attr(63, 5)),
			attr(infoKind, []byte("bridge\x00")...), attr(infoPortKind, []byte("team\x00")...), nested(infoPortData, attr(1, 4)), nested(infoXStats, attr(1, 2))),
		nested(linkAFSpec, nested(2, attr(1, native32(11, 12)...), attr(9, 8)), nested(28, attr(1, 1)),
			nested(10, attr(inet6Conf, native32(1, 64)...), attr(inet6AddrGen, 3), attr(77, 1), attr(inet6Flags, native32(5)...))),
	)
	l, err := Link(body)
	if err != nil {
		t.Fatal(err)
	}
	want := netstate.Link{
		Index: 7, Name: "x", Kind: "bridge", PortKind: "team", Type: 1, Flags: 0x1003,
		Bridge: &netstate.Bridge{AgeingTime: 500, Sent: 1 << BridgeAgeingTime},
		Conf4:  []int32{0, 11, 12}, Conf6: []int32{1, 64},
		Inet6:   &netstate.Inet6{Flags: 5, AddrGenMode: 3, Raw: []netstate.Attr{{Type: 77, Data: []byte{1}}}},
		Sent:    1<<linkName | 1<<LinkInfo | 1<<linkAFSpec,
		RawData: []netstate.Attr{{Type: BridgeSTP, Data: []byte{1}}, {Type: 63, Data: []byte{5}}},
		RawPort: []netstate.Attr{{Type: 1, Data: []byte{4}}},
		Raw: []netstate.Attr{
			{Type: LinkMTU, Data: []byte{1, 2}},
			{Type: 200, Data: []byte{9}},
			{Type: LinkInfo, Data: nlattr.Append(nil, infoXStats, attr(1, 2)...)},
			{Type: linkAFSpec, Data: nlattr.Append(nil, 2, attr(9, 8)...)},
			{Type: linkAFSpec, Data: nlattr.Append(nil, 28, attr(1, 1)...)},
		},
	}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("\n got %+v\nwant %+v", l, want)
	}
}

// TestAddrGenMode: where no counters are sent, neither is the attribute, and
// the setting says it.
func TestAddrGenMode(t *testing.T) {
	conf := make([]uint32, confAddrGen+1)
	conf[confAddrGen] = 2
	l, err := Link(someLink(nested(linkAFSpec, nested(10, attr(inet6Conf, native32(conf...)...)))))
	if err != nil || l.Inet6 == nil || l.Inet6.AddrGenMode != 2 {
		t.Errorf("%+v, %v", l.Inet6, err)
	}
}

func TestNetkit(t *testing.T) {
	l, err := Link(someLink(nested(LinkInfo, attr(infoKind, []byte("netkit\x00")...), nested(infoData,
		attr(netkitPrimary, 1), attr(netkitMode, native32(1)...), attr(netkitPolicy, native32(0)...), attr(netkitPeerPolicy, native32(2)...),
		attr(netkitScrub, native32(1)...), attr(netkitPeerScrub, native32(0)...), attr(netkitHeadroom, 4, 0), attr(netkitTailroom, 0, 0)))))
	want := netstate.Netkit{Primary: true, Mode: "l3", PeerPolicy: 2, Scrub: 1, Headroom: binary.NativeEndian.Uint16([]byte{4, 0}), Sent: 0x3fc}
	if err != nil || l.Netkit == nil || *l.Netkit != want || l.RawData != nil {
		t.Errorf("%+v %+v, %v", l.Netkit, l.RawData, err)
	}
}

func TestBridgeVLANs(t *testing.T) {
	info := func(flags, id uint16) []byte {
		return attr(2, binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, flags), id)...)
	}
	index, got := BridgeVLANs(someLink(nested(linkAFSpec, attr(0, 1, 0), info(6, 1), info(8, 100), info(16, 102), info(8|4, 200), info(16|4, 300))))
	want := []netstate.PortVLAN{{First: 1, Last: 1, PVID: true, Untagged: true}, {First: 100, Last: 102}, {First: 200, Last: 300, Untagged: true}}
	if index != 7 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d %+v", index, got)
	}
	if index, got := BridgeVLANs([]byte{1}); index != 0 || got != nil {
		t.Errorf("%d %+v", index, got)
	}
}

// TestCutShort: a message without its header is an error, and nothing else is.
func TestCutShort(t *testing.T) {
	body := someLink(attr(linkName, 'x', 0))
	for n := range body {
		if _, err := Link(body[:n]); (err != nil) != (n < linkHeader) {
			t.Errorf("link of %d bytes: %v", n, err)
		}
		if _, err := Neighbour(body[:n], func(int) uint16 { return 1 }); (err != nil) != (n < neighHeader) {
			t.Errorf("neighbour of %d bytes: %v", n, err)
		}
		if _, err := FDBEntry(body[:n]); (err != nil) != (n < neighHeader) {
			t.Errorf("entry of %d bytes: %v", n, err)
		}
		if _, err := Address(body[:n]); err == nil {
			t.Errorf("an address of %d bytes without one", n)
		}
	}
	if _, err := Address(append([]byte{2, 33, 0, 0, 1, 0, 0, 0}, attr(addrLocal, 10, 0, 0, 1)...)); err == nil {
		t.Error("a prefix that is longer than its address")
	}
}

// same decodes twice, the second time from bytes that are overwritten
// afterwards: a noun must not point into the message.
func same[T any](t *testing.T, b []byte, decode func([]byte) (T, error)) {
	t.Helper()
	one, err1 := decode(b)
	copied := bytes.Clone(b)
	two, err2 := decode(copied)
	clear(copied)
	if (err1 == nil) != (err2 == nil) || !reflect.DeepEqual(one, two) {
		t.Errorf("%+v, %v and %+v, %v", one, err1, two, err2)
	}
}

func FuzzLink(f *testing.F) {
	for _, kind := range []string{
		"bridge", "vxlan", "geneve", "ipip", "ip6tnl", "gre", "vti", "xfrm", "bond", "vlan", "macvlan", "ipvlan", "tun", "vrf", "netkit",
	} {
		var data [][]byte
		for typ := range uint16(51) {
			data = append(data, attr(typ, 1, 2, 3, 4, 5, 6, 7, 8))
		}
		f.Add(someLink(attr(linkName, 'x', 0), nested(LinkInfo, attr(infoKind, append([]byte(kind), 0)...), nested(infoData, data...),
			attr(infoPortKind, []byte("bridge\x00")...), nested(infoPortData, data...))))
	}
	f.Add(someLink(nested(LinkVFs, nested(1, attr(VFMAC, make([]byte, 36)...))), nested(LinkXDP, attr(2, 1)), attr(LinkStats64, make([]byte, 200)...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		same(t, b, Link)
		same(t, b, func(b []byte) ([]netstate.PortVLAN, error) { _, v := BridgeVLANs(b); return v, nil })
	})
}

func FuzzAddress(f *testing.F) {
	f.Add(append([]byte{2, 24, 0, 0, 1, 0, 0, 0}, append(attr(addrLocal, 10, 0, 0, 1), attr(addrAddress, 10, 0, 0, 2)...)...))
	f.Fuzz(func(t *testing.T, b []byte) { same(t, b, Address) })
}

func FuzzNeighbour(f *testing.F) {
	f.Add(append(make([]byte, 12), append(attr(NeighDst, 10, 0, 0, 1), attr(NeighCache, make([]byte, 16)...)...)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		same(t, b, FDBEntry)
		same(t, b, func(b []byte) (netstate.Neighbour, error) {
			return Neighbour(b, func(index int) uint16 { return uint16(index) })
		})
	})
}

func FuzzFilter(f *testing.F) {
	f.Add(append(make([]byte, 20), append(attr(1, []byte("bpf\x00")...), nested(2, attr(7, 'n', 0), attr(11, native32(5)...))...)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		same(t, b, func(b []byte) (netstate.Program, error) { p, _ := Filter(b); return p, nil })
		same(t, b, func(b []byte) (netstate.LinkStats, error) { _, s, _ := Stats(b); return s, nil })
	})
}
