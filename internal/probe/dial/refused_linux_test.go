//go:build !pktrail_lite

package dial

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

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
		{tcp, "10.1.0.2:81", trail.ResultRefused, 0, 0},
		{tcp, "[fd01::2]:81", trail.ResultRefused, 0, 0},
		{tcp, "127.0.0.1:81", trail.ResultRefused, 0, 0},
		{tcp, "[::1]:81", trail.ResultRefused, 0, 0},
		{udp, "10.1.0.2:81", trail.ResultICMP, 3, 3},
		{udp, "[fd01::2]:81", trail.ResultICMP, 1, 4},
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
		{tcp, "10.9.9.9:80", "network is unreachable"},
		{udp, "10.9.9.9:80", "network is unreachable"},
		{icmp, "10.9.9.9:0", "network is unreachable"},
		{tcp, "[fd09::1]:80", "network is unreachable"},
		{udp, "[fd09::1]:80", "network is unreachable"},
		{tcp, "10.31.0.1:80", "permission denied"},
		{udp, "10.31.0.1:80", "permission denied"},
		{icmp, "10.31.0.1:0", "permission denied"},
		{tcp, "10.30.0.1:80", "invalid argument"},
		{udp, "10.32.0.1:80", "no route to host"},
		{tcp, "[fd31::1]:80", "permission denied"},
		{udp, "[fd30::1]:80", "invalid argument"},
		{icmp, "[fd32::1]:0", "no route to host"},
		{udp, "10.0.0.1:80", "operation not permitted"},
		{icmp, "10.0.0.1:0", "operation not permitted"},
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
