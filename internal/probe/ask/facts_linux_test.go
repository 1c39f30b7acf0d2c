//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

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

// TestLateAnswer: a socket whose answer did not come in time is not asked
// again.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	labtest.RequireRoot(t)
	a := openAsker(t, labtest.Namespace(t))
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Route(Question{Dst: addr("192.0.2.1")}); err != nil || c.late.Load() {
		t.Errorf("an answer that is an error: %v", err)
	}
	if err := c.failed(os.ErrDeadlineExceeded); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if got, err := a.Route(Question{Dst: addr("127.0.0.1")}); err != nil || got.Errno != 0 {
		t.Error(got, err)
	}
	if again, err := a.conn(unix.NETLINK_ROUTE); err != nil || again == c {
		t.Error(err)
	}
}
