//go:build !pktrail_lite

package ask

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestSettingsAgainstSysctl reads what `sysctl -a` of the namespace shows.
func TestSettingsAgainstSysctl(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.in("ip link add link eth0 name eth0.5 type macvlan")
	b.in("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0/5.rp_filter=2 net.ipv4.ip_default_ttl=77")
	var names, want []string
	for line := range strings.Lines(b.in("sysctl -a -r ^net[.]ipv[46]")) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " =")
		if !ok || strings.HasSuffix(name, "stable_secret") || strings.HasSuffix(name, "tcp_fastopen_key") ||
			strings.HasSuffix(name, ".flush") {
			continue // not readable, or a secret made anew for each reader
		}
		names, want = append(names, name), append(want, strings.Join(strings.Fields(value), " "))
	}
	if len(names) < 300 || !slices.Contains(names, "net.ipv4.conf.eth0/5.rp_filter") {
		t.Fatalf("%d settings: %v", len(names), names[:min(len(names), 5)])
	}
	set, missing, err := b.Settings(append(names, "net.ipv4.nope", "net.ipv4.conf.gone.rp_filter")...)
	if err != nil || !slices.Equal(missing, []string{"net.ipv4.nope", "net.ipv4.conf.gone.rp_filter"}) {
		t.Fatal(missing, err)
	}
	for i, s := range set {
		if s.Name != names[i] || s.Value != want[i] {
			t.Errorf("%+v, sysctl has %s = %s", s, names[i], want[i])
		}
	}
	if n := ConfName("ipv4", "eth0.5", "rp_filter"); n != "net.ipv4.conf.eth0/5.rp_filter" {
		t.Error(n)
	}
	for _, bad := range []string{"kernel.hostname", "net.ipv4.//.//.//kernel.hostname", "net...x", "", "net/ipv4", "net.ipv4."} {
		if set, _, err := b.Settings(bad); err == nil {
			t.Errorf("%q was read: %v", bad, set)
		}
	}
}

// TestSettingsOfNamespace: two namespaces at once, each with its own.
func TestSettingsOfNamespace(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	peer := openAsker(t, b.peers[0])
	b.in("sysctl -qw net.ipv4.ip_forward=1")
	for range 20 {
		for i, a := range []*Asker{peer, b.Asker} {
			set, _, err := a.Settings("net.ipv4.ip_forward")
			if err != nil || set[0].Value != fmt.Sprint(i) {
				t.Fatal(set, err)
			}
		}
	}
}

// TestNeighbours: one that answered, one that does not, one that was never
// asked for, one that somebody wrote down.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	labtest.Ping(t, b.ns, addr("10.0.0.2"))
	labtest.Ping(t, b.ns, addr("fd00::2"))
	b.ip("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent")
	c := labtest.Dial(t, b.ns, "udp", "10.0.0.66:9")
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ addr, states, mac string }{
		{"10.0.0.2", "REACHABLE STALE DELAY", "peer"}, {"fd00::2", "REACHABLE STALE DELAY", "peer"},
		{"10.0.0.66", "INCOMPLETE", ""}, {"10.0.0.9", "PERMANENT", "02:00:00:00:00:09"},
	} {
		n, ok, err := b.Neighbour(addr(c.addr), "eth0")
		if c.mac == "peer" {
			links, err := openAsker(t, b.peers[0]).Links()
			if err != nil {
				t.Fatal(err)
			}
			c.mac = links[slices.IndexFunc(links, func(l Link) bool { return l.Name == "eth0" })].MAC
		}
		if err != nil || !ok || n.Device != "eth0" || n.Addr != addr(c.addr) || n.MAC != c.mac || !strings.Contains(c.states, n.State) {
			t.Errorf("%s: %+v, %v, %v", c.addr, n, ok, err)
		}
	}
	labtest.Wait(t, 10*time.Second, "no answer", func() bool {
		n, ok, err := b.Neighbour(addr("10.0.0.66"), "eth0")
		return err == nil && ok && n.State == "FAILED"
	})
	if n, ok, err := b.Neighbour(addr("10.0.0.200"), "eth0"); ok || err != nil || n.State != "NONE" {
		t.Errorf("%+v, %v, %v", n, ok, err)
	}
	if _, _, err := b.Neighbour(addr("10.0.0.2"), "gone"); !errors.Is(err, syscall.ENODEV) {
		t.Error(err)
	}
}

