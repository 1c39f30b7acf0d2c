//go:build !pktrail_lite

package path

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// pathOf gives the path of a target, each point as "role node/target/device",
// after a look that every point is where it says.
func pathOf(t *testing.T, target string) (points, notes []string) {
	t.Helper()
	n := openTarget(t, target)
	p, err := Find(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	for _, pt := range p.Points {
		points = append(points, string(pt.Role)+" "+pt.Path())
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
	return points, p.Notes
}

func openTarget(t *testing.T, target string) *netns.Namespace {
	t.Helper()
	tg, err := netns.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	n, err := netns.Open(t.Context(), tg, netns.Options{Node: "here"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func wantPoints(t *testing.T, target string, want []string, note string) {
	t.Helper()
	got, notes := pathOf(t, target)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: %s", target, d)
	}
	switch {
	case note == "" && len(notes) > 0:
		t.Errorf("%s: notes %q", target, notes)
	case note != "" && !slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, note) }):
		t.Errorf("%s: notes %q, want %q", target, notes, note)
	}
}

// newNode makes a namespace that routes: uplinks with addresses, a default
// route by the first. The uplinks are ifb devices, which stand for network
// cards: more kernels have them than have dummies.
func newNode(t *testing.T, name string, uplinks ...string) *netns.Namespace {
	t.Helper()
	n := newNamed(t, name)
	in(t, n, func() error {
		for i, u := range uplinks {
			err := all(addLink(&netlink.Ifb{LinkAttrs: attrs(u)}), addAddr(u, "10.99."+string(rune('0'+i))+".11/24"))
			if err != nil {
				return err
			}
		}
		if len(uplinks) == 0 {
			return nil
		}
		return addRoute("", "10.99.0.1", uplinks[0])
	})
	return n
}

// TestPathOwn has the host ends in pktrail's own namespace, which is the
// machine's as far as it can know. Two interfaces, as with Multus, take two
// ways; the overlay says by its address where its packets leave.
func TestPathOwn(t *testing.T) {
	pod := newNamed(t, "own-pod")
	own := openTarget(t, "host")
	veth(t, own, "vethown1", pod, "eth0")
	veth(t, own, "vethown2", pod, "net1")
	cleanLinks(t, own, "vethown1", "brown", "vxown", "dumown", "dumown2")
	in(t, own, func() error {
		return all(
			addLink(&netlink.Bridge{LinkAttrs: attrs("brown")}), setMaster("vethown2", "brown"),
			addLink(&netlink.Ifb{LinkAttrs: attrs("dumown")}), addAddr("dumown", "10.99.0.11/24"),
			addLink(&netlink.Ifb{LinkAttrs: attrs("dumown2")}), addAddr("dumown2", "10.98.0.11/24"),
			addRoute("", "10.99.0.1", "dumown"),
			addLink(&netlink.Vxlan{LinkAttrs: attrs("vxown"), VxlanId: 4096, Port: 4789, SrcAddr: net.IP{10, 98, 0, 11}}),
			addRoute("10.244.2.0/24", "", "vxown"), addRoute("10.244.1.2/32", "", "vethown1"))
	})
	wantPoints(t, "netns:own-pod", []string{
		"pod here/own-pod/eth0", "pod here/own-pod/net1", "host here/vethown1", "host here/vethown2",
		"bridge here/brown", "overlay here/vxown", "uplink here/dumown2", "uplink here/dumown",
	}, "bridge brown has no address")
	wantPoints(t, "host", []string{"overlay here/vxown", "uplink here/dumown2", "uplink here/dumown"}, "")
	wantPoints(t, "if:vethown2", []string{"host here/vethown2", "bridge here/brown"}, "no way out")
	wantPoints(t, "if:brown", []string{"bridge here/brown"}, "no way out")
	wantPoints(t, "if:vxown", []string{"overlay here/vxown", "uplink here/dumown2"}, "")
	wantPoints(t, "if:dumown", []string{"uplink here/dumown"}, "")
	wantPoints(t, "if:lo", []string{" here/lo"}, "")
}

func cleanLinks(t *testing.T, n *netns.Namespace, names ...string) {
	t.Helper()
	t.Cleanup(func() {
		in(t, n, func() error {
			for _, name := range names {
				if l, err := netlink.LinkByName(name); err == nil {
					_ = netlink.LinkDel(l)
				}
			}
			return nil
		})
	})
}

// TestPathBridgeToCard has the bridge itself on the wire, with a VXLAN port
// beside the card (as Docker's overlay networks and Antrea's have).
func TestPathBridgeToCard(t *testing.T) {
	n := newNode(t, "br-node1", "eth0")
	pod := newNamed(t, "br-pod")
	veth(t, n, "veth1", pod, "eth0")
	in(t, n, func() error {
		return all(
			addLink(&netlink.Bridge{LinkAttrs: attrs("br0")}), setMaster("veth1", "br0"),
			addLink(&netlink.Vxlan{LinkAttrs: attrs("vx7"), VxlanId: 7, Port: 4789}), setMaster("vx7", "br0"),
			addFDB("vx7", "10.99.0.12"))
	})
	wantPoints(t, "netns:br-pod", []string{
		"pod br-node1/br-pod/eth0", "host br-node1/veth1", "bridge br-node1/br0",
		"overlay br-node1/vx7", "uplink br-node1/eth0",
	}, "")
}

// TestPathTunnels has the overlays that not every kernel can make.
func TestPathTunnels(t *testing.T) {
	local, remote := net.IP{10, 99, 1, 11}, net.IP{10, 99, 1, 12}
	tests := []struct {
		kind string
		link netlink.Link
		gw   string
	}{
		{"vxlan", &netlink.Vxlan{LinkAttrs: attrs("tun"), VxlanId: 3, Port: 4789, Group: remote}, ""},
		{"geneve", &netlink.Geneve{LinkAttrs: attrs("tun"), ID: 3, Remote: remote}, ""},
		{"ipip", &netlink.Iptun{LinkAttrs: attrs("tun"), Local: local, Remote: remote}, ""},
		{"ipip-any", &netlink.Iptun{LinkAttrs: attrs("tun")}, "10.99.1.12"}, // as Calico's tunl0
		{"gre", &netlink.Gretun{LinkAttrs: attrs("tun"), Local: local, Remote: remote}, ""},
		{"gretap", &netlink.Gretap{LinkAttrs: attrs("tun"), Local: local, Remote: remote}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			n := newNode(t, "t-node-"+tt.kind, "eth0", "eth1")
			pod := newNamed(t, "t-pod-"+tt.kind)
			veth(t, n, "veth1", pod, "eth0")
			err := n.Do(func() error { return addLink(tt.link) })
			if errors.Is(err, unix.EOPNOTSUPP) {
				t.Skipf("needs a kernel with %s devices", tt.link.Type())
			}
			if err != nil {
				t.Fatal(err)
			}
			in(t, n, func() error { return addRoute("10.7.0.0/16", tt.gw, "tun") })
			node := "t-node-" + tt.kind
			wantPoints(t, "netns:t-pod-"+tt.kind, []string{
				"pod " + node + "/t-pod-" + tt.kind + "/eth0", "host " + node + "/veth1",
				"overlay " + node + "/tun", "uplink " + node + "/eth1", "uplink " + node + "/eth0",
			}, "")
		})
	}
}

