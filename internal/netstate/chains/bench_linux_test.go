package chains

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
)

// manyServices is what kube-proxy's iptables mode writes for n services with
// three endpoints each: 8 rules per service.
func manyServices(n int) string {
	var chains, rules strings.Builder
	for i := range n {
		svc := fmt.Sprintf("KUBE-SVC-%016d", i)
		fmt.Fprintf(&chains, ":%s - [0:0]\n", svc)
		ip, name := fmt.Sprintf("10.%d.%d.%d", 96+i>>16, i>>8&255, i&255), fmt.Sprintf("shop/web-%d:http", i)
		fmt.Fprintf(&rules, "-A KUBE-SERVICES -d %s/32 -p tcp -m comment --comment \"%s cluster IP\" -m tcp --dport 80 -j %s\n", ip, name, svc)
		fmt.Fprintf(&rules, "-A %s ! -s 10.244.0.0/16 -d %s/32 -p tcp -m comment --comment \"%s cluster IP\" -m tcp --dport 80 -j KUBE-MARK-MASQ\n", svc, ip, name)
		for e := range 2 {
			sep := fmt.Sprintf("KUBE-SEP-%014d%02d", i, e)
			pod := fmt.Sprintf("10.%d.%d.%d", 200+e, i>>8&255, i&255)
			fmt.Fprintf(&chains, ":%s - [0:0]\n", sep)
			fmt.Fprintf(&rules, "-A %s -m comment --comment \"%s -> %s:8080\" -m statistic --mode random --probability 0.5 -j %s\n", svc, name, pod, sep)
			fmt.Fprintf(&rules, "-A %s -s %s/32 -m comment --comment \"%s\" -j KUBE-MARK-MASQ\n", sep, pod, name)
			fmt.Fprintf(&rules, "-A %s -p tcp -m comment --comment \"%s\" -m tcp -j DNAT --to-destination %s:8080\n", sep, name, pod)
		}
	}
	return "*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n" + chains.String() +
		"-A PREROUTING -j KUBE-SERVICES\n-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n" + rules.String() + "COMMIT\n"
}

// manyNFT is what kube-proxy's nftables mode writes for n services with two
// endpoints each: 7 rules and an anonymous map per service.
func manyNFT(n int) string {
	var ips, chains strings.Builder
	for i := range n {
		ip := fmt.Sprintf("10.%d.%d.%d", 96+i>>16, i>>8&255, i&255)
		svc := fmt.Sprintf("service-%08d-shop/web-%d/tcp/http", i, i)
		fmt.Fprintf(&ips, "%s . tcp . 80 : goto %s,\n", ip, svc)
		var to []string
		for e := range 2 {
			pod := fmt.Sprintf("10.%d.%d.%d", 200+e, i>>8&255, i&255)
			name := fmt.Sprintf("endpoint-%07d%d-shop/web-%d/tcp/http__%s/8080", i, e, i, pod)
			fmt.Fprintf(&chains, "chain %s {\nip saddr %s jump mark-for-masquerade\nmeta l4proto tcp dnat to %s:8080\n}\n", name, pod, pod)
			to = append(to, fmt.Sprintf("%d : goto %s", e, name))
		}
		fmt.Fprintf(&chains, "chain %s {\nip daddr %s tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade\nnumgen random mod 2 vmap { %s }\n}\n",
			svc, ip, strings.Join(to, ", "))
	}
	return "table ip kube-proxy {\nchain mark-for-masquerade { meta mark set meta mark | 0x4000\n}\n" + chains.String() +
		"map service-ips {\ntype ipv4_addr . inet_proto . inet_service : verdict\nelements = { " + ips.String() + "}\n}\n" +
		"chain services { ip daddr . meta l4proto . th dport vmap @service-ips\n}\n" +
		"chain pre { type nat hook prerouting priority dstnat; jump services\n}\n}\n"
}

// cost is the CPU time of what fn starts or does, ours and that of programs that
// have ended.
func cost(fn func()) time.Duration {
	used := func() time.Duration {
		var sum time.Duration
		for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
			var u syscall.Rusage
			_ = syscall.Getrusage(who, &u)
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		return sum
	}
	before := used()
	fn()
	return used() - before
}

// TestCost takes and lists a node's 40,000 rules, and compares with the CPU of
// `nft -j list ruleset` and the save command. It is a measurement: run it alone,
// with PKTRAIL_MEASURE=1.
func TestCost(t *testing.T) {
	if os.Getenv("PKTRAIL_MEASURE") == "" {
		t.Skip("only with PKTRAIL_MEASURE=1")
	}
	for _, kind := range []string{"nft", "legacy", "nftables"} {
		b := newBed(t)
		if kind == "nftables" {
			b.run(manyNFT(5000), "nft", "-f", "-")
		} else {
			b.run(manyServices(5000), "iptables-"+kind+"-restore")
		}
		tool := func(argv ...string) time.Duration {
			return cost(func() {
				c := exec.CommandContext(t.Context(), "ip", append([]string{"netns", "exec", b.ns}, argv...)...)
				if err := c.Run(); err != nil {
					t.Fatal(err)
				}
			})
		}
		theirs := map[string]time.Duration{}
		if kind != "nftables" {
			theirs["save"] = tool("iptables-" + kind + "-save")
		}
		if kind != "legacy" {
			theirs["json"], theirs["text"] = tool("nft", "-j", "list", "ruleset"), tool("nft", "list", "ruleset")
		}
		f, err := os.Open("/run/netns/" + b.ns)
		if err != nil {
			t.Fatal(err)
		}
		var ns *netstate.Namespace
		take := cost(func() {
			ns, err = netlink.Take(t.Context(), f, netlink.Options{Parts: []netstate.Part{netstate.PartChains}})
		})
		if err != nil || len(ns.Unreadable)+len(ns.Changed) > 0 {
			t.Fatal(err, ns.Unreadable, ns.Changed)
		}
		f.Close()
		var x *Rulesets
		open := cost(func() { x, err = Open(&ns.Ruleset, Names{}) })
		if err != nil {
			t.Fatal(err)
		}
		ours := map[string]time.Duration{"save": cost(func() { _ = x.WriteSave(io.Discard, Save{Legacy: kind == "legacy"}) })}
		if kind != "legacy" {
			ours["json"] = cost(func() { _ = x.WriteJSON(io.Discard, "1") })
			ours["text"] = cost(func() { _ = x.WriteText(io.Discard) })
		}
		var dnats int
		walk := cost(func() { dnats = len(x.DNATs()) })
		size := 0
		for _, l := range [][][]byte{ns.Ruleset.Rules, ns.Ruleset.Chains} {
			for _, m := range l {
				size += len(m)
			}
		}
		for _, l := range ns.Ruleset.Legacy {
			size += len(l.Entries)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%s: %d rules, %d bytes; take %v, open %v, lists %v, theirs %v; %d DNATs in %v; heap %d MiB, from the system %d MiB",
			kind, len(ns.Ruleset.Rules), size, take, open, ours, theirs, dnats, walk, m.HeapAlloc>>20, m.Sys>>20)
		runtime.KeepAlive(ns)
	}
}
