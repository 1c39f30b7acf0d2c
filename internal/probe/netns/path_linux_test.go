package netns

import (
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// node makes a lab's node: a namespace with eth0 on a switch, and a default
// route.
func node(t *testing.T, lan *Namespace, name, addr string) *Namespace {
	t.Helper()
	n := newNamed(t, name)
	veth(t, lan, name[len(name)-5:], n, "eth0")
	in(t, lan, func() error { return setMaster(name[len(name)-5:], "underlay") })
	in(t, n, func() error { return all(addAddr("eth0", addr), addRoute("", "10.99.0.1", "eth0")) })
	return n
}

// lan makes the namespace that nodes are plugged into. It routes, as the
// outside of a lab does, and is no node for all that.
func lan(t *testing.T, name string) *Namespace {
	t.Helper()
	n := newNamed(t, name)
	in(t, n, func() error {
		return all(addLink(&netlink.Bridge{LinkAttrs: attrs("underlay")}),
			addAddr("underlay", "10.99.0.1/24"), addRoute("10.244.1.0/24", "10.99.0.11", "underlay"))
	})
	return n
}

func pathOf(t *testing.T, target string) ([]string, []string) {
	t.Helper()
	tg, err := ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(t.Context(), tg, Options{Node: "here"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	p, err := n.Path(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	var got []string
	for _, pt := range p.Points {
		got = append(got, string(pt.Role)+" "+pt.Path())
		if pt.In.Inode != pt.Netns {
			t.Errorf("%s: to be opened in namespace %d, is in %d", pt.Path(), pt.In.Inode, pt.Netns)
		}
		err := pt.In.Do(func() error {
			ifc, err := net.InterfaceByName(pt.Interface)
			if err == nil && ifc.Index != pt.Index {
				t.Errorf("%s: index %d, is %d", pt.Path(), pt.Index, ifc.Index)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", pt.Path(), err)
		}
	}
	return got, p.Notes
}

func TestPathFlannel(t *testing.T) {
	out := lan(t, "f-outside")
	n1 := node(t, out, "f-node1", "10.99.0.11/24")
	pod := newNamed(t, "f-node1-pod1")
	veth(t, n1, "veth1", pod, "eth0")
	in(t, n1, func() error {
		eth0, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return all(
			addLink(&netlink.Bridge{LinkAttrs: attrs("cni0")}), addAddr("cni0", "10.244.1.1/24"),
			setMaster("veth1", "cni0"),
			addLink(&netlink.Vxlan{
				LinkAttrs: attrs("flannel.1"), VxlanId: 1, Port: 8472,
				VtepDevIndex: eth0.Attrs().Index, SrcAddr: net.ParseIP("10.99.0.11"),
			}),
			addAddr("flannel.1", "10.244.1.0/32"), addRoute("10.244.2.0/24", "10.244.2.0", "flannel.1"))
	})
	in(t, pod, func() error { return all(addAddr("eth0", "10.244.1.2/24"), addRoute("", "10.244.1.1", "eth0")) })

	got, notes := pathOf(t, "netns:f-node1-pod1")
	want := []string{
		"pod f-node1/f-node1-pod1/eth0", "host f-node1/veth1", "bridge f-node1/cni0",
		"overlay f-node1/flannel.1", "uplink f-node1/eth0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(notes) > 0 {
		t.Error(notes)
	}
	got, _ = pathOf(t, "netns:f-node1")
	if d := cmp.Diff([]string{"overlay f-node1/flannel.1", "uplink f-node1/eth0"}, got); d != "" {
		t.Error(d)
	}
}
