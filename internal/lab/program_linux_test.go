package lab_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// ask runs a program of iproute2 on a named namespace and returns its lines
// with single spaces. It also shows that our names are such as it takes.
func ask(t *testing.T, program, ns string, args ...string) []string {
	t.Helper()
	path := labtest.RequireTool(t, program)
	out, err := exec.CommandContext(t.Context(), path, append([]string{"-n", ns}, args...)...).Output()
	if err != nil {
		t.Fatalf("%s -n %s %v: %v", program, ns, args, err)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

// checkLines compares without order: the kernel's follows prefixes and hashes.
func checkLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

// withoutLinkLocal leaves out what the kernel adds to every device.
func withoutLinkLocal(lines []string) []string {
	return slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "fe80::/64 ") })
}

// What `ip route` prints in a node and a pod of each flavour.
func TestRoutes(t *testing.T) {
	for _, tc := range []struct {
		flavour            lab.Flavour
		node4, node6       []string
		pod4, pod6         []string
		outside4, outside6 []string
	}{
		{
			flavour:  lab.Flannel,
			node4:    []string{"10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1", "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink"},
			node6:    []string{"fd00:244:1:: dev flannel.1 proto kernel metric 256 pref medium", "fd00:244:1::/64 dev cni0 proto kernel metric 256 pref medium", "fd00:244:2::/64 via fd00:244:2:: dev flannel.1 metric 1024 onlink pref medium"},
			pod4:     []string{"default via 10.244.1.1 dev eth0", "10.244.0.0/16 via 10.244.1.1 dev eth0", "10.244.1.0/24 dev eth0 proto kernel scope link src 10.244.1.2"},
			pod6:     []string{"default via fd00:244:1::1 dev eth0 metric 1024 pref medium", "fd00:244::/32 via fd00:244:1::1 dev eth0 metric 1024 pref medium", "fd00:244:1::/64 dev eth0 proto kernel metric 256 pref medium"},
			outside4: viaNodes4, outside6: viaNodes6,
		},
		{
			flavour:  lab.PTP,
			node4:    []string{"10.244.1.2 dev POD1 scope host", "10.244.1.3 dev POD2 scope host", "10.244.2.0/24 via 10.99.0.12 dev eth0"},
			node6:    []string{"fd00:244:1::1 dev POD1 proto kernel metric 256 pref medium", "fd00:244:1::1 dev POD2 proto kernel metric 256 pref medium", "fd00:244:1::2 dev POD1 metric 1024 pref medium", "fd00:244:1::3 dev POD2 metric 1024 pref medium", "fd00:244:2::/64 via fd00:99::12 dev eth0 metric 1024 pref medium"},
			pod4:     []string{"default via 10.244.1.1 dev eth0", "10.244.1.0/24 via 10.244.1.1 dev eth0 src 10.244.1.2", "10.244.1.1 dev eth0 scope link src 10.244.1.2"},
			pod6:     []string{"default via fd00:244:1::1 dev eth0 metric 1024 pref medium", "fd00:244:1::1 dev eth0 src fd00:244:1::2 metric 1024 pref medium", "fd00:244:1::/64 via fd00:244:1::1 dev eth0 src fd00:244:1::2 metric 1024 pref medium"},
			outside4: viaNodes4, outside6: viaNodes6,
		},
		{
			flavour:  lab.Calico,
			node4:    []string{"blackhole 10.244.1.0/24 proto bird", "10.244.1.2 dev POD1 scope link", "10.244.1.3 dev POD2 scope link", "10.244.2.0/24 via 10.99.0.12 dev eth0 proto bird"},
			node6:    []string{"blackhole fd00:244:1::/64 dev lo proto bird metric 1024 pref medium", "fd00:244:1::2 dev POD1 metric 1024 pref medium", "fd00:244:1::3 dev POD2 metric 1024 pref medium", "fd00:244:2::/64 via fd00:99::12 dev eth0 proto bird metric 1024 pref medium"},
			pod4:     []string{"default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link"},
			pod6:     []string{"default via fe80::ecee:eeff:feee:eeee dev eth0 metric 1024 pref medium", "fd00:244:1::2 dev eth0 proto kernel metric 256 pref medium", "fe80::ecee:eeff:feee:eeee dev eth0 metric 1024 pref medium"},
			outside4: viaNodes4, outside6: viaNodes6,
		},
		{
			flavour:  lab.Macvlan,
			pod4:     []string{"default via 10.244.0.1 dev eth0", "10.244.0.0/16 dev eth0 proto kernel scope link src 10.244.1.2"},
			pod6:     []string{"default via fd00:244::1 dev eth0 metric 1024 pref medium", "fd00:244::/32 dev eth0 proto kernel metric 256 pref medium"},
			outside4: []string{"10.244.0.0/16 dev underlay proto kernel scope link src 10.244.0.1"},
			outside6: []string{"fd00:244::/32 dev underlay proto kernel metric 256 pref medium"},
		},
	} {
		t.Run(string(tc.flavour), func(t *testing.T) {
			t.Parallel()
			l := labtest.Lab(t, lab.Options{Flavour: tc.flavour})
			node, pod, out := l.Nodes[0].Name, l.Pods[0].Name, l.Outside.Name
			host := strings.NewReplacer("POD1", l.Pods[0].HostDevice, "POD2", l.Pods[1].HostDevice)
			node4 := append([]string{"default via 10.99.0.1 dev eth0", "10.99.0.0/24 dev eth0 proto kernel scope link src 10.99.0.11"}, tc.node4...)
			node6 := append([]string{"default via fd00:99::1 dev eth0 metric 1024 pref medium", "fd00:99::/64 dev eth0 proto kernel metric 256 pref medium"}, tc.node6...)
			for _, s := range [][]string{node4, node6} {
				for i := range s {
					s[i] = host.Replace(s[i])
				}
			}
			checkLines(t, "node", ask(t, "ip", node, "route"), node4)
			checkLines(t, "node, IPv6", withoutLinkLocal(ask(t, "ip", node, "-6", "route")), node6)
			checkLines(t, "pod", ask(t, "ip", pod, "route"), tc.pod4)
			checkLines(t, "pod, IPv6", withoutLinkLocal(ask(t, "ip", pod, "-6", "route")), tc.pod6)
			checkLines(t, "outside", ask(t, "ip", out, "route"), append([]string{"10.99.0.0/24 dev underlay proto kernel scope link src 10.99.0.1"}, tc.outside4...))
			checkLines(t, "outside, IPv6", withoutLinkLocal(ask(t, "ip", out, "-6", "route")), append([]string{"fd00:99::/64 dev underlay proto kernel metric 256 pref medium"}, tc.outside6...))
		})
	}
}

