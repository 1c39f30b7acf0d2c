package topology

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// TestDisagreements breaks one thing at a time on a node that is in order.
func TestDisagreements(t *testing.T) {
	const web = "02:00:00:a2:00:02" // the MAC of shop/web-1
	const db = "02:00:00:a3:00:02"
	for _, c := range []struct {
		name  string
		harm  func(n *machineBed)
		pod   string
		kind  WarningKind
		texts []string // each is in the text or the cause
	}{
		{"stale fdb entry", func(n *machineBed) {
			n.host.FDB = slices.DeleteFunc(n.host.FDB, func(e netstate.FDBEntry) bool { return e.MAC == web })
			n.host.learn(web, "veth1")
		}, "shop/web-1", WarnFDB, []string{"the other end of eth0 is veth0, but the fdb has its MAC " + web + " at veth1", "stale entry: shop/db-1 is behind it"}},
		{"one MAC twice", func(n *machineBed) {
			n.snap.Namespaces[2].LinkByName("eth0").Address = web
			n.host.FDB = slices.DeleteFunc(n.host.FDB, func(e netstate.FDBEntry) bool { return e.MAC == web })
			n.host.learn(web, "veth1")
			n.host.Neighbours[2].MAC = web
		}, "shop/web-1", WarnFDB, []string{"shop/db-1 has the same MAC"}},
		{
			"duplicated address on the wire", func(n *machineBed) { n.host.Neighbours[1].MAC = "aa:bb:cc:dd:ee:ff" },
			"shop/web-1", WarnNeighbour,
			[]string{"10.244.1.2 has MAC " + web + ", but node-a knows 10.244.1.2 at aa:bb:cc:dd:ee:ff, dev cni0", "another device answers"},
		},
		{
			"neighbour entry of another pod", func(n *machineBed) { n.host.Neighbours[1].MAC = db },
			"shop/web-1", WarnNeighbour,
			[]string{"that is the MAC of shop/db-1"},
		},
		{
			"stale route", func(n *machineBed) { n.host.route("10.244.1.2 dev veth1 scope link") },
			"shop/web-1", WarnRoute,
			[]string{"the other end of eth0 is veth0, but the node's route to 10.244.1.2 is: 10.244.1.2 dev veth1 scope link", "left over from an earlier pod"},
		},
		{
			"block of another node", func(n *machineBed) { n.host.route("10.244.1.0/28 via 10.244.2.0 dev flannel.1") },
			"shop/web-1", WarnRoute,
			[]string{"10.244.1.0/28 via 10.244.2.0 dev flannel.1", "another node's block"},
		},
		{
			"blackhole", func(n *machineBed) { n.host.route("blackhole 10.244.1.0/25") },
			"shop/web-1", WarnRoute,
			[]string{"the node's route to 10.244.1.2 is: blackhole 10.244.1.0/25", "own route is missing"},
		},
		{
			"one address twice", func(n *machineBed) { n.snap.Namespaces[2].Addresses[0].Prefix = prefixesOf("10.244.1.2/24")[0] },
			"shop/web-1", WarnAddress,
			[]string{"10.244.1.2 is also an address of shop/db-1 on node-a"},
		},
		{
			"node's address", func(n *machineBed) { n.host.addr("eth0", "10.244.1.2/32") },
			"shop/web-1", WarnAddress,
			[]string{"also an address of node node-a"},
		},
		{
			"ends that differ", func(n *machineBed) {
				n.host.Links[len(n.host.Links)-1].Parent = 2
				n.host.get("veth1").ParentNSID = n.host.get("veth0").ParentNSID
			},
			"shop/web-1", WarnPeer,
			[]string{"the other end of eth0 is veth0 (by iflink)", "veth1 of node-a names interface 2"},
		},
		{"host end down", func(n *machineBed) { n.host.get("veth0").Flags = 0 }, "shop/web-1", WarnLink, []string{"veth0 (host of node-a) is down"}},
		{"port blocked", func(n *machineBed) { n.host.get("veth0").Port.State = 4 }, "shop/web-1", WarnLink, []string{"port 1 of cni0, veth0, does not forward (blocking)"}},
		{
			"host end too small", func(n *machineBed) { n.host.get("veth0").MTU = 1400 },
			"shop/web-1", WarnMTU,
			[]string{"eth0 has mtu 1450, its other end veth0 mtu 1400", "veth0 drops what eth0 sends above 1400 bytes"},
		},
		{"bridge too large", func(n *machineBed) { n.host.get("cni0").MTU = 1500 }, "shop/web-1", WarnMTU, []string{"cni0 has mtu 1500, its port veth0 mtu 1450"}},
		{"bridge too small", func(n *machineBed) { n.host.get("cni0").MTU = 1400 }, "shop/web-1", WarnMTU, []string{"eth0 sends up to 1450 bytes, cni0 takes 1400"}},
		{"overlay too small", func(n *machineBed) { n.host.get("flannel.1").MTU = 1400 }, "shop/web-1", WarnMTU, []string{"flannel.1 takes 1400", "path MTU discovery"}},
		{
			"uplink too small", func(n *machineBed) { n.host.get("eth0").MTU = 1492 },
			"shop/web-1", WarnMTU,
			[]string{"flannel.1 makes packets of up to 1500 bytes of 1450 (vxlan adds 50), eth0 takes 1492", "mtu 1442 would fit"},
		},
		{
			"forgotten by the API server", func(n *machineBed) { n.state.Cluster.Pods[0].Addresses = []netip.Addr{addrOf("10.244.1.9")} },
			"shop/web-1", WarnAddress,
			[]string{"the API server says 10.244.1.9; its interfaces have 10.244.1.2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, nodes := flannelBed(t)
			b.state.Cluster = &netstate.Cluster{Pods: []netstate.Pod{{Namespace: "shop", Name: "web-1", UID: "uid of shop/web-1", Node: "node-a", Addresses: []netip.Addr{addrOf("10.244.1.2")}}}}
			noWarnings(t, b.find())
			c.harm(nodes[0])
			p := b.find().pod(t, c.pod)
			if !slices.ContainsFunc(p.Warnings, func(w Warning) bool {
				all := w.Text + "\n" + w.Why
				return w.Kind == c.kind && w.Pod == c.pod && w.Node == "node-a" && !slices.ContainsFunc(c.texts, func(s string) bool { return !strings.Contains(all, s) })
			}) {
				t.Errorf("want %s %q, got %+v", c.kind, c.texts, p.Warnings)
			}
			if p.Interfaces[0].HostEnd().Name != "veth0" {
				t.Errorf("host end %s", p.Interfaces[0].HostEnd().Name)
			}
		})
	}
}

