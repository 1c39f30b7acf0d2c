//go:build !pktrail_lite

package ask

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/pktrail/pktrail/internal/packet"
)

// TestRulesAgainstIproute compares the rules' words with ip(8)'s.
func TestRulesAgainstIproute(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	for _, line := range []string{
		"rule add from all goto 300 priority 200", "rule add nop priority 300",
		"rule add from all goto 9999 priority 400",
		"rule add lookup main suppress_prefixlength 0 priority 500",
		"rule add lookup main suppress_ifgroup 5 priority 501",
		"rule add iif gone lookup 7 priority 502", "rule add oif eth1 lookup 7 priority 503 protocol static",
		"rule add not fwmark 0x5/0xff lookup 7 priority 504", "rule add l3mdev priority 505",
		"rule add from 0.0.0.0/0 to 192.0.2.0/24 lookup 7 priority 506 realms 3/4",
		"rule add ipproto icmp lookup 7 priority 507", "rule add tun_id 77 lookup 7 priority 508",
		"rule add fwmark 0x0/0x1 lookup 7 priority 509",
		"-6 rule add from fd77::/16 to fd78::1 lookup 7 priority 510", "-6 rule add ipproto ipv6-icmp lookup 7 priority 511",
	} {
		b.ip(line)
	}
	for _, v6 := range []bool{false, true} {
		rules, err := b.Rules(v6)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, r := range rules {
			got = append(got, number(r.Priority)+": "+r.String())
			if len(r.Unknown) > 0 {
				t.Errorf("%s: attributes %v are not known", r, r.Unknown)
			}
		}
		flag := "-4"
		if v6 {
			flag = "-6"
		}
		for line := range strings.Lines(b.ip(flag + " rule")) {
			want = append(want, strings.NewReplacer("tos lowdelay", "tos 0x10", "tos throughput", "tos 0x08", "tos CS1", "tos 0x08").Replace(oneLine(line)))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

// TestExplainAgainstKernel compares the table and route that we find with
// those that the kernel names.
func TestExplainAgainstKernel(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.fill()
	routes, errors := 0, 0
	for _, q := range questions() {
		// Not decided by routes alone: addresses that cannot be, and a device that
		// the answer counts as a wish only, as no bound socket's is.
		if q.Dst.IsMulticast() || q.Dst.IsLoopback() || q.Out != "" && (q.Dst.Is4() || q.Src.IsValid()) {
			continue
		}
		want, err := b.Lookup(q)
		want.Match.in = 0
		if err != nil {
			t.Fatal(err)
		}
		steps, err := b.Explain(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		last := RuleStep{}
		if len(steps) > 0 {
			last = steps[len(steps)-1]
		}
		switch {
		case want.Errno != 0 && (!last.Decides || int(last.Errno) == want.Errno):
			errors++
		case want.Errno == 0 && want.HasMatch && last.Decides && last.Entry.String() == want.Match.String():
			routes++
		case want.Errno == 0 && len(last.Entry.Hops) > 1: // FIB_MATCH of IPv6 tells one hop of several
			routes++
		default:
			t.Errorf("%s\nkernel: %d %s | %s", want.Question, want.Errno, want.Text, want.Match)
			for _, s := range steps {
				t.Errorf("    %s", s.Text)
			}
		}
	}
	if routes < 150 || errors < 50 {
		t.Errorf("%d routes, %d errors", routes, errors)
	}
}

// TestExplainSteps looks at the words, and at rules that lead elsewhere.
func TestExplainSteps(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, line := range []string{
		"route add default via 10.0.0.2",
		"route add 10.33.0.0/16 via 10.1.0.2 table 100", "route add throw 10.34.0.0/16 table 100",
		"rule add from 10.9.0.0/16 lookup 100 priority 100",
		"rule add lookup main suppress_prefixlength 0 priority 200",
		"rule add to 10.33.0.0/16 goto 400 priority 300",
		"rule add prohibit priority 350",
		"rule add nop priority 400",
	} {
		b.ip(line)
	}
	for _, c := range []struct {
		q    Question
		want []string
	}{
		{Question{Dst: addr("10.33.0.1"), Src: addr("10.9.1.1"), In: "eth0"}, []string{
			"rule 0: from all lookup local -> table local: no route",
			"rule 100: from 10.9.0.0/16 lookup 100 -> table 100: 10.33.0.0/16 via 10.1.0.2 dev eth1",
		}},
		{Question{Dst: addr("10.34.0.1"), Src: addr("10.9.1.1"), In: "eth0"}, []string{
			"rule 0: from all lookup local -> table local: no route",
			"rule 100: from 10.9.0.0/16 lookup 100 -> table 100: throw 10.34.0.0/16, so the next rule is asked",
			"rule 200: from all lookup main suppress_prefixlength 0 -> table main: default via 10.0.0.2 dev eth0, " +
				"suppressed: its prefix is not longer than 0",
			"rule 350: from all prohibit -> Permission denied",
		}},
		{Question{Dst: addr("10.33.0.1")}, []string{
			"rule 0: from all lookup local -> table local: no route",
			"rule 200: from all lookup main suppress_prefixlength 0 -> table main: default via 10.0.0.2 dev eth0, " +
				"suppressed: its prefix is not longer than 0",
			"rule 300: from all to 10.33.0.0/16 goto 400",
			"rule 400: from all nop",
			"rule 32766: from all lookup main -> table main: default via 10.0.0.2 dev eth0",
		}},
		{Question{Dst: addr("10.0.0.9")}, []string{
			"rule 0: from all lookup local -> table local: no route",
			"rule 200: from all lookup main suppress_prefixlength 0 -> table main: " +
				"10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1",
		}},
	} {
		steps, err := b.Explain(c.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, s := range steps {
			got = append(got, s.Text)
			if s.Decides != (i == len(steps)-1) || s.Doubt != "" {
				t.Errorf("%s: decides %v, doubt %q", s.Text, s.Decides, s.Doubt)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
	}
}

// TestExplainManyRoutes: a table is not kept, however long it is.
func TestExplainManyRoutes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	err := b.Do(func() error {
		eth1, err := netlink.LinkByName("eth1")
		if err != nil {
			return err
		}
		for i := range 20000 {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(i >> 8), byte(i), 0}), 24)
			err := netlink.RouteAdd(&netlink.Route{LinkIndex: eth1.Attrs().Index, Table: 7, Dst: netlinkNet(p)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.ip("rule add lookup 7 priority 7")
	q := Question{Dst: addr("100.20.30.40"), Proto: packet.ProtoTCP}
	steps, err := b.Explain(q)
	if err != nil || len(steps) != 2 || steps[1].Entry.Dst != netip.MustParsePrefix("100.20.30.0/24") {
		t.Errorf("%+v, %v", steps, err)
	}
}
