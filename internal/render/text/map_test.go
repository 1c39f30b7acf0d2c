package text

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// mapOf reads one of the maps that the tests of topology make.
func mapOf(t *testing.T, name string) *topology.Map {
	t.Helper()
	b, err := os.ReadFile("../../topology/testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var m topology.Map
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestMap(t *testing.T) {
	for _, name := range []string{"flannel", "broken", "calico", "mixed"} {
		m := mapOf(t, name)
		got := Map(m, nil, Style{})
		golden(t, "map/"+name+".txt", got)
		narrow(t, got)
		golden(t, "map/"+name+"-colour.txt", Map(m, nil, Style{Colour: true}))
		var trees strings.Builder
		for i := range m.Pods {
			tree := MapPod(&m.Pods[i], false, Style{})
			narrow(t, tree)
			trees.WriteString(tree + "\n")
			verbose := MapPod(&m.Pods[i], true, Style{})
			narrow(t, verbose)
			trees.WriteString(verbose + "\n")
			narrowTo(t, MapPod(&m.Pods[i], true, Style{Width: 60}), 60)
		}
		golden(t, "map/"+name+"-pods.txt", trees.String())
	}
	m := mapOf(t, "flannel")
	golden(t, "map/flannel-one.txt", Map(m, []*topology.Pod{&m.Pods[1]}, Style{}))
	golden(t, "map/flannel-pod-colour.txt", MapPod(&m.Pods[1], true, Style{Colour: true}))
	if got := Map(&topology.Map{}, nil, Style{}); got != "0 nodes, 0 pods\n" {
		t.Errorf("%q", got)
	}
}

// TestMapSample is the sample of the design.
func TestMapSample(t *testing.T) {
	golden(t, "map/sample.txt", MapPod(samplePod(), false, Style{}))
	narrow(t, MapPod(samplePod(), false, Style{}))
}

func samplePod() *topology.Pod {
	step := func(role trail.Role, index int, name string, mtu, after int) topology.Step {
		return topology.Step{Device: topology.Device{Role: role, Index: index, Name: name, MTU: mtu, Up: true}, After: after}
	}
	i := topology.Interface{Host: 1, By: topology.WayPeer, Path: []topology.Step{
		step(trail.RolePod, 17, "eth0", 1450, -1), step(trail.RoleHost, 18, "vethe281cd54", 1450, 0),
		step(trail.RoleBridge, 6, "cni0", 1450, 1), step(trail.RoleOverlay, 5, "flannel.1", 1450, 2), step(trail.RoleUplink, 2, "eth0", 1500, 3),
	}, Ways: []topology.Way{
		{Kind: topology.WayPeer, State: topology.WayFound, Device: "vethe281cd54", Agrees: true},
		{Kind: topology.WayFDB, State: topology.WayFound, Device: "vethe281cd54", Agrees: true, MAC: "02:42:ac:1e:01:00", Bridge: "cni0", Addr: netip.MustParseAddr("10.244.2.3")},
		{Kind: topology.WayRoute, State: topology.WayFound, Device: "cni0", Agrees: true, Addr: netip.MustParseAddr("10.244.2.3")},
	}}
	i.Path[0].Addresses = []netip.Prefix{netip.MustParsePrefix("10.244.2.3/24")}
	i.Path[0].MAC = "02:42:ac:1e:01:00"
	i.Path[1].Master, i.Path[1].Port = "cni0", 7
	i.Path[2].Addresses = []netip.Prefix{netip.MustParsePrefix("10.244.2.1/24")}
	i.Path[3].Overlay = &topology.Overlay{Kind: "vxlan", VNI: 1, Port: 8472, Local: netip.MustParseAddr("10.99.0.12"), Ends: []topology.End{{Node: "node-a", Addr: netip.MustParseAddr("10.99.0.11")}}}
	i.Path[4].Addresses = []netip.Prefix{netip.MustParsePrefix("10.99.0.12/24")}
	return &topology.Pod{
		Namespace: "shop", Name: "web-x2k8l", Node: "node-b", Addresses: []netip.Addr{netip.MustParseAddr("10.244.2.3")},
		Containers: []string{"nginx", "envoy"}, Runtime: "containerd", CNI: topology.CNI{Name: "flannel", Mode: "vxlan"},
		Netns: topology.Netns{Inode: 4026532249, Path: "/run/netns/cni-5f0e1c"}, Interfaces: []topology.Interface{i},
	}
}

// TestMapWide: many pods with long names still have a line each.
func TestMapWide(t *testing.T) {
	m := &topology.Map{Nodes: []topology.Node{{Name: "ip-10-0-133-17.eu-central-1.compute.internal"}}}
	for i := range 250 {
		p := *samplePod()
		p.Namespace, p.Name, p.Node = "monitoring", fmt.Sprintf("prometheus-node-exporter-%05d", i), m.Nodes[0].Name
		p.Warnings = []topology.Warning{{Kind: topology.WarnMTU, Node: p.Node, Pod: p.ID(), Text: "eth0 sends up to 1500 bytes, flannel.1 takes 1450", Why: "path MTU discovery"}}
		m.Pods = append(m.Pods, p)
	}
	got := Map(m, nil, Style{})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 250+6 {
		t.Errorf("%d lines", len(lines))
	}
	golden(t, "map/wide.txt", strings.Join(append(lines[:4], lines[250:]...), "\n")+"\n")
	narrow(t, got)
}
