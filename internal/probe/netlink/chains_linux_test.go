package netlink

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nft"
)

// inNamespace starts a program in a namespace and returns what it prints.
func inNamespace(tb testing.TB, ns, stdin string, argv ...string) string {
	tb.Helper()
	labtest.RequireTool(tb, argv[0])
	c := exec.CommandContext(context.WithoutCancel(tb.Context()), "ip", append([]string{"netns", "exec", ns}, argv...)...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	if err != nil {
		tb.Errorf("%s: %v: %s", strings.Join(argv, " "), err, out) // not Fatal: goroutines call this
	}
	return string(out)
}

// takeRules takes what this file is about.
func takeRules(tb testing.TB, ns string) *netstate.Namespace {
	tb.Helper()
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	got, err := Take(tb.Context(), f, Options{Parts: []netstate.Part{netstate.PartChains, netstate.PartSets}})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// Asking makes nothing: no legacy table, and there are none in the answer.
func TestNoRules(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	got := takeRules(t, ns)
	if !got.Ruleset.Empty() || len(got.IPSets) != 0 || len(got.Unreadable) != 0 || len(got.Changed) != 0 {
		t.Errorf("%+v", got)
	}
	for _, f := range []string{"ip_tables_names", "ip6_tables_names"} {
		if s := inNamespace(t, ns, "", "cat", "/proc/net/"+f); s != "" {
			t.Errorf("%s: %s", f, s)
		}
	}
}

// All parts of a ruleset are there, and tables that are not read are named.
func TestRulesetParts(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	inNamespace(t, ns, `table inet t {
		counter c1 { }
		set s { type ipv4_addr; elements = { 1.1.1.1, 2.2.2.2 } }
		chain c { tcp dport { 80, 443 } accept
			ip saddr @s drop
		}
	}`, "nft", "-f", "-")
	inNamespace(t, ns, "*mangle\n-A FORWARD -j ACCEPT\nCOMMIT\n", "ip6tables-legacy-restore")
	inNamespace(t, ns, "*raw\n-A PREROUTING -j ACCEPT\nCOMMIT\n", "iptables-legacy-restore")
	r := takeRules(t, ns).Ruleset
	if len(r.Tables) != 1 || len(r.Chains) != 1 || len(r.Rules) != 2 || len(r.Sets) != 2 || len(r.Objects) != 1 || r.Generation == 0 {
		t.Errorf("%d tables, %d chains, %d rules, %d sets, %d objects, generation %d", len(r.Tables), len(r.Chains), len(r.Rules), len(r.Sets), len(r.Objects), r.Generation)
	}
	elements := 0
	for _, msg := range r.Elements {
		elements += len(nft.DecodeElements(msg))
	}
	if elements != 4 {
		t.Errorf("%d elements", elements)
	}
	if len(r.Legacy) != 2 || r.Legacy[0].Name != "raw" || r.Legacy[0].IP6 || r.Legacy[1].Name != "mangle" || !r.Legacy[1].IP6 {
		t.Errorf("%+v", r.Legacy)
	}
}

// A ruleset that is changed all the time is of one moment, or said not to be.
func TestRulesetChanges(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	// Each change puts one rule more into both chains.
	inNamespace(t, ns, "table ip t {\nchain a { }\nchain b { }\n}", "nft", "-f", "-")
	stop := make(chan struct{})
	var changes sync.WaitGroup
	changes.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				inNamespace(t, ns, "add rule ip t a counter\nadd rule ip t b counter\n", "nft", "-f", "-")
			}
		}
	})
	changed, whole := 0, 0
	for range 60 {
		got := takeRules(t, ns)
		if len(got.Unreadable) > 0 {
			t.Errorf("%+v", got.Unreadable)
		}
		if len(got.Changed) > 0 {
			changed++
			continue
		}
		whole++
		count := map[string]int{}
		for _, msg := range got.Ruleset.Rules {
			_, _, chain, _ := nft.RuleOf(msg)
			count[string(chain)]++
		}
		if count["a"] != count["b"] {
			t.Errorf("%v", count)
		}
	}
	close(stop)
	changes.Wait()
	if whole == 0 {
		t.Errorf("%d times of 60 it changed", changed)
	}
}
