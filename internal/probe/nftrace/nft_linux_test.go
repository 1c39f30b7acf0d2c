//go:build !pktrail_lite

package nftrace

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// toServer is what the tests mark: requests to the port that they serve, on
// whichever address.
var toServer = Match{DstPort: 80}

// What rules print, what a packet to port 80 meets in the router, and that
// nft sees the same.
var nftCases = []struct {
	name  string
	rules string
	dst   string
	want  string
}{
	{"accept", `table inet t {
		chain f { type filter hook forward priority 0; policy drop
			udp dport 81 drop
			udp dport 80 accept
		}
	}`, "10.9.2.2:80", `
FORWARD cl>sv inet t: f accept
`},
	{"drop", `table ip t {
		chain pre { type filter hook prerouting priority -10; meta mark set 7
		}
		chain f { type filter hook forward priority 5; udp dport 80 counter drop
		}
		chain g { type filter hook forward priority 6; accept
		}
	}`, "10.9.2.2:80", `
PREROUTING cl ip t: pre continue, pre policy accept
FORWARD cl>sv ip t: f drop
`},
	{"policy drop", `table inet t {
		chain f { type filter hook forward priority 0; policy drop; tcp dport 80 accept
		}
	}`, "10.9.2.2:80", `
FORWARD cl>sv inet t: f policy drop
`},
	{"jump, goto, return", `table ip t {
		chain a { udp dport 80 return; drop
		}
		chain b { udp dport 1 drop
		}
		chain c { udp dport 80 counter
		}
		chain f { type filter hook forward priority 0; policy accept
			jump a
			jump b
			ip daddr 10.9.2.2 goto c
			drop
		}
	}`, "10.9.2.2:80", `
FORWARD cl>sv ip t: f jump a, a return, f jump b, b return, f goto c, c continue, c return, f policy accept
`},
	{"reject", `table ip t {
		chain f { type filter hook forward priority 0; udp dport 80 reject with icmp admin-prohibited
		}
	}`, "10.9.2.2:80", `
FORWARD cl>sv ip t: f drop
`},
	{"dnat", `table ip kube {
		chain KUBE-SERVICES { ip daddr 10.96.0.10 udp dport 80 jump KUBE-SVC-A
		}
		chain KUBE-SVC-A { jump KUBE-SEP-B
		}
		chain KUBE-SEP-B { meta l4proto udp dnat to 10.9.2.2:8080
		}
		chain pre { type nat hook prerouting priority dstnat; jump KUBE-SERVICES
		}
		chain post { type nat hook postrouting priority srcnat; ip daddr 10.9.2.2 masquerade
		}
	}`, "10.96.0.10:80", `
PREROUTING cl ip kube: pre jump KUBE-SERVICES, KUBE-SERVICES jump KUBE-SVC-A, KUBE-SVC-A jump KUBE-SEP-B, KUBE-SEP-B accept
POSTROUTING sv ip kube: post accept
`},
	{"IPv6", `table ip6 t {
		chain pol { ip6 saddr fd09:1::/64 accept
		}
		chain f { type filter hook forward priority 0; policy drop; udp dport 80 jump pol
		}
	}`, "[fd09:2::2]:80", `
FORWARD cl>sv ip6 t: f jump pol, pol accept
`},
	{"input", `table inet t {
		chain i { type filter hook input priority 0; udp dport 80 drop
		}
	}`, "10.9.1.1:80", `
INPUT cl inet t: i drop
`},
}

func TestNFT(t *testing.T) {
	t.Parallel()
	for _, c := range nftCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			run(t, b.router, c.rules, "nft", "-f", "-")
			tr := open(t, b.router, Options{Matches: []Match{toServer}})
			second := monitor(t, b.router)
			raw := recorder(t, b.router, func(s *socket) error { return joinGroup(s.fd, traceMessages, "nft trace") })
			sendUDP(t, b.client, c.dst)
			want := strings.TrimPrefix(c.want, "\n")
			expect(t, tr, want)
			events := tr.stop(t)
			if *record {
				save(t, raw, nftTrace, strings.NewReplacer(" ", "-", ",", "").Replace(c.name)+".nft",
					"nft -f - <<EOF\n"+c.rules+"\nEOF\na datagram to "+c.dst)
			}
			second.same(t, events)
			for _, e := range events {
				checkEvent(t, &e)
			}
		})
	}
}

