package topology

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

var update = flag.Bool("update", false, "write the golden files")

// TestJSON holds the maps of whole states, in the form that programs rely on.
// The tests of render draw them too.
func TestJSON(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) *bed{
		"flannel": flannelFixture, "broken": brokenFixture, "calico": calicoFixture, "mixed": mixedFixture,
	} {
		t.Run(name, func(t *testing.T) {
			b := make(t)
			for _, snap := range b.state.Nodes {
				snap.Taken = time.Date(2026, 11, 21, 18, 50, 0, 0, time.UTC)
			}
			got, err := json.MarshalIndent(b.find(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("-want +got (-update writes it anew)\n%s", d)
			}
			var back Map
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			again, err := json.MarshalIndent(&back, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(got), string(again)+"\n"); d != "" {
				t.Errorf("what is read back differs:\n%s", d)
			}
		})
	}
}

// flannelFixture has services, a host port and a pod in its node's namespace.
func flannelFixture(t *testing.T) *bed {
	t.Helper()
	b, nodes := flannelBed(t)
	nodes[0].snap.Workloads = append(nodes[0].snap.Workloads, netstate.Workload{Namespace: "kube-system", Pod: "kube-proxy-7h2xk", Netns: nodes[0].host.Inode, PID: 900, Runtime: "containerd", From: "cri", Containers: []netstate.Container{{ID: "x", Name: "kube-proxy"}}})
	b.state.Cluster = &netstate.Cluster{
		Nodes: []netstate.ClusterNode{
			{Name: "node-a", Addresses: []netip.Addr{addrOf("10.99.0.11")}, PodCIDRs: prefixesOf("10.244.1.0/24")},
			{Name: "node-b", Addresses: []netip.Addr{addrOf("10.99.0.12")}, PodCIDRs: prefixesOf("10.244.2.0/24")},
		},
		Pods: []netstate.Pod{{Namespace: "shop", Name: "web-1", UID: "uid of shop/web-1", Node: "node-a", Addresses: []netip.Addr{addrOf("10.244.1.2")}, Labels: map[string]string{"app": "web"}, HostPorts: []netstate.HostPort{{Proto: "TCP", HostPort: 8088, ContainerPort: 8080}}}},
		Services: []netstate.Service{{
			Namespace: "shop", Name: "web", Type: "NodePort", ClusterIPs: []netip.Addr{addrOf("10.96.68.194")},
			Ports: []netstate.ServicePort{{Name: "http", Proto: "TCP", Port: 80, NodePort: 30080}},
			Endpoints: []netstate.Endpoint{
				{Addr: addrOf("10.244.1.2"), PortName: "http", Proto: "TCP", Port: 8080, Ready: true, Pod: "shop/web-1"},
				{Addr: addrOf("10.244.2.2"), PortName: "http", Proto: "TCP", Port: 8080, Pod: "shop/web-2"},
			},
		}},
	}
	return b
}

// brokenFixture has much that is wrong, and parts that could not be read.
func brokenFixture(t *testing.T) *bed {
	t.Helper()
	b, nodes := flannelBed(t)
	a, other := nodes[0], nodes[1]
	a.host.FDB = a.host.FDB[:1]
	a.host.learn("02:00:00:a2:00:02", "veth1")
	a.host.neigh("10.244.1.3", "cni0", "aa:bb:cc:dd:ee:ff")
	a.host.Neighbours[2].State = 0x20
	a.host.get("eth0").MTU = 1480
	a.host.route("10.244.1.3 dev veth0 scope link")
	other.host.get("flannel.1").VXLAN.VNI = 2
	other.host.get("veth0").Flags = 0
	other.host.unreadable(netstate.PartFDB)
	other.host.Changed = []netstate.Part{netstate.PartRoutes}
	other.snap.Namespaces[2].Links = nil
	(&spaceBed{Namespace: other.snap.Namespaces[2], m: other}).unreadable(netstate.PartLinks)
	b.state.Cluster = &netstate.Cluster{Nodes: []netstate.ClusterNode{{Name: "node-a"}, {Name: "node-b"}}, Unreadable: []netstate.Unreadable{{Part: "services", Why: "forbidden"}}}
	return b
}