// TestFDBAgainstBridge compares all lists of a lab's node with bridge(8).
func TestFDBAgainstBridge(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Flavour: lab.Flannel, Nodes: 2, Pods: 2})
	labtest.Ping(t, l.Pods[0].Name, l.Pods[3].IPv4)
	node := l.Pods[0].Node
	b := bed{Asker: openAsker(t, node), t: t, ns: node}
	seen := 0
	for _, dev := range []string{"cni0", "flannel.1"} {
		entries, err := b.FDB(dev, "")
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, e := range entries {
			got = append(got, e.String())
			one, err := b.FDB(dev, e.MAC)
			if err != nil || !slices.ContainsFunc(one, func(f FDBEntry) bool { return f.String() == e.String() }) {
				t.Errorf("%s: %v, %v", e, one, err)
			}
		}
		for line := range strings.Lines(b.do("bridge -n " + node + " fdb show")) {
			if line = oneLine(line); strings.Contains(line, "dev "+dev+" ") || strings.Contains(line, "master "+dev) {
				want = append(want, line)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", dev, d)
		}
		seen += len(got)
	}
	if seen < 4 {
		t.Errorf("only %d entries", seen)
	}
}

// TestLinksAgainstIproute compares with `ip -j addr`.
func TestLinksAgainstIproute(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ip("link add br0 mtu 1400 type bridge")
	b.ip("link set eth1 master br0")
	b.ip("link set eth1 group 7")
	b.ip("addr add 10.5.0.1 peer 10.5.0.2/32 dev br0")
	var want []struct {
		Index   int    `json:"ifindex"`
		Name    string `json:"ifname"`
		MTU     int    `json:"mtu"`
		State   string `json:"operstate"`
		Master  string `json:"master"`
		Address string `json:"address"`
		Group   string `json:"group"`
		Flags   []string
		Info    struct {
			Kind string `json:"info_kind"`
		} `json:"linkinfo"`
		Addrs []struct {
			Local string `json:"local"`
			Len   int    `json:"prefixlen"`
		} `json:"addr_info"`
	}
	if err := json.Unmarshal([]byte(b.ip("-d -j addr")), &want); err != nil {
		t.Fatal(err)
	}
	links, err := b.Links()
	if err != nil || len(links) != len(want) {
		t.Fatal(links, err)
	}
	names := map[int]string{}
	for _, l := range links {
		names[l.Index] = l.Name
	}
	for i, w := range want {
		l := links[i]
		var addrs []netip.Prefix
		for _, a := range w.Addrs {
			addrs = append(addrs, netip.PrefixFrom(addr(a.Local), a.Len))
		}
		group := map[string]uint32{"default": 0, "7": 7}[w.Group]
		if l.Name != w.Name || l.Index != w.Index || l.MTU != w.MTU || l.State != w.State || names[l.Master] != w.Master ||
			l.MAC != w.Address || l.Kind != w.Info.Kind || l.Up != slices.Contains(w.Flags, "UP") || l.Group != group {
			t.Errorf("%+v, ip has %+v", l, w)
		}
		if d := cmp.Diff(addrs, l.Addresses, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
			t.Errorf("%s: %s", l.Name, d)
		}
	}
}

