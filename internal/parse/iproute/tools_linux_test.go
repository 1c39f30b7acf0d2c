package iproute

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	write "github.com/pktrail/pktrail/internal/render/iproute"
)

// bed is a namespace with something of everything in it.
type bed struct {
	tb       testing.TB
	ns, peer string
}

func newBed(tb testing.TB) *bed {
	tb.Helper()
	labtest.RequireTool(tb, "ip")
	return &bed{tb, labtest.Namespace(tb), labtest.Namespace(tb)}
}

func (b *bed) try(stdin string, argv ...string) (string, error) {
	b.tb.Helper()
	labtest.RequireTool(b.tb, argv[0])
	c := exec.CommandContext(b.tb.Context(), "ip", append([]string{"netns", "exec", b.ns}, argv...)...)
	c.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", argv, err, stderr.String())
	}
	return string(out), nil
}

func (b *bed) run(stdin string, argv ...string) string {
	b.tb.Helper()
	out, err := b.try(stdin, argv...)
	if err != nil {
		b.tb.Fatal(err)
	}
	return out
}

func (b *bed) ip(lines ...string) {
	b.tb.Helper()
	for _, line := range lines {
		b.run("", append([]string{"ip"}, strings.Fields(line)...)...)
	}
}

// take takes a snapshot as pktrail itself does.
func (b *bed) take(parts ...netstate.Part) *netstate.Namespace {
	b.tb.Helper()
	f, err := os.Open("/run/netns/" + b.ns)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer f.Close()
	ns, err := netlink.Take(b.tb.Context(), f, netlink.Options{Parts: parts})
	if err != nil {
		b.tb.Fatal(err)
	}
	return ns
}

// fill makes links, addresses, routes, rules and neighbours of many kinds.
func (b *bed) fill() {
	b.tb.Helper()
	b.ip(
		"link add eth0 type veth peer name eth0 netns "+b.peer, "link set lo up", "link set eth0 up", "link set eth0 address 02:11:22:33:44:55",
		"-n "+b.peer+" link set eth0 up", "link add a0 type veth peer name a1", "link set a0 up", "link set a1 up",
		"link add br0 type bridge", "link set br0 up", "link add p0 type veth peer name p1", "link set p0 master br0",
		"link set p0 type bridge_slave hairpin on isolated on",
		"link add vx0 type vxlan id 42 dstport 4789 local 192.0.2.1 nolearning", "link set vx0 up",
		"link add mv0 link eth0 type macvlan mode bridge", "link add dn0 type ifb", "link set dn0 alias a\\text", "link property add dev dn0 altname other-name",
		"tuntap add tun0 mode tun", "addr add 10.0.0.1/24 dev eth0", "addr add 10.0.0.2/24 dev eth0 label eth0:1 preferred_lft 0 valid_lft 500",
		"addr add 10.9.0.1 peer 10.9.0.2/32 dev tun0", "addr add fd00::1/64 dev eth0 nodad noprefixroute",
		"route add default via 10.0.0.254", "route add 10.1.0.0/16 via 10.0.0.253 src 10.0.0.1 metric 7 mtu lock 1300 table 100",
		"route add 10.2.0.0/16 nexthop via 10.0.0.3 weight 2 nexthop dev a0 weight 1", "route add blackhole 10.3.0.0/16", "route add unreachable 10.4.0.0/16 proto static",
		"route add 10.5.0.0/16 via inet6 fe80::9 dev eth0", "route add throw 10.6.0.0/16 table 100", "route add 10.8.0.0/16 tos 0x10 dev a0 table 7000 onlink via 1.2.3.4",
		"-6 route add fd01::/64 via fe80::1 dev eth0 metric 5", "-6 route add default dev a0 table 100", "-6 route add prohibit fd02::/64",
		"-6 route add fd03::/64 nexthop via fe80::2 dev eth0 nexthop via fe80::3 dev a0",
		"rule add from 10.0.0.0/8 to 10.5.0.0/16 fwmark 0x1/0xff iif eth0 lookup 100 pref 100", "rule add not oif gone lookup 7000 pref 101",
		"rule add ipproto tcp dport 80-90 blackhole pref 102", "rule add from 10.7.7.7 goto 32766 pref 103", "rule add uidrange 5-6 lookup main suppress_prefixlength 0 pref 104",
		"-6 rule add from fd00::/8 lookup 100 pref 100", "-6 rule add iif lo prohibit pref 200",
		"neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev eth0 nud permanent", "neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud stale",
		"neigh add fd00::9 lladdr 02:00:00:00:00:09 dev eth0 router nud permanent", "neigh add proxy 10.0.0.66 dev eth0",
	)
	b.run("", "bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vx0", "dst", "192.0.2.7", "port", "4790", "vni", "9")
	b.run("", "bridge", "fdb", "add", "02:00:00:00:00:77", "dev", "p0", "master", "static")
	for _, optional := range []string{
		"link add vrf0 type vrf table 100", "link add bo0 type bond mode 802.3ad", "link add gre1 type gre local 192.0.2.1 remote 192.0.2.2 key 7",
		"link add vl0 link a1 type vlan id 5 ingress-qos-map 1:2", "nexthop add id 5 via 10.0.0.5 dev eth0",
	} {
		if _, err := b.try("", append([]string{"ip"}, strings.Fields(optional)...)...); err != nil {
			b.tb.Log(err)
		}
	}
	last := ""
	since := time.Now()
	labtest.Wait(b.tb, 20*time.Second, "quiet links", func() bool {
		now := b.run("", "ip", "addr") + b.run("", "ip", "route", "show", "table", "all")
		if strings.ReplaceAll(now, "sec", "") != last || strings.Contains(now, "tentative") {
			last, since = strings.ReplaceAll(now, "sec", ""), time.Now()
		}
		return time.Since(since) > time.Second || strings.Contains(now, "valid_lft 4") && time.Since(since) > 500*time.Millisecond
	})
}

