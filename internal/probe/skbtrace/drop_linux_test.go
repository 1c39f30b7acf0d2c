//go:build !pktrail_lite

package skbtrace

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// ping sends one echo request that may well be lost.
func ping(t *testing.T, namespace string, dst string) {
	t.Helper()
	if _, err := lab.Ping(t.Context(), namespace, netip.MustParseAddr(dst), lab.PingOptions{Timeout: 100 * time.Millisecond}); err != nil {
		t.Logf("ping %s: %v", dst, err)
	}
}

// A packet that netfilter drops is reported with reason, function and hook.
func TestDropInHook(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	labtest.Ping(t, client, netip.MustParseAddr("fd02::2"))
	for _, c := range []struct{ hook, where string }{
		{"PREROUTING", middle}, {"FORWARD", middle}, {"POSTROUTING", middle}, {"INPUT", server}, {"OUTPUT", client}, {"POSTROUTING", client},
	} {
		for _, family := range []string{"ip", "ip6"} {
			t.Run(c.hook+" "+family, func(t *testing.T) {
				dst, proto := "10.2.0.2", "icmp type echo-request"
				if family == "ip6" {
					dst, proto = "fd02::2", "icmpv6 type echo-request"
				}
				run(t, c.where, "nft", fmt.Sprintf("table %s x { chain c { type filter hook %s priority 0; %s drop; }; }", family, strings.ToLower(c.hook), proto))
				defer run(t, c.where, "nft", "flush", "ruleset")
				tr := open(t, Options{Netns: inodes(t, client, middle, server), Filter: compile(t, "(icmp or icmp6) and host "+dst)})
				ping(t, client, dst)
				events := drain(t, tr)
				showOnFailure(t, events)
				drops := ofStage(events, trail.StageDrop)
				if len(drops) != 1 {
					t.Fatalf("%d drops", len(drops))
				}
				d := drops[0]
				if d.Drop.Reason != "NETFILTER_DROP" || d.Drop.Hook != c.hook || !strings.Contains(d.Drop.At, "+0x") || base(d.Drop.Stack[0])+"+" != d.Drop.At[:strings.Index(d.Drop.At, "+")+1] || d.Netns == 0 {
					t.Errorf("%+v in %d", d.Drop, d.Netns)
				}
				if f, ok := flowOf(&d); !ok || f.Dst != netip.MustParseAddr(dst) {
					t.Errorf("flow %v", f)
				}
				if first := ofStage(events, trail.StageQueue); c.where != client && (len(first) == 0 || first[0].Flight != d.Flight) {
					t.Error("not the flight that left the client")
				}
			})
		}
	}
}

func send(t *testing.T, namespace, dst string, n int) {
	t.Helper()
	c := labtest.Dial(t, namespace, "udp", dst)
	for range n {
		_, _ = c.Write([]byte("to whom it may concern"))
	}
}

func sendOne(t *testing.T, namespace, dst string) {
	t.Helper()
	send(t, namespace, dst, 1)
}

// connect tries to, and has no luck.
func connect(t *testing.T, namespace, dst string) {
	t.Helper()
	_ = lab.Do(namespace, func() error {
		c, err := (&net.Dialer{Timeout: 1500 * time.Millisecond}).DialContext(t.Context(), "tcp", dst)
		if err == nil {
			t.Errorf("connected to %s", dst)
			_ = c.Close()
		}
		return err
	})
}

