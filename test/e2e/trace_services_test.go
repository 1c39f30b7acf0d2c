//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
)

// What kube-proxy does to packets is shown by its rules and in its words, in
// either of its modes and whatever carries packets between nodes.
func TestTraceServices(t *testing.T) {
	s := newTraceStage(t)
	nobody := s.Service(t, s.ns, "nobody")
	s.answers(t, s.shell, s.one)
	s.answers(t, s.near, s.own)
	labtest.Wait(t, 20*time.Second, "kube-proxy to refuse "+nobody.Name, func() bool {
		_, err := s.Get(t, s.shell, nobody.Cluster)
		return err != nil && strings.Contains(err.Error(), "connection refused")
	})
	far, one := s.far.Web().String(), s.ns+"/far:http"
	to, endpoints := "--to-destination "+far, "has no endpoints"
	unknownPort, unknownAddress := traceWant{outcome: "rejected", code: 3}, traceWant{outcome: "rejected", code: 3} // by whom the machine's way out leads to
	if s.Cluster.ProxyMode == bed.NFTables {
		to, endpoints = "dnat to "+far, "reject"
		unknownPort.rule, unknownPort.owners = "invalid ports of ClusterIPs", []string{"kube-proxy: ports that services do not have"}
		unknownAddress = traceWant{
			outcome: "dropped", node: node1, namespace: node1, finding: "netfilter-drop", rule: "unallocated ClusterIPs", code: 3,
			owners: []string{"kube-proxy: addresses of services that do not exist"},
		}
	}
	s.NothingLeft(t)
	for _, c := range []struct {
		name string
		set  func(t *testing.T, s *traceStage)
		args []string
		want traceWant
	}{
		{"pod on another node", nil, []string{"shell", "far:8080", "--probe", "tcp"}, traceWant{
			outcome: "delivered", node: node2, namespace: "far", at: "tcp", finding: "none",
			way: []string{node1 + "/shell", node1 + "/" + node1, node2 + "/" + node2, node2 + "/far"},
		}},
		{"service", nil, []string{"shell", "svc/far:80", "--probe", "tcp"}, traceWant{
			outcome: "delivered", node: node2, namespace: "far", finding: "none",
			way:     []string{node1 + "/shell", node1 + "/" + node1, node2 + "/" + node2, node2 + "/far"},
			changes: []string{"DNAT " + s.one.Cluster.String() + " -> " + far},
			owners:  []string{"kube-proxy: services", "kube-proxy: service " + one, "kube-proxy: endpoint of " + one}, rules: []string{to},
		}},
		{"service from its own pod", nil, []string{"near", "svc/near:80", "--probe", "tcp"}, traceWant{
			outcome: "delivered", node: node1, namespace: "near", finding: "none", changes: []string{"DNAT", "SNAT " + s.near.IP.String()},
			owners: []string{"kube-proxy: endpoint of " + s.ns + "/near:http", "kube-proxy: mark for masquerade", "kube-proxy: masquerade of service traffic"},
		}},
		{"port of the other node", nil, []string{"shell", fmt.Sprintf("node/node2:%d", s.one.NodePort), "--probe", "tcp"}, traceWant{
			outcome: "delivered", node: node2, namespace: "far", finding: "none",
			way:     []string{node1 + "/shell", node1 + "/" + node1, node2 + "/" + node2, node2 + "/far"},
			changes: []string{"DNAT"}, owners: []string{"kube-proxy: external traffic of " + one, "kube-proxy: endpoint of " + one}, rules: []string{to},
		}},
		{"service without endpoints", nil, []string{"shell", "svc/nobody:80", "--probe", "tcp"}, traceWant{
			outcome: "rejected", node: node1, namespace: node1, basis: "observed", finding: "service-without-endpoints", rule: endpoints, code: 3,
		}},
		{"port that the service has not", nil, []string{"shell", "svc/far:81", "--probe", "tcp"}, unknownPort},
		{"address of no service", nil, []string{"shell", "10.96.250.250:80", "--probe", "tcp"}, unknownAddress},
		{"nothing listens", nil, []string{"shell", "far:8081", "--probe", "tcp"}, traceWant{
			outcome: "rejected", node: node2, namespace: "far", reason: "NO_SOCKET", finding: "nothing-listens", code: 3,
		}},
		{"policy", policyChain, []string{"shell", "svc/far:80", "--probe", "tcp"}, traceWant{
			outcome: "dropped", node: node2, namespace: node2, at: "filter FORWARD", finding: "netfilter-drop", rule: "-A KUBE-POD-FW-E2E", code: 3,
			owners: []string{"kube-router", "kube-proxy: endpoint of " + one},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.set != nil {
				c.set(t, s)
			}
			c.want.check(t, trace(t, s.Stage, s.ns, append([]string{"--timeout", "1200ms"}, c.args...)...))
		})
	}
}
