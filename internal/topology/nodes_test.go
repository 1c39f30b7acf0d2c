package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// TestTunnelWarnings breaks one side of a tunnel.
func TestTunnelWarnings(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(a *machineBed)
		node string
		want string
	}{
		{
			"other VNI", func(a *machineBed) { a.host.get("flannel.1").VXLAN.VNI = 7 }, "node-a",
			"flannel.1 is vxlan 7, udp 8472, flannel.1 of node-b is vxlan 1, udp 8472",
		},
		{
			"other port", func(a *machineBed) { a.host.get("flannel.1").VXLAN.Port = 4789 }, "node-b",
			"flannel.1 is vxlan 1, udp 8472, flannel.1 of node-a is vxlan 1, udp 4789",
		},
		{"one way", func(a *machineBed) {
			a.host.FDB = slices.DeleteFunc(a.host.FDB, func(e netstate.FDBEntry) bool { return e.Dst.IsValid() })
		}, "node-a", "flannel.1 knows no way to node-b, whose flannel.1 sends to node-a"},
		{"wrong end", func(a *machineBed) {
			for i := range a.host.FDB {
				if a.host.FDB[i].Dst.IsValid() {
					a.host.FDB[i].Dst = addrOf("10.99.0.99")
				}
			}
		}, "node-a", "flannel.1 sends to 10.99.0.99 (by its fdb), which no node has"},
		{"gone", func(a *machineBed) {
			a.host.Links = slices.DeleteFunc(a.host.Links, func(l netstate.Link) bool { return l.Name == "flannel.1" })
		}, "node-b", "flannel.1 sends vxlan 1, udp 8472 to node-a, which has no such device"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, nodes := flannelBed(t)
			b.state.Cluster = &netstate.Cluster{Nodes: []netstate.ClusterNode{{Name: "node-a"}, {Name: "node-b"}}}
			c.harm(nodes[0])
			m := b.find()
			i := slices.IndexFunc(m.Nodes, func(n Node) bool { return n.Name == c.node })
			if !slices.Contains(kinds(m.Nodes[i].Warnings), "tunnel: "+c.want) {
				t.Errorf("%q", kinds(m.All()))
			}
		})
	}
}

// TestGuessedEnds: nothing but the same device elsewhere says where Cilium's
// tunnel leads.
func TestGuessedEnds(t *testing.T) {
	b := newBed(t)
	for i, name := range []string{"node-a", "node-b"} {
		m := b.machine(name)
		m.host.link(2, "eth0", "")
		m.host.addr("eth0", fmt.Sprintf("10.0.0.1%d/24", i))
		m.host.route("default via 10.0.0.1 dev eth0")
		m.host.link(9, "cilium_vxlan", "vxlan").VXLAN = &netstate.VXLAN{Port: 8472, External: true}
	}
	m := b.find()
	if d := cmp.Diff([]Tunnel{{
		Kind: "vxlan", Port: 8472,
		A: TunnelEnd{Node: "node-a", Device: "cilium_vxlan", Addr: addrOf("10.0.0.10"), Sends: true},
		B: TunnelEnd{Node: "node-b", Device: "cilium_vxlan", Addr: addrOf("10.0.0.11"), Sends: true},
	}}, m.Tunnels, byText()...); d != "" {
		t.Error(d)
	}
	if e := m.Nodes[0].Devices[0].Overlay.Ends; len(e) != 1 || e[0].From != "same device" {
		t.Errorf("%+v", e)
	}
	noWarnings(t, m)
}

