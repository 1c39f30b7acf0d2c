package topology

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestLab takes labs of every flavour and size as they are, and compares the map
// with what the lab says it is made of.
func TestLab(t *testing.T) {
	for _, flavour := range lab.Flavours() {
		for _, size := range [][2]int{{2, 2}, {1, 1}, {3, 5}} {
			t.Run(fmt.Sprintf("%s/%dx%d", flavour, size[0], size[1]), func(t *testing.T) {
				l := labOf(t, lab.Options{Flavour: flavour, Nodes: size[0], Pods: size[1]})
				quiet := Find(takeLab(t, l))
				compareLab(t, l, quiet)
				for _, p := range l.Pods { // fills neighbour tables and forwarding databases
					labtest.Ping(t, p.Name, l.Pods[0].IPv4)
				}
				compareLab(t, l, Find(takeLab(t, l)))
			})
		}
	}
}

func labOf(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	labtest.RequireRoot(t)
	o.Name = labtest.Name()
	l, err := lab.Up(t.Context(), o)
	if kernel := (*lab.KernelError)(nil); errors.As(err, &kernel) {
		t.Skip(kernel)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = lab.Down(o.Name) })
	return l
}

// takeLab takes the namespaces of a lab and the machine's own.
func takeLab(t *testing.T, l *lab.Lab) *netstate.State {
	t.Helper()
	snap := &netstate.Snapshot{Version: netstate.Version, Node: "machine", Boot: "this", ByteOrder: netstate.NativeOrder()}
	paths := []string{"/proc/self/ns/net"}
	for _, name := range l.Namespaces() {
		paths = append(paths, "/run/netns/"+name)
	}
	var files []*os.File
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		files = append(files, f)
	}
	for i, f := range files {
		ns, err := netlink.Take(t.Context(), f, netlink.Options{Others: files})
		if err != nil {
			t.Fatal(err)
		}
		if ns.Host = i == 0; !ns.Host {
			ns.Names = []string{paths[i]}
		}
		for _, u := range ns.Unreadable {
			if slices.Contains(needed[:], u.Part) {
				t.Errorf("%s: %s: %s", paths[i], u.Part, u.Why)
			}
		}
		snap.Namespaces = append(snap.Namespaces, ns)
	}
	return &netstate.State{Nodes: []*netstate.Snapshot{snap}}
}

// compareLab compares every pod and node with the lab's own truth.
func compareLab(t *testing.T, l *lab.Lab, m *Map) {
	t.Helper()
	var nodes, pods []string
	for _, n := range m.Nodes {
		nodes = append(nodes, n.Name)
	}
	for _, n := range l.Nodes {
		pods = append(pods, n.Name)
	}
	if d := cmp.Diff(pods, nodes); d != "" {
		t.Fatalf("nodes (-lab +map):\n%s", d)
	}
	if len(m.Pods) != len(l.Pods) {
		t.Fatalf("%d pods, want %d:\n%s", len(m.Pods), len(l.Pods), m.brief())
	}
	noWarnings(t, m)
	for _, want := range l.Pods {
		got := m.pod(t, want.Name)
		if d := cmp.Diff(labFacts(l, &want), mapFacts(got), byText()...); d != "" {
			t.Errorf("%s (-lab +map):\n%s", want.Name, d)
		}
	}
	pairs := len(l.Nodes) * (len(l.Nodes) - 1) / 2
	if l.Flavour != lab.Flannel {
		pairs = 0
	}
	if len(m.Tunnels) != pairs {
		t.Errorf("%d tunnels, want %d: %+v", len(m.Tunnels), pairs, m.Tunnels)
	}
	for _, tun := range m.Tunnels {
		a, b := l.Node(tun.A.Node), l.Node(tun.B.Node)
		if a == nil || b == nil || tun.A.Addr != a.IPv4 || tun.B.Addr != b.IPv4 || !tun.A.Sends || !tun.B.Sends || tun.VNI != 1 || tun.Port != 8472 {
			t.Errorf("%+v", tun)
		}
	}
}

