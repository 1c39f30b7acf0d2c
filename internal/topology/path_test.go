package topology

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// wantPath compares a path, each device as "role node/device".
func (b *bed) wantPath(from Start, want []string, notes ...string) {
	b.t.Helper()
	p, err := PathFrom(b.state, from)
	if err != nil {
		b.t.Fatal(err)
	}
	var got []string
	for _, d := range p.Devices {
		got = append(got, string(d.Role)+" "+d.Node+"/"+d.Name)
	}
	if d := cmp.Diff(want, got); d != "" {
		b.t.Error(d)
	}
	if d := cmp.Diff(notes, p.Notes); d != "" {
		b.t.Error(d)
	}
}

// TestPathCilium is a pod whose packets leave by a program: no route says so.
func TestPathCilium(t *testing.T) {
	b := newBed(t)
	m := b.machine("node1")
	node, pod := m.space("node1"), m.space("pod")
	node.link(2, "eth0", "")
	node.addr("eth0", "10.99.0.11/24")
	node.veth(4, "lxc1", pod, 2, "eth0")
	node.link(5, "cilium_vxlan", "vxlan").VXLAN = &netstate.VXLAN{External: true}
	node.routes("default via 10.99.0.1 dev eth0")
	pod.addr("eth0", "10.244.1.2/32")
	pod.route("default dev eth0")
	b.wantPath(Start{Netns: pod.Inode, Name: "web-0"},
		[]string{"pod node1/eth0", "host node1/lxc1", "overlay node1/cilium_vxlan", "uplink node1/eth0"},
		"cilium_vxlan is there by its name: Cilium redirects to it by BPF, past the routes",
		"cilium_vxlan does not say by which device its packets leave: eth0 is taken, the default route's")
	b.wantPath(Start{Netns: node.Inode, Name: "node1", Node: true}, []string{"uplink node1/eth0"})
	b.wantPath(Start{Netns: node.Inode, Name: "node1", Node: true, Device: "lxc1"},
		[]string{"host node1/lxc1", "overlay node1/cilium_vxlan", "uplink node1/eth0"},
		"cilium_vxlan is there by its name: Cilium redirects to it by BPF, past the routes",
		"cilium_vxlan does not say by which device its packets leave: eth0 is taken, the default route's")
}

// TestPathElsewhere is a tunnel that was made in another namespace: its outer
// packets leave there (as Docker's overlay networks have it).
func TestPathElsewhere(t *testing.T) {
	b := newBed(t)
	m := b.machine("docker")
	net, out, box := m.space("1-net"), m.space("out"), m.space("box")
	net.link(2, "br0", "bridge")
	net.veth(3, "veth0", box, 2, "eth0")
	net.link(4, "vx0", "vxlan").VXLAN = &netstate.VXLAN{VNI: 4097, Port: 4789}
	net.get("vx0").ParentNSID = net.nsid(out)
	net.port("br0", "veth0", "vx0")
	net.remote("02:42:0a:00:00:03", "vx0", "10.99.0.12")
	out.link(2, "ens3", "")
	out.usualRules()
	out.routes("10.99.0.0/24 dev ens3 proto kernel")
	box.addr("eth0", "10.0.0.2/24")
	// Link.Parent is ens3 there.
	net.get("vx0").Parent = 2
	b.wantPath(Start{Netns: box.Inode, Name: "box"},
		[]string{"pod 1-net/eth0", "host 1-net/veth0", "bridge 1-net/br0", "overlay 1-net/vx0", "uplink out/ens3"})
}

// TestPathLost is a pod whose other ends are not known, with the reasons.
func TestPathLost(t *testing.T) {
	b := newBed(t)
	m := b.machine("node1")
	pod, gone, node := m.space("pod"), m.space("gone"), m.space("node")
	pod.veth(2, "eth0", gone, 7, "veth0")
	m.snap.Namespaces = slices.DeleteFunc(m.snap.Namespaces, func(n *netstate.Namespace) bool { return n == gone.Namespace })
	id := *pod.get("eth0").ParentNSID
	delete(pod.Peers, id)
	want := []string{"pod node1/eth0"}
	b.wantPath(Start{Netns: pod.Inode, Name: "web-0"}, want,
		"the host end of web-0/eth0 was not found: the namespace with id 0 was not found")
	pod.Unreadable = append(pod.Unreadable, netstate.Unreadable{Part: netstate.PartNamespaces, What: "id 0", Why: "it may not be opened"})
	b.wantPath(Start{Netns: pod.Inode, Name: "web-0"}, want, "the host end of web-0/eth0 was not found: it may not be opened")

	node.unreadable(netstate.PartRoutes)
	b.wantPath(Start{Netns: node.Inode, Name: "node", Node: true}, nil,
		"where packets go from there is not known: routes: operation not permitted")
}

func TestPathErrors(t *testing.T) {
	b := newBed(t)
	node := b.machine("node1").space("node")
	for _, c := range []struct {
		from Start
		want string
	}{
		{Start{Netns: 5, Name: "web-0"}, "web-0: its namespace is not in the state"},
		{Start{Netns: node.Inode, Name: "node", Node: true, Device: "eth9"}, "no interface eth9 in node"},
	} {
		if _, err := PathFrom(b.state, c.from); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	node.unreadable(netstate.PartLinks)
	if _, err := PathFrom(b.state, Start{Netns: node.Inode, Name: "web-0"}); err == nil || !strings.Contains(err.Error(), "operation not permitted") {
		t.Error(err)
	}
	if _, err := PathFrom(nil, Start{}); err == nil {
		t.Error("a path of nothing")
	}
}