// TestConntrack looks up a translated connection from both of its ends.
func TestConntrack(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.in("iptables-nft -t nat -A OUTPUT -p tcp -d 10.96.0.10 --dport 80 -j DNAT --to 10.0.0.2:8080")
	b.ip("route add default via 10.0.0.2")
	ln := labtest.Listen(t, b.peers[0], "tcp4", ":8080")
	c := labtest.Dial(t, b.ns, "tcp", "10.96.0.10:80")
	labtest.Ping(t, b.ns, addr("10.0.0.2"))
	port := c.LocalAddr().(*net.TCPAddr).AddrPort().Port()
	f := packet.Flow{Proto: packet.ProtoTCP, Src: addr("10.0.0.1"), Dst: addr("10.96.0.10"), SrcPort: port, DstPort: 80}
	back := packet.Flow{Proto: packet.ProtoTCP, Src: addr("10.0.0.2"), Dst: addr("10.0.0.1"), SrcPort: 8080, DstPort: port}
	for _, ask := range []packet.Flow{f, back} {
		got, ok, err := b.Conntrack(ask, 0)
		want := trail.Conntrack{State: "established", Reply: ask == back, Original: f, Answer: back, Status: got.Status}
		if err != nil || !ok || got.Conntrack != want || got.TCP != "ESTABLISHED" || got.Timeout == 0 || got.Status&0x20 == 0 {
			t.Errorf("%s: %+v, %v, %v", ask, got, ok, err)
		}
	}
	list := b.in("conntrack -L")
	if !strings.Contains(list, fmt.Sprintf("sport=%d dport=80 src=10.0.0.2", port)) {
		t.Error(list)
	}
	n := strings.Count(list, " src=") / 2
	if count, limit, ok, err := b.ConntrackCount(); !ok || err != nil || count != n || limit == 0 {
		t.Errorf("%d of %d, %v, %v; conntrack lists %d", count, limit, ok, err, n)
	}
	_, rest, _ := strings.Cut(list, "type=8 code=0 id=")
	var id uint16
	if _, err := fmt.Sscan(rest, &id); err != nil {
		t.Fatal(err, list)
	}
	echo := packet.Flow{Proto: packet.ProtoICMP, Src: addr("10.0.0.1"), Dst: addr("10.0.0.2"), ID: id}
	for _, ask := range []packet.Flow{echo, echo.Reverse()} {
		if got, ok, err := b.Conntrack(ask, 0); err != nil || !ok || got.Original != echo || got.Reply != (ask != echo) {
			t.Errorf("%s: %+v, %v, %v", ask, got, ok, err)
		}
	}
	f.SrcPort++
	if got, ok, err := b.Conntrack(f, 0); ok || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
}

// TestLog writes into the kernel log as only the kernel's facility would not,
// and waits for a martian of the kernel's own.
func TestLog(t *testing.T) {
	labtest.RequireRoot(t)
	log, err := OpenLog()
	if err != nil {
		t.Fatal(err)
	}
	b := newBed(t)
	b.in("sysctl -qw net.ipv4.conf.all.log_martians=1 net.ipv4.conf.all.rp_filter=1")
	if err := os.WriteFile("/dev/kmsg", []byte("<6>martian source 1.2.3.4 from 5.6.7.8, on dev fake\n"), 0); err != nil {
		t.Fatal(err)
	}
	found := make(chan error, 1)
	go func() {
		for {
			c, err := log.Read()
			switch {
			case err != nil:
				found <- err
				return
			case c.Device == "fake":
				found <- fmt.Errorf("took what a program wrote for the kernel's: %+v", c)
				return
			case c.Kind == MartianSource && c.Src == addr("198.51.100.7") && c.Dst == addr("10.0.0.1") && c.Device == "eth0" && c.Boot > 0:
				found <- nil
				return
			}
		}
	}()
	// The peer sends with a source to which nothing leads.
	b.do("ip -n " + b.peers[0] + " addr add 198.51.100.7/32 dev lo")
	b.do("ip -n " + b.peers[0] + " route add 10.0.0.1/32 dev eth0 src 198.51.100.7")
	c := labtest.Dial(t, b.peers[0], "udp", "10.0.0.1:9")
	labtest.Wait(t, 15*time.Second, "a martian in the kernel log", func() bool {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-found:
			if err != nil {
				t.Error(err)
			}
			return true
		default:
			return false
		}
	})
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := log.Read(); err != nil {
				ended <- err
				return
			}
		}
	}()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestClosed: a closed Asker answers nothing, and says why.
func TestClosed(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	a, err := Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Route(Question{Dst: addr("127.0.0.1")}); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := a.Close(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	_, routeErr := a.Route(Question{Dst: addr("127.0.0.1")})
	_, _, setErr := a.Settings("net.ipv4.ip_forward")
	_, _, sockErr := a.Socket(packet.ProtoTCP, netip.AddrPort{}, netip.AddrPort{})
	for _, err := range []error{routeErr, setErr, sockErr} {
		if !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	}
}
