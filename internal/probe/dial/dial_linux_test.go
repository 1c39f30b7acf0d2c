//go:build !pktrail_lite

package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

const (
	tcp  = packet.ProtoTCP
	udp  = packet.ProtoUDP
	icmp = packet.ProtoICMP
)

// serve makes the server answer: TCP on 80 reads to the end, UDP on 53
// answers each datagram with its length.
func (b bed) serve() {
	b.t.Helper()
	ln := labtest.Listen(b.t, b.server, "tcp", ":80")
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel) // some clients vanish without a word
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			go func() {
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
				stop()
			}()
		}
	}()
	pc := labtest.ListenPacket(b.t, b.server, "udp", ":53")
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = pc.WriteTo(fmt.Append(nil, n), from)
		}
	}()
}

// TestAnswered: all protocols, both families.
func TestAnswered(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.serve()
	for _, c := range []struct {
		proto packet.Proto
		to    string
		src   string
	}{
		{tcp, "10.1.0.2:80", "10.0.0.2"}, {tcp, "[fd01::2]:80", "fd00::2"},
		{udp, "10.1.0.2:53", "10.0.0.2"}, {udp, "[fd01::2]:53", "fd00::2"},
		{icmp, "10.1.0.2", "10.0.0.2"}, {icmp, "fd01::2", "fd00::2"},
		{packet.ProtoICMPv6, "fd01::2", "fd00::2"},
		{icmp, "127.0.0.1", "127.0.0.1"}, {icmp, "::1", "::1"}, {icmp, "10.0.0.2", "10.0.0.2"},
	} {
		got := b.talk(c.proto, c.to, nil)
		if got.Result != trail.ResultAnswered || got.Error != "" || got.Flow.Src != addr(c.src) || got.Refusal != nil {
			t.Errorf("%s %s: %+v", c.proto, c.to, got)
		}
		if got.Flow.HasPorts() == (got.Flow.SrcPort == 0) || got.Flow.HasPorts() == (got.Flow.ID != 0) {
			t.Errorf("%s %s: %+v", c.proto, c.to, got.Flow)
		}
	}
}

// TestPingSocket: where the namespace lets our group, no raw socket is used.
func TestPingSocket(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, to := range []string{"10.1.0.2", "fd01::2"} {
		for _, groups := range []string{"1 0", "0 0"} {
			b.groups(groups)
			o := Options{Netns: b.ns, Proto: icmp, Dst: netip.AddrPortFrom(addr(to), 0), SrcPort: 4711}
			p, err := Prepare(o)
			if err != nil {
				t.Fatal(err)
			}
			if p.ping != (groups == "0 0") || p.Flow().ID != 4711 {
				t.Errorf("%s: ping socket %v, flow %+v", groups, p.ping, p.Flow())
			}
			if c, err := p.Run(t.Context()); err != nil || c.Result != trail.ResultAnswered {
				t.Errorf("%s: %+v, %v", groups, c, err)
			}
			if c := b.talk(icmp, to, func(o *Options) {
				o.Dst, o.Timeout = netip.AddrPortFrom(o.Dst.Addr().Next(), 0), 8*time.Second
			}); c.Result != trail.ResultICMP {
				t.Errorf("%s: %+v", groups, c) // nobody is there, says the router
			}
		}
	}
}

