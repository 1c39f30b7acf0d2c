package netlink

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

func wgAttr(typ uint16, parts ...[]byte) []byte {
	return nlattr.Append(nil, typ, bytes.Join(parts, nil)...)
}

// wgMessages are two messages as the kernel writes them for a device with two
// peers (wg_get_device_dump), cut inside of the second's list.
func wgMessages() [][]byte {
	n16, n32, n64 := binary.NativeEndian.AppendUint16, binary.NativeEndian.AppendUint32, binary.NativeEndian.AppendUint64
	allowed := func(family uint16, bits byte, addr ...byte) []byte {
		return wgAttr(0, wgAttr(1, n16(nil, family)), wgAttr(wgAllowedBits, []byte{bits}), wgAttr(wgAllowedAddr, addr))
	}
	key := func(c byte) []byte { return bytes.Repeat([]byte{c}, 32) }
	four := append(append(n16(nil, 2), 0xc8, 0xd5, 192, 0, 2, 7), make([]byte, 8)...)
	six := append(append(append(n16(nil, 10), 0xc8, 0xd6, 0, 0, 0, 0), netip.MustParseAddr("fd00::7").AsSlice()...), 0, 0, 0, 0)
	one := wgAttr(0, wgAttr(wgPeerKey, key('1')), wgAttr(2, key('s')), wgAttr(wgPeerEndpoint, four), wgAttr(wgPeerKeepalive, n16(nil, 25)),
		wgAttr(wgPeerHandshake, n64(n64(nil, 1700000000), 5)), wgAttr(wgPeerRx, n64(nil, 11)), wgAttr(wgPeerTx, n64(nil, 12)),
		wgAttr(wgPeerAllowed, allowed(2, 24, 10, 0, 0, 0)))
	two := wgAttr(0, wgAttr(wgPeerKey, key('2')), wgAttr(wgPeerEndpoint, six), wgAttr(wgPeerAllowed, allowed(2, 32, 10, 1, 0, 1)))
	rest := wgAttr(0, wgAttr(wgPeerKey, key('2')), wgAttr(wgPeerAllowed, allowed(10, 64, netip.MustParseAddr("fd01::").AsSlice()...)))
	header := []byte{0, 1, 0, 0}
	return [][]byte{
		append(header[:4:4], bytes.Join([][]byte{
			wgAttr(3, key('p')), wgAttr(4, key('q')), wgAttr(wgPort, n16(nil, 51820)), wgAttr(wgMark, n32(nil, 7)),
			wgAttr(wgIfIndex, n32(nil, 5)), wgAttr(wgPeers, one, two),
		}, nil)...),
		append(header[:4:4], wgAttr(wgPeers, rest)...),
	}
}

func TestWireGuard(t *testing.T) {
	t.Parallel()
	d := new(wgDevice)
	for _, m := range wgMessages() {
		if err := d.add(m); err != nil {
			t.Fatal(err)
		}
	}
	want := netstate.WireGuard{Port: 51820, Mark: 7, Peers: []netstate.WireGuardPeer{
		{
			Endpoint: netip.MustParseAddrPort("192.0.2.7:51413"), AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")},
			Handshake: 1700000000, RxBytes: 11, TxBytes: 12, Keepalive: 25,
		},
		{
			Endpoint:   netip.MustParseAddrPort("[fd00::7]:51414"),
			AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.1.0.1/32"), netip.MustParsePrefix("fd01::/64")},
		},
	}}
	if !reflect.DeepEqual(d.WireGuard, want) {
		t.Errorf("\n got %+v\nwant %+v", d.WireGuard, want)
	}
	out, err := json.Marshal(d.WireGuard)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"pppp", "qqqq", "1111", "2222", "ssss"} {
		if bytes.Contains(out, []byte(key)) {
			t.Errorf("a key is kept: %s", out)
		}
	}
	if err := d.add([]byte{1}); err == nil {
		t.Error("a message without a header")
	}
}

func FuzzWireGuard(f *testing.F) {
	for _, m := range wgMessages() {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := new(wgDevice)
		err := d.add(b)
		if again := d.add(b); (err == nil) != (again == nil) {
			t.Errorf("%v and %v", err, again)
		}
		for _, p := range d.Peers {
			for _, prefix := range p.AllowedIPs {
				if !prefix.IsValid() {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}