// TestTwoLabs: the same addresses mean other nodes in another lab.
func TestTwoLabs(t *testing.T) {
	a, b := labOf(t, lab.Options{Nodes: 2, Pods: 1}), labOf(t, lab.Options{Nodes: 3, Pods: 2})
	s, other := takeLab(t, a), takeLab(t, b)
	s.Nodes[0].Namespaces = append(s.Nodes[0].Namespaces, other.Nodes[0].Namespaces[1:]...)
	m := Find(s)
	noWarnings(t, m)
	if len(m.Nodes) != 5 || len(m.Pods) != 8 || len(m.Tunnels) != 1+3 {
		t.Fatalf("%s%+v", m.brief(), m.Tunnels)
	}
	inA := func(name string) bool { return a.Node(name) != nil }
	for _, tun := range m.Tunnels {
		if inA(tun.A.Node) != inA(tun.B.Node) {
			t.Errorf("%+v", tun)
		}
	}
	for _, net := range m.Networks {
		for _, o := range net.Members {
			if inA(o.Node) != inA(net.Members[0].Node) {
				t.Errorf("%+v", net)
			}
		}
	}
	if want := 4; len(m.Networks) != want && a.Nodes[0].IPv6.IsValid() {
		t.Errorf("%d networks, want %d", len(m.Networks), want)
	}
}

// labFacts are lines of what the lab knows of a pod, in its order: path, CNI,
// addresses.
func labFacts(l *lab.Lab, p *lab.Pod) []string {
	n := l.Node(p.Node)
	out := []string{"netns " + fmt.Sprint(p.Netns) + " /run/netns/" + p.Name, "node " + p.Node, "addr " + p.IPv4.String()}
	if p.IPv6.IsValid() {
		out = append(out, "addr "+p.IPv6.String())
	}
	line := func(role trail.Role, ns uint64, d lab.Device) {
		out = append(out, fmt.Sprintf("%s %d/%s index %d mtu %d %s %s", role, ns, d.Name, d.Index, d.MTU, d.Kind, d.MAC))
	}
	line(trail.RolePod, p.Netns, p.Devices[0])
	for _, want := range []lab.Role{lab.RoleHost, lab.RoleBridge, lab.RoleOverlay, lab.RoleUplink} {
		for _, d := range n.Devices {
			alone := want == lab.RoleOverlay && len(l.Nodes) == 1 // nowhere to lead to
			if d.Role == want && !alone && (want != lab.RoleHost || d.For == p.Name) {
				line(trail.Role(want), n.Netns, d)
			}
		}
	}
	cni := map[lab.Flavour]string{
		lab.Flannel: "flannel vxlan", lab.PTP: "ptp", lab.Calico: "calico bgp", lab.Macvlan: "macvlan bridge", lab.IPvlan: "ipvlan l2",
	}[l.Flavour]
	return append(out, "cni "+cni)
}

func mapFacts(p *Pod) []string {
	out := []string{fmt.Sprintf("netns %d %s", p.Netns.Inode, p.Netns.Path), "node " + p.Node}
	for _, a := range p.Addresses {
		out = append(out, "addr "+a.String())
	}
	for _, i := range p.Interfaces {
		for _, s := range i.Path {
			out = append(out, fmt.Sprintf("%s %d/%s index %d mtu %d %s %s", s.Role, s.Netns, s.Name, s.Index, s.MTU, s.Kind, s.MAC))
		}
	}
	return append(out, "cni "+p.CNI.String())
}

// TestLabWays compares what each way says of every pod of a lab in which all
// have spoken.
func TestLabWays(t *testing.T) {
	for flavour, want := range map[lab.Flavour]string{
		lab.Flannel: "iflink HOST; iflink back HOST; neighbour and fdb HOST; route cni0",
		lab.PTP:     "iflink HOST; iflink back HOST; neighbour and fdb HOST; route HOST",
		lab.Calico:  "iflink HOST; iflink back HOST; neighbour and fdb HOST; route HOST",
	} {
		t.Run(string(flavour), func(t *testing.T) {
			l := labOf(t, lab.Options{Flavour: flavour, Nodes: 2, Pods: 3})
			for _, n := range l.Nodes {
				for _, p := range l.Pods {
					if p.Node == n.Name {
						labtest.Ping(t, n.Name, p.IPv4)
					}
				}
			}
			m := Find(takeLab(t, l))
			for _, p := range l.Pods {
				var got []string
				for _, w := range m.pod(t, p.Name).Interfaces[0].Ways {
					if w.Addr.IsValid() && w.Addr != p.IPv4 {
						continue
					}
					if w.State != WayFound || !w.Agrees {
						t.Errorf("%s: %+v", p.Name, w)
					}
					got = append(got, string(w.Kind)+" "+strings.Replace(w.Device, p.HostDevice, "HOST", 1))
				}
				if d := cmp.Diff(want, strings.Join(got, "; ")); d != "" {
					t.Errorf("%s: %s", p.Name, d)
				}
			}
		})
	}
}
