package action

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/trail"
)

const testUID = "11111111-2222-3333-4444-555555555555"

// aCluster is a trace from a pod on node 1 to a service with a pod on each of
// so many nodes.
func aCluster(t *testing.T, nodes int) (k *clusterTrace, notes *[]string) {
	t.Helper()
	notes = &[]string{}
	o := &TraceOptions{
		Request: follow.Request{Source: "client", Destination: "svc/web:80", Probe: follow.Probe{Proto: "tcp"}, Duration: DefaultTraceDuration},
		Cluster: &ClusterOptions{},
	}
	k = &clusterTrace{armed: make(chan struct{}), trace: &trace{options: o, ctx: t.Context(), gather: newGather(o, func(error) {})}}
	k.events.Note = func(text string) { *notes = append(*notes, text) }
	k.crew = &crew{options: o.Cluster, cluster: &kube.Cluster{Namespace: "shop"}, found: &find.Found{}, note: k.note}
	svc := &find.Service{
		Namespace: "shop", Name: "web", IPs: []netip.Addr{netip.MustParseAddr("10.96.0.7")},
		Ports: []find.ServicePort{{Name: "http", Protocol: "TCP", Port: 80, NodePort: 30080}, {Name: "dns", Protocol: "UDP", Port: 53}},
	}
	k.dst.Name, k.dst.Label = "svc/web:80", "svc/web"
	k.dst.service, k.dst.Addrs, k.dst.Port = svc, svc.IPs, 80
	for i := 1; i <= nodes; i++ {
		node := fmt.Sprintf("node%d", i)
		k.crew.found.Nodes = append(k.crew.found.Nodes, find.Node{
			Name: node, Known: true, OS: "linux", Arch: "amd64", Ready: true,
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 89, 0, byte(i)})}, Inner: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, byte(i), 0})},
		})
		p := &find.Pod{Namespace: "shop", Name: fmt.Sprintf("web%d", i), UID: testUID, Node: node, IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, byte(i), 2})}}
		k.dst.pods = append(k.dst.pods, p)
		svc.Endpoints = append(svc.Endpoints, find.Endpoint{Addr: p.IPs[0], Pod: p.Name, Node: node, Ports: map[string]uint16{"http": 8080}})
	}
	client := &find.Pod{Namespace: "shop", Name: "client", UID: testUID, Node: "node1", IPs: []netip.Addr{netip.MustParseAddr("10.244.1.9")}}
	k.src = clusterEnd{End: trail.End{Name: "client", Label: "client", Node: "node1", Addrs: client.IPs}, pods: []*find.Pod{client}}
	return k, notes
}

func mustLegs(t *testing.T, k *clusterTrace) []leg {
	t.Helper()
	legs, err := k.legs()
	if err != nil {
		t.Fatal(err)
	}
	return legs
}

// The source's node comes first and sends the probe; the others watch for what
// comes from it, with the addresses that its node may have given it.
func TestLegs(t *testing.T) {
	k, notes := aCluster(t, 3)
	legs := mustLegs(t, k)
	if !slices.Equal(nodesOf(legs), []string{"node1", "node2", "node3"}) || len(*notes) != 0 {
		t.Fatalf("%v, notes %q", nodesOf(legs), *notes)
	}
	first, other := legs[0], legs[1]
	if !first.main || first.request.Source != "kube:shop/client@"+testUID || first.request.Destination != "10.96.0.7:80" || first.request.Probe.Proto != "tcp" || first.request.Also != nil {
		t.Errorf("%+v", first.request)
	}
	if other.main || other.request.Source != "10.244.1.9" || other.request.Destination != "kube:shop/web2@"+testUID+":8080" || other.request.Probe.Proto != "" {
		t.Errorf("%+v", other.request)
	}
	if want := []netip.Addr{netip.MustParseAddr("10.89.0.1"), netip.MustParseAddr("10.244.1.0")}; !slices.Equal(other.request.Also, want) {
		t.Errorf("also %v", other.request.Also)
	}
}