// TestKnownBefore: the flow that Prepare names is the one that a capture
// sees, and nothing is sent before Run.
func TestKnownBefore(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.serve()
	for _, c := range []struct {
		proto packet.Proto
		to    string
	}{{tcp, "10.1.0.2:80"}, {tcp, "[fd01::2]:80"}, {udp, "10.1.0.2:53"}, {udp, "[fd01::2]:53"}, {icmp, "10.1.0.2:0"}, {icmp, "[fd01::2]:0"}} {
		o := Options{Netns: b.ns, Proto: c.proto, Dst: netip.MustParseAddrPort(c.to)}
		p, err := Prepare(o)
		if err != nil {
			t.Fatal(err)
		}
		f := p.Flow()
		capture := b.sniff()
		if n := capture.count(f); n != 0 {
			t.Errorf("%v: %d packets before Run", f, n)
		}
		got, err := p.Run(t.Context())
		if err != nil || got.Flow != f || got.Result != trail.ResultAnswered {
			t.Errorf("%+v, %v", got, err)
		}
		labtest.Wait(t, 5*time.Second, "the probe in the capture", func() bool {
			return capture.count(f) > 0 && capture.count(f.Reverse()) > 0
		})
		if n := capture.resets; n != 0 {
			t.Errorf("%v: %d resets", f, n)
		}
		if _, err := p.Run(t.Context()); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	}
}

// TestChosenSource: address and port as asked.
func TestChosenSource(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.serve()
	b.in(b.client, "ip addr add 10.0.0.77/24 dev eth0")
	b.in(b.client, "ip -6 addr add fd00::77/64 dev eth0 nodad")
	for i, to := range []string{"10.1.0.2", "fd01::2"} {
		src := addr([]string{"10.0.0.77", "fd00::77"}[i])
		for _, proto := range []packet.Proto{tcp, udp, icmp} {
			c := b.talk(proto, netip.AddrPortFrom(addr(to), map[packet.Proto]uint16{tcp: 80, udp: 53}[proto]).String(), func(o *Options) {
				o.Src, o.SrcPort = src, 12345
			})
			if c.Result != trail.ResultAnswered || c.Flow.Src != src || c.Flow.SrcPort+c.Flow.ID != 12345 {
				t.Errorf("%s %s: %+v", proto, to, c)
			}
		}
	}
	// By the rules and routes that are for this protocol and port alone.
	b.in(b.client, "ip route add default via 10.0.0.1 src 10.0.0.77 table 7")
	b.in(b.client, "ip rule add ipproto tcp dport 80 lookup 7")
	if c := b.talk(tcp, "10.1.0.2:80", nil); c.Flow.Src != addr("10.0.0.77") || c.Result != trail.ResultAnswered {
		t.Errorf("%+v", c)
	}
	o := Options{Netns: b.ns, Proto: tcp, Dst: netip.MustParseAddrPort("10.1.0.2:80"), Src: addr("10.9.9.9")}
	if _, err := Prepare(o); err == nil {
		t.Error("bound to an address of nobody")
	}
}

// TestRefused: nobody listens.
func TestRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, c := range []struct {
		proto  packet.Proto
		to     string
		result trail.Result
		typ    uint8
		code   uint8
	}{
		{tcp, "10.1.0.2:81", trail.ResultRefused, 0, 0}, {tcp, "[fd01::2]:81", trail.ResultRefused, 0, 0},
		{tcp, "127.0.0.1:81", trail.ResultRefused, 0, 0}, {tcp, "[::1]:81", trail.ResultRefused, 0, 0},
		{udp, "10.1.0.2:81", trail.ResultICMP, 3, 3}, {udp, "[fd01::2]:81", trail.ResultICMP, 1, 4},
	} {
		got := b.talk(c.proto, c.to, nil)
		if got.Result != c.result || got.Error != "connection refused" {
			t.Errorf("%s %s: %+v", c.proto, c.to, got)
		}
		if c.result != trail.ResultICMP {
			continue
		}
		if r := got.Refusal; r == nil || r.Type != c.typ || r.Code != c.code || r.Text != "port unreachable" || got.From != got.Flow.Dst {
			t.Errorf("%s %s: %+v from %v", c.proto, c.to, r, got.From)
		}
	}
}

