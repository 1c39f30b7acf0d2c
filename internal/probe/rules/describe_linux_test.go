//go:build !pktrail_lite

package rules

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

const kubeRules = `*nat
:PREROUTING ACCEPT
:POSTROUTING ACCEPT
:KUBE-SERVICES -
:KUBE-SVC-ZP4VXYZ2LQFZGLVN -
:KUBE-SEP-OR6JMFNMNSCPVXJ4 -
:DOCKER -
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-ZP4VXYZ2LQFZGLVN
-A KUBE-SVC-ZP4VXYZ2LQFZGLVN -m comment --comment "shop/web:http -> 10.9.2.2:8080" -j KUBE-SEP-OR6JMFNMNSCPVXJ4
-A KUBE-SEP-OR6JMFNMNSCPVXJ4 -p tcp -m comment --comment "shop/web:http" -m tcp -j DNAT --to-destination 10.9.2.2:8080
-A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
:cali-tw-cali60337b1a8c1 -
-A FORWARD -g cali-tw-cali60337b1a8c1
-A FORWARD -j REJECT
-A FORWARD -j MARK --set-xmark 0x1/0x1
-A cali-tw-cali60337b1a8c1 -m comment --comment "cali:3tcAgkaGcJKuLFuc" -m comment --comment "Drop if no policies passed packet" -j DROP
COMMIT
`

// described is what Find must say; table, chain and number ask.
var described = []struct {
	table, chain               string
	number                     int
	verdict, to, owner, remark string
}{
	{"nat", "PREROUTING", 1, "jump", "KUBE-SERVICES", "kube-proxy: service portals", "kubernetes service portals"},
	{"nat", "PREROUTING", 2, "jump", "DOCKER", "Docker", ""},
	{"nat", "KUBE-SERVICES", 1, "jump", "KUBE-SVC-ZP4VXYZ2LQFZGLVN", "kube-proxy: service shop/web:http", "shop/web:http cluster IP"},
	{"nat", "KUBE-SVC-ZP4VXYZ2LQFZGLVN", 1, "jump", "KUBE-SEP-OR6JMFNMNSCPVXJ4", "kube-proxy: service shop/web:http", "shop/web:http -> 10.9.2.2:8080"},
	{"nat", "KUBE-SEP-OR6JMFNMNSCPVXJ4", 1, "dnat", "", "kube-proxy: endpoint of shop/web:http", "shop/web:http"},
	{"nat", "POSTROUTING", 1, "masquerade", "", "", ""},
	{"filter", "FORWARD", 1, "goto", "cali-tw-cali60337b1a8c1", "Calico", ""},
	{"filter", "FORWARD", 2, "reject", "", "", ""},
	{"filter", "FORWARD", 3, "continue", "", "", ""},
	{"filter", "cali-tw-cali60337b1a8c1", 1, "drop", "", "Calico: ingress policy of workload interface cali60337b1a8c1", "Drop if no policies passed packet"},
}

// A rule of either kind of iptables says what it does and whose it is.
func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, legacy := range []bool{true, false} {
		t.Run(fmt.Sprintf("legacy=%v", legacy), func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			tool := map[bool]string{true: "iptables-legacy", false: "iptables-nft"}[legacy]
			b.run(kubeRules, tool+"-restore")
			for _, d := range described {
				r := trail.Rule{Family: "ip", Table: d.table, Chain: d.chain, Kind: trail.RuleMatched, Legacy: legacy}
				if legacy {
					r.Number = d.number
				} else {
					r.Handle = b.chainHandles("ip", d.table, d.chain)[d.number-1]
				}
				b.s.Describe(&r)
				if r.Verdict != d.verdict || r.To != d.to || r.Owner != d.owner || r.Comment != d.remark || r.Number != d.number {
					t.Errorf("%s %d: %+v", d.chain, d.number, r)
				}
			}
			policy := trail.Rule{Family: "ip", Table: "filter", Chain: "FORWARD", Number: 4, Kind: trail.RulePolicy, Legacy: legacy}
			if b.s.Describe(&policy); policy.Verdict != "drop" || policy.Text != "-P FORWARD DROP" {
				t.Errorf("%+v", policy)
			}
			end := trail.Rule{Family: "ip", Table: "nat", Chain: "KUBE-SERVICES", Number: 2, Kind: trail.RuleReturn, Legacy: legacy}
			if b.s.Describe(&end); end.Text != "" || end.Owner != "kube-proxy: services" {
				t.Errorf("%+v", end)
			}
		})
	}
}

// What the trace said stays, and is made more exact.
func TestTraceKeepsItsVerdict(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(`table ip t {
		map m { type inet_service : verdict; }
		chain x { }
		chain c {
			type nat hook prerouting priority dstnat; policy drop;
			tcp dport 80 dnat to 10.0.0.1:8080 comment "to the web"
			tcp dport vmap @m
			ip saddr 10.0.0.9 reject
		}
	}`, "nft", "-f", "-")
	h := b.chainHandles("ip", "t", "c")
	for i, c := range []struct{ verdict, to, want string }{{"accept", "", "dnat"}, {"jump", "x", "jump"}, {"drop", "", "reject"}} {
		r := trail.Rule{Family: "ip", Table: "t", Chain: "c", Handle: h[i], Kind: trail.RuleMatched, Verdict: c.verdict, To: c.to}
		if err := b.s.Find(&r); err != nil || r.Verdict != c.want || r.To != c.to {
			t.Errorf("%+v, %v", r, err)
		}
	}
	r := trail.Rule{Family: "ip", Table: "t", Chain: "c", Handle: h[0], Kind: trail.RuleMatched}
	if b.s.Describe(&r); r.Comment != "to the web" || !strings.HasSuffix(r.Text, `comment "to the web"`) {
		t.Errorf("%+v", r)
	}
	policy := trail.Rule{Family: "ip", Table: "t", Chain: "c", Kind: trail.RulePolicy, Verdict: "drop"}
	if b.s.Describe(&policy); policy.Text != "policy drop" {
		t.Errorf("%+v", policy)
	}
}

