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

// traceCase is one trace that ends badly.
type traceCase struct {
	name string
	// set breaks something until the case is over.
	set  func(t *testing.T, s *traceStage)
	args []string
	want traceWant
}

func (s *traceStage) run(t *testing.T, cases []traceCase) {
	t.Helper()
	s.NothingLeft(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.set != nil {
				c.set(t, s)
			}
			args := append([]string{"--timeout", "1200ms"}, c.args...)
			c.want.code = 3
			c.want.check(t, trace(t, s.Stage, s.ns, args...))
		})
	}
}

// do runs a command on a node, and another one when the test ends.
func (s *traceStage) do(t *testing.T, node, now, then string) {
	t.Helper()
	s.On(t, node, strings.Fields(now)...)
	t.Cleanup(func() { s.On(t, node, strings.Fields(then)...) })
}

// iptables puts a rule first in a chain of a node until the test ends.
func (s *traceStage) iptables(t *testing.T, node, table, chain string, rule ...string) {
	t.Helper()
	s.On(t, node, append([]string{"iptables", "-w", "-t", table, "-I", chain}, rule...)...)
	t.Cleanup(func() { s.On(t, node, append([]string{"iptables", "-w", "-t", table, "-D", chain}, rule...)...) })
}

// nft makes a table of a node's with one chain, until the test ends.
func (s *traceStage) nft(t *testing.T, node, hook, rule string) {
	t.Helper()
	s.On(t, node, "nft", fmt.Sprintf("table ip e2e { chain door { type filter hook %s priority 0; %s ; } ; }", hook, rule))
	t.Cleanup(func() { s.On(t, node, "nft", "delete table ip e2e") })
}

// Packets that nobody is there for, or nobody wants.
func TestTraceRefused(t *testing.T) {
	s := newTraceStage(t)
	nobody := s.Service(t, s.ns, "nobody")
	labtest.Wait(t, 20*time.Second, "kube-proxy to refuse "+nobody.Name, func() bool {
		_, err := s.Get(t, s.shell, nobody.Cluster)
		return err != nil && strings.Contains(err.Error(), "connection refused")
	})
	iptables := s.Cluster.ProxyMode != bed.NFTables
	only := func(text string) string { // what iptables' rules say
		if iptables {
			return text
		}
		return ""
	}
	s.run(t, []traceCase{
		{
			"service without endpoints", nil,
			[]string{"shell", "svc/nobody:80", "--probe", "tcp"},
			traceWant{
				outcome: "rejected", node: node1, namespace: node1, at: only("filter FORWARD"), basis: "observed", finding: "service-without-endpoints",
				rule: only("has no endpoints"), nodes: []string{node1},
			},
		},
		{
			"service without endpoints, UDP", nil,
			[]string{"shell", "svc/nobody:80", "--probe", "udp"},
			traceWant{outcome: "rejected", node: node1, namespace: node1, basis: "observed", finding: "service-without-endpoints"},
		},
		{
			"port of a node without endpoints", nil,
			[]string{"shell", fmt.Sprintf("node/node2:%d", nobody.NodePort), "--probe", "tcp"},
			traceWant{outcome: "rejected", node: node2, namespace: node2, basis: "observed", finding: "service-without-endpoints", nodes: []string{node1, node2}},
		},
		{
			"port that the service has not", nil,
			[]string{"shell", "svc/far:81", "--probe", "tcp"},
			traceWant{outcome: "rejected", node: node1, says: "service far in namespace " + s.ns + " has no port 81: it has 80/TCP (http) and 80/UDP (echo)"},
		},
		{
			"nothing listens", nil,
			[]string{"shell", "far:8081", "--probe", "tcp"},
			traceWant{
				outcome: "rejected", node: node2, namespace: "far", at: "tcp", reason: "NO_SOCKET", basis: "observed", finding: "nothing-listens",
				text: "nothing listens on TCP port 8081", way: []string{node1 + "/shell", node2 + "/" + node2, node2 + "/far"},
			},
		},
		{
			"nothing listens, UDP", nil,
			[]string{"shell", "far:8081", "--probe", "udp"},
			traceWant{outcome: "rejected", node: node2, namespace: "far", at: "udp", basis: "observed", finding: "nothing-listens"},
		},
		{"outside", nil, []string{"shell", "10.250.0.1:80", "--probe", "tcp"}, // the machine says at once that it is not there
			traceWant{outcome: "rejected", node: node1, namespace: node1, text: "host unreachable", nodes: []string{node1}, way: []string{node1 + "/shell", node1 + "/" + node1}}},
		{
			"larger than the sender's MTU", nil,
			[]string{"shell", "far", "--probe", "icmp", "--size", "1472", "--df"},
			traceWant{outcome: "rejected", node: node1, namespace: "shell", basis: "observed", finding: "mtu", text: "MTU 1450"},
		},
	})
}