// TestAbsence is about answers that are not there, which are no disagreements.
func TestAbsence(t *testing.T) {
	for _, c := range []struct {
		name  string
		lose  func(n *machineBed)
		want  []string // of shop/web-1
		by    WayKind
		warns int // unreadable parts are warnings of the node
	}{
		{"no neighbour entry", func(n *machineBed) { n.host.Neighbours = n.host.Neighbours[:1] }, []string{
			"neighbour and fdb veth0 +: no neighbour entry; MAC from the pod, fdb of cni0: veth0, port 1",
		}, WayPeer, 0},
		{"failed neighbour entry", func(n *machineBed) { n.host.Neighbours[1].State, n.host.Neighbours[1].MAC = 0x20, "" }, []string{
			"neighbour and fdb veth0 +: the neighbour entry has failed: nobody answered; MAC from the pod, fdb of cni0: veth0, port 1",
		}, WayPeer, 0},
		{"nothing learnt", func(n *machineBed) { n.host.FDB = n.host.FDB[:1] }, []string{
			"neighbour and fdb none: 10.244.1.2 lladdr 02:00:00:a2:00:02 dev cni0; no fdb entry",
		}, WayPeer, 0},
		{"neither", func(n *machineBed) { n.host.FDB, n.host.Neighbours = n.host.FDB[:1], n.host.Neighbours[:1] }, []string{
			"neighbour and fdb none: no neighbour entry; no fdb entry",
		}, WayPeer, 0},
		{"fdb not read", func(n *machineBed) { n.host.FDB = n.host.FDB[:1]; n.host.unreadable(netstate.PartFDB) }, []string{
			"neighbour and fdb unknown: 10.244.1.2 lladdr 02:00:00:a2:00:02 dev cni0; forwarding databases are not known: operation not permitted",
		}, WayPeer, 1},
		{"neighbours not read", func(n *machineBed) { n.host.Neighbours = nil; n.host.unreadable(netstate.PartNeighbours) }, []string{
			"neighbour and fdb veth0 +: neighbours are not known: operation not permitted; MAC from the pod, fdb of cni0: veth0, port 1",
		}, WayPeer, 1},
		{"routes not read", func(n *machineBed) { n.host.Routes = nil; n.host.unreadable(netstate.PartRoutes) }, []string{
			"route unknown: routes are not known: operation not permitted",
		}, WayPeer, 1},
		{"no route but the default", func(n *machineBed) { n.host.Routes = n.host.Routes[:2] }, []string{
			"route none: no route but the default",
		}, WayPeer, 0},
		{"pod's ids not known", func(n *machineBed) { n.snap.Namespaces[1].Peers = nil }, []string{
			"iflink veth0 +: eth0 names interface 10 as its other end; the namespace with id 0 was not found; veth0 of node-a names 2",
			"iflink back veth0 +: veth0 of node-a names interface 2",
		}, WayPeer, 0},
		{"no ids known", func(n *machineBed) { n.snap.Namespaces[1].Peers, n.host.Peers = nil, nil }, []string{
			"iflink veth0 +: eth0 names interface 10 as its other end; the namespace with id 0 was not found; veth0 of node-a names 2",
			"iflink back unknown: not all namespaces that interfaces of node-a name are known",
		}, WayPeer, 0},
		{"peers do not name each other", func(n *machineBed) {
			for _, l := range []*netstate.Link{n.snap.Namespaces[1].LinkByName("eth0"), n.host.get("veth0")} {
				l.Parent, l.ParentNSID = 0, nil
			}
		}, []string{
			"iflink none: the kernel names no other end",
			"iflink back none: no interface names eth0",
			"neighbour and fdb veth0 +: 10.244.1.2 lladdr 02:00:00:a2:00:02 dev cni0; fdb of cni0: veth0, port 1",
		}, WayFDB, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, nodes := flannelBed(t)
			c.lose(nodes[0])
			m := b.find()
			p := m.pod(t, "shop/web-1")
			i := p.Interfaces[0]
			if i.By != c.by || i.HostEnd() == nil || i.HostEnd().Name != "veth0" {
				t.Errorf("by %q, host end %+v", i.By, i.HostEnd())
			}
			for _, want := range c.want {
				if !slices.Contains(i.answers(), want) {
					t.Errorf("want %q, got\n%s", want, strings.Join(i.answers(), "\n"))
				}
			}
			all := m.All()
			if len(all) != c.warns || slices.ContainsFunc(all, func(w Warning) bool { return w.Kind != WarnUnreadable }) {
				t.Errorf("%q", kinds(all))
			}
		})
	}
}