// What ip and bridge write is read, all of it, and writes itself the same.
func TestTools(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	peer := func(int32) string { return b.peer }
	for _, c := range []struct {
		command string
		options write.Options
		list    func(*netstate.Namespace, write.Options) []byte
	}{
		{"ip link", write.Options{}, write.Links},
		{"ip -d link", write.Options{Details: true}, write.Links},
		{"ip -s link", write.Options{Stats: true}, write.Links},
		{"ip -s -d link", write.Options{Stats: true, Details: true}, write.Links},
		{"ip addr", write.Options{}, write.Addresses},
		{"ip -d addr", write.Options{Details: true}, write.Addresses},
		{"ip -o addr", write.Options{}, nil},
		{"ip -o link", write.Options{}, write.Links},
		{"ip -c addr", write.Options{}, write.Addresses},
		{"ip rule", write.Options{Family: "inet"}, write.Rules},
		{"ip -6 rule", write.Options{Family: "inet6"}, write.Rules},
		{"ip -d rule", write.Options{Family: "inet", Details: true}, nil},
		{"ip route show table all", write.Options{}, write.Routes},
		{"ip -o route show table all", write.Options{}, write.Routes},
		{"ip -d route show table all", write.Options{Details: true}, write.Routes},
		{"ip -6 route show table all", write.Options{Family: "inet6"}, write.Routes},
		{"ip -6 route", write.Options{Family: "inet6"}, write.Routes},
		{"ip route", write.Options{Family: "inet"}, write.Routes},
		{"ip neigh", write.Options{}, write.Neighbours},
		{"ip -s neigh", write.Options{Stats: true}, write.Neighbours},
		{"ip neigh show proxy", write.Options{}, write.ProxyNeighbours},
		{"ip nexthop", write.Options{}, write.Nexthops},
		{"bridge fdb", write.Options{}, write.FDB},
		{"bridge -s fdb", write.Options{Stats: true}, write.FDB},
	} {
		for _, js := range []bool{false, true} {
			argv := strings.Fields(c.command)
			if js && (strings.Contains(c.command, " -o ") || strings.Contains(c.command, " -c ")) {
				continue
			}
			if js {
				argv = append([]string{argv[0], "-j"}, argv[1:]...)
			}
			text := b.run("", argv...)
			// Names of interfaces need their indexes.
			links := "## ip -j link\n" + b.run("", "ip", "-j", "link")
			if strings.Contains(c.command, "link") || strings.Contains(c.command, "addr") {
				links = ""
			}
			f, err := Read(strings.NewReader(links+"## "+strings.Join(argv, " ")+"\n"+text), "x")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range f.Errors {
				t.Errorf("%s: %v", argv, e)
			}
			if c.list == nil {
				continue
			}
			c.options.JSON, c.options.Netns = js, peer
			got := string(c.list(Merge("x", f).Host(), c.options))
			if js {
				got, text = strings.ReplaceAll(got, "},{", "},\n{"), strings.ReplaceAll(text, "},{", "},\n{")
				got, text = compact(t, got), compact(t, text)
			}
			if strings.Contains(c.command, "-o") {
				continue // other lines
			}
			var lines []string
			for line := range strings.SplitSeq(text, "\n") {
				lines = append(lines, plain(line))
			}
			sameLines(t, strings.Join(argv, " "), got, strings.Join(lines, "\n"))
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err, text)
	}
	return strings.ReplaceAll(b.String(), "},{", "},\n{")
}

