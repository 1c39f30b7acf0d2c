package listing

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/netstate"
)

func state() *netstate.State {
	host := &netstate.Namespace{
		Inode: 1, Host: true, PID: 1,
		Links:      []netstate.Link{{Index: 1, Name: "lo", Flags: 0x49, MTU: 65536}, {Index: 2, Name: "eth0", MTU: 1500}},
		Programs:   []netstate.Program{{Link: 2, Where: "tc ingress", Kind: "bpf", ID: 7, Name: "cil_from_netdev", Direct: true, Priority: 1}},
		Unreadable: []netstate.Unreadable{{Part: netstate.PartRoutes, Why: "operation not permitted"}, {Part: netstate.PartRules, What: "inet6", Why: "no such device"}},
		Changed:    []netstate.Part{netstate.PartLinks},
		Sysctls:    map[string]string{"ipv4.ip_forward": "1"},
	}
	pod := &netstate.Namespace{Inode: 2, Names: []string{"/run/netns/cni-5f0e"}, PID: 50}
	bare := &netstate.Namespace{Inode: 3}
	return &netstate.State{
		Nodes: []*netstate.Snapshot{
			{
				Node: "a", ByteOrder: netstate.NativeOrder(), Tool: "pktrail 1", Kernel: "6.18", Machine: "x86_64", Taken: time.Unix(1700000000, 0), Took: 20 * time.Millisecond,
				Namespaces: []*netstate.Namespace{host, pod, bare},
				Workloads: []netstate.Workload{
					{Namespace: "shop", Pod: "web", Netns: 2, PID: 50, Runtime: "containerd", From: "cri", Containers: []netstate.Container{{ID: "0123456789abcdef", Name: "nginx"}}},
					{Netns: 1, HostNetwork: true, From: "cgroup", Containers: []netstate.Container{{ID: "fedcba9876543210ff"}}},
				},
			},
			{Node: "b", ByteOrder: netstate.NativeOrder(), Namespaces: []*netstate.Namespace{{Inode: 1, Host: true}}, Taken: time.Unix(1700000000, 0)},
		},
		Cluster: &netstate.Cluster{
			Context: "prod",
			Pods:    []netstate.Pod{{Namespace: "shop", Name: "web", Node: "a", Phase: "Running", Addresses: []netip.Addr{netip.MustParseAddr("10.244.1.3")}}},
			Services: []netstate.Service{{
				Namespace: "shop", Name: "web", ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.5")}, Ports: []netstate.ServicePort{{Proto: "TCP", Port: 80, NodePort: 30080}},
				Endpoints: []netstate.Endpoint{{Addr: netip.MustParseAddr("10.244.1.3"), Port: 8080}},
			}},
			Unreadable: []netstate.Unreadable{{What: "nodes", Why: "forbidden"}},
		},
	}
}

func show(t *testing.T, q Query) string {
	t.Helper()
	var b bytes.Buffer
	if err := Show(&b, state(), q); err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return b.String()
}

func TestShow(t *testing.T) {
	for _, tt := range []struct {
		q    Query
		want []string // lines, or parts of some
		not  string
	}{
		{Query{}, []string{
			"a  taken ", " in 20 ms by pktrail 1, Linux 6.18 x86_64", "3 namespaces, 2 pods, 2 links, 1 program", "unreadable: routes: operation not permitted",
			"unreadable: rules inet6: no such device", "changed while it was read: links of a", "b  taken ", "cluster prod", "1 pod, 1 service", "unreadable: nodes: forbidden",
		}, ""},
		{Query{Node: "b"}, []string{"b  taken"}, "a  taken"},
		{Query{Parts: []string{"routes"}, Node: "a"}, []string{"# unreadable: operation not permitted"}, "# a routes"},
		{Query{Parts: []string{"rule"}, Node: "a"}, []string{"# unreadable: inet6: no such device"}, ""},
		{Query{Parts: []string{"links"}}, []string{"# a links", "# b links", "lo:"}, ""},
		{Query{Parts: []string{"links,programs"}, Node: "a"}, []string{"# a links", "# a programs", "eth0  tc/ingress  7   cil_from_netdev  bpf pref 1 direct-action"}, ""},
		{Query{Parts: []string{"links"}, In: "all", Node: "a"}, []string{"# a links", "# a shop/web links", "# a netns 3 links"}, ""},
		{Query{Parts: []string{"links"}, In: "shop/web", JSON: true}, []string{"[]"}, "node"},
		{Query{Parts: []string{"namespaces"}, Node: "a"}, []string{"the node's own", "2      50   0      shop/web        /run/netns/cni-5f0e"}, "# a"},
		{Query{Parts: []string{"pods"}, Node: "a"}, []string{"shop/web  2      50   nginx         containerd cri", "-         host   -    fedcba987654  cgroup"}, ""},
		{Query{Parts: []string{"cluster"}}, []string{"# unreadable: nodes: forbidden", "pod      shop/web  10.244.1.3  a Running", "service  shop/web  10.96.0.5   80:30080/TCP -> 10.244.1.3:8080(not ready)"}, ""},
		{Query{Parts: []string{"sysctl"}, Node: "a"}, []string{"net.ipv4.ip_forward = 1"}, "#"},
	} {
		got := show(t, tt.q)
		for _, w := range tt.want {
			if !strings.Contains(got, w) {
				t.Errorf("%+v lacks %q:\n%s", tt.q, w, got)
			}
		}
		if tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("%+v has %q:\n%s", tt.q, tt.not, got)
		}
	}
}

func TestShowJSON(t *testing.T) {
	for _, p := range Parts() {
		got := show(t, Query{Parts: []string{p}, JSON: true, Node: "b"})
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: no JSON: %s", p, got)
		}
		for line := range strings.Lines(show(t, Query{Parts: []string{p, "cluster"}, JSON: true, In: "all"})) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %s", p, line)
			}
		}
	}
	// What could not be read is said, and is not [].
	got := show(t, Query{Parts: []string{"routes"}, JSON: true, Node: "a"})
	if !strings.Contains(got, `"unreadable":[{"part":"routes","why":"operation not permitted"}]`) {
		t.Errorf("%s", got)
	}
}

func TestShowRefuses(t *testing.T) {
	s := state()
	s.Cluster = nil
	for _, tt := range []struct {
		q         Query
		want, tip string
	}{
		{Query{Parts: []string{"wires"}}, `no part "wires"`, "namespaces, workloads"},
		{Query{Parts: []string{"links"}, Node: "c"}, "no node c", "a, b"},
		{Query{Node: "c"}, "no node c", "a, b"},
		{Query{Parts: []string{"links"}, In: "shop/db"}, "no namespace shop/db", "namespaces"},
		{Query{Parts: []string{"cluster"}}, "no cluster", "snapshot -A"},
	} {
		var b bytes.Buffer
		err := Show(&b, s, tt.q)
		e, ok := err.(*Error) //nolint:errorlint // Show returns it bare
		if !ok || !strings.Contains(e.Error(), tt.want) || !strings.Contains(e.Hint(), tt.tip) {
			t.Errorf("%+v: %v", tt.q, err)
		}
	}
}

// Rules of a machine of another byte order are refused, not misread.
func TestShowForeignOrder(t *testing.T) {
	s := state()
	s.Nodes[0].ByteOrder = "middle"
	var b bytes.Buffer
	err := Show(&b, s, Query{Parts: []string{"chains"}, Node: "a"})
	if e, ok := err.(*Error); !ok || !strings.Contains(e.Error(), "byte order") { //nolint:errorlint // Show returns it bare
		t.Errorf("%v", err)
	}
}