// TestNamesFromCluster: the runtime could not be asked, the API server could.
func TestNamesFromCluster(t *testing.T) {
	b, nodes := flannelBed(t)
	for _, n := range nodes {
		n.snap.Workloads = nil
		n.snap.Unreadable = []netstate.Unreadable{{Part: netstate.PartWorkloads, Why: "no socket"}}
	}
	b.state.Cluster = &netstate.Cluster{
		Nodes: []netstate.ClusterNode{{Name: "node-a", PodCIDRs: prefixesOf("10.244.1.0/24"), Addresses: []netip.Addr{addrOf("192.0.2.1")}}, {Name: "node-c"}},
		Pods: []netstate.Pod{
			{Namespace: "shop", Name: "web", UID: "1", Node: "node-a", Addresses: []netip.Addr{addrOf("10.244.1.2")}, Labels: map[string]string{"app": "web"}, Containers: []string{"nginx"}, Phase: "Running"},
			{Namespace: "shop", Name: "gone", UID: "2", Node: "node-a", Addresses: []netip.Addr{addrOf("10.244.1.77")}, Phase: "Running"},
			{Namespace: "shop", Name: "done", UID: "3", Node: "node-a", Addresses: []netip.Addr{addrOf("10.244.1.78")}, Phase: "Succeeded"},
			{Namespace: "shop", Name: "elsewhere", UID: "4", Node: "node-c", Addresses: []netip.Addr{addrOf("10.244.3.2")}, Phase: "Running"},
			{Namespace: "kube-system", Name: "proxy", UID: "5", Node: "node-a", Addresses: []netip.Addr{addrOf("10.99.0.11")}, HostNetwork: true, Phase: "Running"},
		},
		Unreadable: []netstate.Unreadable{{Part: "policies", Why: "forbidden"}},
	}
	m := b.find()
	want := "node node-a [flannel vxlan]\nnode node-b [flannel vxlan]\n" +
		"pod cni-shop-db-1 on node-a\npod kube-system/proxy on node-a\npod shop/gone on node-a\npod shop/web on node-a\n" +
		"pod cni-shop-db-2 on node-b\npod cni-shop-web-2 on node-b\n"
	if d := cmp.Diff(want, m.brief()); d != "" {
		t.Fatal(d)
	}
	web := m.pod(t, "shop/web")
	if web.From != "cluster" || web.Labels["app"] != "web" || !slices.Equal(web.Containers, []string{"nginx"}) || web.Interfaces[0].HostEnd().Name != "veth0" {
		t.Errorf("%+v", web)
	}
	if p := m.pod(t, "kube-system/proxy"); !p.HostNetwork || len(p.Interfaces) != 0 || p.Netns != m.Nodes[0].Netns {
		t.Errorf("%+v", p)
	}
	if d := cmp.Diff([]netip.Addr{addrOf("10.99.0.11"), addrOf("192.0.2.1")}, m.Nodes[0].Addresses, byText()...); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		"unreadable: policies not read: forbidden",
		"unreadable: workloads not read: no socket", "unreadable: workloads not read: no socket",
		"missing: its network namespace was not found on node-a",
	}, kinds(m.All())); d != "" {
		t.Error(d)
	}
}

// TestContainersAsNodes: kind's nodes are containers of the machine, and have
// pods of their own; the agents of both see the one kernel.
func TestContainersAsNodes(t *testing.T) {
	b := newBed(t)
	m := b.machine("laptop")
	m.host.link(2, "wlan0", "")
	m.host.route("default via 192.168.1.1 dev wlan0")
	m.host.link(3, "br-0123456789ab", "bridge")
	m.host.addr("br-0123456789ab", "172.18.0.1/16")
	m.host.route("172.18.0.0/16 dev br-0123456789ab proto kernel scope link")
	for i, name := range []string{"kind-control-plane", "kind-worker"} {
		n := m.space(name)
		n.Names = nil
		m.snap.Workloads = append(m.snap.Workloads, netstate.Workload{Netns: n.Inode, PID: 1000 + i, Runtime: "docker", From: "docker", Containers: []netstate.Container{{ID: "0123456789abcdef", Name: "/" + name}}})
		n.veth(2, "eth0", m.host, 10+i, fmt.Sprintf("vethn%d", i))
		n.addr("eth0", fmt.Sprintf("172.18.0.%d/16", i+2))
		n.routes("default via 172.18.0.1 dev eth0", fmt.Sprintf("10.244.%d.0/24 via 172.18.0.%d dev eth0", 1-i, 3-i), "172.18.0.0/16 dev eth0 proto kernel scope link")
		p := m.space("cni-pod" + fmt.Sprint(i))
		p.veth(2, "eth0", n, 5, "veth0")
		p.addr("eth0", fmt.Sprintf("10.244.%d.2/24", i))
		p.route(fmt.Sprintf("default via 10.244.%d.1 dev eth0", i))
		n.route(fmt.Sprintf("10.244.%d.2 dev veth0 scope host", i))
	}
	m.host.port("br-0123456789ab", "vethn0", "vethn1")
	// What the agent inside of one node sees is the same kernel's.
	inside := *m.snap
	inside.Node, inside.Workloads = "kind-worker", nil
	own := *m.snap.Namespaces[3]
	own.Host = true
	inside.Namespaces = []*netstate.Namespace{&own, m.snap.Namespaces[4]}
	b.state.Nodes = append(b.state.Nodes, &inside)

	got := b.find()
	want := "node kind-control-plane [ptp]\nnode kind-worker [ptp]\nnode laptop [docker]\n" +
		"pod cni-pod0 on kind-control-plane\npod cni-pod1 on kind-worker\npod kind-control-plane on laptop\npod kind-worker on laptop\n"
	if d := cmp.Diff(want, got.brief()); d != "" {
		t.Fatal(d)
	}
	if p := got.pod(t, "cni-pod1").Interfaces[0].path(); p != "eth0 > veth0 > eth0" {
		t.Error(p)
	}
	noWarnings(t, got)
}