var (
	viaNodes4 = []string{"10.244.1.0/24 via 10.99.0.11 dev underlay", "10.244.2.0/24 via 10.99.0.12 dev underlay"}
	viaNodes6 = []string{"fd00:244:1::/64 via fd00:99::11 dev underlay metric 1024 pref medium", "fd00:244:2::/64 via fd00:99::12 dev underlay metric 1024 pref medium"}
)

// The entries that flanneld writes, for each other node.
func TestFlannelEntries(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 3, Pods: 1})
	for i, n := range l.Nodes {
		var fdb, neigh []string
		for j, o := range l.Nodes {
			if i != j {
				mac := o.Devices[1].MAC
				fdb = append(fdb, fmt.Sprintf("%s dst %s self permanent", mac, o.IPv4))
				neigh = append(neigh, fmt.Sprintf("10.244.%d.0 lladdr %s PERMANENT", j+1, mac), fmt.Sprintf("fd00:244:%d:: lladdr %s PERMANENT", j+1, mac))
			}
		}
		checkLines(t, n.Name+" fdb", ask(t, "bridge", n.Name, "fdb", "show", "dev", "flannel.1"), fdb)
		checkLines(t, n.Name+" neigh", ask(t, "ip", n.Name, "neigh", "show", "dev", "flannel.1"), neigh)
		d := strings.Join(ask(t, "ip", n.Name, "-d", "link", "show", "flannel.1"), " ")
		for _, want := range []string{"mtu 1450", fmt.Sprintf("vxlan id 1 local %s dev eth0 srcport 0 0 dstport 8472 nolearning", n.IPv4), "UP"} {
			if !strings.Contains(d, want) {
				t.Errorf("no %q in %s", want, d)
			}
		}
		checkLines(t, n.Name+" flannel.1", addresses(t, n.Name, "flannel.1"), []string{fmt.Sprintf("10.244.%d.0/32", i+1), fmt.Sprintf("fd00:244:%d::/128", i+1)})
		checkLines(t, n.Name+" cni0", addresses(t, n.Name, "cni0"), []string{fmt.Sprintf("10.244.%d.1/24", i+1), fmt.Sprintf("fd00:244:%d::1/64", i+1)})
		ports := strings.Join(ask(t, "ip", n.Name, "-d", "link", "show", "master", "cni0"), " ")
		if !strings.Contains(ports, l.Pods[i].HostDevice+"@") || !strings.Contains(ports, "hairpin on") {
			t.Errorf("ports of cni0: %s", ports)
		}
	}
}

