package rules

import (
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/trail"
)

// saved is one line of iptables-save.
type saved struct {
	table, chain string
	number       int
	text         string
}

// parseSave reads what iptables-save prints.
func parseSave(s string) []saved {
	var all []saved
	table, count := "", map[string]int{}
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table, count = line[1:], map[string]int{}
		case strings.HasPrefix(line, "-A "):
			chain := strings.Fields(line)[1]
			count[chain]++
			all = append(all, saved{table, chain, count[chain], line})
		}
	}
	return all
}

// ipsets makes the sets that the corpus uses.
func (b *bed) ipsets() {
	b.t.Helper()
	err := lab.Do(b.ns, func() error {
		for _, s := range []struct {
			name, kind string
			family     uint8
		}{{"nets", "hash:net", unix.AF_INET}, {"pairs", "hash:ip,port", unix.AF_INET}, {"nets6", "hash:net", unix.AF_INET6}} {
			timeout := uint32(300)
			if err := netlink.IpsetCreate(s.name, s.kind, netlink.IpsetCreateOptions{Timeout: &timeout, Family: s.family, Counters: true}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// restore loads a corpus.
func (b *bed) restore(tool, file string) {
	b.t.Helper()
	rules, err := os.ReadFile("testdata/" + file)
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(string(rules), tool+"-restore")
}

// Every rule of iptables-legacy reads as iptables-save prints it.
func TestLegacyText(t *testing.T) {
	t.Parallel()
	for family, tool := range map[string]string{"ip": "iptables", "ip6": "ip6tables"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.ipsets()
			b.restore(tool+"-legacy", tool+".txt")
			lines := parseSave(b.run("", tool+"-legacy-save"))
			if len(lines) < 30 {
				t.Fatalf("%d lines", len(lines))
			}
			for _, l := range lines {
				r := trail.Rule{Family: family, Table: l.table, Chain: l.chain, Number: l.number, Kind: trail.RuleMatched, Legacy: true}
				if err := b.s.Find(&r); err != nil {
					t.Fatalf("%s: %v", l.text, err)
				}
				if r.Text != l.text {
					t.Errorf("%s %s %d:\n got %s\nwant %s", l.table, l.chain, l.number, r.Text, l.text)
				}
			}
		})
	}
}

// Every rule of iptables-nft reads as iptables-nft-save prints it.
func TestCompatText(t *testing.T) {
	t.Parallel()
	for family, tool := range map[string]string{"ip": "iptables", "ip6": "ip6tables"} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.ipsets()
			b.restore(tool+"-nft", tool+".txt")
			lines := parseSave(b.run("", tool+"-nft-save"))
			if len(lines) < 30 {
				t.Fatalf("%d lines", len(lines))
			}
			handles := map[string][]uint64{}
			for _, l := range lines {
				key := l.table + " " + l.chain
				if handles[key] == nil {
					handles[key] = b.chainHandles(family, l.table, l.chain)
				}
				r := trail.Rule{Family: family, Table: l.table, Chain: l.chain, Handle: handles[key][l.number-1], Kind: trail.RuleMatched}
				if err := b.s.Find(&r); err != nil {
					t.Fatalf("%s: %v", l.text, err)
				}
				if r.Text != l.text || r.Number != l.number {
					t.Errorf("%s %s %d:\n got %s (%d)\nwant %s", l.table, l.chain, l.number, r.Text, r.Number, l.text)
				}
			}
		})
	}
}
