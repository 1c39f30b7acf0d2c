//go:build !pktrail_lite

package dial

import (
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bed is a client, a router and a server in a row: 10.0.0.2 - 10.0.0.1,
// 10.1.0.1 - 10.1.0.2, and fd00:: and fd01:: likewise.
type bed struct {
	t                      testing.TB
	client, router, server string
	ns                     *os.File // the client's
}

func newBed(tb testing.TB) bed {
	tb.Helper()
	b := bed{t: tb, client: labtest.Namespace(tb), router: labtest.Namespace(tb), server: labtest.Namespace(tb)}
	labtest.VethPair(tb,
		labtest.VethEnd{Namespace: b.client, Device: "eth0", Addresses: prefixes("10.0.0.2/24", "fd00::2/64")},
		labtest.VethEnd{Namespace: b.router, Device: "eth0", Addresses: prefixes("10.0.0.1/24", "fd00::1/64")})
	labtest.VethPair(tb,
		labtest.VethEnd{Namespace: b.server, Device: "eth0", Addresses: prefixes("10.1.0.2/24", "fd01::2/64")},
		labtest.VethEnd{Namespace: b.router, Device: "eth1", Addresses: prefixes("10.1.0.1/24", "fd01::1/64")})
	b.in(b.router, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
	b.in(b.client, "ip route add default via 10.0.0.1")
	b.in(b.client, "ip -6 route add default via fd00::1")
	b.in(b.server, "ip route add default via 10.1.0.1")
	b.in(b.server, "ip -6 route add default via fd01::1")
	var err error
	if b.ns, err = os.Open("/run/netns/" + b.client); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.ns.Close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

// in runs a command, in one string, in a namespace.
func (b bed) in(ns, command string) string {
	b.t.Helper()
	argv := append([]string{"netns", "exec", ns}, strings.Fields(command)...)
	labtest.RequireTool(b.t, argv[3])
	out, err := exec.CommandContext(b.t.Context(), labtest.RequireTool(b.t, "ip"), argv...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}

// talk runs one probe from the client, to "ADDR:PORT" or "ADDR", and checks
// what is true of all.
func (b bed) talk(proto packet.Proto, to string, change func(*Options)) trail.Conversation {
	b.t.Helper()
	o := Options{Netns: b.ns, Proto: proto, Timeout: 2 * time.Second}
	if a, err := netip.ParseAddr(to); err == nil {
		o.Dst = netip.AddrPortFrom(a, 0)
	} else {
		o.Dst = netip.MustParseAddrPort(to)
	}
	var started packet.Flow
	o.Started = func(f packet.Flow) { started = f }
	if change != nil {
		change(&o)
	}
	before := time.Now()
	c, err := Run(b.t.Context(), o)
	if err != nil {
		b.t.Fatalf("%s %s: %v", proto, to, err)
	}
	if c.Flow != started || c.Flow.Dst != o.Dst.Addr().WithZone("") || c.Flow.DstPort != o.Dst.Port() {
		b.t.Errorf("%s %s: flow %v, %v when it started", proto, to, c.Flow, started)
	}
	if c.Started < before.UnixNano() || c.Started > time.Now().UnixNano() {
		b.t.Errorf("%s %s: started at %d", proto, to, c.Started)
	}
	if timed := c.Result == trail.ResultAnswered || c.Result == trail.ResultRefused || c.Result == trail.ResultICMP; timed != (c.RTT > 0) {
		b.t.Errorf("%s %s: %s after %d ns", proto, to, c.Result, c.RTT)
	}
	return c
}

func prefixes(s ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