func addFDB(dev, dst string) error {
	l, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	return netlink.NeighAppend(&netlink.Neigh{
		LinkIndex: l.Attrs().Index, Family: 7, State: netlink.NUD_PERMANENT, Flags: netlink.NTF_SELF,
		IP: net.ParseIP(dst), HardwareAddr: make(net.HardwareAddr, 6),
	})
}

// TestPathOverlayGuess has a tunnel that says nothing about its outer way.
func TestPathOverlayGuess(t *testing.T) {
	n := newNode(t, "g-node1", "eth0")
	pod := newNamed(t, "g-pod")
	veth(t, n, "veth1", pod, "eth0")
	in(t, n, func() error {
		return all(addLink(&netlink.Vxlan{LinkAttrs: attrs("vx0"), VxlanId: 9, Port: 4789}), addRoute("10.7.0.0/16", "", "vx0"))
	})
	wantPoints(t, "netns:g-pod", []string{
		"pod g-node1/g-pod/eth0", "host g-node1/veth1", "overlay g-node1/vx0", "uplink g-node1/eth0",
	}, "does not say by which device")
}

// TestPathNodeOfProcess has the node in a namespace without a name, known by
// a process alone, as kind's nodes are.
func TestPathNodeOfProcess(t *testing.T) {
	n := newNode(t, "kind-node", "eth0")
	pod := newNamed(t, "kind-pod")
	veth(t, n, "veth1", pod, "eth0")
	pid := sleeper(t, n)
	unname(t, "kind-node")
	if got, _ := pathOf(t, "netns:kind-pod"); len(got) != 3 || !strings.HasPrefix(got[1], "host ") || !strings.HasSuffix(got[1], "-"+pid+"/veth1") {
		t.Errorf("got %q, want the host end in process %s", got, pid)
	}
}

// TestPathLostNode has the host end in a namespace that nothing on the
// machine names but a descriptor.
func TestPathLostNode(t *testing.T) {
	n := newNode(t, "lost-node", "eth0")
	pod := newNamed(t, "lost-pod")
	veth(t, n, "veth1", pod, "eth0")
	unname(t, "lost-node")
	wantPoints(t, "netns:lost-pod", []string{"pod here/lost-pod/eth0"}, "the host end of lost-pod/eth0 was not found: its namespace")
}

func TestPathNothing(t *testing.T) {
	newNamed(t, "empty")
	wantPoints(t, "netns:empty", nil, "no interface but lo")
	pod := newNamed(t, "dummy")
	in(t, pod, func() error { return addLink(&netlink.Ifb{LinkAttrs: attrs("d0")}) })
	wantPoints(t, "netns:dummy", []string{"pod here/dummy/d0"}, "d0 (ifb) has no other end")
}

// TestPathDeadEnd has a host end in a namespace without a way on.
func TestPathDeadEnd(t *testing.T) {
	a, b := newNamed(t, "dead-a"), newNamed(t, "dead-b")
	veth(t, a, "a0", b, "b0")
	wantPoints(t, "netns:dead-a", []string{"pod dead-b/dead-a/a0", "host dead-b/b0"}, "dead-b has no uplink")
}

// TestPathLeavesNothing counts open descriptors.
func TestPathLeavesNothing(t *testing.T) {
	a, b := newNamed(t, "leak-a"), newNamed(t, "leak-b")
	veth(t, a, "a0", b, "b0")
	descriptors := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(fds)
	}
	pathOf(t, "netns:leak-a") // the runtime's own descriptors are open now
	n, err := netns.Open(t.Context(), netns.Target{Kind: netns.Netns, Value: "leak-a"}, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := descriptors()
	for range 20 {
		p, err := Find(t.Context(), n)
		if err != nil || len(p.Points) != 2 || p.Close() != nil {
			t.Fatal(p, err)
		}
		if _, err := n.Points(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = netns.Open(t.Context(), netns.Target{Kind: netns.Interface, Value: "none"}, netns.Options{})
		if err == nil {
			t.Fatal("opened an interface that is not there")
		}
	}
	if after := descriptors(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	_ = n.Close()
}