// What is read of the tools' text is what pktrail itself takes.
func TestAsTaken(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	var text strings.Builder
	for _, command := range []string{
		"ip -d link", "ip addr", "ip rule", "ip -6 rule", "ip route show table all", "ip -s neigh", "ip neigh show proxy", "bridge fdb", "ip nexthop",
	} {
		text.WriteString("\n$ " + command + "\n" + b.run("", strings.Fields(command)...))
	}
	want := b.take()
	got := readText(t, "x", text.String())
	for i := range want.Addresses {
		a := &want.Addresses[i]
		a.Created, a.Updated, a.Raw, a.Protocol = 0, 0, nil, 0
	}
	order := func(a, b netstate.Address) int { return a.Link - b.Link }
	slices.SortStableFunc(want.Addresses, order)
	sameNouns(t, "addresses", blur(got.Addresses), blur(want.Addresses))
	want.Rules = slices.DeleteFunc(want.Rules, func(r netstate.Rule) bool { return r.Family != "inet" && r.Family != "inet6" })
	for i := range want.Rules {
		want.Rules[i].Flags &^= 1 // permanent
		want.Rules[i].Protocol = 0
		want.Rules[i].Raw = nil
		if r := want.Rules[i]; r.Action == 2 && r.Goto == 32766 {
			want.Rules[i].Flags &^= 4
		}
	}
	for i := range got.Rules {
		got.Rules[i].Protocol = 0
	}
	sameNouns(t, "rules", got.Rules, want.Rules)
	var routes []netstate.Route
	for _, r := range want.Routes {
		if r.Family == "inet" || r.Family == "inet6" {
			r.Raw = nil
			if len(r.Hops) == 0 {
				r.Hops = nil
			}
			routes = append(routes, r)
		}
	}
	sameNouns(t, "routes", got.Routes, routes)
	for i := range want.FDB {
		e := &want.FDB[i]
		e.Sent, e.Used, e.Updated, e.Raw, e.ExtFlags = 0, 0, 0, nil, 0
		if e.State&statePermanent != 0 { // one word for both bits
			e.State = statePermanent
		}
	}
	for i := range got.FDB {
		got.FDB[i].Sent = 0
	}
	sameNouns(t, "FDB", got.FDB, want.FDB)
	for i, k := range got.Links {
		w := want.Links[i]
		if k.Name != w.Name || k.Index != w.Index || k.Kind != w.Kind || k.Master != w.Master || k.Parent != w.Parent || k.Type != w.Type ||
			k.MTU != w.MTU || k.Address != w.Address || k.Flags != w.Flags || k.State != w.State || k.Alias != w.Alias || k.PortKind != w.PortKind {
			t.Errorf("got %+v\nwant %+v", k, w)
		}
	}
	if len(got.Links) != len(want.Links) {
		t.Errorf("%d links, want %d", len(got.Links), len(want.Links))
	}
}

// blur takes away what is left of addresses' lives.
func blur(all []netstate.Address) []netstate.Address {
	for i := range all {
		if all[i].Valid != 1<<32-1 {
			all[i].Valid = 1
		}
	}
	return all
}

// sameNouns compares lists of nouns by their JSON.
func sameNouns[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%d %s, want %d", len(got), what, len(want))
	}
	var lines [2]string
	for i, list := range [...][]T{got, want} {
		for _, one := range list {
			b, err := json.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			lines[i] += string(b) + "\n"
		}
	}
	sameLines(t, what, lines[0], lines[1])
}