// TestByHand: namespaces that people join by hand.
func TestByHand(t *testing.T) {
	t.Run("two that are joined", func(t *testing.T) {
		m := newBed(t).machine("box")
		a, b := m.space("a"), m.space("b")
		a.veth(2, "va", b, 2, "vb")
		a.addr("va", "10.1.0.1/24")
		got := m.find()
		if d := cmp.Diff("node box [unknown]\npod a on box\npod b on box\n", got.brief()); d != "" {
			t.Error(d)
		}
		i := got.pod(t, "a").Interfaces[0]
		if i.HostEnd() == nil || i.HostEnd().Name != "vb" || !slices.Contains(i.Notes, "its other end is in b, not on a node") {
			t.Errorf("%s %q", i.path(), i.Notes)
		}
	})
	t.Run("a router", func(t *testing.T) {
		m := newBed(t).machine("box")
		r, a, b := m.space("router"), m.space("a"), m.space("b")
		a.veth(2, "eth0", r, 2, "ra")
		b.veth(2, "eth0", r, 3, "rb")
		a.route("default via 10.1.0.1 dev eth0")
		got := m.find()
		if d := cmp.Diff("node router [unknown]\npod a on router\npod b on router\n", got.brief()); d != "" {
			t.Error(d)
		}
	})
	t.Run("both ends in one", func(t *testing.T) {
		m := newBed(t).machine("box")
		a := m.space("a")
		a.veth(2, "x", a, 3, "y")
		i := m.find().pod(t, "a").Interfaces[0]
		if len(i.Path) != 1 || !slices.Contains(i.Notes, "its other end, y, is in the pod too") {
			t.Errorf("%s %q", i.path(), i.Notes)
		}
	})
	t.Run("lo alone is nobody", func(t *testing.T) {
		m := newBed(t).machine("box")
		s := m.space("private")
		s.link(2, "tunl0", "ipip").Flags = 0
		if got := m.find(); len(got.Pods) != 0 {
			t.Error(got.brief())
		}
	})
}

// TestPorts: what services and host ports lead to a pod.
func TestPorts(t *testing.T) {
	b, _ := flannelBed(t)
	b.state.Cluster = &netstate.Cluster{
		Pods: []netstate.Pod{{Namespace: "shop", Name: "web-1", UID: "uid of shop/web-1", Node: "node-a", Addresses: []netip.Addr{addrOf("10.244.1.2")}, HostPorts: []netstate.HostPort{
			{Proto: "TCP", HostPort: 8088, ContainerPort: 8080}, {Proto: "UDP", HostIP: addrOf("127.0.0.1"), HostPort: 53, ContainerPort: 53},
		}}},
		Services: []netstate.Service{{
			Namespace: "shop", Name: "web", Type: "LoadBalancer",
			ClusterIPs: []netip.Addr{addrOf("10.96.0.7"), addrOf("fd00::7")}, Outside: []netip.Addr{addrOf("203.0.113.9")},
			Ports: []netstate.ServicePort{{Name: "http", Proto: "TCP", Port: 80, NodePort: 30080}, {Name: "metrics", Proto: "TCP", Port: 9100}},
			Endpoints: []netstate.Endpoint{
				{Addr: addrOf("10.244.1.2"), PortName: "http", Proto: "TCP", Port: 8080, Ready: true, Pod: "shop/web-1"},
				{Addr: addrOf("10.244.2.2"), PortName: "metrics", Proto: "TCP", Port: 9100},
				{Addr: addrOf("10.250.0.1"), PortName: "http", Proto: "TCP", Port: 8080},
			},
		}},
	}
	m := b.find()
	var got []string
	for _, id := range []string{"shop/web-1", "shop/web-2", "shop/db-1"} {
		p := m.pod(t, id)
		for _, port := range p.Ports {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s ready %t", id, &port, port.Name, port.Ready)))
		}
	}
	if d := cmp.Diff([]string{
		"shop/web-1 hostPort 10.99.0.11:8088/tcp -> 8080  ready true",
		"shop/web-1 hostPort 127.0.0.1:53/udp -> 53  ready true",
		"shop/web-1 service 10.96.0.7:80/tcp -> 8080 shop/web:http ready true",
		"shop/web-1 nodePort *:30080/tcp -> 8080 shop/web:http ready true",
		"shop/web-1 outside 203.0.113.9:80/tcp -> 8080 shop/web:http ready true",
		"shop/web-2 service 10.96.0.7:9100/tcp -> 9100 shop/web:metrics ready false",
		"shop/web-2 outside 203.0.113.9:9100/tcp -> 9100 shop/web:metrics ready false",
	}, got); d != "" {
		t.Error(d)
	}
	if h := m.pod(t, "shop/web-1").Hint(); !strings.Contains(h, "one direction") {
		t.Error(h)
	}
	if h := m.pod(t, "shop/db-1").Hint(); h != "" {
		t.Error(h)
	}
}
