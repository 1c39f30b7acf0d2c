//go:build !pktrail_lite

package ask

import (
	"fmt"
	"slices"
	"testing"
)

// TestReversePath compares our verdict with what the kernel says to the
// packet itself.
func TestReversePath(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.in("sysctl -qw net.ipv4.ip_forward=1")
	b.ip("route add 10.90.0.0/16 via 10.1.0.2")
	b.ip("route add 10.91.0.0/16 nexthop via 10.0.0.2 nexthop via 10.1.0.2")
	b.ip("route add blackhole 10.92.0.0/16")
	b.ip("route add 10.93.0.0/16 via 10.1.0.2 table 9")
	b.ip("rule add fwmark 0x9 lookup 9")
	b.ip("rule add to 10.94.0.0/16 prohibit")
	seen := map[string]bool{}
	for _, all := range []int{0, 1, 2} {
		for _, own := range []int{0, 1, 2} {
			for _, vmark := range []int{0, 1} {
				b.in(fmt.Sprintf("sysctl -qw net.ipv4.conf.all.rp_filter=%d net.ipv4.conf.eth0.rp_filter=%d "+
					"net.ipv4.conf.eth0.src_valid_mark=%d", all, own, vmark))
				for _, src := range []string{"10.0.0.7", "10.90.0.7", "10.91.0.7", "10.92.0.7", "10.93.0.7", "10.94.0.7", "10.1.0.1", "198.51.100.1"} {
					for _, dst := range []string{"10.0.0.1", "10.1.0.2"} {
						p, err := b.ReversePath(addr(src), addr(dst), "eth0", 9)
						if err != nil {
							t.Fatal(err)
						}
						if int(p.Mode) != max(all, own) || p.UsesMark != (vmark == 1) || len(p.Settings) != 8 {
							t.Errorf("%+v", p)
						}
						packet, err := b.Route(Question{Dst: addr(dst), Src: addr(src), In: "eth0", Mark: 9})
						if err != nil {
							t.Fatal(err)
						}
						if p.Passes != (packet.Errno == 0) {
							t.Errorf("all %d eth0 %d vmark %d: %s: kernel %q, we %v: %s", all, own, vmark,
								packet.Question, packet.Error, p.Passes, p.Why)
						}
						seen[fmt.Sprint(p.Passes, " ", p.Why)] = true
					}
				}
			}
		}
	}
	for _, want := range []string{
		"true rp_filter is off", "true answers to 10.0.0.7 leave by eth0, where it came in",
		"false answers to 10.90.0.7 leave by eth1, it came in by eth0",
		"true answers to 10.90.0.7 leave by eth1, it came in by eth0",
		"true answers to 10.91.0.7 leave by eth0, where it came in",
		"false there is no way back to 198.51.100.1", "false there is no way back to 10.92.0.7",
		"true answers to 10.93.0.7 leave by eth1, it came in by eth0",
		"false 10.1.0.1 is an address of this machine itself",
	} {
		if !seen[want] {
			t.Errorf("never said: %s", want)
		}
	}
}

// TestReversePathAnswer: question, answer and steps stand beside the verdict.
func TestReversePathAnswer(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.in("sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.all.log_martians=1")
	b.ip("route add 10.90.0.0/16 via 10.1.0.2")
	p, err := b.ReversePath(addr("10.90.0.7"), addr("10.0.0.1"), "eth0", 0)
	if err != nil || p.Passes || p.Mode != FilterStrict || !p.LogMartians || p.UsesMark || p.AcceptLocal {
		t.Fatalf("%+v, %v", p, err)
	}
	if p.Answer.Question != "ip route get 10.90.0.7 from 10.0.0.1" || !slices.Equal(p.Devices, []string{"eth1"}) ||
		p.Answer.Route.Device != "eth1" {
		t.Errorf("%+v", p.Answer)
	}
	// A packet that is passed on: the kernel refuses to say how 8.8.8.8 would
	// answer.
	p, err = b.ReversePath(addr("10.90.0.7"), addr("8.8.8.8"), "eth0", 0)
	if err != nil || p.Passes || p.Answer.Question != "ip route get 10.90.0.7" || p.Answer.Route.Device != "eth1" {
		t.Errorf("%+v, %v", p, err)
	}
	// IPv6 has no such filter.
	p, err = b.ReversePath(addr("fd01::7"), addr("fd00::1"), "eth0", 0)
	if err != nil || !p.Passes || p.Mode != FilterOff || len(p.Settings) != 0 || !slices.Equal(p.Devices, []string{"eth1"}) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestReversePathAcceptLocal: our own addresses may come in where that is
// allowed.
func TestReversePathAcceptLocal(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, allowed := range []int{0, 1} {
		b.in(fmt.Sprintf("sysctl -qw net.ipv4.conf.eth0.accept_local=%d net.ipv4.conf.all.rp_filter=0", allowed))
		p, err := b.ReversePath(addr("10.1.0.1"), addr("10.0.0.1"), "eth0", 0)
		if err != nil || p.Passes != (allowed == 1) || p.AcceptLocal != (allowed == 1) {
			t.Errorf("%d: %+v, %v", allowed, p, err)
		}
		packet, err := b.Route(Question{Dst: addr("10.0.0.1"), Src: addr("10.1.0.1"), In: "eth0"})
		if err != nil || (packet.Errno == 0) != p.Passes {
			t.Errorf("%d: kernel says %+v, %v", allowed, packet, err)
		}
	}
}