// TestNothing: a firewall that says nothing, and a context that ends.
func TestNothing(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.serve()
	for _, tables := range []string{"iptables-nft", "ip6tables-nft"} {
		b.in(b.router, tables+" -A FORWARD -i eth0 -j DROP")
	}
	for _, to := range []string{"10.1.0.2", "fd01::2"} {
		for _, proto := range []packet.Proto{tcp, udp, icmp} {
			start := time.Now()
			c := b.talk(proto, netip.AddrPortFrom(addr(to), 80).String(), func(o *Options) {
				o.Timeout = 300 * time.Millisecond
				if proto == icmp {
					o.Dst = netip.AddrPortFrom(o.Dst.Addr(), 0)
				}
			})
			if took := time.Since(start); c.Result != trail.ResultNothing || c.Error != "" || took < 300*time.Millisecond || took > 2*time.Second {
				t.Errorf("%s %s: %+v after %v", proto, to, c, took)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{Netns: b.ns, Proto: tcp, Dst: netip.MustParseAddrPort("10.1.0.2:80"), Timeout: time.Minute}
	o.Started = func(packet.Flow) { time.AfterFunc(20*time.Millisecond, cancel) }
	if c, err := Run(ctx, o); !errors.Is(err, context.Canceled) || c.Result != trail.ResultNothing {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestRejected: all ways of REJECT, and who said it.
func TestRejected(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.serve()
	for _, c := range []struct {
		tables, with string
		typ, code    uint8
		text, words  string
	}{
		{"iptables-nft", "icmp-port-unreachable", 3, 3, "port unreachable", "connection refused"},
		{"iptables-nft", "icmp-net-unreachable", 3, 0, "network unreachable", "network is unreachable"},
		{"iptables-legacy", "icmp-host-unreachable", 3, 1, "host unreachable", "no route to host"},
		{"iptables-legacy", "icmp-proto-unreachable", 3, 2, "protocol unreachable", "protocol not available"},
		{"iptables-nft", "icmp-net-prohibited", 3, 9, "network prohibited", "network is unreachable"},
		{"iptables-nft", "icmp-host-prohibited", 3, 10, "host prohibited", "no route to host"},
		{"iptables-nft", "icmp-admin-prohibited", 3, 13, "administratively prohibited", "no route to host"},
		{"ip6tables-nft", "icmp6-no-route", 1, 0, "no route", "network is unreachable"},
		{"ip6tables-nft", "icmp6-adm-prohibited", 1, 1, "administratively prohibited", "permission denied"},
		{"ip6tables-legacy", "icmp6-addr-unreachable", 1, 3, "address unreachable", "no route to host"},
		{"ip6tables-nft", "icmp6-port-unreachable", 1, 4, "port unreachable", "connection refused"},
	} {
		rule := " FORWARD -i eth0 -j REJECT --reject-with " + c.with
		b.in(b.router, c.tables+" -A"+rule)
		to, from := addr("10.1.0.2"), addr("10.0.0.1")
		kind := "icmp"
		if strings.HasPrefix(c.tables, "ip6") {
			to, from, kind = addr("fd01::2"), addr("fd00::1"), "icmpv6"
		}
		for _, p := range []netip.AddrPort{netip.AddrPortFrom(to, 80), netip.AddrPortFrom(to, 53), netip.AddrPortFrom(to, 0)} {
			proto := map[uint16]packet.Proto{80: tcp, 53: udp, 0: icmp}[p.Port()]
			got := b.talk(proto, p.String(), nil)
			want := trail.Refusal{Kind: kind, Type: c.typ, Code: c.code, Text: c.text}
			if got.Result != trail.ResultICMP || got.Refusal == nil || *got.Refusal != want || got.From != from || got.Error != c.words {
				t.Errorf("%s %s: %+v, refusal %+v", c.with, proto, got, got.Refusal)
			}
		}
		b.in(b.router, c.tables+" -D"+rule)
	}
	for _, tables := range []string{"iptables-nft", "ip6tables-nft"} {
		b.in(b.router, tables+" -A FORWARD -p tcp -i eth0 -j REJECT --reject-with tcp-reset")
	}
	for _, to := range []string{"10.1.0.2:80", "[fd01::2]:80"} {
		if got := b.talk(tcp, to, nil); got.Result != trail.ResultRefused || got.Error != "connection refused" {
			t.Errorf("%+v", got)
		}
	}
}

// TestNeverSent: no route, routes that forbid, our own firewall.
func TestNeverSent(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, line := range []string{
		"ip route add prohibit 10.31.0.0/16", "ip route add blackhole 10.30.0.0/16", "ip route add unreachable 10.32.0.0/16",
		"ip -6 route add prohibit fd31::/64", "ip -6 route add blackhole fd30::/64", "ip -6 route add unreachable fd32::/64",
		"ip route del default", "ip -6 route del default",
		"iptables-nft -A OUTPUT -d 10.0.0.1 -j DROP", "ip6tables-nft -A OUTPUT -d fd00::1 -p udp -j DROP",
		"ip6tables-nft -A OUTPUT -d fd00::1 -p tcp -j DROP",
	} {
		b.in(b.client, line)
	}
	for _, c := range []struct {
		proto packet.Proto
		to    string
		words string
	}{
		{tcp, "10.9.9.9:80", "network is unreachable"}, {udp, "10.9.9.9:80", "network is unreachable"}, {icmp, "10.9.9.9:0", "network is unreachable"},
		{tcp, "[fd09::1]:80", "network is unreachable"}, {udp, "[fd09::1]:80", "network is unreachable"},
		{tcp, "10.31.0.1:80", "permission denied"}, {udp, "10.31.0.1:80", "permission denied"}, {icmp, "10.31.0.1:0", "permission denied"},
		{tcp, "10.30.0.1:80", "invalid argument"}, {udp, "10.32.0.1:80", "no route to host"},
		{tcp, "[fd31::1]:80", "permission denied"}, {udp, "[fd30::1]:80", "invalid argument"}, {icmp, "[fd32::1]:0", "no route to host"},
		{udp, "10.0.0.1:80", "operation not permitted"}, {icmp, "10.0.0.1:0", "operation not permitted"},
		{udp, "[fd00::1]:80", "operation not permitted"},
	} {
		got := b.talk(c.proto, c.to, nil)
		if got.Result != trail.ResultFailed || got.Error != c.words || got.Refusal != nil {
			t.Errorf("%s %s: %+v", c.proto, c.to, got)
		}
	}
	// A firewall of our own does not make connect() fail: TCP tries again.
	for _, to := range []string{"10.0.0.1:80", "[fd00::1]:80"} {
		got := b.talk(tcp, to, func(o *Options) { o.Timeout = 300 * time.Millisecond })
		if got.Result != trail.ResultNothing || got.Error != "" {
			t.Errorf("%+v", got)
		}
	}
}

// TestNoNeighbour: nobody has the address; our own stack says so.
func TestNoNeighbour(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, to := range []string{"10.0.0.99:80", "[fd00::99]:80"} {
		got := b.talk(tcp, to, func(o *Options) { o.Timeout = 8 * time.Second })
		if got.Result != trail.ResultICMP || got.Error != "no route to host" || got.From != got.Flow.Src {
			t.Errorf("%+v, %+v", got, got.Refusal)
		}
	}
}

// TestSize: the path's MTU is smaller than both ends believe.
func TestSize(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.serve()
	big := func(o *Options) { o.Size, o.DontFragment = 1400, true }
	for _, to := range []string{"10.1.0.2:53", "[fd01::2]:53"} {
		if got := b.talk(udp, to, big); got.Result != trail.ResultAnswered {
			t.Errorf("%+v", got)
		}
	}
	for _, to := range []string{"10.1.0.2:80", "[fd01::2]:80"} {
		if got := b.talk(tcp, to, func(o *Options) { o.Size = 60000 }); got.Result != trail.ResultAnswered {
			t.Errorf("%+v", got)
		}
	}
	// Longer than our own device takes.
	for _, to := range []string{"10.1.0.2:53", "[fd01::2]:53", "10.1.0.2:0", "[fd01::2]:0"} {
		proto := udp
		if strings.HasSuffix(to, ":0") {
			proto = icmp
		}
		got := b.talk(proto, to, func(o *Options) { o.Size, o.DontFragment = 1600, true })
		if got.Result != trail.ResultFailed || !strings.HasPrefix(got.Error, "message too long") {
			t.Errorf("%+v", got)
		}
	}
	if got := b.talk(udp, "10.1.0.2:53", func(o *Options) { o.Size = 4000 }); got.Result != trail.ResultAnswered {
		t.Errorf("in fragments: %+v", got)
	}
	b.in(b.router, "ip link set eth1 mtu 1300")
	for range 2 { // the second time the kernel knows the MTU, and it is sent all the same
		for _, to := range []string{"10.1.0.2:53", "[fd01::2]:53", "10.1.0.2:0", "[fd01::2]:0"} {
			proto, text := udp, "fragmentation needed, MTU 1300"
			if strings.HasSuffix(to, ":0") {
				proto = icmp
			}
			if strings.HasPrefix(to, "[") {
				text = "packet too big, MTU 1300"
			}
			got := b.talk(proto, to, big)
			if got.Result != trail.ResultICMP || got.Refusal.Text != text || got.Error != "message too long" {
				t.Errorf("%s %s: %+v, %+v", proto, to, got, got.Refusal)
			}
		}
	}
	// TCP learns it and goes on; where the error never comes, it stands still.
	small := func(o *Options) { o.Size, o.Timeout = 8000, time.Second }
	if got := b.talk(tcp, "10.1.0.2:80", small); got.Result != trail.ResultAnswered {
		t.Errorf("%+v", got)
	}
	b.in(b.client, "ip route flush cache")
	b.in(b.client, "iptables-nft -A INPUT -p icmp -j DROP")
	b.in(b.server, "ip route add 10.0.0.0/24 via 10.1.0.1 advmss 1460")
	got := b.talk(tcp, "10.1.0.2:80", small)
	if got.Result != trail.ResultNothing || !strings.Contains(got.Error, "of 8000 bytes not acknowledged (path MTU 1500, ") {
		t.Errorf("%+v", got)
	}
}

// TestLinkLocal: an address with a zone.
func TestLinkLocal(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	out := b.in(b.router, "ip -6 -o addr show dev eth0 scope link")
	at := strings.Fields(out)[3]
	peer := netip.MustParsePrefix(at).Addr()
	c := b.talk(icmp, peer.WithZone("eth0").String(), nil)
	if c.Result != trail.ResultAnswered || !c.Flow.Src.IsLinkLocalUnicast() || c.Flow.Dst != peer {
		t.Errorf("%+v", c)
	}
	if c := b.talk(tcp, netip.AddrPortFrom(peer.WithZone("eth0"), 81).String(), nil); c.Result != trail.ResultRefused || !c.Flow.Src.IsLinkLocalUnicast() {
		t.Errorf("%+v", c)
	}
	o := Options{Netns: b.ns, Proto: icmp, Dst: netip.AddrPortFrom(peer.WithZone("gone"), 0)}
	if _, err := Prepare(o); err == nil {
		t.Error("a device that is not there")
	}
}

// TestTCPEnds: a server that speaks first, and one that resets.
func TestTCPEnds(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for i, end := range []func(*net.TCPConn) error{
		func(c *net.TCPConn) error {
			_, err := c.Write(make([]byte, 100000))
			return errors.Join(err, c.Close())
		},
		func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) },
	} {
		ln := labtest.Listen(t, b.server, "tcp4", fmt.Sprintf(":%d", 90+i))
		go func() {
			c, err := ln.Accept()
			if err == nil {
				_ = end(c.(*net.TCPConn))
			}
		}()
		if c := b.talk(tcp, fmt.Sprintf("10.1.0.2:%d", 90+i), nil); c.Result != trail.ResultAnswered {
			t.Errorf("%d: %+v", i, c)
		}
	}
}

// groups sets which groups may open ping sockets.
func (b bed) groups(value string) {
	b.t.Helper()
	err := lab.Do(b.client, func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte(value), 0)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