// Rules on nodes that stop packets: they are named, with the node.
func TestTraceRules(t *testing.T) {
	s := newTraceStage(t)
	far := s.far.IP.String()
	syn := []string{"-d", far, "-p", "tcp", "--dport", "8080"}
	s.run(t, []traceCase{
		{
			"FORWARD on the source's node", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.iptables(t, node1, "filter", "FORWARD", append(syn, "-m", "comment", "--comment", "not from here", "-j", "DROP")...)
			},
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{outcome: "dropped", node: node1, namespace: node1, at: "filter FORWARD", reason: "NETFILTER_DROP", basis: "observed", finding: "netfilter-drop", rule: "not from here"},
		},
		{
			"FORWARD on the destination's node", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.iptables(t, node2, "filter", "FORWARD", append(syn, "-j", "DROP")...)
			},
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{
				outcome: "dropped", node: node2, namespace: node2, at: "filter FORWARD", reason: "NETFILTER_DROP", basis: "observed", finding: "netfilter-drop", rule: "-j DROP",
				way: []string{node1 + "/shell", node1 + "/" + node1, node2 + "/" + node2},
			},
		},
		{
			"behind a service", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.iptables(t, node2, "filter", "FORWARD", append(syn, "-j", "DROP")...)
			},
			[]string{"shell", "svc/far:80", "--probe", "tcp"},
			traceWant{outcome: "dropped", node: node2, namespace: node2, at: "filter FORWARD", finding: "netfilter-drop", rule: "-j DROP", changes: []string{"DNAT"}},
		},
		{
			"nft, and UDP", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.nft(t, node2, "forward", "ip daddr "+far+" udp dport 8080 drop comment \"no echo\"")
			},
			[]string{"shell", "far:8080", "--probe", "udp"},
			traceWant{outcome: "dropped", node: node2, namespace: node2, reason: "NETFILTER_DROP", finding: "netfilter-drop", rule: "no echo"},
		},
		{
			"REJECT on the destination's node", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.iptables(t, node2, "filter", "FORWARD", append(syn, "-j", "REJECT", "--reject-with", "tcp-reset")...)
			},
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{outcome: "rejected", node: node2, namespace: node2, at: "filter FORWARD", finding: "netfilter-reject", rule: "-j REJECT"},
		},
		{
			"in the pod", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.InNetwork(t, s.far, "nft", "table ip e2e { chain door { type filter hook input priority 0; tcp dport 8080 drop ; } ; }")
				t.Cleanup(func() { s.InNetwork(t, s.far, "nft", "delete table ip e2e") })
			},
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{outcome: "dropped", node: node2, namespace: "far", reason: "NETFILTER_DROP", finding: "netfilter-drop", rule: "tcp dport 8080"},
		},
		{
			"NetworkPolicy", policyChain,
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{outcome: "dropped", node: node2, namespace: node2, at: "filter FORWARD", finding: "netfilter-drop", rule: "-A KUBE-POD-FW-E2E", owners: []string{"kube-router"}},
		},
		{
			"the answer", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.iptables(t, node1, "filter", "FORWARD", "-s", far, "-p", "tcp", "--sport", "8080", "-j", "DROP")
			},
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{outcome: "dropped", node: node1, namespace: node1, at: "filter FORWARD", finding: "netfilter-drop", rule: "--sport 8080", text: "answer"},
		},
		{
			"the tunnel's port", func(t *testing.T, s *traceStage) {
				t.Helper()
				// Behind the headers of UDP, VXLAN and Ethernet stands the pod's address: 8 + 8 + 14 + 16 bytes.
				a := s.far.IP.As4()
				s.nft(t, node2, "input", fmt.Sprintf("udp dport 8472 @th,368,32 0x%x drop", a[:]))
			},
			[]string{"shell", "far:8080", "--probe", "tcp"},
			traceWant{outcome: "dropped", node: node2, namespace: node2, reason: "NETFILTER_DROP", finding: "vxlan-port-blocked", rule: "udp dport 8472"},
		},
	})
}

