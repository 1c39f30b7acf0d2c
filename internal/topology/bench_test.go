package topology

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
)

// grown is nodes with pods each, joined by flannel's vxlan, and services that
// each have three endpoints.
func grown(t *testing.T, nodes, pods, services int) *netstate.State {
	t.Helper()
	b := newBed(t)
	uplink := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 99, byte(i >> 8), byte(i)}) }
	pod := func(i, n int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(100 + i>>8), byte(i), byte(n + 2)}) }
	mac := func(i int) string { return fmt.Sprintf("0e:00:00:00:%02x:%02x", i>>8, i&0xff) }
	b.state.Cluster = &netstate.Cluster{}
	for i := range nodes {
		m := b.machine(fmt.Sprintf("node-%03d", i))
		h := m.host
		h.link(2, "eth0", "")
		h.addr("eth0", uplink(i).String()+"/16")
		v := h.link(3, "flannel.1", "vxlan")
		v.MTU, v.VXLAN = 1450, &netstate.VXLAN{VNI: 1, Port: 8472, Local: uplink(i), Underlay: 2}
		h.link(4, "cni0", "bridge").MTU = 1450
		h.addr("cni0", pod(i, -1).String()+"/24")
		h.usualRules()
		h.route("default via 10.99.0.1 dev eth0")
		h.route(netip.PrefixFrom(pod(i, -2), 24).String() + " dev cni0 proto kernel scope link")
		for o := range nodes {
			if o != i {
				gw := pod(o, -2).String()
				h.route(gw + "/24 via " + gw + " dev flannel.1")
				h.neigh(gw, "flannel.1", mac(o))
				h.remote(mac(o), "flannel.1", uplink(o).String())
			}
		}
		var ends []string
		for n := range pods {
			id := fmt.Sprintf("shop/web-%d-%d", i, n)
			p := m.pod(id, "app")
			end := fmt.Sprintf("veth%04x", n)
			p.veth(2, "eth0", h, 10+n, end)
			p.get("eth0").MTU, h.get(end).MTU = 1450, 1450
			p.addr("eth0", pod(i, n).String()+"/24")
			p.route("default via " + pod(i, -1).String() + " dev eth0")
			h.neigh(pod(i, n).String(), "cni0", p.get("eth0").Address)
			ends = append(ends, end)
			b.state.Cluster.Pods = append(b.state.Cluster.Pods, netstate.Pod{Namespace: "shop", Name: id[5:], UID: "uid of " + id, Node: m.snap.Node, Addresses: []netip.Addr{pod(i, n)}})
		}
		h.port("cni0", ends...)
		for n := range pods {
			h.learn(m.snap.Namespaces[n+1].LinkByName("eth0").Address, ends[n])
		}
	}
	for s := range services {
		svc := netstate.Service{Namespace: "shop", Name: fmt.Sprintf("svc-%d", s), Type: "ClusterIP", ClusterIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 96, byte(s >> 8), byte(s)})}, Ports: []netstate.ServicePort{{Proto: "TCP", Port: 80}}}
		for e := range 3 {
			i, n := (s+e)%nodes, (s*3+e)%pods
			svc.Endpoints = append(svc.Endpoints, netstate.Endpoint{Addr: pod(i, n), Proto: "TCP", Port: 8080, Ready: true, Pod: fmt.Sprintf("shop/web-%d-%d", i, n)})
		}
		b.state.Cluster.Services = append(b.state.Cluster.Services, svc)
	}
	return b.state
}

// TestGrown: a large cluster is found in order, all of it.
func TestGrown(t *testing.T) {
	m := Find(grown(t, 60, 20, 500))
	noWarnings(t, m)
	if len(m.Nodes) != 60 || len(m.Pods) != 1200 || len(m.Tunnels) != 60*59/2 {
		t.Errorf("%d nodes, %d pods, %d tunnels", len(m.Nodes), len(m.Pods), len(m.Tunnels))
	}
	for i := range m.Pods {
		if h := m.Pods[i].Interfaces[0].HostEnd(); h == nil || m.Pods[i].CNI.String() != "flannel vxlan" {
			t.Fatalf("%+v", m.Pods[i])
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for _, size := range [][3]int{{1, 250, 5000}, {100, 100, 5000}, {500, 10, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s := grown(&testing.T{}, size[0], size[1], size[2])
			b.ReportAllocs()
			for b.Loop() {
				Find(s)
			}
		})
	}
}
