package iproute

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/chains"
	write "github.com/pktrail/pktrail/internal/render/iproute"
)

// readFile reads a file, all of which must be understood.
func readFile(tb testing.TB, name string) *Fragment {
	tb.Helper()
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	got, err := Read(f, name)
	if err != nil {
		tb.Fatal(err)
	}
	if len(got.Kinds) == 0 {
		tb.Errorf("%s: nothing found", name)
	}
	wellUnderstood(tb, got)
	return got
}

func wellUnderstood(tb testing.TB, f *Fragment) {
	tb.Helper()
	for _, e := range f.Errors {
		tb.Errorf("%v", e)
	}
	if f.Wrong != len(f.Errors) {
		tb.Errorf("%d lines are wrong", f.Wrong)
	}
}

// readText reads a text, all of which must be understood.
func readText(tb testing.TB, name, text string) *netstate.Namespace {
	tb.Helper()
	f, err := Read(strings.NewReader(text), name)
	if err != nil {
		tb.Fatal(err)
	}
	wellUnderstood(tb, f)
	return Merge("node", f).Host()
}

// sameLines compares line by line.
func sameLines(tb testing.TB, what, got, want string) {
	tb.Helper()
	g, w := strings.Split(strings.TrimSpace(got), "\n"), strings.Split(strings.TrimSpace(want), "\n")
	if len(g) != len(w) {
		tb.Errorf("%s: %d lines, want %d", what, len(g), len(w))
	}
	for i := range min(len(g), len(w)) {
		if strings.TrimRight(g[i], " ") != strings.TrimRight(w[i], " ") {
			tb.Errorf("%s, line %d\n got %q\nwant %q", what, i+1, g[i], w[i])
		}
	}
}

// sections are the parts of a file with "## command" between them.
func sections(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq("\n"+text, "\n## ") {
		command, body, _ := strings.Cut(part, "\n")
		all[command] = body
	}
	return all
}

