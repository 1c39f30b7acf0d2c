package iproute

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	write "github.com/pktrail/pktrail/internal/render/iproute"
)

// madeUp are links of all kinds that ip knows, as ip -j -s -d writes them.
func madeUp(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile("../../render/iproute/testdata/kinds.json")
	if err != nil {
		tb.Fatal(err)
	}
	return "[" + strings.Join(strings.Split(strings.TrimSpace(string(b)), "\n"), ",\n") + "]\n"
}

// vfs are virtual functions, which are not kept.
var vfs = regexp.MustCompile(`(?m),"vfinfo_list":\[.*\](\},?)$`)

// Links of all kinds, from JSON and back, and from text and back.
func TestKinds(t *testing.T) {
	t.Parallel()
	text := madeUp(t)
	ns := readText(t, "ip-link.json", text)
	o := write.Options{JSON: true, Details: true, Stats: true}
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(text)); err != nil {
		t.Fatal(err)
	}
	split := func(s string) string { return strings.ReplaceAll(s, `{"ifindex"`, "\n"+`{"ifindex"`) }
	sameLines(t, "ip -j -d link", split(string(write.Links(ns, o))), vfs.ReplaceAllString(split(want.String()), "$1"))

	for _, o := range []write.Options{{}, {Details: true}, {Stats: true}, {Details: true, Stats: true}} {
		// ip forgets a space behind a state that it does not know.
		first := strings.ReplaceAll(string(write.Links(ns, o)), "state 0x9group", "state 0x9 group")
		again := readText(t, "ip-link", first)
		sameLines(t, "ip link", strings.ReplaceAll(string(write.Links(again, o)), "state 0x9group", "state 0x9 group"), first)
	}
}

// Routes, rules and objects that few machines have.
func TestByHand(t *testing.T) {
	t.Parallel()
	const propagate = "ttl-propogate" //nolint:misspell // as ip spells it
	const eth0 = "2: eth0: <UP,LOWER_UP> mtu 1500\n    link/ether 02:00:00:00:00:01\n"
	const routes = `default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.5 metric 100
10.1.0.0/16 proto static metric 20
	nexthop via 10.0.0.2 dev eth0 weight 1
	nexthop via inet6 fe80::2 dev eth0 weight 3 onlink
10.2.0.0/16 via inet6 fe80::1 dev eth0
10.3.0.0/16 tos AF21 via 10.0.0.1 dev eth0 table 100 mark 0x10 realms 5/6 mtu lock 1400 rtt 500ms advmss 1360 features ecn rto_min 2.5s congctl bbr
10.4.0.0/16  encap ip id 7 src 1.1.1.1 dst 2.2.2.2 ttl 9 tos 0 csum via 10.0.0.1 dev eth0
10.5.0.0/16  encap mpls  100/200 ttl 9 via 10.0.0.1 dev eth0
unreachable 10.6.0.0/16 metric 4294967295
blackhole 10.7.0.0/16 proto bird
10.8.0.0/16 nhid 12 proto zebra
throw 10.9.0.0/16 table 77
100 as to 200/300 via inet 10.0.0.1 dev eth0 proto static ` + propagate + ` disabled
101 proto static
	nexthop via inet6 fe80::1 dev eth0
	nexthop as to 5 dev eth0
fd00::/64 dev eth0 proto ra metric 256 expires 12sec hoplimit 64 pref high
fd01::/64 from fd02::/48 via fe80::1 dev eth0 proto static metric 1024 pref medium
default via fe80::1 dev eth0 proto ra metric 1024 error -101 iif eth0 pref low
fd03::/64  encap seg6 mode encap segs 2 [ fd00::1 fd00::2 ] hmac BEEF dev eth0 metric 1024 pref medium
fd04::/64  encap bpf in a_prog out xmit x  14 dev eth0 metric 1024 pref medium
fd05::/64  encap seg6local action End.DX6 nh6 fd00::9 flavors psp,usd dev eth0 metric 1024 pref medium
fd06::/64  encap ip6 id 1 dst fd00::1 hoplimit 3 tc 0 dev eth0 metric 1024 pref medium
default dev eth0 metric 5 pref medium
`
	ns := readText(t, "x-ip-route-show-table-all", eth0+routes)
	// ip writes an error as a number without a sign.
	want := strings.ReplaceAll(routes, "error -101", "error 4294967195")
	sameLines(t, "routes", string(write.Routes(ns, write.Options{})), want)
	js := readText(t, "x", string(write.Links(ns, write.Options{JSON: true}))+string(write.Routes(ns, write.Options{JSON: true})))
	// JSON does not say which metrics are locked.
	sameLines(t, "routes of JSON", string(write.Routes(js, write.Options{})), strings.ReplaceAll(want, "lock ", ""))
	families := map[string]int{}
	for _, r := range ns.Routes {
		families[r.Family]++
	}
	if families["inet"] != 10 || families["inet6"] != 8 || families["mpls"] != 2 {
		t.Errorf("%v", families)
	}

	const rules = `0:	from all lookup local
10:	not from 10.0.0.0/8 to 0/0 tos 0x10 fwmark 0x1/0xff iif eth0 [detached] oif eth1 uidrange 0-99 ipproto tcp sport 80-90 dport 443 lookup 100 suppress_prefixlength 0 suppress_ifgroup default
11:	from all lookup [l3mdev-table] proto zebra
12:	from all dport 0x50/0xf0 tun_id 7 lookup main realms 3/4
13:	from all goto 20 [unresolved]
14:	from all nop
15:	from 10.1.1.1 unreachable
16:	from all blackhole
17:	from all lookup 9 dscp EF
18:	from all lookup 9 dscp 0x8/0xc flowlabel 0x5/0xff
19:	from all lookup 9 [unknown attribute 99]
32767:	from all lookup default
`
	ns = readText(t, "x", rules)
	sameLines(t, "rules", string(write.Rules(ns, write.Options{})), rules)
	js = readText(t, "x", string(write.Rules(ns, write.Options{JSON: true})))
	sameLines(t, "rules of JSON", string(write.Rules(js, write.Options{})), rules)

	const nexthops = `id 1 via 10.0.0.1 dev eth0 scope link
id 2 blackhole proto zebra
id 3 group 1,2/2
id 4 group 1 type resilient buckets 32 idle_timer 1.5 unbalanced_timer 0 unbalanced_time 3
id 5 via fe80::1 fdb
`
	ns = readText(t, "x", eth0+nexthops)
	sameLines(t, "nexthops", string(write.Nexthops(ns, write.Options{})), nexthops)
	js = readText(t, "x", string(write.Links(ns, write.Options{JSON: true}))+string(write.Nexthops(ns, write.Options{JSON: true})))
	sameLines(t, "nexthops of JSON", string(write.Nexthops(js, write.Options{})), nexthops)
}

