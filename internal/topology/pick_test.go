package topology

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
)

func pickBed() (*netstate.State, *Map) {
	s := &netstate.State{
		Nodes: []*netstate.Snapshot{
			{
				Node:       "a",
				Namespaces: []*netstate.Namespace{{Inode: 1, Host: true}, {Inode: 2, Names: []string{"/run/netns/cni-web"}, PID: 70}},
				Workloads:  []netstate.Workload{{Namespace: "shop", Pod: "web-5f7d9-x", Netns: 2, PID: 71, Containers: []netstate.Container{{ID: "3f2a91", PID: 72}}}},
			},
			{Node: "b", Namespaces: []*netstate.Namespace{{Inode: 1, Host: true}, {Inode: 2}}},
		},
		Cluster: &netstate.Cluster{
			Pods: []netstate.Pod{{Namespace: "shop", Name: "web-5f7d9-x", Owners: []string{"rs/web-5f7d9", "deploy/web"}}},
			Services: []netstate.Service{
				{Namespace: "shop", Name: "front", Endpoints: []netstate.Endpoint{{Pod: "shop/web-5f7d9-x"}}},
				{Namespace: "test", Name: "front", Endpoints: []netstate.Endpoint{{Pod: "test/db"}}},
			},
		},
	}
	addr := func(a string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(a)} }
	m := &Map{
		Nodes: []Node{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		Pods: []Pod{
			{Namespace: "shop", Name: "web-5f7d9-x", Node: "a", Addresses: addr("10.244.1.3"), Netns: Netns{Inode: 2}, Labels: map[string]string{"app": "web"}},
			{Namespace: "shop", Name: "db", Node: "b", Addresses: addr("10.244.2.3"), Netns: Netns{Inode: 2}},
			{Namespace: "test", Name: "db", Node: "b", Addresses: addr("fd00::3")},
		},
		Tunnels: []Tunnel{{A: TunnelEnd{Node: "a"}, B: TunnelEnd{Node: "b"}}, {A: TunnelEnd{Node: "b"}, B: TunnelEnd{Node: "c"}}},
	}
	return s, m
}

func TestPick(t *testing.T) {
	web := func(l map[string]string) bool { return l["app"] == "web" }
	for _, tt := range []struct {
		c           Choice
		pods, nodes string
		tunnels     int
	}{
		{Choice{}, "shop/web-5f7d9-x shop/db test/db", "a b c", 2},
		{Choice{Targets: []string{"db"}}, "shop/db test/db", "b", 2},
		{Choice{Targets: []string{"db"}, Namespace: "test"}, "test/db", "b", 2},
		{Choice{Targets: []string{"pod/db", "shop/db"}}, "shop/db test/db", "b", 2},
		{Choice{Targets: []string{"test/db"}}, "test/db", "b", 2},
		{Choice{Targets: []string{"deploy/web"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"deployment/web", "replicasets/web-5f7d9"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"svc/front"}, Namespace: "shop"}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"svc/front"}}, "shop/web-5f7d9-x test/db", "a b", 2},
		{Choice{Targets: []string{"node/b"}}, "shop/db test/db", "b", 2},
		{Choice{Targets: []string{"node/c"}}, "", "c", 1},
		{Choice{Targets: []string{"ns/test"}}, "test/db", "b", 2},
		{Choice{Targets: []string{"10.244.1.3"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"fd00:0::3"}}, "test/db", "b", 2},
		{Choice{Targets: []string{"netns:cni-web"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"netns:/run/netns/cni-web"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"container:3f2a"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"pid:72"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"pid:70"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Targets: []string{"cri:shop/web-5f7d9-x"}}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Namespace: "shop"}, "shop/web-5f7d9-x shop/db", "a b", 2},
		{Choice{Labels: web}, "shop/web-5f7d9-x", "a", 1},
		{Choice{Labels: web, Namespace: "test"}, "", "", 0},
	} {
		s, m := pickBed()
		got, err := m.Pick(s, tt.c)
		if err != nil {
			t.Errorf("%+v: %v", tt.c, err)
			continue
		}
		var pods, nodes []string
		for i := range got.Pods {
			pods = append(pods, got.Pods[i].ID())
		}
		for i := range got.Nodes {
			nodes = append(nodes, got.Nodes[i].Name)
		}
		if strings.Join(pods, " ") != tt.pods || strings.Join(nodes, " ") != tt.nodes || len(got.Tunnels) != tt.tunnels {
			t.Errorf("%+v: pods %v, nodes %v, %d tunnels", tt.c, pods, nodes, len(got.Tunnels))
		}
	}
}

func TestPickNothing(t *testing.T) {
	for target, near := range map[string]string{
		"webb": "shop/web-5f7d9-x", "pod/d": "shop/db", "deploy/x": "shop/web-5f7d9-x", "node/z": "", "10.0.0.1": "", "netns:x": "", "container:": "", "pid:0": "", "foo:x": "", "svc/x": "",
	} {
		s, m := pickBed()
		_, err := m.Pick(s, Choice{Targets: []string{"db", target}})
		e, ok := err.(*PickError) //nolint:errorlint // Pick returns it bare
		if !ok || !strings.Contains(e.Error(), target) || e.Hint() == "" || near != "" && !slices.Contains(e.Near, near) {
			t.Errorf("%s: %v", target, err)
		}
	}
}
