//go:build !pktrail_lite

package ask

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
)

// fill gives the bed routes and rules of all kinds.
func (b bed) fill() {
	for line := range strings.SplitSeq(strings.TrimSpace(`
		route add default via 10.0.0.2
		route add 10.20.0.0/16 via 10.1.0.2 metric 50 mtu 1400 src 10.1.0.1
		route add 10.20.5.0/24 via 10.0.0.2 tos 0x10
		route add blackhole 10.30.0.0/16
		route add prohibit 10.31.0.0/16
		route add unreachable 10.32.0.0/16
		route add throw 10.33.0.0/16
		route add 10.40.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via 10.1.0.2
		route add 10.50.0.0/16 via inet6 fd01::2 dev eth1
		route add 10.60.0.0/16 dev eth1 onlink via 192.0.2.1
		route add default via 10.1.0.2 table 100
		route add 10.70.0.0/16 via 10.1.0.2 table 1000
		-6 route add default via fd00::2
		-6 route add fd20::/64 via fd01::2 metric 50 mtu 1400
		-6 route add blackhole fd30::/64
		-6 route add prohibit fd31::/64
		-6 route add unreachable fd32::/64
		-6 route add fd40::/64 nexthop via fd00::2 nexthop via fd01::2
		-6 route add default via fd01::2 table 100
		rule add from 10.1.0.0/24 lookup 100 priority 100
		rule add fwmark 0x1 lookup 100 priority 101
		rule add fwmark 0xf0/0xff0 lookup 1000 priority 102
		rule add ipproto tcp dport 8443 lookup 100 priority 103
		rule add to 10.71.0.0/16 prohibit priority 104
		rule add to 10.72.0.0/16 blackhole priority 105
		rule add to 10.73.0.0/16 unreachable priority 106
		rule add ipproto udp sport 5000-5010 lookup 100 priority 107
		rule add iif eth1 lookup 1000 priority 108
		rule add uidrange 4000-4999 lookup 100 priority 109
		rule add not from 0.0.0.0/0 lookup 100 priority 110
		rule add tos 0x08 lookup 100 priority 111
		rule add iif lo to 10.74.0.0/16 lookup 100 priority 112
		-6 rule add oif eth1 to fd75::/64 lookup 100 priority 113
		-6 rule add fwmark 0x1 lookup 100 priority 101
		-6 rule add ipproto tcp dport 8443 lookup 100 priority 103
		-6 rule add to fd71::/64 prohibit priority 104`), "\n") {
		b.ip(strings.TrimSpace(line))
	}
	for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
		b.in("sysctl -qw net/" + name + "=1")
	}
}

func questions() []Question {
	var qs []Question
	for _, dst := range []string{
		"10.0.0.2", "10.0.0.1", "127.0.0.1", "10.0.0.255", "10.9.9.9", "10.20.1.1", "10.20.5.1", "10.30.0.1", "10.31.0.1",
		"10.32.0.1", "10.33.0.1", "10.40.0.1", "10.50.0.1", "10.60.0.1", "10.70.1.1", "10.71.0.1", "10.72.0.1", "10.73.0.1", "10.74.0.1", "fd75::1",
		"224.0.0.1", "fd00::2", "fd00::1", "fd20::1", "fd30::1", "fd31::1", "fd32::1", "fd40::1", "fd71::1", "2001:db8::1",
		"::1", "ff02::1",
	} {
		d := addr(dst)
		own, far := addr("10.1.0.1"), addr("10.0.0.77")
		if d.Is6() {
			own, far = addr("fd01::1"), addr("fd00::77")
		}
		qs = append(qs,
			Question{Dst: d},
			Question{Dst: d, Src: own},
			Question{Dst: d, Mark: 1},
			Question{Dst: d, Mark: 0xfff0f0},
			Question{Dst: d, Src: far, In: "eth0"},
			Question{Dst: d, Src: far, In: "eth1"},
			Question{Dst: d, Src: far, In: "eth0", Mark: 1, Proto: packet.ProtoTCP, SrcPort: 40000, DstPort: 80},
			Question{Dst: d, Proto: packet.ProtoTCP, DstPort: 8443},
			Question{Dst: d, Proto: packet.ProtoUDP, SrcPort: 5003, DstPort: 53},
			Question{Dst: d, Out: "eth1"},
			Question{Dst: d, TOS: 0x10},
			Question{Dst: d, TOS: 0x08},
			Question{Dst: d, UID: 4100, HasUID: true},
			Question{Dst: d, Src: own, Out: "eth0", Mark: 7},
		)
	}
	return qs
}

