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
		{tcp, "10.1.0.2:80", "10.0.0.2"},
		{tcp, "[fd01::2]:80", "fd00::2"},
		{udp, "10.1.0.2:53", "10.0.0.2"},
		{udp, "[fd01::2]:53", "fd00::2"},
		{icmp, "10.1.0.2", "10.0.0.2"},
		{icmp, "fd01::2", "fd00::2"},
		{packet.ProtoICMPv6, "fd01::2", "fd00::2"},
		{icmp, "127.0.0.1", "127.0.0.1"},
		{icmp, "::1", "::1"},
		{icmp, "10.0.0.2", "10.0.0.2"},
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