// What the stack answers instead of delivering.
func TestRefusal(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	run(t, middle, "ip", "route", "add", "prohibit", "10.9.0.0/16")
	for _, c := range []struct {
		name, dst, at string
		do            func(t *testing.T, namespace, dst string)
		want          trail.Refusal
	}{
		{"udp port", "10.2.0.2:9", server, sendOne, trail.Refusal{Kind: "icmp", Type: 3, Code: 3, Text: "port unreachable"}},
		{"no route", "10.8.0.1:9", middle, sendOne, trail.Refusal{Kind: "icmp", Type: 3, Code: 0, Text: "network unreachable"}},
		{"prohibited", "10.9.0.1:9", middle, sendOne, trail.Refusal{Kind: "icmp", Type: 3, Code: 13, Text: "administratively prohibited"}},
		{"tcp port", "10.2.0.2:9", server, connect, trail.Refusal{Kind: "reset", Reason: "NO_SOCKET", Text: "connection reset"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := open(t, Options{Netns: inodes(t, client, middle, server), Filter: compile(t, "port 9")})
			c.do(t, client, c.dst)
			events := drain(t, tr)
			showOnFailure(t, events)
			refusals := ofStage(events, trail.StageRefuse)
			if len(refusals) != 1 || *refusals[0].Refusal != c.want {
				t.Fatalf("%d refusals, %+v, want %+v", len(refusals), refusals, c.want)
			}
			if r := refusals[0]; r.Flight != ofStage(events, trail.StageQueue)[0].Flight || r.Netns != netnsOf(t, c.at) {
				t.Errorf("refused %+v", r)
			}
			drop := ofStage(events, trail.StageDrop)
			if len(drop) == 0 || drop[0].Flight != refusals[0].Flight || drop[0].Drop.Reason == "" || len(drop[0].Drop.Stack) < 3 {
				t.Errorf("drops %+v", drop)
			}
		})
	}
}

func inodes(t *testing.T, names ...string) []uint32 {
	t.Helper()
	var all []uint32
	for _, n := range names {
		all = append(all, netnsOf(t, n))
	}
	return all
}

func netnsOf(t *testing.T, name string) uint32 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat("/run/netns/"+name, &st); err != nil {
		t.Fatal(err)
	}
	return uint32(st.Ino)
}

