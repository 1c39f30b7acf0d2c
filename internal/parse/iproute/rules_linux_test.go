package iproute

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/chains"
)

const iptablesRules = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CHAIN - [0:0]
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 80 -m comment --comment "a \"quoted\" -c 1 2 { word" -j CHAIN
-A INPUT -i lo -j ACCEPT
-A CHAIN -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A CHAIN -j REJECT --reject-with icmp-port-unreachable
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.9:6443
-A POSTROUTING -s 10.0.0.0/24 ! -o eth0 -j MASQUERADE
COMMIT
`

// Rules of iptables of both kinds say the same from text as from the kernel.
func TestIptables(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"legacy", "nft"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.run(iptablesRules, "iptables-"+kind+"-restore")
			b.run(strings.NewReplacer("10.0.0.0/8", "fd00::/8", "icmp-port-unreachable", "icmp6-port-unreachable").Replace(iptablesRules[:strings.Index(iptablesRules, "*nat")]), "ip6tables-"+kind+"-restore")
			var text string
			for _, tool := range []string{"iptables-", "ip6tables-"} {
				text += b.run("", tool+kind+"-save", "-c")
			}
			if kind == "nft" {
				text += b.run("", "nft", "-a", "list", "ruleset")
			}
			ns := readText(t, "x", text)
			var all [2]string
			var handles [2]uint64
			for i, ns := range [...]*netstate.Namespace{ns, b.take(netstate.PartChains, netstate.PartSets)} {
				x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
				if err != nil {
					t.Fatal(err)
				}
				for _, ip6 := range []bool{false, true} {
					var out strings.Builder
					if err := x.WriteSave(&out, chains.Save{IP6: ip6, Legacy: kind == "legacy", Counters: true}); err != nil {
						t.Fatal(err)
					}
					all[i] += sortTables(out.String())
				}
				for _, tab := range x.Tables {
					for _, c := range tab.Chains {
						for r := range c.Rules() {
							all[i] += fmt.Sprintln(tab.Family, tab.Name, c.Name, c.Base, c.Hook, c.Priority, c.Type, r.Number, r.Verdict, r.To, r.Comment)
						}
					}
				}
				r := x.Rule("ip", "filter", "INPUT", 1, kind == "legacy")
				if r == nil {
					t.Fatal("no rule")
				}
				handles[i] = r.Handle
				for _, d := range x.DNATs() {
					d.Handle = 0
					all[i] += fmt.Sprintf("%+v\n", d)
				}
			}
			sortLines := func(s string) string {
				lines := strings.Split(s, "\n")
				slices.Sort(lines)
				return strings.Join(lines, "\n")
			}
			sameLines(t, kind, sortLines(all[0]), sortLines(all[1]))
			if handles[0] != handles[1] {
				t.Errorf("handle %d, want %d", handles[0], handles[1])
			}
		})
	}
}

// iptables -S of one table has no line that names it.
func TestIptablesList(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(iptablesRules, "iptables-nft-restore")
	text := "# iptables -t nat -S\n" + b.run("", "iptables-nft", "-t", "nat", "-S") + "# iptables -v -S\n" + b.run("", "iptables-nft", "-v", "-S")
	ns := readText(t, "x", text)
	if len(ns.Ruleset.Saved) != 2 || ns.Ruleset.Saved[0].Name != "nat" || ns.Ruleset.Saved[1].Name != "filter" {
		t.Fatalf("%+v", ns.Ruleset.Saved)
	}
	x, err := chains.Open(&ns.Ruleset, chains.Names{})
	if err != nil {
		t.Fatal(err)
	}
	if r := x.Rule("ip", "filter", "CHAIN", 2, false); r == nil || r.Verdict != "reject" || !r.Counted {
		t.Errorf("%+v", r)
	}
}

// Rulesets of nft say the same from text as from the kernel.
func TestNFT(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kube-proxy.nft", "service.nft"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			script, err := os.ReadFile("../../probe/rules/testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			b.run(string(script), "nft", "-f", "-")
			b.run(`table netdev d { chain c { type filter hook ingress device lo priority filter - 7; policy drop; }; }
				table bridge b { chain c { type filter hook prerouting priority dstnat + 1; }; }
				table ip off { flags dormant; chain x { type nat hook output priority -77; }; }`, "nft", "-f", "-")
			taken := b.take(netstate.PartChains, netstate.PartSets, netstate.PartLinks)
			var all [2]string
			for i, ns := range [...]*netstate.Namespace{readText(t, "x", b.run("", "nft", "-a", "list", "ruleset")), taken} {
				x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
				if err != nil {
					t.Fatal(err)
				}
				for _, tab := range x.Tables {
					all[i] += fmt.Sprintln(tab.Family, tab.Name, tab.Dormant())
					for _, c := range tab.Chains {
						all[i] += fmt.Sprintln(c.Name, c.Base, c.Type, c.Hook, c.Priority, c.Policy, c.Devices)
						for r := range c.Rules() {
							all[i] += fmt.Sprintln(r.Number, r.Handle, r.Counted, r.Verdict, r.To, r.Comment, strings.Join(strings.Fields(r.Text()), " "))
						}
					}
				}
			}
			sameLines(t, name, all[0], all[1])
		})
	}
}

// Settings are what the kernel applies, with a link's own among them.
func TestSysctl(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ip("link add eth0.5 type veth peer name eth1", "link set eth0.5 up")
	b.run("", "sysctl", "-w", "net/ipv4/conf/eth0.5/rp_filter=2", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.ip_forward=1")
	want := b.take(netstate.PartSysctls, netstate.PartLinks)
	all, err := b.try("", "sysctl", "-a") // which complains of some that cannot be read
	if err != nil && len(all) < 1000 {
		t.Fatal(err)
	}
	grep := b.run("", "grep", "-r", ".", "/proc/sys/net/ipv4/conf/")
	links := b.run("", "ip", "link")
	for _, text := range []string{links + all, links + grep} {
		got := readText(t, "x", text)
		for key, v := range want.Sysctls {
			if g, ok := got.Sysctls[key]; ok && g != strings.TrimSpace(v) && !strings.HasPrefix(key, "netfilter") {
				t.Errorf("%s is %q, want %q", key, g, v)
			}
		}
		for _, name := range netstate.SettingNames("ipv4") {
			g, ok := got.Setting(got.LinkByName("eth0.5"), "ipv4", name)
			w, ok2 := want.Setting(want.LinkByName("eth0.5"), "ipv4", name)
			if g != w || ok != ok2 {
				t.Errorf("%s: %+v %v, want %+v %v", name, g, ok, w, ok2)
			}
		}
		if s, ok := got.Setting(got.LinkByName("eth0.5"), "ipv4", "rp_filter"); !ok || s.Value != 2 || s.From != "ipv4.conf.eth0/5.rp_filter" {
			t.Errorf("rp_filter: %+v %v", s, ok)
		}
	}
}

// Tables of nft without sets are listed as nft lists them.
func TestNFTListing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.run(`table netdev d { chain c { type filter hook ingress device lo priority filter - 7; policy drop; tcp dport 80 counter accept; }; }
		table bridge b { chain c { type filter hook prerouting priority dstnat + 1; }; }
		table ip off { chain x { }; chain y { type nat hook output priority -77; ip daddr 10.0.0.1 tcp dport vmap { 1 : jump x, 2 : drop } comment "a { brace"; }; }`, "nft", "-f", "-")
	want := b.run("", "nft", "list", "ruleset")
	ns := readText(t, "x", want)
	x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := x.WriteText(&got); err != nil {
		t.Fatal(err)
	}
	sameLines(t, "nft list ruleset", got.String(), want)
}