// Rules that come later are found, and a changed legacy table is read again.
func TestRefresh(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	find := func(r trail.Rule) (trail.Rule, error) {
		r.Kind = trail.RuleMatched
		err := b.s.Find(&r)
		return r, err
	}
	b.run("", "nft", "add table ip t; add chain ip t c; add rule ip t c tcp dport 1 accept")
	first := b.chainHandles("ip", "t", "c")[0]
	if _, err := find(trail.Rule{Family: "ip", Table: "t", Chain: "c", Handle: first}); err != nil {
		t.Fatal(err)
	}
	if _, err := find(trail.Rule{Family: "ip", Table: "t", Chain: "c", Handle: 999}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	b.run("", "nft", "insert rule ip t c tcp dport 2 drop")
	second := b.chainHandles("ip", "t", "c")[0]
	r, err := find(trail.Rule{Family: "ip", Table: "t", Chain: "c", Handle: second})
	if err != nil || r.Text != "tcp dport 2 drop" || r.Number != 1 {
		t.Errorf("%+v, %v", r, err)
	}

	legacy := trail.Rule{Family: "ip", Table: "filter", Chain: "FORWARD", Number: 1, Legacy: true}
	b.run("", "iptables-legacy", "-A", "FORWARD", "-s", "10.0.0.1", "-j", "DROP")
	if r, err := find(legacy); err != nil || r.Text != "-A FORWARD -s 10.0.0.1/32 -j DROP" {
		t.Errorf("%+v, %v", r, err)
	}
	b.run("", "iptables-legacy", "-I", "FORWARD", "-s", "10.0.0.2", "-j", "DROP")
	if r, err := find(legacy); err != nil || r.Text != "-A FORWARD -s 10.0.0.2/32 -j DROP" {
		t.Errorf("%+v, %v", r, err)
	}
	// one of the same size is found when what was read has become old
	b.run("", "iptables-legacy", "-R", "FORWARD", "1", "-s", "10.0.0.3", "-j", "DROP")
	b.s.legacy[tableKey{"ip", "filter"}].read = time.Now().Add(-2 * time.Second)
	if r, err := find(legacy); err != nil || r.Text != "-A FORWARD -s 10.0.0.3/32 -j DROP" {
		t.Errorf("%+v, %v", r, err)
	}
}

// The kernel calls a rule without a condition the chain's policy or end.
func TestUnconditionalLegacy(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run("*filter\n:FORWARD ACCEPT\n:mine -\n-A FORWARD -j DROP\n-A mine -j DROP\n-A mine -j RETURN\nCOMMIT\n", "iptables-legacy-restore")
	for _, c := range []struct {
		r             trail.Rule
		verdict, text string
		kind          trail.RuleKind
	}{
		{trail.Rule{Chain: "FORWARD", Number: 1, Kind: trail.RulePolicy}, "drop", "-A FORWARD -j DROP", trail.RuleMatched},
		{trail.Rule{Chain: "FORWARD", Number: 2, Kind: trail.RulePolicy}, "accept", "-P FORWARD ACCEPT", trail.RulePolicy},
		{trail.Rule{Chain: "mine", Number: 1, Kind: trail.RuleReturn, Verdict: "return"}, "drop", "-A mine -j DROP", trail.RuleMatched},
		{trail.Rule{Chain: "mine", Number: 2, Kind: trail.RuleReturn, Verdict: "return"}, "return", "-A mine -j RETURN", trail.RuleMatched},
		{trail.Rule{Chain: "mine", Number: 3, Kind: trail.RuleReturn, Verdict: "return"}, "return", "", trail.RuleReturn},
	} {
		r := c.r
		r.Family, r.Table, r.Legacy = "ip", "filter", true
		if err := b.s.Find(&r); err != nil || r.Verdict != c.verdict || r.Text != c.text || r.Kind != c.kind {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

// Of a large set only the beginning is written.
func TestLargeSet(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	var ports []string
	for i := range 1000 {
		ports = append(ports, fmt.Sprint(2*i+1))
	}
	b.run("", "nft", "add table ip t; add chain ip t c; add rule ip t c tcp dport { "+strings.Join(ports, ", ")+" } accept")
	r := trail.Rule{Family: "ip", Table: "t", Chain: "c", Handle: b.chainHandles("ip", "t", "c")[0], Kind: trail.RuleMatched}
	if err := b.s.Find(&r); err != nil || !strings.HasPrefix(r.Text, "tcp dport { 1, 3, 5, ") || !strings.HasSuffix(r.Text, ", 199, ... 900 more } accept") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	f, err := os.Open("/run/netns/" + b.ns)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	r := trail.Rule{Family: "ip", Table: "nat", Chain: "KUBE-SERVICES", Kind: trail.RuleReturn}
	if err := s.Find(&r); !errors.Is(err, os.ErrClosed) || r.Owner == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.Tables(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// Several sessions may ask at once, while the ruleset changes.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(kubeRules, "iptables-nft-restore")
	h := b.chainHandles("ip", "nat", "KUBE-SERVICES")[0]
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				r := trail.Rule{Family: "ip", Table: "nat", Chain: "KUBE-SERVICES", Handle: h, Kind: trail.RuleMatched}
				if err := b.s.Find(&r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 20 {
		b.run("", "iptables-nft", "-t", "nat", "-A", "POSTROUTING", "-p", "tcp", "--dport", fmt.Sprint(i+1), "-j", "ACCEPT")
	}
	wg.Wait()
}
