//go:build !pktrail_lite

package rules

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// manyServices is what kube-proxy writes for n services with one endpoint
// each: 4 rules per service, n of them in KUBE-SERVICES.
func manyServices(n int) string {
	var chains, rules strings.Builder
	for i := range n {
		svc, sep := fmt.Sprintf("KUBE-SVC-%016d", i), fmt.Sprintf("KUBE-SEP-%016d", i)
		ip, pod := fmt.Sprintf("10.%d.%d.%d", 96+i>>16, i>>8&255, i&255), fmt.Sprintf("10.%d.%d.%d", 200+i>>16, i>>8&255, i&255)
		fmt.Fprintf(&chains, ":%s -\n:%s -\n", svc, sep)
		name := fmt.Sprintf("shop/web-%d:http", i)
		fmt.Fprintf(&rules, "-A KUBE-SERVICES -d %s/32 -p tcp -m comment --comment \"%s cluster IP\" -m tcp --dport 80 -j %s\n", ip, name, svc)
		fmt.Fprintf(&rules, "-A %s -m comment --comment \"%s -> %s:8080\" -j %s\n", svc, name, pod, sep)
		fmt.Fprintf(&rules, "-A %s -s %s/32 -m comment --comment \"%s\" -j MARK --set-xmark 0x4000/0x4000\n", sep, pod, name)
		fmt.Fprintf(&rules, "-A %s -p tcp -m comment --comment \"%s\" -m tcp -j DNAT --to-destination %s:8080\n", sep, name, pod)
	}
	return "*nat\n:PREROUTING ACCEPT\n:KUBE-SERVICES -\n" + chains.String() + "-A PREROUTING -j KUBE-SERVICES\n" + rules.String() + "COMMIT\n"
}

// BenchmarkFind looks rules up in a ruleset of 20,000. "first" is a new
// Source, "again" one that has read the chain.
func BenchmarkFind(b *testing.B) {
	const services = 5000
	script := manyServices(services)
	for _, legacy := range []bool{true, false} {
		bed := &bed{t: b, ns: labtest.Namespace(b)}
		tool := map[bool]string{true: "iptables-legacy-restore", false: "iptables-nft-restore"}[legacy]
		bed.run(script, tool)
		f, err := os.Open("/run/netns/" + bed.ns)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		for _, chain := range []string{"KUBE-SERVICES", "KUBE-SEP-0000000000004999"} {
			ask := trail.Rule{Family: "ip", Table: "nat", Chain: chain, Number: 2, Kind: trail.RuleMatched, Legacy: legacy}
			if !legacy {
				h := bed.chainHandles("ip", "nat", chain)
				ask.Handle = h[len(h)-1]
			}
			find := func(s *Source) {
				r := ask
				if err := s.Find(&r); err != nil || r.Text == "" {
					b.Fatalf("%+v: %v", r, err)
				}
			}
			open := func() *Source {
				s, err := Open(f)
				if err != nil {
					b.Fatal(err)
				}
				return s
			}
			b.Run(fmt.Sprintf("legacy=%v/%s/first", legacy, chain), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s := open()
					find(s)
					s.Close()
				}
			})
			b.Run(fmt.Sprintf("legacy=%v/%s/again", legacy, chain), func(b *testing.B) {
				b.ReportAllocs()
				s := open()
				defer s.Close()
				for b.Loop() {
					find(s)
				}
			})
		}
	}
}

// Of a large ruleset only the chain that is asked for is read.
func TestOneChainIsRead(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(manyServices(100), "iptables-nft-restore")
	chain := "KUBE-SEP-0000000000000042"
	r := trail.Rule{Family: "ip", Table: "nat", Chain: chain, Handle: b.chainHandles("ip", "nat", chain)[1], Kind: trail.RuleMatched}
	if err := b.s.Find(&r); err != nil || r.Owner != "kube-proxy: endpoint of shop/web-42:http" || r.Verdict != "dnat" {
		t.Errorf("%+v, %v", r, err)
	}
	if len(b.s.chains) != 1 || len(b.s.chains[chainKey{tableKey{"ip", "nat"}, chain}].ends) != 2 {
		t.Errorf("%d chains were read", len(b.s.chains))
	}
}