// What is read of real nodes writes itself as the tools wrote it.
func TestNodes(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/c*/*.host.txt")
	if err != nil || len(names) != 6 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := readFile(t, name)
			if want := strings.TrimSuffix(filepath.Base(name), ".host.txt"); f.Host != want {
				t.Errorf("of the host %q, want %q", f.Host, want)
			}
			s := Merge(f.Host, f)
			ns := s.Host()
			o := write.Options{Netns: write.NetnsNames(s, ns)}
			details := o
			details.Details = true
			rules := o
			rules.Family = "inet"
			parts := sections(string(text))
			for command, got := range map[string][]byte{
				"ip addr": write.Addresses(ns, o), "ip rule": write.Rules(ns, rules), "ip route show table all": write.Routes(ns, o),
				"ip neigh": write.Neighbours(ns, o), "ip -d link": write.Links(ns, details),
			} {
				sameLines(t, command, withoutPassing(string(got)), withoutPassing(parts[command]))
			}
			if want := parts["bridge fdb show"]; want != "" {
				sameLines(t, "bridge fdb", string(write.FDB(ns, o)), want)
			}
			if want := parts["sysctl -a -r net.ipv4.conf.*(proxy_arp|rp_filter|forwarding|route_localnet)"]; want != "" {
				if n := strings.Count(want, " = "); n != len(ns.Sysctls) || n == 0 {
					t.Errorf("%d settings, want %d", len(ns.Sysctls), n)
				}
			}
			sameSave(t, ns, parts["iptables-save -c"])
		})
	}
}

// withoutPassing leaves out a pair of links that Calico makes for a moment:
// they are in one of two listings.
func withoutPassing(text string) string {
	var all []string
	skip := false
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, " ") {
			skip = strings.Contains(line, "calico_tmp")
		}
		if !skip {
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n")
}

// sameSave compares the rules with those of iptables-save -c.
func sameSave(t *testing.T, ns *netstate.Namespace, want string) {
	t.Helper()
	x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := x.WriteSave(&got, chains.Save{Counters: true}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(want) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	sameLines(t, "iptables-save -c", sortTables(got.String()), sortTables(strings.Join(lines, "")))
}

func sortTables(save string) string {
	tables := strings.SplitAfter(save, "COMMIT\n")
	for i := range tables {
		for j := range i {
			if tables[i] < tables[j] {
				tables[i], tables[j] = tables[j], tables[i]
			}
		}
	}
	return strings.Join(tables, "")
}

// ip -j says the same as ip.
func TestNodesJSON(t *testing.T) {
	t.Parallel()
	for _, node := range []string{"c-node1", "c-node2", "c-node1-misrouted"} {
		host, js := readFile(t, "testdata/cilium/"+node+".host.txt"), readFile(t, "testdata/cilium/"+node+".ip.json")
		if host.Host != js.Host {
			t.Errorf("hosts %q and %q", host.Host, js.Host)
		}
		a, b, both := Merge(node, host).Host(), Merge(node, js).Host(), Merge(node, host, js).Host()
		o := write.Options{Netns: func(int32) string { return "other" }}
		sameLines(t, "addr", string(write.Addresses(b, o)), string(write.Addresses(a, o)))
		sameLines(t, "route", string(write.Routes(b, o)), string(write.Routes(a, o)))
		sameLines(t, "rule", string(write.Rules(b, o)), string(write.Rules(a, o)))
		// Both together say no more.
		sameLines(t, "addr of both", string(write.Addresses(both, o)), string(write.Addresses(a, o)))
		sameLines(t, "route of both", string(write.Routes(both, o)), string(write.Routes(a, o)))
		sameLines(t, "rule of both", string(write.Rules(both, o)), string(write.Rules(a, o)))
	}
}

// The host of the article: names of files alone say which table it is.
func TestArticle(t *testing.T) {
	t.Parallel()
	var all []*Fragment
	for _, name := range []string{"ip-rule", "ip-route-table-main", "ip-route-table-local"} {
		f := readFile(t, "testdata/ceph2/ceph2-"+name+".txt")
		if f.Host != "ceph2" {
			t.Errorf("%s is of %q", name, f.Host)
		}
		all = append(all, f)
	}
	s := Merge("ceph2", all...)
	ns := s.Host()
	want := ""
	for _, name := range []string{"main", "local"} {
		b, err := os.ReadFile("testdata/ceph2/ceph2-ip-route-table-" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			words := strings.Fields(line)
			if name == "local" {
				for i, w := range words {
					if w == "proto" {
						words = append(words[:i], append([]string{"table", "local"}, words[i:]...)...)
						break
					}
				}
			}
			want += strings.Join(words, " ") + "\n"
		}
	}
	sameLines(t, "routes", string(write.Routes(ns, write.Options{})), want)
	sameLines(t, "rules", string(write.Rules(ns, write.Options{})), "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default")
	if why, ok := ns.WhyUnreadable(netstate.PartSysctls); !ok {
		t.Error("the settings are known", why)
	}
	for _, u := range ns.Unreadable {
		if u.Part == netstate.PartRoutes && u.What != "inet6" {
			t.Errorf("%v", u)
		}
	}
	if k := ns.LinkByName("enp5s0"); k == nil || !k.Up() {
		t.Errorf("enp5s0 is %v", k)
	}
}

// The text of a rule by its number, as the kernel's log names it.
func TestRuleText(t *testing.T) {
	t.Parallel()
	f := readFile(t, "testdata/calico/k-node1.host.txt")
	ns := Merge(f.Host, f).Host()
	x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
	if err != nil {
		t.Fatal(err)
	}
	r := x.Rule("ip", "raw", "cali-PREROUTING", 4, true)
	if r == nil {
		t.Fatal("no rule")
	}
	const want = `-A cali-PREROUTING -m comment --comment "cali:fSSbGND7dgyemWU7" -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP`
	if r.Text() != want || r.Verdict != "drop" || r.Comment != "cali:fSSbGND7dgyemWU7" || !r.Counted {
		t.Errorf("%+v", r)
	}
	if c := x.Table("ip", "nat", false).Chain("PREROUTING"); c.Priority != -100 || c.Hook != "prerouting" || c.Type != "nat" {
		t.Errorf("%+v", c)
	}
	if len(x.DNATs()) == 0 {
		t.Error("no rule leads to an endpoint")
	}
}

// writeAll writes all of a namespace in all forms: what was read must be writable.
func writeAll(tb testing.TB, s *netstate.Snapshot, ns *netstate.Namespace) {
	tb.Helper()
	for _, o := range []write.Options{{Details: true, Stats: true, Netns: write.NetnsNames(s, ns)}, {JSON: true, Details: true, Stats: true}} {
		write.Links(ns, o)
		write.Addresses(ns, o)
		write.Routes(ns, o)
		write.Rules(ns, o)
		write.Neighbours(ns, o)
		write.FDB(ns, o)
		write.Nexthops(ns, o)
	}
	write.Sysctls(ns)
	x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
	if err != nil {
		tb.Fatal(err)
	}
	x.DNATs()
	var b strings.Builder
	if err := x.WriteText(&b); err != nil {
		tb.Error(err)
	}
	if err := x.WriteJSON(&b, "0"); err != nil {
		tb.Error(err)
	}
	if err := x.WriteSave(&b, chains.Save{Counters: true}); err != nil {
		tb.Error(err)
	}
}