// TestNothingFound is a pod of whose host end nothing says anything.
func TestNothingFound(t *testing.T) {
	m, p := oneNode(t, "veth1")
	m.host.Links = m.host.Links[:2]
	m.host.unreadable(netstate.PartLinks, netstate.PartRoutes)
	p.Peers = nil
	i := m.find().pod(t, "shop/web").Interfaces[0]
	if i.HostEnd() != nil || i.By != "" || len(i.Path) != 1 {
		t.Errorf("%+v", i)
	}
	for _, w := range i.Ways {
		if w.Kind != WayFDB && w.State != WayUnknown {
			t.Errorf("%s %s: %s", w.Kind, w.State, w.Detail)
		}
	}
	want := []string{"its host end was not found: eth0 names interface 20 as its other end; the namespace with id 0 was not found"}
	if d := cmp.Diff(want, i.Notes); d != "" {
		t.Error(d)
	}
}

// TestUnreadPod: the pod's namespace could not be read, its node's could.
func TestUnreadPod(t *testing.T) {
	for name, lose := range map[string]func(n *machineBed){
		"links": func(n *machineBed) {
			n.snap.Namespaces[1].Links = nil
			(&spaceBed{Namespace: n.snap.Namespaces[1], m: n}).unreadable(netstate.PartLinks)
		},
		"all": func(n *machineBed) { n.snap.Namespaces = slices.Delete(n.snap.Namespaces, 1, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			b, nodes := flannelBed(t)
			lose(nodes[0])
			p := b.find().pod(t, "shop/web-1")
			if len(p.Interfaces) != 1 || p.Interfaces[0].path() != "if2 > veth0 > cni0 > flannel.1 > eth0" || p.Interfaces[0].By != WayBack || p.CNI.String() != "flannel vxlan" {
				t.Errorf("%+v", p)
			}
			if len(p.Warnings) != 1 || p.Warnings[0].Kind != WarnUnreadable {
				t.Errorf("%+v", p.Warnings)
			}
		})
	}
}
