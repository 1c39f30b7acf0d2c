//go:build !pktrail_lite

package ask

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

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
		{"10.0.0.2", "REACHABLE STALE DELAY", "peer"},
		{"fd00::2", "REACHABLE STALE DELAY", "peer"},
		{"10.0.0.66", "INCOMPLETE", ""},
		{"10.0.0.9", "PERMANENT", "02:00:00:00:00:09"},
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
