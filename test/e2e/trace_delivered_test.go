//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// Packets that arrive: where they came by, and what was done to them.
func TestTraceDelivered(t *testing.T) {
	s := newTraceStage(t)
	host := s.HostNetwork(t, s.ns, "onhost", node1)
	s.NothingLeft(t)
	s.answers(t, s.shell, s.one)
	s.answers(t, s.near, s.own)
	both := []string{node1, node2}
	near, far := node1+"/near", node2+"/far"
	for _, c := range []struct {
		name string
		args []string
		want traceWant
	}{
		{
			"pod on the same node",
			[]string{"shell", "near:8080", "--probe", "tcp"},
			traceWant{node: node1, namespace: "near", at: "tcp", nodes: both[:1], way: []string{node1 + "/shell", node1 + "/" + node1, near}},
		},
		{
			"pod on another node",
			[]string{"shell", "pod/far:8080", "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", at: "tcp", nodes: both, way: []string{node1 + "/shell", node1 + "/" + node1, node2 + "/" + node2, far}},
		},
		{
			"UDP",
			[]string{"shell", "far:8080", "--probe", "udp"},
			traceWant{node: node2, namespace: "far", at: "socket", nodes: both, way: []string{node1 + "/shell", far}},
		},
		{
			"ICMP",
			[]string{"shell", "far", "--probe", "icmp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", far}},
		},
		{
			"address of a pod",
			[]string{"shell", s.far.Web().String(), "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", far}},
		},
		{
			"service, backend on another node",
			[]string{"shell", "svc/far:80", "--probe", "tcp"},
			traceWant{
				node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", node1 + "/" + node1, far},
				changes: []string{"DNAT " + s.one.Cluster.String() + " -> " + s.far.Web().String()}, owners: []string{"kube-proxy", s.ns + "/far"},
			},
		},
		{"service, backend on the same node", []string{"shell", "svc/near", "--probe", "tcp"}, // its only port for TCP
			traceWant{
				node: node1, namespace: "near", nodes: both[:1], way: []string{node1 + "/shell", node1 + "/" + node1, near},
				changes: []string{"DNAT " + s.own.Cluster.String() + " -> " + s.near.Web().String()},
			}},
		{
			"service by its address",
			[]string{"shell", s.one.Cluster.String(), "--probe", "tcp"},
			traceWant{way: []string{node1 + "/shell", node1 + "/" + node1}, changes: []string{"DNAT"}},
		},
		{
			"service by UDP",
			[]string{"shell", "svc/far:80", "--probe", "udp"},
			traceWant{node: node2, namespace: "far", at: "socket", nodes: both, way: []string{node1 + "/shell", far}, changes: []string{"DNAT"}},
		},
		{
			"hairpin",
			[]string{"near", "svc/near:80", "--probe", "tcp"},
			traceWant{
				node: node1, namespace: "near", nodes: both[:1], way: []string{near, node1 + "/" + node1, near},
				changes: []string{"DNAT", "SNAT " + s.near.IP.String()}, owners: []string{"masquerade of service traffic"},
			},
		},
		{
			"port of the other node",
			[]string{"shell", fmt.Sprintf("node/node2:%d", s.one.NodePort), "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", node1 + "/" + node1, node2 + "/" + node2, far}, changes: []string{"DNAT"}},
		},
		{
			"port of the other node, backend on ours",
			[]string{"shell", fmt.Sprintf("node/node2:%d", s.own.NodePort), "--probe", "tcp"},
			traceWant{node: node1, namespace: "near", nodes: both, way: []string{node1 + "/shell", node2 + "/" + node2, node1 + "/" + node1, near}, changes: []string{"DNAT", "SNAT"}},
		},
		{
			"port of our node, backend on the other",
			[]string{"shell", fmt.Sprintf("node/node1:%d", s.one.NodePort), "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", node1 + "/" + node1, far}, changes: []string{"DNAT"}},
		},
		{
			"port of a node from a node",
			[]string{"node/node1", fmt.Sprintf("node/node2:%d", s.own.NodePort), "--probe", "tcp"},
			traceWant{node: node1, namespace: "near", nodes: both, way: []string{node1 + "/" + node1, node2 + "/" + node2, near}, changes: []string{"DNAT"}},
		},
		{
			"node as the source",
			[]string{"node/node1", "far:8080", "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/" + node1, node2 + "/" + node2, far}},
		},
		{
			"node as the source, to a service",
			[]string{"node/node1", "svc/far:80", "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/" + node1, far}, changes: []string{"DNAT"}},
		},
		{
			"pod on its node's network",
			[]string{host.Name, "far:8080", "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/" + node1, far}},
		},
		{
			"pod on its node's network, to a service",
			[]string{host.Name, "svc/far:80", "--probe", "tcp"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/" + node1, far}, changes: []string{"DNAT"}},
		},
		{"to a pod on its node's network", []string{"far", "node/node1:10250", "--probe", "tcp"}, // the kubelet
			traceWant{node: node1, namespace: node1, nodes: []string{node2, node1}, way: []string{far, node2 + "/" + node2, node1 + "/" + node1}}},
		{
			"full",
			[]string{"shell", "svc/far:80", "--probe", "tcp", "--full"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", far}, changes: []string{"DNAT"}},
		},
		{
			"without eBPF",
			[]string{"shell", "far:8080", "--probe", "tcp", "--no-bpf"},
			traceWant{node: node2, namespace: "far", nodes: both, way: []string{node1 + "/shell", far}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.outcome = "delivered"
			if c.want.finding == "" {
				c.want.finding = "none"
			}
			got := trace(t, s.Stage, s.ns, c.args...)
			c.want.check(t, got)
			if got.Session.Conversation.Result != "answered" {
				t.Errorf("the probe: %+v", got.Session.Conversation)
			}
		})
	}
}

// answers waits until a service serves a pod: kube-proxy takes its time.
func (s *traceStage) answers(t *testing.T, from stage.Pod, svc stage.Service) {
	t.Helper()
	labtest.Wait(t, 20*time.Second, "service "+svc.Name+" for "+from.Name, func() bool {
		answer, err := s.Get(t, from, svc.Cluster)
		return err == nil && strings.HasPrefix(answer, "hello from ")
	})
}
