package lab

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

// The host end of pod default/client on a real Calico cluster.
func TestCaliName(t *testing.T) {
	if got := caliName("client"); got != "calia7a3e029a7b" {
		t.Errorf("got %s", got)
	}
}

// Calico's gateway is the link-local address of the host end's MAC.
func TestCaliGateway(t *testing.T) {
	m, err := net.ParseMAC(caliMAC)
	if err != nil {
		t.Fatal(err)
	}
	b := [16]byte{0xfe, 0x80, 8: m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}
	if got := netip.AddrFrom16(b); got != caliGate6 {
		t.Errorf("got %s, want %s", caliGate6, got)
	}
}

func TestPlan(t *testing.T) {
	l := plan(Options{Flannel, 2, 2, "pkl"}, true)
	want := []string{
		"pkl-outside", "pkl-node1", "pkl-node2",
		"pkl-node1-pod1", "pkl-node1-pod2", "pkl-node2-pod1", "pkl-node2-pod2",
	}
	if got := l.Namespaces(); !slices.Equal(got, want) {
		t.Errorf("namespaces %v", got)
	}
	n, p := l.Node("pkl-node2"), l.Pod("pkl-node2-pod1")
	if n.IPv4.String() != "10.99.0.12" || n.IPv6.String() != "fd00:99::12" || n.PodNet4.String() != "10.244.2.0/24" || n.PodNet6.String() != "fd00:244:2::/64" {
		t.Errorf("node %+v", n)
	}
	if p.Node != n.Name || p.IPv4.String() != "10.244.2.2" || p.IPv6.String() != "fd00:244:2::2" {
		t.Errorf("pod %+v", p)
	}
	if l.Node("pkl-node3") != nil || l.Pod("pkl-node1") != nil {
		t.Error("found what is not there")
	}
}

// Every flavour at every size: names fit the kernel, and nothing is there
// twice.
func TestPlanIsUnique(t *testing.T) {
	for _, f := range Flavours() {
		for _, o := range []Options{{f, 1, 1, "a"}, {f, 1, 250, "abcdefghijkl"}, {f, 2, 100, "abcdefghijkl"}, {f, 16, 16, "abcdefghijk0"}} {
			for _, ipv6 := range []bool{false, true} {
				checkUnique(t, plan(o, ipv6), ipv6)
			}
		}
	}
}

func checkUnique(t *testing.T, l *Lab, ipv6 bool) {
	t.Helper()
	addrs, macs, names := map[netip.Addr]bool{}, map[string]bool{}, map[string]bool{}
	address := func(a4, a6 netip.Addr) {
		if !a4.Is4() || addrs[a4] || a6.IsValid() != ipv6 || ipv6 && addrs[a6] {
			t.Errorf("addresses %v %v", a4, a6)
		}
		addrs[a4], addrs[a6] = true, true
	}
	devices := func(ns string, ds []Device) {
		if lab, ok := labOf(ns); !ok || lab != l.Name || names[ns] {
			t.Errorf("namespace %s", ns)
		}
		names[ns] = true
		for _, d := range ds {
			if len(d.Name) > 15 || names[ns+" "+d.Name] { // linux/if.h, IFNAMSIZ
				t.Errorf("device %s of %s", d.Name, ns)
			}
			names[ns+" "+d.Name] = true
			if m, err := net.ParseMAC(d.MAC); err != nil || m[0]&3 != 2 {
				t.Errorf("%s %s: MAC %s", ns, d.Name, d.MAC)
			}
			if macs[d.MAC] && d.MAC != caliMAC && d.Kind != string(IPvlan) {
				t.Errorf("%s %s: MAC %s is there twice", ns, d.Name, d.MAC)
			}
			macs[d.MAC] = true
		}
	}
	address(l.Outside.IPv4, l.Outside.IPv6)
	devices(l.Outside.Name, l.Outside.Devices)
	for _, n := range l.Nodes {
		address(n.IPv4, n.IPv6)
		devices(n.Name, n.Devices)
	}
	for _, p := range l.Pods {
		address(p.IPv4, p.IPv6)
		devices(p.Name, p.Devices)
		if n := l.Node(p.Node); !n.PodNet4.Contains(p.IPv4) || gateway(n.PodNet4) == p.IPv4 {
			t.Errorf("%s has %s on %s", p.Name, p.IPv4, n.PodNet4)
		}
	}
}

func TestResolve(t *testing.T) {
	l := plan(Options{Flannel, 1, 1, "pkl"}, false)
	for in, want := range map[string]string{
		"pkl-node1-pod1": "pkl-node1-pod1", "node1-pod1": "pkl-node1-pod1",
		"node1": "pkl-node1", "outside": "pkl-outside",
		"": "", "pod1": "", "node2": "", "../x": "", "pkl": "",
	} {
		got, err := l.Resolve(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
