//go:build !pktrail_lite

package rules

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

func TestChainsAndTables(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(kubeRules, "iptables-nft-restore")
	b.run("*mangle\n:FORWARD DROP [5:7]\n-A FORWARD -j ACCEPT\nCOMMIT\n", "ip6tables-legacy-restore", "-c")
	b.run(`table inet raw { chain FORWARD { type filter hook forward priority -5; policy drop; }; chain y { }; }
		table netdev n { chain i { type filter hook ingress device "lo" priority 3; }; }`, "nft", "-f", "-")
	tables, err := b.s.Tables()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Table{
		{Family: "ip", Name: "nat", Iptables: true},
		{Family: "ip", Name: "filter", Iptables: true},
		{Family: "inet", Name: "raw"},
		{Family: "netdev", Name: "n"},
		{Family: "ip6", Name: "mangle", Legacy: true},
	} {
		if !slices.Contains(tables, want) {
			t.Errorf("%+v is not in %+v", want, tables)
		}
	}
	if len(tables) != 5 {
		t.Errorf("%+v", tables)
	}
	for _, want := range []Chain{
		{Family: "inet", Table: "raw", Name: "FORWARD", Base: true, Hook: "FORWARD", Priority: -5, Type: "filter", Policy: "drop"},
		{Family: "inet", Table: "raw", Name: "y"},
		{Family: "netdev", Table: "n", Name: "i", Base: true, Hook: "INGRESS", Priority: 3, Type: "filter", Policy: "accept", Devices: []string{"lo"}},
		{Family: "ip", Table: "nat", Name: "POSTROUTING", Base: true, Hook: "POSTROUTING", Priority: 100, Type: "nat", Policy: "accept"},
	} {
		if got, err := b.s.Chain(want.Family, want.Table, want.Name); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	want := Chain{Family: "ip6", Table: "mangle", Name: "FORWARD", Legacy: true, Base: true, Hook: "FORWARD", Priority: -150, Type: "filter", Policy: "drop", Packets: 5, Bytes: 7}
	if got, err := b.s.LegacyChain("ip6", "mangle", "FORWARD"); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := b.s.Chain("inet", "raw", "none"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// Asking for legacy tables that are not in use does not make them.
func TestLegacyTablesAreNotMade(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, family := range []string{"ip", "ip6"} {
		if _, err := b.s.LegacyChain(family, "filter", "FORWARD"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		r := trail.Rule{Family: family, Table: "raw", Chain: "PREROUTING", Number: 1, Legacy: true, Kind: trail.RuleMatched}
		if err := b.s.Find(&r); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	if _, err := b.s.Tables(); err != nil {
		t.Error(err)
	}
	for _, f := range []string{"ip_tables_names", "ip6_tables_names"} {
		if s := b.run("", "cat", "/proc/net/"+f); s != "" {
			t.Errorf("%s: %s", f, s)
		}
	}
}
