package topology

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// flannelBed is two nodes of two pods each, as flannel's vxlan backend makes
// them.
func flannelBed(t *testing.T) (*bed, [2]*machineBed) {
	t.Helper()
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

// oneNode is a node with an uplink, and a pod of it whose host end has that
// name.
func oneNode(t *testing.T, hostEnd string) (m *machineBed, p *spaceBed) {
	t.Helper()
	m = newBed(t).machine("node-a")
	m.host.link(2, "eth0", "")
	m.host.addr("eth0", "10.0.0.10/24")
	m.host.usualRules()
	m.host.route("default via 10.0.0.1 dev eth0")
	p = m.pod("shop/web", "app")
	p.veth(3, "eth0", m.host, 20, hostEnd)
	p.addr("eth0", "10.244.1.5/32")
	p.route("default via 169.254.1.1 dev eth0 mtu 1400")
	return m, p
}

// TestCNI recognises each CNI by what it leaves on a node.
func TestCNI(t *testing.T) {
	bridge := func(name string, address string) func(m *machineBed, p *spaceBed, end string) {
		return func(m *machineBed, _ *spaceBed, end string) {
			m.host.link(7, name, "bridge")
			m.host.addr(name, address)
			m.host.port(name, end)
			m.host.route("10.244.1.0/24 dev " + name + " proto kernel scope link")
		}
	}
	direct := func(m *machineBed, _ *spaceBed, end string) { m.host.route("10.244.1.5 dev " + end + " scope link") }
	tunnel := func(name, kind string, more func(m *machineBed)) func(m *machineBed, p *spaceBed, end string) {
		return func(m *machineBed, p *spaceBed, end string) {
			direct(m, p, end)
			l := m.host.link(9, name, kind)
			l.MTU = 1450
			switch kind {
			case "vxlan":
				l.VXLAN = &netstate.VXLAN{VNI: 4096, Port: 4789, Local: addrOf("10.0.0.10")}
			case "ipip":
				l.Tunnel, l.MTU = &netstate.Tunnel{}, 1480
			}
			more(m)
		}
	}
	for _, c := range []struct {
		name, end, want, evidence, path string
		make                            func(m *machineBed, p *spaceBed, end string)
	}{
		{"calico bgp", "cali3ac3e4a2a2e", "calico bgp", "route 10.244.2.0/26 via 10.0.0.11 dev eth0 proto bird", "eth0 > cali3ac3e4a2a2e > eth0", func(m *machineBed, p *spaceBed, end string) {
			direct(m, p, end)
			m.host.route("10.244.2.0/26 via 10.0.0.11 dev eth0 proto bird")
			m.host.route("blackhole 10.244.1.0/26 proto bird")
		}},
		{"calico vxlan", "cali3ac3e4a2a2e", "calico vxlan", "vxlan.calico vxlan 4096, udp 4789", "eth0 > cali3ac3e4a2a2e > vxlan.calico > eth0", tunnel("vxlan.calico", "vxlan", func(m *machineBed) {
			m.host.route("10.244.2.0/26 via 10.244.2.0 dev vxlan.calico")
		})},
		{"calico ipip", "cali3ac3e4a2a2e", "calico ipip", "tunl0 ipip", "eth0 > cali3ac3e4a2a2e > tunl0 > eth0", tunnel("tunl0", "ipip", func(m *machineBed) {
			m.host.route("10.244.2.0/26 via 10.0.0.11 dev tunl0 proto bird")
		})},
		{"canal", "cali3ac3e4a2a2e", "canal vxlan", "flannel.1 vxlan 4096, udp 4789", "eth0 > cali3ac3e4a2a2e > flannel.1 > eth0", tunnel("flannel.1", "vxlan", func(m *machineBed) {
			m.host.route("10.244.2.0/24 via 10.244.2.0 dev flannel.1")
		})},
		{"cilium vxlan", "lxc12345", "cilium vxlan", "program cil_from_container at lxc12345 tcx ingress", "eth0 > lxc12345 > cilium_vxlan > eth0", func(m *machineBed, _ *spaceBed, _ string) {
			m.host.veth(7, "cilium_host", m.host, 8, "cilium_net")
			m.host.link(9, "cilium_vxlan", "vxlan").VXLAN = &netstate.VXLAN{Port: 8472, External: true}
			m.host.route("10.244.1.0/24 via 10.244.1.200 dev cilium_host")
			m.host.Programs = []netstate.Program{{Link: 20, Where: "tcx ingress", Name: "cil_from_container"}}
		}},
		{"cilium native", "lxc12345", "cilium native", "device cilium_host", "eth0 > lxc12345 > eth0", func(m *machineBed, _ *spaceBed, _ string) {
			m.host.veth(7, "cilium_host", m.host, 8, "cilium_net")
			m.host.route("10.244.1.0/24 via 10.244.1.200 dev cilium_host")
		}},
		{"flannel host-gw", "veth1", "flannel host-gw", "route 10.244.2.0/24 via 10.0.0.11 dev eth0", "eth0 > veth1 > cni0 > eth0", func(m *machineBed, p *spaceBed, end string) {
			bridge("cni0", "10.244.1.1/24")(m, p, end)
			m.host.route("10.244.2.0/24 via 10.0.0.11 dev eth0")
		}},
		{"bridge", "veth1", "bridge", "bridge lan0", "eth0 > veth1 > lan0 > eth0", bridge("lan0", "10.244.1.1/24")},
		{"docker", "veth1", "docker", "bridge docker0", "eth0 > veth1 > docker0 > eth0", bridge("docker0", "10.244.1.1/24")},
		{"docker network", "veth1", "docker", "bridge br-0123456789ab", "eth0 > veth1 > br-0123456789ab > eth0", bridge("br-0123456789ab", "10.244.1.1/24")},
		{"podman", "veth1", "podman", "bridge podman1", "eth0 > veth1 > podman1 > eth0", bridge("podman1", "10.244.1.1/24")},
		{"kubenet", "veth1", "kubenet", "bridge cbr0", "eth0 > veth1 > cbr0 > eth0", bridge("cbr0", "10.244.1.1/24")},
		{"ptp", "veth1", "ptp", "host route 10.244.1.5 dev veth1 scope link", "eth0 > veth1 > eth0", direct},
		{"secondary addresses", "veth1", "ptp secondary addresses", "rule 1536 from 10.244.1.5 lookup 2", "eth0 > veth1 > ens6", func(m *machineBed, p *spaceBed, end string) {
			direct(m, p, end)
			secondary(m)
		}},
		{"aws", "eni0123456789a", "aws-vpc", "rule 1536 from 10.244.1.5 lookup 2", "eth0 > eni0123456789a > ens6", func(m *machineBed, p *spaceBed, end string) {
			direct(m, p, end)
			secondary(m)
		}},
		{"azure", "azv1234", "azure transparent", "host end azv1234", "eth0 > azv1234 > eth0", direct},
		{"gke", "gke0123456789a", "gke", "host end gke0123456789a", "eth0 > gke0123456789a > eth0", direct},
		{"kindnet by its pod", "veth1", "kindnet", "pod kube-system/kindnet-x2v9q", "eth0 > veth1 > eth0", func(m *machineBed, p *spaceBed, end string) {
			direct(m, p, end)
			m.snap.Workloads = append(m.snap.Workloads, netstate.Workload{Namespace: "kube-system", Pod: "kindnet-x2v9q", HostNetwork: true, From: "cri"})
		}},
		{"kindnet by its chain", "veth1", "kindnet", "chain KIND-MASQ-AGENT", "eth0 > veth1 > eth0", func(m *machineBed, p *spaceBed, end string) {
			direct(m, p, end)
			m.host.Ruleset.Chains = [][]byte{[]byte("..KIND-MASQ-AGENT\x00")}
		}},
		{"ovn-kubernetes", "0123abcd_3", "ovn-kubernetes", "device ovn-k8s-mp0", "eth0 > 0123abcd_3 > genev_sys_6081 > eth0", func(m *machineBed, _ *spaceBed, end string) {
			m.host.link(7, "ovs-system", "openvswitch")
			m.host.link(8, "ovn-k8s-mp0", "openvswitch")
			l := m.host.link(9, "genev_sys_6081", "geneve")
			l.MTU, l.Geneve = 65000, &netstate.Geneve{Port: 6081, External: true}
			m.host.get(end).Master = 7
			m.host.route("10.244.0.0/16 via 10.244.1.1 dev ovn-k8s-mp0")
		}},
		{"unknown", "tap0", "unknown", "", "eth0 > tap0 > eth0", func(m *machineBed, _ *spaceBed, end string) {
			m.host.Programs = []netstate.Program{{Link: 20, Where: "tc ingress"}} // it may lead anywhere
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, p := oneNode(t, c.end)
			c.make(m, p, c.end)
			got := m.find()
			pod := got.pod(t, "shop/web")
			if pod.CNI.String() != c.want || got.Nodes[0].CNI.String() != c.want {
				t.Errorf("%s, node %s", pod.CNI, got.Nodes[0].CNI)
			}
			if c.evidence != "" && !slices.Contains(pod.CNI.Evidence, c.evidence) {
				t.Errorf("evidence %q", pod.CNI.Evidence)
			}
			if got := pod.Interfaces[0].path(); got != c.path {
				t.Error(got)
			}
			noWarnings(t, got)
		})
	}
}

// secondary gives the pod's address a network card of its own.
func secondary(m *machineBed) {
	m.host.link(6, "ens6", "")
	m.host.route("default via 10.0.0.1 dev ens6 table 2")
	m.host.Rules = append(m.host.Rules,
		netstate.Rule{Family: "inet", Priority: 512, Action: ruleTable, To: prefixesOf("10.244.1.5/32")[0], Table: tableMain},
		netstate.Rule{Family: "inet", Priority: 1536, Action: ruleTable, From: prefixesOf("10.244.1.5/32")[0], Table: 2})
}

// TestCaliName is the name that Calico makes of a pod's.
func TestCaliName(t *testing.T) {
	m, _ := oneNode(t, "cali59b7a4dc8ae")
	sum := sha1.Sum([]byte("shop.web"))
	m.host.get("cali59b7a4dc8ae").Name = "cali" + hex.EncodeToString(sum[:])[:11]
	name := m.host.Links[len(m.host.Links)-1].Name
	m.host.route("10.244.1.5 dev " + name + " scope link")
	if got := m.find().pod(t, "shop/web").CNI.Evidence; !slices.Contains(got, name+" is made of the pod's name") {
		t.Errorf("%q", got)
	}
}

// TestSegment is about interfaces without host ends.
func TestSegment(t *testing.T) {
	m := newBed(t).machine("node-a")
	m.host.link(2, "eth0", "")
	m.host.addr("eth0", "10.0.0.10/24")
	m.host.route("default via 10.0.0.1 dev eth0")
	mac := m.pod("shop/mac")
	l := mac.link(3, "eth0", "macvlan")
	l.Parent, l.ParentNSID, l.MACVLAN = 2, mac.nsid(m.host), &netstate.MACVLAN{Mode: "bridge"}
	ipv := m.pod("shop/ipv")
	l = ipv.link(3, "eth0", "ipvlan")
	l.Parent, l.ParentNSID, l.IPVLAN = 2, ipv.nsid(m.host), &netstate.IPVLAN{Mode: "l3"}
	m.pod("shop/card").link(5, "eth0", "")
	tun := m.pod("shop/tun")
	tun.link(5, "tun0", "tun")
	got := m.find()
	for id, want := range map[string][3]string{
		"shop/mac":  {"macvlan bridge", "eth0 > eth0", "eth0 is macvlan on eth0: it has no host end, and packets between it and others on the same parent do not pass there"},
		"shop/ipv":  {"ipvlan l3", "eth0 > eth0", "eth0 is ipvlan on eth0: it has no host end, and packets between it and others on the same parent do not pass there"},
		"shop/card": {"host-device", "eth0", "eth0 is a network card of its own: its packets do not pass the node's stack"},
		"shop/tun":  {"unknown", "tun0", "tun0 (tun) has no other end on the node"},
	} {
		p := got.pod(t, id)
		i := p.Interfaces[0]
		if d := cmp.Diff(want, [3]string{p.CNI.String(), i.path(), strings.Join(i.Notes, "; ")}); d != "" || i.HostEnd() != nil {
			t.Errorf("%s: %s", id, d)
		}
	}
}
