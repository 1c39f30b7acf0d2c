package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// TestRulesNotRead: what cannot be read is unknown, and said.
func TestRulesNotRead(t *testing.T) {
	for want, harm := range map[string]func(n *machineBed){
		"not known: chains not read: operation not permitted": func(n *machineBed) { n.host.unreadable(netstate.PartChains) },
		"the rules are in another byte order (middle)": func(n *machineBed) {
			n.snap.ByteOrder, n.host.Ruleset.Tables = "middle", [][]byte{{1}}
		},
	} {
		b, nodes := flannelBed(t)
		harm(nodes[0])
		if all := kinds(b.find().All()); len(all) != 1 || !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("want %q, got %q", want, all)
		}
	}
}

// TestIPVS: a service of IPVS leads to a pod.
func TestIPVS(t *testing.T) {
	b, nodes := flannelBed(t)
	nodes[0].host.IPVS = []netstate.IPVS{
		{Proto: 6, Addr: netip.MustParseAddrPort("10.96.0.7:80"), Scheduler: "rr", Reals: []netstate.IPVSReal{{Addr: netip.MustParseAddrPort("10.244.1.2:8080")}, {Addr: netip.MustParseAddrPort("10.244.2.2:8080")}}},
		{Proto: 6, Addr: netip.MustParseAddrPort("10.99.0.11:30080"), Scheduler: "rr", Reals: []netstate.IPVSReal{{Addr: netip.MustParseAddrPort("10.244.1.2:8080")}, {Addr: netip.MustParseAddrPort("10.244.1.3:8080"), Method: 3}}},
	}
	m := b.find()
	var got []string
	for _, p := range m.Pods {
		for _, o := range p.Ports {
			got = append(got, fmt.Sprintf("%s %s by %s", p.Name, &o, strings.Join(o.Rules, ", ")))
		}
	}
	if d := cmp.Diff([]string{
		"web-1 service 10.96.0.7:80/tcp -> 8080 by ipvs 10.96.0.7:80 rr",
		"web-1 nodePort *:30080/tcp -> 8080 by ipvs 10.99.0.11:30080 rr",
		"web-2 service 10.96.0.7:80/tcp -> 8080 by node-a: ipvs 10.96.0.7:80 rr",
	}, got); d != "" {
		t.Error(d)
	}
}
