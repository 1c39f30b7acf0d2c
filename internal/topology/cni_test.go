package topology

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// flannelBed is two nodes of two pods each, as flannel's vxlan backend makes
// them.
func flannelBed(t *testing.T) (*bed, [2]*machineBed) {
	b := newBed(t)
	var nodes [2]*machineBed
	for i, name := range []string{"node-a", "node-b"} {
		m := b.machine(name)
		nodes[i] = m
		h, own := m.host, fmt.Sprintf("10.244.%d", i+1)
		other := fmt.Sprintf("10.244.%d", 2-i)
		h.link(2, "eth0", "")
		h.addr("eth0", fmt.Sprintf("10.99.0.1%d/24", i+1))
		v := h.link(3, "flannel.1", "vxlan")
		v.MTU = 1450
		v.VXLAN = &netstate.VXLAN{VNI: 1, Port: 8472, Local: addrOf(fmt.Sprintf("10.99.0.1%d", i+1)), Underlay: 2}
		h.addr("flannel.1", own+".0/32")
		h.link(4, "cni0", "bridge").MTU = 1450
		h.addr("cni0", own+".1/24")
		h.usualRules()
		h.routes("default via 10.99.0.1 dev eth0", other+".0/24 via "+other+".0 dev flannel.1", own+".0/24 dev cni0 scope link proto kernel")
		h.neigh(other+".0", "flannel.1", "0e:00:00:00:00:0"+fmt.Sprint(2-i))
		h.remote("0e:00:00:00:00:0"+fmt.Sprint(2-i), "flannel.1", fmt.Sprintf("10.99.0.1%d", 2-i))
		for n, id := range []string{"shop/web", "shop/db"} {
			p := m.pod(fmt.Sprintf("%s-%d", id, i+1), "app")
			veth := fmt.Sprintf("veth%d", n)
			p.veth(2, "eth0", h, 10+n, veth)
			p.get("eth0").MTU, h.get(veth).MTU = 1450, 1450
			p.addr("eth0", fmt.Sprintf("%s.%d/24", own, n+2))
			p.routes("default via "+own+".1 dev eth0", own+".0/24 dev eth0 scope link proto kernel")
			h.neigh(fmt.Sprintf("%s.%d", own, n+2), "cni0", p.get("eth0").Address)
		}
		h.port("cni0", "veth0", "veth1")
		for _, p := range m.snap.Namespaces[1:] {
			h.learn(p.LinkByName("eth0").Address, fmt.Sprintf("veth%d", p.Links[1].Parent-10))
		}
	}
	return b, nodes
}

func TestFlannel(t *testing.T) {
	b, _ := flannelBed(t)
	m := b.find()
	want := "node node-a [flannel vxlan]\nnode node-b [flannel vxlan]\n" +
		"pod shop/db-1 on node-a\npod shop/web-1 on node-a\npod shop/db-2 on node-b\npod shop/web-2 on node-b\n"
	if d := cmp.Diff(want, m.brief()); d != "" {
		t.Fatal(d)
	}
	p := m.pod(t, "shop/db-2")
	i := &p.Interfaces[0]
	if got := i.path(); got != "eth0 > veth1 > cni0 > flannel.1 > eth0" {
		t.Error(got)
	}
	if d := cmp.Diff([]string{
		"iflink veth1 +: eth0 names interface 11 of node-b",
		"iflink back veth1 +: veth1 of node-b names interface 2",
		"neighbour and fdb veth1 +: 10.244.2.3 lladdr 02:00:00:a6:00:02 dev cni0; fdb of cni0: veth1, port 2",
		"route cni0 +: 10.244.2.0/24 dev cni0 scope link",
	}, i.answers()); d != "" {
		t.Error(d)
	}
	if i.By != WayPeer || i.HostEnd().Port != 2 || i.HostEnd().Master != "cni0" || i.MTU != 1450 {
		t.Errorf("by %s, host end %+v, mtu %d", i.By, i.HostEnd(), i.MTU)
	}
	over := i.Path[3].Overlay
	if d := cmp.Diff(&Overlay{
		Kind: "vxlan", VNI: 1, Port: 8472, Local: addrOf("10.99.0.12"), Overhead: 50,
		Ends: []End{{Node: "node-a", Addr: addrOf("10.99.0.11"), Nets: prefixesOf("10.244.1.0/24"), From: "fdb"}},
	}, over, byText()...); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Tunnel{{
		Kind: "vxlan", VNI: 1, Port: 8472,
		A: TunnelEnd{Node: "node-a", Device: "flannel.1", Addr: addrOf("10.99.0.11"), Sends: true},
		B: TunnelEnd{Node: "node-b", Device: "flannel.1", Addr: addrOf("10.99.0.12"), Sends: true},
	}}, m.Tunnels, byText()...); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"bridge cni0", "flannel.1 vxlan 1, udp 8472", "route 10.244.1.0/24 via 10.244.1.0 dev flannel.1"}, p.CNI.Evidence); d != "" {
		t.Error(d)
	}
	noWarnings(t, m)
}

func noWarnings(t *testing.T, m *Map) {
	t.Helper()
	for _, w := range m.All() {
		t.Errorf("%s %s %s: %s (%s)", w.Node, w.Pod, w.Kind, w.Text, w.Why)
	}
}