// policyChain is how kube-router carries out a NetworkPolicy that admits
// nobody to the pod far.
func policyChain(t *testing.T, s *traceStage) {
	t.Helper()
	const chain = "KUBE-POD-FW-E2E"
	s.do(t, node2, "iptables -w -N "+chain, "iptables -w -X "+chain)
	s.do(t, node2, "iptables -w -A "+chain+" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "iptables -w -F "+chain)
	s.On(t, node2, "iptables", "-w", "-A", chain, "-m", "comment", "--comment", "rule to REJECT traffic destined for POD name:far namespace: "+s.ns, "-j", "DROP")
	s.iptables(t, node2, "filter", "FORWARD", "-d", s.far.IP.String(), "-m", "comment", "--comment", "rule to jump traffic destined to POD name:far", "-j", chain)
}

// Routes and settings of nodes by which packets do not arrive.
func TestTraceRoutes(t *testing.T) {
	s := newTraceStage(t)
	far, shell := s.far.IP.String(), s.shell.IP.String()
	probe := []string{"shell", "far:8080", "--probe", "tcp"}
	node, _ := s.Cluster.Node(node1)
	gateway := strings.TrimSpace(s.On(t, node1, "ip", "route", "show", "default"))
	if s.Cluster.CNI != bed.Flannel {
		t.Fatalf("the cases are of flannel's network, and the cluster has %s", s.Cluster.CNI)
	}
	s.run(t, []traceCase{
		{
			"no route", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node1, "ip route del "+gateway, "ip route add "+gateway)
			},
			[]string{"shell", "10.250.0.1:80", "--probe", "tcp"},
			traceWant{outcome: "rejected", node: node1, namespace: node1, at: "routing decision after PREROUTING", reason: "IP_INNOROUTES", basis: "observed", finding: "no-route"},
		},
		{
			"blackhole", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node1, "ip route add blackhole "+far, "ip route del blackhole "+far)
			}, probe,
			traceWant{outcome: "dropped", node: node1, namespace: node1, at: "routing decision after PREROUTING", finding: "blackhole-route", route: "blackhole " + far},
		},
		{
			"policy rule on the destination's node", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node2, "ip rule add from "+shell+" to "+far+" prohibit", "ip rule del from "+shell+" to "+far+" prohibit")
			}, probe,
			traceWant{outcome: "rejected", node: node2, namespace: node2, at: "routing decision after PREROUTING", finding: "policy-rule"},
		},
		{
			"reverse path", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node2, "ip route add "+shell+" via "+node.IP.String(), "ip route del "+shell)
				s.do(t, node2, "sysctl -qw net.ipv4.conf.flannel/1.rp_filter=1", "sysctl -qw net.ipv4.conf.flannel/1.rp_filter=0")
			}, probe,
			traceWant{outcome: "dropped", node: node2, namespace: node2, at: "routing decision after PREROUTING", reason: "IP_RPFILTER", basis: "observed", finding: "reverse-path-filter"},
		},
		{
			"MTU of the tunnel", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node1, "ip link set flannel.1 mtu 1400", "ip link set flannel.1 mtu 1450")
			},
			[]string{"shell", "far", "--probe", "icmp", "--size", "1400", "--df"},
			traceWant{outcome: "rejected", node: node1, namespace: node1, at: "forwarding", finding: "mtu"},
		},
		{
			"wrong tunnel end", func(t *testing.T, s *traceStage) {
				t.Helper()
				// A neighbour that the tunnel's forwarding table knows nothing of.
				s.do(t, node1, "ip neigh add 10.244.2.77 lladdr 02:00:00:00:00:77 dev flannel.1 nud permanent", "ip neigh del 10.244.2.77 dev flannel.1")
				s.do(t, node1, "ip route add "+far+" via 10.244.2.77 dev flannel.1 onlink", "ip route del "+far)
			}, probe,
			traceWant{outcome: "dropped", node: node1, namespace: node1},
		},
		{
			"nobody has the next hop", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node1, "ip route add "+far+" via 10.89.0.99 dev eth0", "ip route del "+far)
			},
			[]string{"shell", "far:8080", "--probe", "tcp", "--timeout", "5s"},
			traceWant{outcome: "rejected", node: node1, namespace: node1, finding: "neighbour-failed"},
		},
		{
			"answers go elsewhere", func(t *testing.T, s *traceStage) {
				t.Helper()
				s.do(t, node2, "ip route add blackhole "+shell, "ip route del blackhole "+shell)
			}, probe,
			traceWant{outcome: "dropped", node: node2, namespace: node2, finding: "blackhole-route", text: "answer"},
		},
	})
}