// TestRouteAgainstIproute asks ip(8) the question that we print, and compares
// its words with ours.
func TestRouteAgainstIproute(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	kinds := map[string]int{}
	for _, q := range questions() {
		got, err := b.Route(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		want, _ := b.try("ip -n " + b.ns + " " + strings.TrimPrefix(got.Question, "ip "))
		want = withoutSpecials(oneLine(want))
		text := got.Text
		if got.Errno != 0 {
			text = "RTNETLINK answers: " + got.Error
		}
		kinds[strings.Fields(text)[0]+got.Error]++
		if withoutSpecials(text) != want {
			t.Errorf("%s\n got %s\nwant %s", got.Question, text, want)
		}
	}
	t.Log(kinds)
	if len(kinds) < 10 {
		t.Errorf("only %d kinds of answers", len(kinds))
	}
}

// withoutSpecials takes out what differs between two questions or is a
// matter of the host's names in /etc/iproute2.
func withoutSpecials(s string) string {
	s = strings.ReplaceAll(s, "tos lowdelay", "tos 0x10")
	s = strings.ReplaceAll(s, "tos throughput", "tos 0x08")
	s = strings.ReplaceAll(s, "tos CS1", "tos 0x08") // not in every rt_dsfield
	s, _, _ = strings.Cut(s, " expires ")
	return s
}

// TestRouteMatch compares the route of the table with what `ip route get
// fibmatch` says.
func TestRouteMatch(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	matched := 0
	for _, q := range questions() {
		got, err := b.Lookup(q)
		if err != nil || got.Errno != 0 {
			continue // TestRouteAgainstIproute has looked at it
		}
		if !got.HasMatch {
			if q.Out == "" && !q.Dst.IsMulticast() && q.Dst != addr("10.40.0.1") && q.Dst != addr("fd40::1") {
				t.Errorf("%s: no route of a table, answer %s", got.Question, got.Text)
			}
			continue
		}
		matched++
		want := oneLine(b.do("ip -n " + b.ns + " " + strings.Replace(got.Question[3:], "get", "get fibmatch", 1)))
		if withoutSpecials(got.Match.String()) != withoutSpecials(want) {
			t.Errorf("%s\n got %s\nwant %s", got.Question, got.Match, want)
		}
		r := got.Route
		if r.Table != got.Match.Table || r.Prefix != got.Match.Dst || r.Type == "" || r.Device == "" {
			t.Errorf("%s: %+v", got.Question, r)
		}
	}
	if matched < 200 {
		t.Errorf("only %d answers had a route of a table", matched)
	}
}

// TestRouteErrors names the errors that an incoming packet meets.
func TestRouteErrors(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	b.in("sysctl -qw net.ipv4.conf.all.rp_filter=1")
	in := Question{Src: addr("10.0.0.77"), In: "eth0"}
	for _, c := range []struct {
		dst   string
		from  string
		in    string
		errno syscall.Errno
		words string
	}{
		{"10.9.9.9", "10.0.0.77", "eth0", 0, ""},
		{"10.30.0.1", "10.0.0.77", "eth0", syscall.EINVAL, "Invalid argument"},
		{"10.31.0.1", "10.0.0.77", "eth0", syscall.EACCES, "Permission denied"},
		{"10.32.0.1", "10.0.0.77", "eth0", syscall.EHOSTUNREACH, "No route to host"},
		{"10.73.0.1", "10.0.0.77", "eth0", syscall.ENETUNREACH, "Network is unreachable"}, // a rule's
		{"10.9.9.9", "10.0.0.1", "eth0", syscall.EINVAL, "Invalid argument"},              // our own source
	} {
		q := in
		q.Dst, q.Src, q.In = addr(c.dst), addr(c.from), c.in
		got, err := b.Route(q)
		if err != nil || got.Errno != int(c.errno) || got.Error != c.words {
			t.Errorf("%s: %d %q, %v; want %d %q", got.Question, got.Errno, got.Error, err, int(c.errno), c.words)
		}
		if got.Route == nil || got.Route.Err != int(c.errno) {
			t.Errorf("%s: %+v", got.Question, got.Route)
		}
	}
	// EXDEV on older kernels; 6.18 says the same as for other bad sources.
	got, err := b.Route(Question{Dst: addr("10.9.9.9"), Src: addr("10.0.0.77"), In: "eth1"})
	if err != nil || got.Errno != int(syscall.EXDEV) && got.Errno != int(syscall.EINVAL) {
		t.Errorf("%+v, %v", got, err)
	}
	empty := openAsker(t, b.peers[0])
	got, err = empty.Route(Question{Dst: addr("8.8.8.8")})
	if err != nil || got.Errno != int(syscall.ENETUNREACH) || got.Error != "Network is unreachable" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRouteNotAsked: what is no answer of the kernel's is an error.
func TestRouteNotAsked(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	if _, err := b.Route(Question{Dst: addr("10.0.0.2"), In: "nope"}); !errors.Is(err, syscall.ENODEV) {
		t.Error(err)
	}
	for _, q := range []Question{{}, {Dst: addr("10.0.0.2"), Src: addr("fd00::1")}} {
		if _, err := b.Route(q); err == nil {
			t.Errorf("%v was answered", q)
		}
	}
	mapped := netip.AddrFrom16(addr("10.0.0.2").As16())
	if got, err := b.Route(Question{Dst: mapped}); err != nil || got.Route.Device != "eth0" {
		t.Errorf("%+v, %v", got, err)
	}
}