// sendUDP sends one datagram.
func sendUDP(t *testing.T, ns, dst string) {
	t.Helper()
	if _, err := labtest.Dial(t, ns, "udp", dst).Write([]byte("0123456789abcdef")); err != nil {
		t.Fatal(err)
	}
}

// expect waits for events.
func expect(t *testing.T, tr *tracer, want string) {
	t.Helper()
	got := ""
	end := time.Now().Add(5 * time.Second)
	for time.Now().Before(end) {
		if got = lines(tr.seen()); got == want {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	st, err := tr.Stats()
	t.Fatalf("seen\n%swant\n%s%+v, %v", got, want, st, err)
}

// checkEvent checks what all events of the datagram have.
func checkEvent(t *testing.T, e *Event) {
	t.Helper()
	length, ip := 44, 4
	if e.Data[0]>>4 == 6 {
		length, ip = 64, 6
	}
	h := len(e.Data) - 20 // 20 bytes from the transport header on
	src, _ := netip.AddrFromSlice(e.Data[map[int]int{4: 12, 6: 8}[ip]:][:map[int]int{4: 4, 6: 16}[ip]])
	switch {
	case e.Stage != trail.StageRules, !e.Late, e.Time == 0, e.Len != length, e.Point.Netns == 0, e.Point.Index == 0:
		t.Errorf("%+v", e)
	case h != map[int]int{4: 20, 6: 40}[ip] || string(e.Data[h+8:]) != "0123456789ab":
		t.Errorf("data %x", e.Data)
	case src != clientIP && e.Hook.Name != "POSTROUTING" && ip == 4:
		t.Errorf("source %v", src)
	case e.Conntrack != nil && (e.Conntrack.State != "new" || e.Conntrack.Reply || e.ConntrackID == 0):
		t.Errorf("conntrack %+v, id %d", e.Conntrack, e.ConntrackID)
	}
}

// A packet of the namespace's own, and the answer to it.
func TestOwnPackets(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.client, `table inet t {
		chain o { type filter hook output priority -10; meta mark set 0x2a
		}
		chain p { type filter hook postrouting priority 300; meta mark 0x2a counter
		}
		chain i { type filter hook input priority 0; ct state established accept
		}
	}`, "nft", "-f", "-")
	tr := open(t, b.client, Options{Matches: []Match{{Version: 4, Proto: protoICMP}}})
	r, err := lab.Ping(t.Context(), b.client, serverIP, lab.PingOptions{Timeout: 2 * time.Second})
	if err != nil || r[0].Err != nil {
		t.Fatal(err, r)
	}
	expect(t, tr, `OUTPUT eth0 inet t: o continue, o policy accept
POSTROUTING eth0 inet t: p continue, p policy accept
INPUT eth0 inet t: i accept
`)
	e := tr.stop(t)
	// What the first message of a chain says is true after its first rule.
	if e[0].Mark != 0x2a || e[1].Mark != 0x2a || e[0].Dir != trail.Out || e[2].Dir != trail.In {
		t.Errorf("marks %#x, %#x; directions %v, %v", e[0].Mark, e[1].Mark, e[0].Dir, e[2].Dir)
	}
	if c := e[2].Conntrack; c == nil || c.State != "established" || !c.Reply {
		t.Errorf("conntrack %+v", c)
	}
	if e[0].Hook.Priority != -10 || e[1].Hook.Priority != 300 || e[0].Hook.Family != "inet" {
		t.Errorf("hooks %+v, %+v", e[0].Hook, e[1].Hook)
	}
}
