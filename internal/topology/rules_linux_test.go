package topology

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
)

// TestPublished reads the rules of real nodes, made by each of the tools, and
// gives pods the ports that these lead to.
func TestPublished(t *testing.T) {
	for _, tool := range []string{"iptables-legacy", "iptables-nft", "nft"} {
		t.Run(tool, func(t *testing.T) {
			labtest.RequireTool(t, tool)
			l := labOf(t, lab.Options{Nodes: 2, Pods: 2})
			pod := l.Pods[0]
			on := func(node string, argv ...string) {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), "nsenter", append([]string{"--net=/run/netns/" + node}, argv...)...)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%q: %v: %s", argv, err, out)
				}
			}
			for _, n := range l.Nodes {
				if tool == "nft" {
					on(n.Name, "nft", fmt.Sprintf(`table ip mine { chain pre { type nat hook prerouting priority -100; }; }
						add rule ip mine pre ip daddr 10.96.0.7 tcp dport 80 dnat to %[1]s:8080
						add rule ip mine pre fib daddr type local tcp dport 30080 dnat to %[1]s:8080`, pod.IPv4))
					continue
				}
				on(n.Name, tool, "-t", "nat", "-A", "PREROUTING", "-d", "10.96.0.7", "-p", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination", pod.IPv4.String()+":8080")
				on(n.Name, tool, "-t", "nat", "-A", "PREROUTING", "-m", "addrtype", "--dst-type", "LOCAL", "-p", "tcp", "--dport", "30080", "-j", "DNAT", "--to-destination", pod.IPv4.String()+":8080")
			}
			m := Find(takeLab(t, l))
			noWarnings(t, m)
			var got []string
			for _, p := range m.Pods {
				for _, o := range p.Ports {
					got = append(got, fmt.Sprintf("%s %s by %s", strings.TrimPrefix(p.Name, l.Name), &o, strings.Join(o.Rules, ", ")))
				}
			}
			where := map[bool]string{true: "mine pre", false: "nat PREROUTING"}[tool == "nft"]
			if d := cmp.Diff([]string{
				"-node1-pod1 published 10.96.0.7:80/tcp -> 8080 by " + where + " 1",
				"-node1-pod1 published *:30080/tcp -> 8080 by " + where + " 2",
			}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if h := m.pod(t, pod.Name).Hint(); !strings.Contains(h, "one direction") {
				t.Errorf("%q", h)
			}
		})
	}
}

// TestRulesOfKnownPorts: what kube-proxy made is named beside what the API
// server asks for, once.
func TestRulesOfKnownPorts(t *testing.T) {
	labtest.RequireTool(t, "iptables-nft")
	l := labOf(t, lab.Options{Nodes: 2, Pods: 1})
	for _, n := range l.Nodes {
		cmd := exec.CommandContext(t.Context(), "nsenter", "--net=/run/netns/"+n.Name, "iptables-nft-restore")
		cmd.Stdin = strings.NewReader(fmt.Sprintf(`*nat
:KUBE-SERVICES -
:KUBE-SVC-AAAAAAAAAAAAAAAA -
:KUBE-SEP-BBBBBBBBBBBBBBBB -
-A PREROUTING -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.7/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-AAAAAAAAAAAAAAAA
-A KUBE-SVC-AAAAAAAAAAAAAAAA -m comment --comment "shop/web:http -> %[1]s:8080" -j KUBE-SEP-BBBBBBBBBBBBBBBB
-A KUBE-SEP-BBBBBBBBBBBBBBBB -p tcp -m comment --comment "shop/web:http" -m tcp -j DNAT --to-destination %[1]s:8080
COMMIT
`, l.Pods[0].IPv4))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	want := []Port{{
		Kind: PortService, Proto: "TCP", Addrs: []netip.Addr{addrOf("10.96.0.7")}, Port: 80, PodPort: 8080, Name: "shop/web:http", Ready: true,
		Rules: []string{"nat KUBE-SEP-BBBBBBBBBBBBBBBB 1"},
	}}
	s := takeLab(t, l)
	if d := cmp.Diff(want, Find(s).pod(t, l.Pods[0].Name).Ports, byText()...); d != "" {
		t.Errorf("without objects: %s", d)
	}
	s.Cluster = &netstate.Cluster{Services: []netstate.Service{{
		Namespace: "shop", Name: "web", ClusterIPs: []netip.Addr{addrOf("10.96.0.7")}, Ports: []netstate.ServicePort{{Name: "http", Proto: "TCP", Port: 80}},
		Endpoints: []netstate.Endpoint{{Addr: l.Pods[0].IPv4, PortName: "http", Proto: "TCP", Port: 8080, Ready: true}},
	}}}
	if d := cmp.Diff(want, Find(s).pod(t, l.Pods[0].Name).Ports, byText()...); d != "" {
		t.Errorf("with objects: %s", d)
	}
}