// Routing says why: no route for a forwarded packet, and the way back that the
// reverse-path filter asks for.
func TestRoutes(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	t.Run("none", func(t *testing.T) {
		tr := open(t, Options{Netns: inodes(t, client, middle, server), Filter: compile(t, "port 9")})
		send(t, client, "10.8.0.1:9", 1)
		send(t, client, "[fd08::1]:9", 1)
		events := drain(t, tr)
		showOnFailure(t, events)
		none := pick(events, func(e *Event) bool { return e.Stage == trail.StageRoute && e.Route.Err == 11 && e.Related })
		if len(none) < 2 || none[0].Netns != netnsOf(t, middle) || none[0].Route.In != "left" || none[0].Route.Dst != netip.MustParseAddr("10.8.0.1") {
			t.Fatalf("%d lookups without answer", len(none))
		}
		v6 := pick(none, func(e *Event) bool { return e.Route.Dst == netip.MustParseAddr("fd08::1") })
		if len(v6) != 2 || v6[1].Route.Table != 254 || v6[1].Route.In != "left" {
			t.Errorf("IPv6: %+v", v6)
		}
	})
	t.Run("reverse path", func(t *testing.T) {
		run(t, middle, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.left.rp_filter=1")
		run(t, middle, "ip", "route", "add", "10.77.0.0/24", "via", "10.2.0.2")
		run(t, client, "ip", "addr", "add", "10.77.0.1/32", "dev", "lo")
		run(t, client, "ip", "route", "change", "default", "via", "10.1.0.1", "src", "10.77.0.1")
		tr := open(t, Options{Netns: inodes(t, client, middle, server), Filter: compile(t, "port 9")})
		send(t, client, "10.2.0.2:9", 1)
		events := drain(t, tr)
		showOnFailure(t, events)
		back := pick(events, func(e *Event) bool { return e.Stage == trail.StageRoute && e.Route.ReversePath })
		if len(back) != 1 || back[0].Route.Device != "right" || back[0].Route.Gateway != netip.MustParseAddr("10.2.0.2") {
			t.Errorf("way back: %+v", back)
		}
		if d := ofStage(events, trail.StageDrop); len(d) != 1 || d[0].Drop.Reason != "IP_RPFILTER" || d[0].Flight != back[0].Flight {
			t.Errorf("drops %+v", d)
		}
	})
}

// A packet whose next hop does not answer is parked and dropped by a timer.
func TestNeighbour(t *testing.T) {
	t.Parallel()
	client, middle, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	run(t, middle, "sysctl", "-qw", "net.ipv4.neigh.right.retrans_time_ms=50")
	tr := open(t, Options{Netns: inodes(t, client, middle, server), Filter: compile(t, "port 9"), Full: true})
	send(t, client, "10.2.0.77:9", 1)
	send(t, client, "10.1.0.78:9", 1) // its own
	all := make(chan []Event)
	go func() {
		var seen []Event
		for drops := 0; drops < 2; {
			var e Event
			if err := tr.Read(&e); err != nil {
				break
			}
			if e.Stage == trail.StageDrop {
				drops++
			}
			e.Data = slices.Clone(e.Data)
			seen = append(seen, e)
		}
		all <- seen
	}()
	var events []Event
	select {
	case events = <-all:
	case <-time.After(10 * time.Second):
		tr.Stop()
		events = <-all
	}
	showOnFailure(t, events)
	parked := pick(events, func(e *Event) bool { return e.Stage == trail.StageNeighbour && e.Neighbour.Parked })
	drops := pick(events, func(e *Event) bool { return e.Stage == trail.StageDrop && e.Drop.Reason == "NEIGH_FAILED" })
	if len(parked) != 2 || len(drops) != 2 {
		t.Fatalf("%d parked, %d dropped", len(parked), len(drops))
	}
	for _, e := range parked {
		n := e.Neighbour
		switch n.Addr {
		case netip.MustParseAddr("10.2.0.77"):
			if n.Device != "right" || e.Netns != netnsOf(t, middle) {
				t.Errorf("%+v", n)
			}
		case netip.MustParseAddr("10.1.0.78"):
			if n.Device != "eth0" || e.Netns != netnsOf(t, client) || !e.Start {
				t.Errorf("%+v, start %v", n, e.Start)
			}
		default:
			t.Errorf("neighbour %+v", n)
		}
		if n.State != "INCOMPLETE" || e.Flight == 0 || e.Flight != drops[0].Flight && e.Flight != drops[1].Flight {
			t.Errorf("%+v, flight %d", n, e.Flight)
		}
	}
}

// A UDP socket without room, and a TCP segment that is sent once more.
func TestSockets(t *testing.T) {
	t.Parallel()
	client, _, server := router(t)
	labtest.Ping(t, client, netip.MustParseAddr("10.2.0.2"))
	t.Run("full", func(t *testing.T) {
		c := labtest.ListenPacket(t, server, "udp4", ":53").(*net.UDPConn)
		if err := c.SetReadBuffer(1); err != nil {
			t.Fatal(err)
		}
		tr := open(t, Options{Netns: inodes(t, client, server), Filter: compile(t, "port 53")})
		send(t, client, "10.2.0.2:53", 20)
		events := drain(t, tr)
		showOnFailure(t, events)
		full := ofStage(events, trail.StageSocketFull)
		if len(full) == 0 || full[0].Socket.Local.Port() != 53 || full[0].Netns != netnsOf(t, server) {
			t.Errorf("%d times full, %+v", len(full), full)
		}
		drops := ofStage(events, trail.StageDrop)
		if len(drops) != len(full) || len(full) > 0 && (drops[0].Drop.Reason != "SOCKET_RCVBUFF" || drops[0].Flight != full[0].Flight) {
			t.Errorf("drops %+v", drops)
		}
	})
	t.Run("retransmission", func(t *testing.T) {
		run(t, server, "nft", "table ip x { chain c { type filter hook input priority 0; tcp dport 81 drop; }; }")
		for _, dst := range []string{"10.2.0.2:81", "[fd02::2]:81"} {
			tr := open(t, Options{Netns: inodes(t, client, server), Filter: compile(t, "tcp port 81")})
			if dst[0] == '[' {
				run(t, server, "nft", "table ip6 x { chain c { type filter hook input priority 0; tcp dport 81 drop; }; }")
			}
			connect(t, client, dst)
			events := drain(t, tr)
			showOnFailure(t, events)
			again := ofStage(events, trail.StageRetransmit)
			if len(again) == 0 || !again[0].MadeUp || again[0].Socket.State != "SYN_SENT" || again[0].Netns != netnsOf(t, client) {
				t.Fatalf("retransmitted %+v", again)
			}
			var p packet.Packet
			p.DecodeLen(again[0].Link, again[0].Data, again[0].Len)
			first := ofStage(events, trail.StageQueue)[0]
			a, _ := p.Flow()
			b, _ := flowOf(&first)
			if a != b {
				t.Errorf("flow %v, want %v", a, b)
			}
		}
	})
}