// Ten nodes are armed at most; packets that go to others have an unknown end.
func TestLegsOfManyNodes(t *testing.T) {
	k, notes := aCluster(t, 13)
	k.dst.pods = append(k.dst.pods, k.dst.pods[12]) // a second pod there is no second word
	legs := mustLegs(t, k)
	if n := len(nodesOf(legs)); n != mostArmed || legs[0].label != "node1" {
		t.Errorf("%d nodes, %v", n, nodesOf(legs))
	}
	want := []string{
		"node11 is not watched: not armed: more than 10 nodes", "node12 is not watched: not armed: more than 10 nodes",
		"node13 is not watched: not armed: more than 10 nodes",
	}
	if !slices.Equal(*notes, want) {
		t.Errorf("notes %q", *notes)
	}
	g := k.gather
	if len(g.session.Blind) != 3 || len(g.session.Unwatched) != 3 {
		t.Fatalf("blind %v, unwatched %v", g.session.Blind, g.session.Unwatched)
	}
	flow := packet.Flow{Proto: packet.ProtoTCP, Src: k.src.Addrs[0], Dst: k.dst.pods[10].IPs[0], SrcPort: 40000, DstPort: 8080}
	out := trail.Observation{
		Time: 1, Stage: trail.StageQueue, Dir: trail.Out, Point: trail.Point{Node: "node1", Interface: "eth0", Netns: 7, Role: trail.RoleUplink},
		Seen: trail.Headers{Flow: flow, TTL: 63},
	}
	g.closed = []trail.Trail{{Number: 1, Packet: "TCP SYN", Flow: flow, Observations: []trail.Observation{out}, Ended: true}}
	v := g.result().Verdict
	if v.Outcome != trail.Unknown || !strings.Contains(v.Text, "node11 is not watched: not armed: more than 10 nodes") {
		t.Errorf("%+v", v)
	}
}

// A node's port is followed to the pods behind it, those of the source's own
// node too: packets come back there, translated.
func TestLegsOfNodePort(t *testing.T) {
	k, _ := aCluster(t, 3)
	k.dst.node = k.crew.found.Node("node2")
	k.dst.Port, k.dst.Addrs = 30080, k.dst.node.Addresses
	legs := mustLegs(t, k)
	if !slices.Equal(nodesOf(legs), []string{"node1", "node2", "node3"}) {
		t.Fatal(nodesOf(legs))
	}
	atNode2 := []netip.Addr{netip.MustParseAddr("10.89.0.2"), netip.MustParseAddr("10.244.2.0")}
	if q := legs[0].request; q.Destination != "10.89.0.2:30080" || len(q.Back) != 1 || q.Back[0].To.String() != "10.244.1.2:8080" || !slices.Equal(q.Back[0].From, atNode2) {
		t.Errorf("%+v", q)
	}
	if q := legs[1].request; legs[1].label != "node2" || q.Destination != "host:30080" || len(q.Also) != 2 || q.Back != nil {
		t.Errorf("%+v", q)
	}
	last := legs[len(legs)-1]
	if q := last.request; last.label != "node3" || q.Destination != "kube:shop/web3@"+testUID+":8080" || len(q.Also) != 4 {
		t.Errorf("%+v", q)
	}
}

// What a node sends itself is translated before it is first seen.
func TestLegsFromNode(t *testing.T) {
	k, notes := aCluster(t, 40)
	k.src = clusterEnd{End: trail.End{Name: "node/node1", Label: "node1", Addrs: k.crew.found.Node("node1").Addresses}, node: k.crew.found.Node("node1")}
	q := mustLegs(t, k)[0].request
	if q.Source != "host" || len(q.Back) != mostDetours || !slices.ContainsFunc(*notes, func(n string) bool { return strings.Contains(n, "more than 32 pods") }) {
		t.Errorf("%d detours, notes %q", len(q.Back), *notes)
	}
}

func TestLegsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(k *clusterTrace)
		want   string
	}{
		{"probe from outside", func(k *clusterTrace) { k.src = clusterEnd{End: trail.End{Name: "192.0.2.1", Addrs: k.src.Addrs}} }, "a probe is sent from inside of the cluster"},
		{"nobody inside", func(k *clusterTrace) {
			k.options.Request.Probe.Proto = ""
			k.src, k.dst = clusterEnd{End: trail.End{Name: "192.0.2.1"}}, clusterEnd{End: trail.End{Name: "192.0.2.2"}}
		}, "neither end is on a node"},
		{"node not on the way", func(k *clusterTrace) { k.options.FromNode = "node9" }, `no node "node9" on the way`},
		{"way in", func(k *clusterTrace) { k.options.Cluster.Method = "exec" }, "sees the inside of a pod only"},
		{"no port", func(k *clusterTrace) { k.dst.Port = 0 }, "needs a port"},
	} {
		k, _ := aCluster(t, 2)
		c.change(k)
		_, err := k.legs()
		if known, ok := errors.AsType[*Error](err); !ok || !strings.Contains(known.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestServicePorts(t *testing.T) {
	for _, c := range []struct {
		proto string
		port  uint16
		// taken is the port that is chosen, at the port that pods have.
		taken, at uint16
		remark    string
	}{
		{"TCP", 0, 80, 8080, ""},
		{"TCP", 80, 80, 8080, ""},
		{"", 80, 80, 8080, ""},
		{"", 0, 0, 0, ""},
		{"TCP", 81, 81, 0, "service web in namespace shop has no port 81: it has 80/TCP (http) and 53/UDP (dns)"},
		{"UDP", 80, 80, 0, "service web in namespace shop has no port 80 for UDP: it has 80/TCP (http) and 53/UDP (dns)"},
		{"ICMP", 0, 0, 0, "service web in namespace shop answers on its ports alone, 80/TCP (http) and 53/UDP (dns): whether it answers an echo request is up to what makes services here"},
	} {
		k, _ := aCluster(t, 1)
		k.dst.Port = c.port
		k.dst.choosePort(c.proto)
		if k.dst.Port != c.taken || k.dst.portAt(k.dst.pods[0]) != c.at {
			t.Errorf("%+v: port %d, %d at the pod", c, k.dst.Port, k.dst.portAt(k.dst.pods[0]))
		}
		if got := strings.Join(k.dst.remarks(), "|"); got != c.remark {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// Of what agents send, the user's filter chooses by what it is true of anywhere.
func TestNarrow(t *testing.T) {
	a, b := netip.MustParseAddr("10.244.1.2"), netip.MustParseAddr("10.244.2.2")
	sight := func(flight uint64, flags uint8) (*trail.Frame, *trail.Observation) {
		data := build.Packet(build.IPv4{Src: a, Dst: b}, build.TCP{SrcPort: 4000, DstPort: 80, Flags: packet.TCPFlags(flags)})
		return &trail.Frame{Data: data, Len: len(data)}, &trail.Observation{Flight: flight, Point: trail.Point{Link: packet.LinkRaw}}
	}
	n := newNarrow("tcp[13] & 2 != 0")
	n.see(sight(1, 2))
	n.see(sight(2, 16))
	of := func(flight uint64, stage trail.Stage) *trail.Trail {
		return &trail.Trail{Observations: []trail.Observation{{Stage: trail.StageRules}, {Stage: stage, Flight: flight}}}
	}
	if !n.wants(of(1, trail.StageQueue)) || n.wants(of(2, trail.StageQueue)) || !n.wants(of(0, trail.StageCapture)) || n.wants(of(0, trail.StageRules)) {
		t.Error("a filter chooses wrongly")
	}
	if n.forget(of(1, trail.StageQueue)); len(n.passed) != 0 {
		t.Errorf("%v is kept", n.passed)
	}
	if none := newNarrow(""); !none.wants(of(2, trail.StageQueue)) {
		t.Error("no filter leaves something out")
	}
}