// ipLink is what we read of `ip -j -d addr`.
type ipLink struct {
	Index   int    `json:"ifindex"`
	Name    string `json:"ifname"`
	MTU     int    `json:"mtu"`
	Address string `json:"address"`
	State   string `json:"operstate"`
	QLen    int    `json:"txqlen"`
	Info    struct {
		Kind string `json:"info_kind"`
	} `json:"linkinfo"`
	Addrs []struct {
		Local     string `json:"local"`
		Bits      int    `json:"prefixlen"`
		Scope     string `json:"scope"`
		Tentative bool   `json:"tentative"`
	} `json:"addr_info"`
}

func links(t *testing.T, ns string) []ipLink {
	t.Helper()
	var all []ipLink
	if err := json.Unmarshal([]byte(strings.Join(ask(t, "ip", ns, "-j", "-d", "addr"), "\n")), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// addresses returns a device's addresses without the link-local one.
func addresses(t *testing.T, ns, dev string) []string {
	t.Helper()
	var all []string
	for _, k := range links(t, ns) {
		for _, a := range k.Addrs {
			if k.Name == dev && a.Scope != "link" {
				all = append(all, fmt.Sprintf("%s/%d", a.Local, a.Bits))
			}
		}
	}
	return all
}

// The devices that a Lab names are those that `ip` sees, all up, and no
// address waits for duplicate address detection.
func TestDevices(t *testing.T) {
	for _, f := range works() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			l := labtest.Lab(t, lab.Options{Flavour: f})
			check := func(ns string, want []lab.Device) {
				all := links(t, ns)
				if len(all) != len(want)+1 {
					t.Errorf("%s has %d devices beside lo, want %d", ns, len(all)-1, len(want))
				}
				for _, k := range all {
					for _, a := range k.Addrs {
						if a.Tentative {
							t.Errorf("%s %s: %s is tentative", ns, k.Name, a.Local)
						}
					}
					if k.Name == "lo" {
						continue
					}
					i := slices.IndexFunc(want, func(d lab.Device) bool { return d.Name == k.Name })
					if i < 0 {
						t.Errorf("%s: %s is not in the lab", ns, k.Name)
						continue
					}
					d := want[i]
					if d.Index != k.Index || d.MTU != k.MTU || d.MAC != k.Address || d.Kind != k.Info.Kind || k.State == "DOWN" || k.QLen != 1000 {
						t.Errorf("%s: the lab has %+v, ip has %+v", ns, d, k)
					}
				}
			}
			check(l.Outside.Name, l.Outside.Devices)
			for _, n := range l.Nodes {
				check(n.Name, n.Devices)
			}
			for _, p := range l.Pods {
				check(p.Name, p.Devices)
				if got := addresses(t, p.Name, "eth0"); len(got) != 2 || !strings.HasPrefix(got[0], p.IPv4.String()+"/") || !strings.HasPrefix(got[1], p.IPv6.String()+"/") {
					t.Errorf("%s: addresses %v", p.Name, got)
				}
			}
		})
	}
}
