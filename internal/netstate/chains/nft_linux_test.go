package chains

import (
	"fmt"
	"strings"
	"testing"
)

// rulesData holds rules that the lookup of single rules is judged by too.
const rulesData = "../../probe/rules/testdata/"

// setup are what the rules of the corpora refer to.
const setup = `
	set s4 { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 1.1.1.1-1.1.1.5 } }
	set dyn { type ipv4_addr; flags dynamic,timeout; timeout 1m; }
	set pairs { type ipv4_addr . inet_service; flags dynamic; }
	map m1 { type ipv4_addr : ipv4_addr; elements = { 1.1.1.1 : 2.2.2.2 } }
	map ap { type ipv4_addr . inet_service : ipv4_addr . inet_service; }
	map vm { type ipv4_addr . inet_proto . inet_service : verdict; }
	map marks { type ipv4_addr : mark; flags dynamic; }
	counter hits { }
	quota q1 { over 10 mbytes }
	limit l1 { rate 400/minute }
	ct helper ftp { type "ftp" protocol tcp; }
	chain x { }
	chain c { }
`

// Every rule of the corpora reads as nft prints it, in text and in JSON.
func TestRules(t *testing.T) {
	t.Parallel()
	for family, files := range map[string][]string{
		"inet": {rulesData + "nft-inet.txt", "testdata/nft-inet-more.txt"}, "ip": {rulesData + "nft-ip.txt"}, "ip6": {rulesData + "nft-ip6.txt"},
		"bridge": {rulesData + "nft-bridge.txt"}, "netdev": {rulesData + "nft-netdev.txt"}, "arp": {rulesData + "nft-arp.txt"},
	} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			things := setup
			if family == "netdev" || family == "arp" || family == "bridge" {
				things = "chain x { }\nchain c { }\n"
			}
			b.run("table "+family+" t {"+things+"}", "nft", "-f", "-")
			var script strings.Builder
			rules := 0
			for _, name := range files {
				for _, rule := range corpus(t, name) {
					fmt.Fprintf(&script, "add rule %s t c %s\n", family, rule)
					rules++
				}
			}
			b.run(script.String(), "nft", "-f", "-")
			x := b.open()
			if lines := b.sameText(x); lines < rules {
				t.Errorf("%d lines of %d rules", lines, rules)
			}
			if objects := b.sameJSON(x); objects < rules {
				t.Errorf("%d objects of %d rules", objects, rules)
			}
		})
	}
}

// Whole rulesets list as nft lists them.
func TestRulesets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{rulesData + "kube-proxy.nft", rulesData + "service.nft", "testdata/sets.nft", "testdata/typeof.nft", "testdata/published.nft"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.run(file(t, name), "nft", "-f", "-")
			x := b.open()
			b.sameText(x)
			b.sameJSON(x)
		})
	}
}
