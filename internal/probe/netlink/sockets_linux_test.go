package netlink_test

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// listen opens a socket with a length of its queue, and perhaps bound to an
// interface.
func listen(t *testing.T, namespace string, family, typ int, addr netip.AddrPort, v6only int, device string, backlog int) {
	t.Helper()
	err := lab.Do(namespace, func() error {
		proto := 0
		if typ == unix.SOCK_RAW {
			proto = unix.IPPROTO_UDPLITE
		}
		fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, proto)
		if err != nil {
			return err
		}
		t.Cleanup(func() { unix.Close(fd) })
		var sa unix.Sockaddr
		if family == unix.AF_INET {
			sa = &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
		} else {
			sa = &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
			err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v6only)
			if err != nil && typ != unix.SOCK_RAW { // which is of one family in any case
				return err
			}
		}
		if device != "" {
			if err := unix.BindToDevice(fd, device); err != nil {
				return err
			}
		}
		if err := unix.Bind(fd, sa); err != nil || typ != unix.SOCK_STREAM {
			return err
		}
		return unix.Listen(fd, backlog)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// words are the lines of a listing, each without its padding, in order.
func words(b []byte) []string {
	var all []string
	for l := range strings.Lines(string(b)) {
		all = append(all, strings.Join(strings.Fields(l), " "))
	}
	slices.Sort(all)
	return all
}

func TestListenersAsSS(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	const v4, v6 = unix.AF_INET, unix.AF_INET6
	const stream, dgram = unix.SOCK_STREAM, unix.SOCK_DGRAM
	at := netip.MustParseAddrPort
	listen(t, ns, v4, stream, at("127.0.0.1:80"), 0, "", 100)
	listen(t, ns, v4, stream, at("0.0.0.0:81"), 0, "lo", 5)
	listen(t, ns, v6, stream, at("[::]:82"), 1, "", 6)
	listen(t, ns, v6, stream, at("[::]:83"), 0, "", 7)
	listen(t, ns, v6, stream, at("[::1]:84"), 0, "", 0)
	listen(t, ns, v6, stream, at("[::1]:85"), 0, "lo", 4096)
	listen(t, ns, v4, dgram, at("0.0.0.0:53"), 0, "", 0)
	listen(t, ns, v4, dgram, at("127.0.0.1:54"), 0, "lo", 0)
	listen(t, ns, v6, dgram, at("[::]:55"), 0, "", 0)
	listen(t, ns, v6, dgram, at("[::1]:56"), 1, "", 0)
	listen(t, ns, v4, unix.SOCK_RAW, at("127.0.0.1:0"), 0, "", 0)
	listen(t, ns, v6, unix.SOCK_RAW, at("[::1]:0"), 1, "", 0)
	// One connection waits, and a datagram.
	labtest.Dial(t, ns, "tcp", "127.0.0.1:80")
	if _, err := labtest.Dial(t, ns, "udp", "127.0.0.1:54").Write([]byte("waits")); err != nil {
		t.Fatal(err)
	}
	got := take(t, ns, netlink.Options{Parts: []netstate.Part{netstate.PartLinks, netstate.PartListeners}})
	var ours, raw []string
	for _, l := range words(iproute.Listeners(got)) {
		switch {
		case strings.HasPrefix(l, "raw"):
			raw = append(raw, l)
		case !strings.HasPrefix(l, "Netid"):
			ours = append(ours, l)
		}
	}
	if diff := cmp.Diff([]string{"raw UNCONN 0 0 127.0.0.1:136 0.0.0.0:*", "raw UNCONN 0 0 [::1]:136 [::]:*"}, raw); diff != "" {
		t.Errorf("raw sockets, want (-) and got (+):\n%s", diff)
	}
	theirs := words(run(t, "ip", "netns", "exec", ns, "ss", "-lntuH", "-O"))
	if diff := cmp.Diff(theirs, ours); diff != "" || len(theirs) < 10 {
		t.Errorf("ss (-) and ours (+):\n%s", diff)
	}
	for _, l := range got.Listeners {
		if l.Inode == 0 || l.UID != 0 {
			t.Errorf("%+v", l)
		}
	}
}

// timeouts run while two programs ask one after the other.
var timeout = regexp.MustCompile(`^(\w+ +\d+ +\w+ +\d+ )\d+ `)

func TestConnectionsAsConntrack(t *testing.T) {
	t.Parallel()
	ns := labtest.Namespace(t)
	connectionsOf(t, ns)
	var got *netstate.Namespace
	diff := "never asked"
	for try := 0; try < 3 && diff != ""; try++ { // what runs meanwhile may change a state
		theirs := run(t, "ip", "netns", "exec", ns, "conntrack", "-L", "-o", "extended")
		got = take(t, ns, netlink.Options{Parts: []netstate.Part{netstate.PartConntrack}, Connections: &netlink.ConnectionFilter{}})
		plain := func(b []byte) []string {
			var all []string
			for l := range strings.Lines(string(b)) {
				all = append(all, timeout.ReplaceAllString(l, "${1}"))
			}
			slices.Sort(all)
			return all
		}
		diff = cmp.Diff(plain(theirs), plain(iproute.Connections(got)))
	}
	if diff != "" {
		t.Errorf("conntrack (-) and ours (+):\n%s", diff)
	}
	kinds := map[string]bool{}
	for _, e := range got.Conntrack.Entries {
		kinds[strconv.Itoa(int(e.Proto))+" "+e.State] = true
		kinds[e.Helper] = true
		if e.Proto == unix.IPPROTO_TCP && (e.Timeout == 0 || e.Original.Packets == 0 || e.Original.Bytes == 0) {
			t.Errorf("%+v", e)
		}
	}
	for _, want := range []string{"6 ESTABLISHED", "17 ", "1 ", "58 ", "ftp"} {
		if !kinds[want] {
			t.Errorf("no entry of protocol and state %q in %v", want, kinds)
		}
	}
	count, err := strconv.Atoi(strings.TrimSpace(string(run(t, "ip", "netns", "exec", ns, "conntrack", "-C"))))
	if err != nil || got.Conntrack.Count != count || len(got.Conntrack.Entries) != count || got.Conntrack.Max <= 0 {
		t.Errorf("conntrack counts %d, %v, we %+v", count, err, got.Conntrack)
	}
	filters(t, ns)
}

// connectionsOf makes connections of all usual kinds through NAT, zones and
// marks.
func connectionsOf(t *testing.T, ns string) {
	t.Helper()
	run(t, "ip", "netns", "exec", ns, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1")
	run(t, "ip", "netns", "exec", ns, "nft", `
table inet t {
	ct helper ftp { type "ftp" protocol tcp; }
	chain raw { type filter hook output priority raw; udp dport 1053 ct zone set 7; udp dport 1054 ct original zone set 9; }
	chain c { type filter hook output priority 0; ct state new ct mark set 0x4d; tcp dport 21 ct helper set "ftp"; }
}
table ip n {
	chain out { type nat hook output priority -100; tcp dport 8080 dnat to 127.0.0.1:80; }
}`)
	accept := func(network, address string) {
		l := labtest.Listen(t, ns, network, address)
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				t.Cleanup(func() { c.Close() })
			}
		}()
	}
	accept("tcp4", "127.0.0.1:80")
	accept("tcp4", "127.0.0.1:21")
	accept("tcp6", "[::1]:80")
	labtest.ListenPacket(t, ns, "udp4", "127.0.0.1:1053")
	labtest.ListenPacket(t, ns, "udp4", "127.0.0.1:1054")
	labtest.Dial(t, ns, "tcp", "127.0.0.1:8080")
	labtest.Dial(t, ns, "tcp", "127.0.0.1:21")
	labtest.Dial(t, ns, "tcp", "[::1]:80")
	for _, to := range []string{"127.0.0.1:1053", "127.0.0.1:1054", "[::1]:1055"} {
		if _, err := labtest.Dial(t, ns, "udp", to).Write([]byte("one way")); err != nil {
			t.Fatal(err)
		}
	}
	labtest.Ping(t, ns, netip.MustParseAddr("127.0.0.1"))
	labtest.Ping(t, ns, netip.MustParseAddr("::1"))
}

