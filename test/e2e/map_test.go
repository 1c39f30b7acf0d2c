//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// ipLink is what `ip -j link` says of a device.
type ipLink struct {
	Index   int    `json:"ifindex"`
	Name    string `json:"ifname"`
	Peer    int    `json:"link_index"`
	Master  string `json:"master"`
	MTU     int    `json:"mtu"`
	Address string `json:"address"`
}

func links(t *testing.T, text string) map[int]ipLink {
	t.Helper()
	var list []ipLink
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("ip -j link: %v: %s", err, text)
	}
	out := map[int]ipLink{}
	for _, l := range list {
		out[l.Index] = l
	}
	return out
}

// The map of the cluster is what the kernel says of every pod, by the tools
// that people use; live, and from a snapshot.
func TestMap(t *testing.T) {
	s := stage.Open(t)
	s.AgentImage(t)
	ns := s.Namespace(t, stage.Unlabelled)
	pods := s.Deployment(t, ns, "web", 4)
	svc := s.Service(t, ns, "web")
	shell := s.Shell(t, ns, "shell", node1)
	host := s.HostNetwork(t, ns, "host", node2)
	s.NothingLeft(t)
	s.Ping(t, shell, pods[0].IP, 1) // a neighbour entry for the way by ARP
	pods = append(pods, shell)

	file := filepath.Join(t.TempDir(), "s.pcapng")
	if r := s.Pktrail(t, "snapshot", "-A", "-o", file); r.Code != 0 || !strings.Contains(r.Stderr, "node1: ") || !strings.Contains(r.Stderr, "node2: ") || strings.Contains(r.Stderr, "unreadable") {
		t.Fatalf("snapshot: %+v", r)
	}
	for how, args := range map[string][]string{
		"live":          {"map", "-A", "--json"},
		"from the file": {"map", "--state", file, "--json"},
	} {
		t.Run(how, func(t *testing.T) {
			m := readMap(t, s, args...)
			for _, p := range pods {
				checkPod(t, s, m, p, svc)
			}
			if got := podOf(m, ns, host.Name); got == nil || !got.HostNetwork || got.Node != node2 {
				t.Errorf("the pod on its node's network: %+v", got)
			}
			if i := slices.IndexFunc(m.Pods, func(p topology.Pod) bool { return strings.HasPrefix(p.Name, "pktrail-") }); i >= 0 {
				t.Errorf("an agent is on the map: %s", m.Pods[i].Name)
			}
			if len(m.Nodes) != 2 || len(m.Warnings) > 0 {
				t.Errorf("%d nodes, warnings %+v", len(m.Nodes), m.Warnings)
			}
		})
	}
	t.Run("by name", func(t *testing.T) { mapByName(t, s, ns, pods) })
	t.Run("as the tools print it", func(t *testing.T) { asTools(t, s, file) })
}

func readMap(t *testing.T, s *stage.Stage, args ...string) *topology.Map {
	t.Helper()
	r := s.Pktrail(t, args...)
	var m topology.Map
	if err := json.Unmarshal([]byte(r.Stdout), &m); r.Code != 0 || err != nil {
		t.Fatalf("pktrail %v: %v: %+v", args, err, r)
	}
	return &m
}

