package netns

import (
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/pktrail/pktrail/internal/packet"
)

func openTarget(t *testing.T, target string) *Namespace {
	t.Helper()
	tg, err := ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(t.Context(), tg, Options{Node: "here"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// TestKinds covers the kinds of devices that this kernel may not have.
func TestKinds(t *testing.T) {
	for _, l := range []netlink.Link{&netlink.Device{}, &netlink.Bond{}, &netlink.Vlan{}} {
		if isOverlay(l) || isPair(l) || hasParent(l) {
			t.Errorf("%s is more than a card", l.Type())
		}
	}
	for _, l := range []netlink.Link{&netlink.Wireguard{}, &netlink.Sittun{}, &netlink.Ip6tnl{}, &netlink.Gretun{}} {
		if !isOverlay(l) || isPair(l) {
			t.Errorf("%s is no overlay", l.Type())
		}
	}
	for _, l := range []netlink.Link{&netlink.IPVlan{}, &netlink.IPVtap{}, &netlink.Macvtap{}} {
		if !hasParent(l) || isPair(l) {
			t.Errorf("%s has no parent", l.Type())
		}
	}
	if !isPair(&netlink.Netkit{}) {
		t.Error("netkit is no pair")
	}
}

func TestDevices(t *testing.T) {
	n, other := newNamed(t, "dev-a"), newNamed(t, "dev-b")
	veth(t, n, "eth0", other, "eth0")
	in(t, n, func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return all(netlink.LinkSetAlias(l, "to b"), netlink.LinkAddAltName(l, "a-much-longer-name-for-eth0"),
			netlink.LinkAdd(&netlink.Tuntap{LinkAttrs: attrs("tun7"), Mode: netlink.TUNTAP_MODE_TUN}))
	})
	devices, err := n.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Device{}
	for _, d := range devices {
		by[d.Interface] = d
		if d.Netns != n.Inode || d.Index <= 0 || d.MTU <= 0 {
			t.Errorf("%+v", d)
		}
	}
	lo, eth0, tun := by["lo"], by["eth0"], by["tun7"]
	if lo.Kind != "" || lo.Link != packet.LinkEthernet || !lo.Up {
		t.Errorf("lo: %+v", lo)
	}
	if eth0.Kind != "veth" || eth0.Link != packet.LinkEthernet || !eth0.Up || len(eth0.MAC) != 17 || eth0.Alias != "to b" {
		t.Errorf("eth0: %+v", eth0)
	}
	if !eth0.HasName("eth0") || !eth0.HasName("a-much-longer-name-for-eth0") || eth0.HasName("lo") {
		t.Errorf("eth0 goes by %v", eth0.AltNames)
	}
	if tun.Kind != "tun" || tun.Link != packet.LinkRaw || tun.MAC != "" || tun.Up {
		t.Errorf("tun7: %+v", tun)
	}
	points, err := openTarget(t, "if:lo").Points(t.Context())
	if err != nil || len(points) != 1 || points[0].Path() != "here/lo" {
		t.Errorf("if:lo: %+v, %v", points, err)
	}
}
