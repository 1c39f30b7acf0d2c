//go:build !pktrail_lite

package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// nftSetup are what the rules of the corpus refer to.
const nftSetup = `
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

// chainHandles are the handles of a chain's rules in order, as nft says.
func (b *bed) chainHandles(family, table, chain string) []uint64 {
	b.t.Helper()
	var out struct {
		Nftables []struct {
			Rule *struct{ Handle uint64 }
		}
	}
	if err := json.Unmarshal([]byte(b.run("", "nft", "-j", "list", "chain", family, table, chain)), &out); err != nil {
		b.t.Fatal(err)
	}
	var all []uint64
	for _, o := range out.Nftables {
		if o.Rule != nil {
			all = append(all, o.Rule.Handle)
		}
	}
	return all
}

// nftLines are the rules of a chain as nft prints them.
func (b *bed) nftLines(family, table, chain string) []string {
	b.t.Helper()
	var all []string
	_, body, _ := strings.Cut(b.run("", "nft", "-s", "list", "chain", family, table, chain), "chain "+chain+" {")
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if line != "" && line != "}" && !strings.HasPrefix(line, "type ") {
			all = append(all, line)
		}
	}
	return all
}

// compare asks for every rule of a chain and wants nft's words. It returns how
// many there are.
func (b *bed) compare(family, table, chain string) int {
	b.t.Helper()
	want, handles := b.nftLines(family, table, chain), b.chainHandles(family, table, chain)
	if len(want) != len(handles) {
		b.t.Fatalf("%s: %d lines, %d handles", chain, len(want), len(handles))
	}
	for i, h := range handles {
		r := trail.Rule{Family: family, Table: table, Chain: chain, Handle: h, Kind: trail.RuleMatched}
		if err := b.s.Find(&r); err != nil {
			b.t.Fatal(err)
		}
		if r.Text != want[i] {
			b.t.Errorf("%s rule %d:\n got %s\nwant %s", chain, i+1, r.Text, want[i])
		}
		if r.Number != i+1 {
			b.t.Errorf("%s rule %d has number %d", chain, i+1, r.Number)
		}
	}
	return len(want)
}

// Rulesets of programs read as nft prints them, in every chain.
func TestNFTRulesets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kube-proxy", "service"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.run("", "nft", "-f", "testdata/"+name+".nft")
			var out struct {
				Nftables []struct {
					Chain *struct{ Family, Table, Name string }
				}
			}
			if err := json.Unmarshal([]byte(b.run("", "nft", "-j", "list", "chains")), &out); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, o := range out.Nftables {
				if c := o.Chain; c != nil {
					n += b.compare(c.Family, c.Table, c.Name)
				}
			}
			if n < 7 {
				t.Errorf("%d rules", n)
			}
		})
	}
}

// Every rule reads as nft prints it.
func TestNFTText(t *testing.T) {
	t.Parallel()
	for _, family := range []string{"inet", "ip", "ip6", "bridge", "netdev", "arp"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			setup := nftSetup
			if family == "netdev" || family == "arp" || family == "bridge" {
				setup = "chain x { }\nchain c { }\n"
			}
			b.run("table "+family+" t {"+setup+"}", "nft", "-f", "-")
			var script strings.Builder
			for _, rule := range corpus(t, "nft-"+family+".txt") {
				fmt.Fprintf(&script, "add rule %s t c %s\n", family, rule)
			}
			b.run(script.String(), "nft", "-f", "-")
			if n := b.compare(family, "t", "c"); n == 0 {
				t.Error("no rule was compared")
			}
			if *update {
				b.keepRules(family)
			}
		})
	}
}