// filters asks for some of the entries.
func filters(t *testing.T, ns string) {
	t.Helper()
	for _, c := range []struct {
		filter *netlink.ConnectionFilter
		want   func(netstate.Connection) bool
	}{
		{&netlink.ConnectionFilter{Proto: syscall.IPPROTO_UDP}, func(c netstate.Connection) bool { return c.Proto == 17 }},
		{&netlink.ConnectionFilter{Ports: []uint16{8080}}, func(c netstate.Connection) bool {
			return c.Original.Dst.Port() == 8080 && c.Reply.Src.Port() == 80
		}},
		{&netlink.ConnectionFilter{Addrs: []netip.Addr{netip.IPv6Loopback()}}, func(c netstate.Connection) bool {
			return c.Original.Dst.Addr() == netip.IPv6Loopback()
		}},
		{&netlink.ConnectionFilter{Limit: 1}, func(netstate.Connection) bool { return true }},
		{nil, func(netstate.Connection) bool { return false }},
	} {
		got := take(t, ns, netlink.Options{Parts: []netstate.Part{netstate.PartConntrack}, Connections: c.filter}).Conntrack.Entries
		if (len(got) > 0) != (c.filter != nil) || c.filter != nil && c.filter.Limit > 0 && len(got) != c.filter.Limit {
			t.Errorf("%+v: %d entries", c.filter, len(got))
		}
		for _, e := range got {
			if !c.want(e) {
				t.Errorf("%+v lets %+v through", c.filter, e)
			}
		}
	}
}