func podOf(m *topology.Map, namespace, name string) *topology.Pod {
	i := slices.IndexFunc(m.Pods, func(p topology.Pod) bool { return p.Namespace == namespace && p.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Pods[i]
}

// checkPod compares a pod on the map with what ip prints in it and on its node.
func checkPod(t *testing.T, s *stage.Stage, m *topology.Map, p stage.Pod, svc stage.Service) {
	t.Helper()
	got := podOf(m, p.Namespace, p.Name)
	if got == nil || len(got.Interfaces) != 1 {
		t.Fatalf("%s is not on the map: %+v", p.Name, got)
	}
	inside, outside := links(t, s.InNetwork(t, p, "ip", "-j", "link")), links(t, s.On(t, p.Node, "ip", "-j", "link"))
	i := &got.Interfaces[0]
	own, end := i.Device(), i.HostEnd()
	eth0 := inside[own.Index]
	peer := outside[eth0.Peer]
	switch {
	case got.Node != p.Node, !slices.Contains(got.Addresses, p.IP), len(got.Containers) == 0:
		t.Errorf("%s: node %s, addresses %v, containers %v", p.Name, got.Node, got.Addresses, got.Containers)
	case own.Name != "eth0" || own.MAC != eth0.Address || own.MTU != eth0.MTU:
		t.Errorf("%s: %+v, ip says %+v", p.Name, own, eth0)
	case end == nil || end.Name != peer.Name || end.Index != peer.Index || end.MAC != peer.Address || end.Master != peer.Master:
		t.Errorf("%s: host end %+v, ip says %+v", p.Name, end, peer)
	case len(got.Warnings) > 0:
		t.Errorf("%s: warnings %+v", p.Name, got.Warnings)
	}
	want, last := s.Cluster.CNI, i.Path[len(i.Path)-1]
	if string(want) != got.CNI.Name || len(got.CNI.Evidence) == 0 || last.Name != "eth0" {
		t.Errorf("%s: CNI %+v, want %s; the way ends at %+v", p.Name, got.CNI, want, last.Device)
	}
	if !strings.HasPrefix(p.Name, svc.Name) {
		return
	}
	for kind, port := range map[topology.PortKind]uint16{topology.PortService: svc.Cluster.Port(), topology.PortNode: svc.NodePort} {
		if !slices.ContainsFunc(got.Ports, func(o topology.Port) bool {
			return o.Kind == kind && o.Port == port && o.PodPort == stage.WebPort && strings.HasPrefix(o.Name, svc.Namespace+"/"+svc.Name)
		}) {
			t.Errorf("%s: no %s %d in %+v", p.Name, kind, port, got.Ports)
		}
	}
}

// mapByName finds pods as a person names them.
func mapByName(t *testing.T, s *stage.Stage, ns string, pods []stage.Pod) {
	t.Helper()
	web, last := pods[0], pods[len(pods)-1]
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-n", ns, last.Name}, []string{last.Name}},
		{[]string{"-n", ns, "deploy/web"}, names(pods[:4])},
		{[]string{"-n", ns, "svc/web"}, names(pods[:4])},
		{[]string{"-n", ns, "-l", "app=web"}, names(pods[:4])},
		{[]string{"-A", web.IP.String()}, []string{web.Name}},
	} {
		m := readMap(t, s, append([]string{"map", "--json"}, c.args...)...)
		var got []string
		for i := range m.Pods {
			got = append(got, m.Pods[i].Name)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.args, got, c.want)
		}
	}
	if r := s.Pktrail(t, "map", "-n", ns, last.Name); r.Code != 0 || !strings.Contains(r.Stdout, last.IP.String()) || !strings.Contains(r.Stdout, "uplink") {
		t.Errorf("the tree of %s: %+v", last.Name, r)
	}
	if r := s.Pktrail(t, "map", "-n", ns, "nobody"); r.Code == 0 || !strings.Contains(r.Stderr, "nobody") || !strings.Contains(r.Stderr, "hint: ") {
		t.Errorf("nobody: %+v", r)
	}
}

func names(pods []stage.Pod) []string {
	var out []string
	for _, p := range pods {
		out = append(out, p.Name)
	}
	return out
}

// asTools compares parts of a node's snapshot with what its tools print now.
func asTools(t *testing.T, s *stage.Stage, file string) {
	t.Helper()
	for _, c := range []struct {
		part string
		tool []string
	}{
		{"routes", []string{"ip", "-j", "route", "show", "table", "all"}},
		{"rules", []string{"ip", "-j", "rule"}},
		{"links", []string{"ip", "-j", "link"}},
		{"addresses", []string{"ip", "-j", "addr"}},
		{"fdb", []string{"bridge", "-j", "fdb"}},
	} {
		args := []string{"snapshot", "show", file, c.part, "--json", "--node", node1}
		if c.part == "rules" {
			args = append(args, "-4")
		}
		ours, theirs := listOf(t, s.Pktrail(t, args...).Stdout), listOf(t, s.On(t, node1, c.tool...))
		// Agents and pods come and go: what both have is the same, and nearly all
		// is of both.
		same := 0
		for _, o := range ours {
			if slices.ContainsFunc(theirs, func(v any) bool { return reflect.DeepEqual(o, v) }) {
				same++
			}
		}
		if same == 0 || same < len(theirs)-8 {
			t.Errorf("%s: %d of %d entries are what %v prints (%d)", c.part, same, len(ours), c.tool, len(theirs))
		}
	}
	chains := s.Pktrail(t, "snapshot", "show", file, "chains", "--node", node1).Stdout
	for line := range strings.Lines(s.On(t, node1, "iptables-save", "-t", "nat")) {
		if rule := strings.TrimSpace(line); strings.HasPrefix(rule, "-A KUBE-SVC-") && !strings.Contains(chains, rule) {
			t.Errorf("chains lack %s", rule)
			break
		}
	}
}

func listOf(t *testing.T, text string) []any {
	t.Helper()
	var list []any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, v := range list {
		if o, ok := v.(map[string]any); ok {
			for _, volatile := range []string{"valid_life_time", "preferred_life_time", "expires"} {
				delete(o, volatile)
			}
		}
	}
	return list
}