// calicoFixture is three nodes without encapsulation, with IPv6.
func calicoFixture(t *testing.T) *bed {
	t.Helper()
	b := newBed(t)
	for i := range 3 {
		m := b.machine(fmt.Sprintf("node%d", i+1))
		h := m.host
		h.link(2, "eth0", "")
		h.addr("eth0", fmt.Sprintf("10.0.0.1%d/24", i), fmt.Sprintf("fd00::1%d/64", i))
		h.usualRules()
		h.route("default via 10.0.0.1 dev eth0")
		for o := range 3 {
			if o != i {
				h.route(fmt.Sprintf("192.168.%d.0/26 via 10.0.0.1%d dev eth0 proto bird", o, o))
			}
		}
		h.route(fmt.Sprintf("blackhole 192.168.%d.0/26 proto bird", i))
		for n := range 3 {
			p := m.pod(fmt.Sprintf("default/client-%d-%d", i, n), "busybox")
			end := fmt.Sprintf("cali%d%d3ac3e4a2", i, n)
			p.veth(4, "eth0", h, 10+n, end)
			h.get(end).Address = "ee:ee:ee:ee:ee:ee"
			p.addr("eth0", fmt.Sprintf("192.168.%d.%d/32", i, n+2), fmt.Sprintf("fd00:1:%d::%d/128", i, n+2))
			p.routes("default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link")
			h.routes(fmt.Sprintf("192.168.%d.%d dev %s scope link", i, n+2, end), fmt.Sprintf("fd00:1:%d::%d dev %s", i, n+2, end))
			if n > 0 {
				h.neigh(fmt.Sprintf("192.168.%d.%d", i, n+2), end, p.get("eth0").Address)
			}
		}
	}
	return b
}

// mixedFixture is a machine with containers of all kinds.
func mixedFixture(t *testing.T) *bed {
	t.Helper()
	m := newBed(t).machine("box")
	h := m.host
	h.link(2, "eth0", "")
	h.addr("eth0", "192.0.2.7/24")
	h.route("default via 192.0.2.1 dev eth0")
	h.link(3, "docker0", "bridge")
	h.addr("docker0", "172.17.0.1/16")
	h.route("172.17.0.0/16 dev docker0 proto kernel scope link")
	for i, name := range []string{"db", "cache"} {
		c := m.space("")
		m.snap.Workloads = append(m.snap.Workloads, netstate.Workload{Netns: c.Inode, PID: 700 + i, Runtime: "docker", From: "docker", Containers: []netstate.Container{{ID: "f00f00f00f00f00f", Name: "/" + name}}})
		end := fmt.Sprintf("veth%da%d", i, i)
		c.veth(2, "eth0", h, 20+i, end)
		c.addr("eth0", fmt.Sprintf("172.17.0.%d/16", i+2))
		c.route("default via 172.17.0.1 dev eth0")
	}
	h.port("docker0", "veth0a0", "veth1a1")
	direct := m.space("direct")
	l := direct.link(3, "eth0", "macvlan")
	l.Parent, l.ParentNSID, l.MACVLAN = 2, direct.nsid(h), &netstate.MACVLAN{Mode: "bridge"}
	direct.addr("eth0", "192.0.2.50/24")
	card := m.space("<card> & \"more\"")
	card.link(5, "enp3s0f1", "")
	two := m.pod("lab/two-legs", "app", "sidecar")
	two.veth(2, "eth0", h, 30, "vethtwo")
	two.addr("eth0", "10.1.0.2/32")
	two.route("default via 169.254.1.1 dev eth0")
	h.route("10.1.0.2 dev vethtwo scope link")
	l = two.link(3, "net1", "ipvlan")
	l.Parent, l.ParentNSID, l.IPVLAN = 2, two.nsid(h), &netstate.IPVLAN{Mode: "l2"}
	two.addr("net1", "192.0.2.60/24")
	return m.bed
}