// Families that nothing but the context tells.
func TestFamilies(t *testing.T) {
	t.Parallel()
	const plain = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
	for _, c := range []struct{ name, text, want string }{
		{"ip-rule", plain, "inet inet"},
		{"host-ip-6-rule.txt", plain, "inet6 inet6"},
		{"x", "## ip -6 rule\n" + plain, "inet6 inet6"},
		{"x", "root@n1:~# ip -f inet6 ru\n" + plain, "inet6 inet6"},
		{"x", plain + "32767:\tfrom all lookup default\n" + plain, "inet inet inet inet6 inet6"},
		{"x", plain + "5:\tfrom fd00::/8 lookup 7\n", "inet inet inet6"},
		{"x", "0:\tfrom all lookup local\n5:\tfrom fd00::/8 lookup 7\n", "inet6 inet6"},
	} {
		var got []string
		for _, r := range readText(t, c.name, c.text).Rules {
			got = append(got, r.Family)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %q: %v", c.name, c.text, got)
		}
	}
	for _, c := range []struct {
		name, text, family string
		table              uint32
	}{
		{"x", "default dev tun0 scope link", "inet", 254},
		{"x", "## ip -6 route show table 9\ndefault dev tun0", "inet6", 9},
		{"x", "default dev tun0 metric 1 pref medium", "inet6", 254},
		{"a-ip-route-table-vpn", "default dev tun0", "inet", 0},
		{"x", "local 10.0.0.1 dev lo scope host", "inet", 255},
		{"x", "fe80::/64 dev lo metric 1\ndefault dev lo metric 2", "inet6", 254},
	} {
		ns := readText(t, c.name, c.text)
		r := ns.Routes[len(ns.Routes)-1]
		if c.table == 0 { // a name alone
			if ns.TableNames[r.Table] != "vpn" {
				t.Errorf("%v %d", ns.TableNames, r.Table)
			}
			c.table = r.Table
		}
		if r.Family != c.family || r.Table != c.table {
			t.Errorf("%s %q: %s table %d", c.name, c.text, r.Family, r.Table)
		}
	}
	ns := readText(t, "x", "5: from all fwmark 1 lookup vpn\n## ip route show table vpn\ndefault dev tun0\n")
	if ns.Rules[0].Table != ns.Routes[0].Table || ns.Rules[0].Table>>31 != 1 {
		t.Errorf("table %d and %d", ns.Rules[0].Table, ns.Routes[0].Table)
	}
}

// Several inputs of one machine fit together: names of interfaces that a later
// one gives the index of.
func TestMerge(t *testing.T) {
	t.Parallel()
	read := func(name, text string) *Fragment {
		f, err := Read(strings.NewReader(text), name)
		if err != nil {
			t.Fatal(err)
		}
		wellUnderstood(t, f)
		return f
	}
	route := read("n1-ip-route.txt", "10.0.0.0/8 dev eth7\n10.1.0.0/16 dev eth8\n11.0.0.0/8 dev if44\n")
	link := read("n1-ip-link.txt", "7: eth7@eth8: <BROADCAST> mtu 1500\n    link/ether 02:00:00:00:00:01\n8: eth8@if3: <UP>\n    link/ether 02:00:00:00:00:02 link-netns far\n")
	far := read("n1", "$ ip netns exec far ip addr\n3: eth0@if8: <UP>\n    link/ether 02:00:00:00:00:03 link-netnsid 0\n    inet 10.0.0.9/24 scope global eth0\n")
	for _, order := range [][]*Fragment{{route, link, far}, {far, link, route}, {link, route, far, link, route}} {
		s := Merge("n1", order...)
		ns := s.Host()
		if len(ns.Routes) != 3 || ns.Routes[0].Hops[0].Link != 7 || ns.Routes[1].Hops[0].Link != 8 || ns.Routes[2].Hops[0].Link != 44 {
			t.Errorf("%+v", ns.Routes)
		}
		if len(ns.Links) != 2 || ns.Link(7).Parent != 8 || ns.Link(8).Parent != 3 || ns.Link(7).Up() || !ns.Link(8).Up() {
			t.Errorf("%+v", ns.Links)
		}
		other := s.Namespace(ns.Peers[*ns.Link(8).ParentNSID])
		if other == nil || len(other.Names) != 1 || other.Names[0] != "/run/netns/far" || len(other.Addresses) != 1 || other.Peers[0] != ns.Inode {
			t.Errorf("%+v", other)
		}
		if !s.Readable() || s.Version != netstate.Version {
			t.Errorf("%+v", s)
		}
	}
}
