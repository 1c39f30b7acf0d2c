//go:build !pktrail_lite

package rules

import (
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
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
		}{
			{"nets", "hash:net", unix.AF_INET},
			{"pairs", "hash:ip,port", unix.AF_INET},
			{"nets6", "hash:net", unix.AF_INET6},
			{"cali40all-ipam-pools", "hash:net", unix.AF_INET},
			{"cali40masq-ipam-pools", "hash:net", unix.AF_INET},
			{"cali40all-vxlan-net", "hash:net", unix.AF_INET},
		} {
			timeout := uint32(300)
			if err := netlink.IpsetCreate(s.name, s.kind, netlink.IpsetCreateOptions{Timeout: &timeout, Family: s.family, Counters: true}); err != nil {
				return err
			}
		}
		return addAccount("ct_state_invalid_dropped_pkts")
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// addAccount makes an object that `-m nfacct` counts with
// (linux/netfilter/nfnetlink_acct.h).
func addAccount(name string) error {
	const accountNew, accountName = 0, 1 // NFNL_MSG_ACCT_NEW, NFACCT_NAME
	r := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_ACCT<<8|accountNew, unix.NLM_F_ACK|unix.NLM_F_CREATE)
	r.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC, Version: nl.NFNETLINK_V0})
	r.AddData(nl.NewRtAttr(accountName, nl.ZeroTerminated(name)))
	_, err := r.Execute(unix.NETLINK_NETFILTER, 0)
	return err
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

// corpora are rules as iptables-restore takes them. calico.txt is what Calico
// 3.28 and kube-proxy made on a node.
var corpora = []struct{ family, tool, file string }{
	{"ip", "iptables", "iptables.txt"}, {"ip6", "ip6tables", "ip6tables.txt"}, {"ip", "iptables", "calico.txt"},
}

// Every rule of iptables-legacy reads as iptables-save prints it.
func TestLegacyText(t *testing.T) {
	t.Parallel()
	for _, c := range corpora {
		family, tool := c.family, c.tool
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.ipsets()
			b.restore(tool+"-legacy", c.file)
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
			if *update {
				b.keepTables(c.family, c.file, lines)
			}
		})
	}
}

// Every rule of iptables-nft reads as iptables-nft-save prints it.
func TestCompatText(t *testing.T) {
	t.Parallel()
	for _, c := range corpora {
		family, tool := c.family, c.tool
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.ipsets()
			b.restore(tool+"-nft", c.file)
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
